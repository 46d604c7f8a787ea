//! [`JournalError`]: what is wrong with a journal, without the paths of its files.

/// Why a journal cannot be used as it is. A caller that knows the paths turns it into a
/// [`CubeError`](crate::cube::CubeError).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// Line 1 belongs to a later program.
    Newer {
        /// The format of line 1.
        format: u64,
        /// The version of the program that wrote it.
        program: String,
    },
    /// Line 1 is of a format from before the first release.
    Older {
        /// The format of line 1.
        format: u64,
    },
    /// Line 1 is damaged, or was not written by this program.
    Header {
        /// Whether another line proves that this program wrote the journal.
        ours: bool,
    },
    /// Line 1 is as it was written, but its keys contradict each other.
    Contradiction(String),
    /// A later line is damaged and valid ones follow it.
    Line(usize),
}

impl JournalError {
    /// Whether this program has provably written the journal, and may start it over.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Newer { .. } | Self::Older { .. } => false,
            Self::Header { ours } => *ours,
            Self::Contradiction(_) | Self::Line(_) => true,
        }
    }
}
