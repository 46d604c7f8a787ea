//! [`AnalysisError`]: why an analysis was not done.

use crate::npy::NpyError;
use crate::wording::bytes;

/// Why an analysis was not done. Variants are for callers that distinguish errors; the sentence is for the user.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// An array file cannot be read or written.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The request does not fit the array, or its result.
    #[error("{0}")]
    Request(String),
    /// The disk, or the allowed memory, is too small.
    #[error("{0}")]
    Resources(String),
}

impl AnalysisError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Npy(error) => error.exit_code(),
            Self::Request(_) => 2,
            Self::Resources(_) => 1,
        }
    }

    /// The error of a task that needs more bytes of memory than allowed; `remedy` is an alternative for the user.
    pub(crate) fn memory(task: &str, needed: u64, allowed: u64, remedy: &str) -> Self {
        Self::Resources(format!(
            "{task} needs {} of memory and --memory allows {}: allow more, or {remedy}",
            bytes(needed),
            bytes(allowed)
        ))
    }
}
