//! [`Format`]: what an array is exported to.

use std::fmt;

/// What an array is exported to.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name on the command line.
    pub word: &'static str,
    /// Its name in sentences.
    pub(super) name: &'static str,
    /// What the name of an export ends in, behind the stem of its array.
    pub(super) ending: &'static str,
    /// Whether it points into the array's file, and copies no element.
    pub points: bool,
    /// Whether it has chunks, which may be compressed.
    pub(super) has_chunks: bool,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
