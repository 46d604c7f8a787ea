//! [`AnalysisError`]: why an analysis was not done.

use crate::npy::NpyError;
use crate::wording::bytes;
use std::path::PathBuf;

/// Why an analysis was not done.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// An array file cannot be read or written.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The memory allowed is not enough.
    #[error(
        "{what} needs {} of memory and --memory allows {}: allow more, or {instead}",
        bytes(*needed),
        bytes(*allowed)
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
    /// The request does not fit the array.
    #[error("{0}")]
    Request(String),
    /// The result of a window is beyond the integers of 64 bits.
    #[error(
        "the sum or ptp of a window is beyond 64-bit integers: --dtype f8 computes it in double precision"
    )]
    Overflow,
    /// The output is there already.
    #[error("{} exists already: --force replaces it, another name writes elsewhere", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The disk has no room for the output.
    #[error("{} needs {} and its filesystem has {}: free some space, or write elsewhere", path.display(), bytes(*needed), free.map_or_else(|| "too few".to_owned(), |free| format!("{} free", bytes(free))))]
    NoSpace {
        /// The output.
        path: PathBuf,
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are, where the filesystem tells.
        free: Option<u64>,
    },
}
