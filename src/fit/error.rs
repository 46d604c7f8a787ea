//! Errors of fits.

use crate::{fault::Fault, params::ParamsError, run::RunError};

/// The reason why a fit could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The parameters cannot be used.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The fit was stopped.
    #[error("the fit was stopped")]
    Stopped,
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl FitError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Params(error) => error.exit_code(),
            Self::Run(error) => error.exit_code(),
            Self::Fault(fault) => fault.exit_code(),
            Self::Stopped => 1,
        }
    }

    /// The error of a description of a fit that is incomplete or inconsistent, or of data that cannot determine the unknowns.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Fault::refused(sentence).into()
    }
}
