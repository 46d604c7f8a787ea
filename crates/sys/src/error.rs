//! [`FileError`]: an operation on a file that failed.

use std::{io, path::PathBuf};

/// An operation on a file that failed, with the name of the file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {}", path.display(), plain(source))]
pub struct FileError {
    /// What was tried: `write`, `sync`, …
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the system answered.
    pub source: io::Error,
}

impl FileError {
    /// An error of `action` on `path`, for `map_err`.
    pub fn of<P: Into<PathBuf>>(
        action: &'static str,
        path: P,
    ) -> impl FnOnce(io::Error) -> Self + use<P> {
        let path = path.into();
        move |source| Self {
            action,
            path,
            source,
        }
    }
}

/// The system's sentence, in plain words where it is short of them.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if error.get_ref().is_none() => {
            "there is no such file or directory".to_owned()
        }
        _ => error.to_string(),
    }
}
