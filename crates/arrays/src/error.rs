//! [`AnalysisError`]: why an analysis was not done.

use crate::npy::NpyError;
use crate::wording::bytes;
use diff2d_sys::Fault;

/// Why an analysis was not done.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// An array file cannot be read or written.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl AnalysisError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Npy(error) => error.exit_code(),
            Self::Fault(fault) => fault.exit_code(),
        }
    }

    /// The error of a request that does not fit the array, or its result.
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Fault::refused(sentence).into()
    }

    /// The error of a task that needs more bytes of memory than allowed; `remedy` is an alternative for the user.
    pub(crate) fn memory(task: &str, needed: u64, allowed: u64, remedy: &str) -> Self {
        Fault::failed(format!(
            "{task} needs {} of memory and --memory allows {}: allow more, or {remedy}",
            bytes(needed),
            bytes(allowed)
        ))
        .into()
    }
}
