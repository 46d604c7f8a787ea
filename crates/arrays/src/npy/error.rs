//! Errors of `.npy` files.

use diff2d_sys::FileError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// An array file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// An operation of the filesystem failed.
    #[error(transparent)]
    Io(#[from] FileError),
    /// A file is incomplete, or not a `.npy` file.
    #[error("cannot use {}: {source}{}", path.display(), hint(path, source))]
    Header {
        /// The file.
        path: PathBuf,
        /// The fault of the file.
        source: HeaderError,
    },
}

impl NpyError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io(_) => 1,
            Self::Header {
                source: HeaderError::Dtype(_),
                ..
            } => 2,
            Self::Header { .. } => 3,
        }
    }

    /// Wraps an error of the filesystem with the name of the file, for `map_err`.
    pub fn io<P: Into<PathBuf>>(
        action: &'static str,
        path: P,
    ) -> impl FnOnce(io::Error) -> Self + use<P> {
        let error = FileError::of(action, path);
        move |source| Self::Io(error(source))
    }

    /// Wraps an error of a header with the name of the file, for `map_err`.
    pub fn header(path: impl Into<PathBuf>) -> impl FnOnce(HeaderError) -> Self {
        let path = path.into();
        move |source| Self::Header { path, source }
    }
}

/// The fault of a file that should be `.npy`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file does not begin like a `.npy` file.
    #[error("it is not a .npy file (it does not begin with \\x93NUMPY)")]
    NotNpy,
    /// The header is invalid, truncated or of an unknown version.
    #[error("{0}")]
    Damaged(String),
    /// The elements are not plain numbers.
    #[error("its dtype is {0}; only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)")]
    Dtype(String),
}

impl HeaderError {
    /// The error of an invalid header.
    pub(super) fn damaged_header(reason: &str) -> Self {
        Self::Damaged(format!("its .npy header is damaged: {reason}"))
    }

    /// The error of a file of `length` bytes that is too short for header and array, which need `expected` bytes.
    pub(super) fn short(expected: u64, length: u64) -> Self {
        Self::Damaged(format!(
            "it is cut short: its header promises {expected} bytes, the file has {length}"
        ))
    }
}

/// Whether a file has the name of a record.
fn is_of_record(path: &Path) -> bool {
    let stem = path.file_stem().map(Path::new);
    stem.and_then(Path::extension)
        .is_some_and(|end| end == "record")
}

/// A hint at the probable type of a file that is not an array, and what to use instead.
fn hint(path: &Path, error: &HeaderError) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match (error, extension) {
        (HeaderError::NotNpy, Some("npz")) => {
            ": a .npz file is an archive; numpy.load reads its arrays, and numpy.save writes one as .npy"
        }
        (HeaderError::NotNpy, Some("toml" | "py")) => {
            ": it looks like a parameter file; give the array that was computed from it"
        }
        (HeaderError::NotNpy, Some("csv")) if is_of_record(path) => {
            ": it looks like the record of a run, which stats and probe read beside its cube, and plot draws with --record"
        }
        (HeaderError::NotNpy, Some("txt" | "csv" | "dat")) => {
            ": numpy.save writes such a file of what numpy.loadtxt reads from text"
        }
        (HeaderError::NotNpy, Some("journal")) => ": give the .npy file beside this journal",
        _ => "",
    }
}
