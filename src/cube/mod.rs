//! The cube: snapshots `(t, y, x)` in one `.npy` file, and the journal that says which are whole.
//!
//! [`store`] owns the files of a run, [`mod@write`] commits to them through [`blocks`], [`Cube`] reads and verifies
//! them, [`restore`] restores them, [`mod@array`] reads any array with the journal next to it. They use [`journal`] for
//! the lines, [`digest`] for the check sums, and [`checkpoint`] for a stop between snapshots.

pub mod array;
pub mod blocks;
pub mod checkpoint;
mod claim;
pub mod commit;
pub mod conclusion;
mod create;
pub mod digest;
pub mod error;
pub mod field_files;
pub mod file;
mod found;
pub mod inputs;
pub mod journal;
mod labels;
mod lock;
mod lost;
mod one_run;
mod ours;
mod outputs;
pub mod paths;
mod read;
pub mod record_file;
mod record_table;
pub mod recorded_inputs;
pub mod restore;
pub mod scratch;
pub mod share;
mod start;
pub mod store;
pub mod stream;
pub mod streams;
pub mod write;

pub use array::JournalledArray;
pub use blocks::SolverLoad;
pub use claim::Claim;
pub use error::CubeError;
pub use file::Io;
pub use journal::{Commit, Header, Journal};
pub use outputs::{Writing, holds};
pub use paths::Paths;
pub use read::{Cube, begun_by};
pub use record_table::{RecordColumn, RecordReader, RecordTable};
pub use start::with_start;
pub use store::Store;
pub use write::{CubeWriter, Finished};
