//! Errors of fits.

use crate::{params::ParamsError, run::RunError};

/// The reason why a fit could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The parameters cannot be used.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The problem cannot be run with some values of the unknowns.
    #[error("with {place}: {error}")]
    At {
        /// The values.
        place: String,
        /// The reason.
        error: ParamsError,
    },
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The description of the fit is incomplete or inconsistent.
    #[error("{0}")]
    Request(String),
    /// The data cannot determine some unknowns.
    #[error("{}", .0.join("\n"))]
    Untold(Vec<String>),
    /// A computed value is not finite.
    #[error(
        "the column {column} has no finite value at t = {time:?}: {}",
        HINT_OF_VALUES
    )]
    NotFinite {
        /// The column of the record.
        column: String,
        /// The time \[time\].
        time: f64,
    },
    /// The fit was stopped.
    #[error("the fit was stopped")]
    Stopped,
}

const HINT_OF_VALUES: &str = "other starts or narrower bounds may give one";
