//! What can go wrong with an analysis.

use crate::cube::CubeError;
use std::path::PathBuf;

/// Trouble with an analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The input, or its journal.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// The memory allowed does not do.
    #[error(
        "{what} needs {needed} bytes of memory and --memory allows {allowed}: allow more, or {instead}"
    )]
    Memory {
        /// What needs it.
        what: &'static str,
        /// Bytes it needs.
        needed: u64,
        /// Bytes it may have.
        allowed: u64,
        /// Another way out.
        instead: &'static str,
    },
    /// Something was asked for that the array does not have.
    #[error("{0}")]
    Asked(String),
    /// The output is there already.
    #[error("{} exists already: --force replaces it, another name writes elsewhere", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The disk has no room for the output.
    #[error("{} needs {needed} bytes and its filesystem has {}: free some space, or write elsewhere", path.display(), free.map_or_else(|| "too few".to_owned(), |free| format!("{free} free")))]
    NoSpace {
        /// The output.
        path: PathBuf,
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are, where the filesystem tells.
        free: Option<u64>,
    },
}
