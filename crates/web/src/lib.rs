//! The library in a page: a module of WebAssembly, whose memory and functions the worker of a page uses directly.
//!
//! The worker writes a text into memory that `allocate` returns, and calls a function with it; an answer is a JSON text,
//! preceded by its length as a little-endian u32. `solve` calls the page back with each snapshot. There are no files:
//! what parameters name is given by `give_file` before.
//!
//! | function | answer |
//! |---|---|
//! | `allocate` | memory for a text |
//! | `give_file` | nothing; the file is known from now on |
//! | `give_state` | nothing; the bytes are the snapshot from which the next run may continue |
//! | `keys` | the keys of a parameter file |
//! | `examine` | what a run of these parameters would do and how long it would take, or the errors in them |
//! | `solve` | the journal, the header of the cube and the record; snapshots go to the page one by one |
//! | `fit` | numbers of the parameters from measured series, and the files that the program writes of them |
#![allow(unsafe_code)]

mod examine;
mod exports;
mod files;
mod journal;
mod page;
mod solve;
