//! Any `.npy` file: its header, its elements, and reading them in bounded memory.
//!
//! | file | content |
//! |---|---|
//! | `error.rs` | errors |
//! | `dtype.rs`, `descr.rs` | the type of an element: a plain number, with one element to show, or anything that NumPy can write |
//! | `header.rs`, `scanner.rs` | the header and its dictionary |
//! | `mark.rs` | the mark of an array, in the blanks behind its header |
//! | `number.rs` | the three types for computing with elements, and conversions to them |
//! | `region.rs` | boxes of an array: their division, and the positions of their elements in the file. Index arithmetic only |
//! | `slice.rs` | the indices of an axis in a range with a step, and the part of an array that such slices select |
//! | `reader.rs` | bytes of a file, from the page cache or past it, and chunks of a file that are mapped |
//! | `array.rs` | an array file, and its elements in file order |
//! | `read_box.rs` | boxes of an array file |
//!
//! *File order* is the order in which elements lie in the file: C order, or Fortran order if the
//! header says so. An array in Fortran order is one in C order with its axes reversed, so everything
//! below the header knows file order alone.

mod array;
mod descr;
mod dtype;
mod error;
mod header;
mod mark;
mod number;
mod read_box;
mod reader;
mod region;
mod scanner;
mod slice;

pub use array::{ArrayFile, Buffer, CHUNK_BYTES, open_file};
pub use descr::Descr;
pub use dtype::{Dtype, Kind, Scalar};
pub use error::{HeaderError, NpyError};
pub use header::{AnyHeader, DATA_OFFSET, NpyHeader};
pub use mark::{MARK_PLACE, encode_mark, mark_in, mark_of};
pub use number::Number;
pub use reader::Reader;
pub use region::{Cut, Region, Runs, elements, index_in, length};
pub use slice::Slice;
