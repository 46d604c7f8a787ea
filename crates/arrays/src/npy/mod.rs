//! Any `.npy` file: its header, its elements, and reading them in bounded memory.
//!
//! | file | what it has |
//! |---|---|
//! | `error.rs` | errors |
//! | `dtype.rs`, `descr.rs` | the type of an element: a plain number, or anything that NumPy can write |
//! | `header.rs`, `scanner.rs` | the header and its dictionary |
//! | `number.rs` | the three types in which elements are computed with, and their conversion |
//! | `scalar.rs` | one element, to show |
//! | `region.rs` | boxes of an array: how they are cut, and which elements of the file they are. Index arithmetic only |
//! | `slice.rs` | the indices that a range with a step takes of an axis |
//! | `view.rs` | an array that consists of some indices of a larger one |
//! | `mapped.rs` | a chunk of a file, mapped |
//! | `reader.rs` | bytes of a file, from the page cache or past it |
//! | `array.rs` | an array file, and its elements in file order |
//! | `read_box.rs` | boxes of an array file |
//! | `foreign.rs` | arrays in flat binary files and archives |
//!
//! *File order* is the order in which elements lie in the file: C order, or Fortran order if the
//! header says so. An array in Fortran order is one in C order with its axes reversed, so everything
//! below the header knows file order alone.

mod array;
mod descr;
mod dtype;
mod error;
mod foreign;
mod header;
mod mapped;
mod number;
mod read_box;
mod reader;
mod region;
mod scalar;
mod scanner;
mod slice;
mod view;

pub use array::{ArrayFile, Buffer, CHUNK_BYTES, open_file};
pub use descr::Descr;
pub use dtype::{Dtype, Kind};
pub use error::{HeaderError, NpyError};
pub use foreign::{Archive, Member};
pub use header::{AnyHeader, DATA_OFFSET, NpyHeader};
pub use number::Number;
pub use reader::Reader;
pub use region::{Cut, Region, Runs, elements, index_in, length};
pub use scalar::Scalar;
pub use slice::Slice;
