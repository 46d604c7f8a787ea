//! What can go wrong with a `.npy` file.

use diff2d_sys::FileError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// An array file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// An operation of the filesystem failed.
    #[error(transparent)]
    Io(#[from] FileError),
    /// A file that should be `.npy` is not, or not whole.
    #[error("cannot use {}: {source}{}", path.display(), hint(path, source))]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: HeaderError,
    },
}

impl NpyError {
    /// An error of the filesystem, for `map_err`.
    pub fn io<P: Into<PathBuf>>(
        action: &'static str,
        path: P,
    ) -> impl FnOnce(io::Error) -> Self + use<P> {
        let error = FileError::of(action, path);
        move |source| Self::Io(error(source))
    }

    /// An error of the header, for `map_err`.
    pub fn header(path: impl Into<PathBuf>) -> impl FnOnce(HeaderError) -> Self {
        let path = path.into();
        move |source| Self::Header { path, source }
    }
}

/// What is wrong with the header of a file that should be `.npy`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file begins with other bytes.
    #[error("it is not a .npy file (it does not begin with \\x93NUMPY)")]
    NotNpy,
    /// A version of the format that does not exist yet.
    #[error("it is .npy format {0}.{1}; versions 1.0 to 3.0 can be read")]
    Version(u8, u8),
    /// The header is cut, garbled or absurd.
    #[error("its .npy header is damaged: {0}")]
    Damaged(String),
    /// Elements that are not plain numbers.
    #[error("its dtype is {0}; only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)")]
    Dtype(String),
    /// An archive without the array, or with a compressed one.
    #[error("{0}")]
    Archive(String),
    /// An archive that is none, or not whole.
    #[error("its archive is damaged: {0}")]
    DamagedArchive(String),
    /// The file ends before its array does.
    #[error("it is cut short: its header promises {expected} bytes, the file has {found}")]
    Short {
        /// Bytes that header and array need.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
}

/// What a file that is no array probably is, and the way out.
fn hint(path: &Path, error: &HeaderError) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match (error, extension) {
        (HeaderError::NotNpy, Some("npz")) => {
            ": a .npz is an archive of arrays, FILE.npz:NAME is one of them"
        }
        (HeaderError::NotNpy, Some("toml" | "py")) => {
            ": it looks like a parameter file, give the array that was made of it"
        }
        (HeaderError::NotNpy, Some("journal")) => ": give the .npy file beside this journal",
        _ => "",
    }
}
