//! Sizes of memory on the command line.

pub use diff2d_arrays::wording::parse_bytes as parse;
