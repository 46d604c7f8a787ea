//! Sizes of memory on the command line.

pub use crate::wording::parse_bytes as parse;
