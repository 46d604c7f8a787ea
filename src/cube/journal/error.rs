//! What can be wrong with a journal, said without the paths of its files.

/// Why a journal cannot be used as it is. Whoever knows the paths turns it into a
/// [`CubeError`](crate::cube::CubeError).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// Line 1 belongs to a later program.
    Newer {
        /// Its format.
        format: u64,
        /// The version of the program that wrote it.
        program: String,
    },
    /// Line 1 is of a format from before the first release.
    Older {
        /// Its format.
        format: u64,
    },
    /// Line 1 is damaged, or no line of ours at all.
    Header {
        /// Whether the journal proves to be ours all the same.
        ours: bool,
    },
    /// Line 1 is as it was written, but its keys contradict each other.
    Contradiction(String),
    /// A later line is damaged and valid ones follow it.
    Line(usize),
}

impl JournalError {
    /// Whether the journal proves to be one that this program may start over.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Newer { .. } | Self::Older { .. } => false,
            Self::Header { ours } => *ours,
            Self::Contradiction(_) | Self::Line(_) => true,
        }
    }
}
