//! [`ExportError`]: why an array was not exported.

use super::Format;
use crate::cube::CubeError;
use diff2d_arrays::npy::NpyError;
use diff2d_arrays::wording::bytes;
use diff2d_sys::FileError;
use std::{io, path::PathBuf};

/// Why an array was not exported.
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
    /// What takes the text as it is made does not.
    #[error("cannot write the export: {0}")]
    Text(#[from] io::Error),
    /// The request does not fit the array, or the format.
    #[error("{0}")]
    Request(String),
    /// The memory allowed is not enough.
    #[error("{what} needs {} of memory and --memory allows {}: allow more", bytes(*needed), bytes(*allowed))]
    Memory {
        /// What needs it.
        what: &'static str,
        /// Bytes it needs.
        needed: u64,
        /// Bytes it may have.
        allowed: u64,
    },
    /// The program was built without a format.
    #[error("this diff2d was built without {format}: build it with `cargo build --release --features {}`{needs}", format.word)]
    NotBuilt {
        /// The format.
        format: Format,
        /// What that build needs beside Rust.
        needs: &'static str,
    },
    /// The library of a format failed.
    #[error("cannot write {}: {reason}", path.display())]
    Library {
        /// The output.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}

impl ExportError {
    /// An error of a format's library on `path`.
    #[cfg(feature = "hdf5")]
    pub(super) fn library(path: &std::path::Path, error: &dyn std::fmt::Display) -> Self {
        Self::Library {
            path: path.to_owned(),
            // Libraries may say it in several lines.
            reason: error.to_string().replace('\n', " "),
        }
    }
}
