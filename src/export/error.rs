//! [`ExportError`]: why an array was not exported.

use crate::cube::CubeError;
use diff2d_arrays::npy::NpyError;
use diff2d_arrays::wording::bytes;
use diff2d_sys::FileError;
use std::io;

/// Why an array was not exported. Variants are for callers that distinguish errors; the sentence is for the user.
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
    /// The request does not fit the array, or the format.
    #[error("{0}")]
    Request(String),
    /// This machine or this build of the program cannot fulfil the request.
    #[error("{0}")]
    Impossible(String),
}

impl ExportError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Npy(error) => error.exit_code(),
            Self::Cube(error) => error.exit_code(),
            Self::Request(_) => 2,
            Self::File(_) | Self::Text(_) | Self::Impossible(_) => 1,
        }
    }

    /// The error of a task that needs more bytes of memory than allowed.
    pub(super) fn memory(task: &str, needed: u64, allowed: u64) -> Self {
        Self::Impossible(format!(
            "{task} needs {} of memory and --memory allows {}: allow more",
            bytes(needed),
            bytes(allowed)
        ))
    }

    /// The error of a format's library for the file `path`.
    #[cfg(feature = "hdf5")]
    pub(super) fn library(path: &std::path::Path, error: &dyn std::fmt::Display) -> Self {
        // The sentence of a library may have several lines.
        let reason = error.to_string().replace('\n', " ");
        Self::Impossible(format!("cannot write {}: {reason}", path.display()))
    }
}
