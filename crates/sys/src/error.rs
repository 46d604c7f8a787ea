//! [`FileError`]: a failed operation on a file.

use std::{io, path::PathBuf};

/// A failed operation on a file, with the name of the file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {}", path.display(), plain(source))]
pub struct FileError {
    /// The operation, such as `write` or `sync`.
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The error of the system.
    pub source: io::Error,
}

impl FileError {
    /// Wraps an error of `action` on `path`, for `map_err`.
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

/// The sentence of the system, or a plainer one for common errors.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if error.get_ref().is_none() => {
            "there is no such file or directory".to_owned()
        }
        _ => error.to_string(),
    }
}
