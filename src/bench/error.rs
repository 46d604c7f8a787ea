//! [`BenchError`]: why a comparison was not made.

use crate::params::ParamsError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a comparison was not made.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A size or number of steps without a valid problem.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The temporary directory cannot be used.
    #[error("cannot use the temporary directory {}: {source}", path.display())]
    Directory {
        /// The directory, or a file in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `diff2d` itself failed.
    #[error("{0} failed, and there is nothing to compare with: {1}")]
    Ourselves(String, String),
    /// Stopped by a signal of this number.
    #[error("stopped by signal {0}")]
    Signalled(usize),
}

/// An error of the temporary directory, for `map_err`.
pub(super) fn directory_error(path: &Path) -> impl FnOnce(io::Error) -> BenchError {
    let path = path.to_path_buf();
    move |source| BenchError::Directory { path, source }
}
