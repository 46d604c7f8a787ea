//! [`Format`]: a format that arrays are exported to.

use std::fmt;

/// A format that arrays are exported to.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name on the command line.
    pub word: &'static str,
    /// The name in sentences.
    pub(super) name: &'static str,
    /// The suffix of the name of an export, after the stem of its array.
    pub(super) ending: &'static str,
    /// Whether an export refers to the array's file instead of copying elements.
    pub points: bool,
    /// Whether an export has chunks, which may be compressed.
    pub(super) has_chunks: bool,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
