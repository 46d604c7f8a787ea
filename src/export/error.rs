//! [`ExportError`]: why an array was not exported.

use crate::{cube::CubeError, fault::Fault};
use diff2d_arrays::npy::NpyError;
use diff2d_arrays::wording::bytes;
use diff2d_sys::FileError;
use std::io;

/// Why an array was not exported. Callers distinguish its variants; any other fault is a [`Fault`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The array cannot be read.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The cube cannot be read.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// The output cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The stream for the text cannot be written.
    #[error("cannot write the export: {0}")]
    Text(#[from] io::Error),
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ExportError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Npy(error) => error.exit_code(),
            Self::Cube(error) => error.exit_code(),
            Self::Fault(fault) => fault.exit_code(),
            Self::File(_) | Self::Text(_) => 1,
        }
    }

    /// The error of a request that does not fit the array, or the format.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Fault::refused(sentence).into()
    }

    /// The error of a task that needs more bytes of memory than allowed.
    pub(super) fn memory(task: &str, needed: u64, allowed: u64) -> Self {
        Fault::failed(format!(
            "{task} needs {} of memory and --memory allows {}: allow more",
            bytes(needed),
            bytes(allowed)
        ))
        .into()
    }

    /// The error of a format's library for the file `path`.
    #[cfg(feature = "hdf5")]
    pub(super) fn library(path: &std::path::Path, error: &dyn std::fmt::Display) -> Self {
        // The sentence of a library may have several lines.
        let reason = error.to_string().replace('\n', " ");
        Fault::failed(format!("cannot write {}: {reason}", path.display())).into()
    }
}
