//! [`PictureFile`]: a picture's file while it is written.

use super::error::Error;
use diff2d_sys::{AtomicFile, FileError};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Whether a file that begins like this is a picture: PNG, GIF, SVG or PDF.
#[must_use]
pub fn is_picture(beginning: &[u8]) -> bool {
    let kinds: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"GIF8", b"<svg ", b"%PDF-"];
    kinds.iter().any(|kind| beginning.starts_with(kind))
}

/// A picture's file while it is written: an [`AtomicFile`] behind a buffer.
pub(super) struct PictureFile {
    file: BufWriter<AtomicFile>,
    path: PathBuf,
}

impl PictureFile {
    /// Begins the file `path`.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = AtomicFile::create(path).map_err(|error| write_error(path, error.source))?;
        Ok(Self {
            file: BufWriter::new(file),
            path: path.to_path_buf(),
        })
    }

    /// Makes the file durable under its name.
    pub fn commit(self) -> Result<(), Error> {
        self.finish(AtomicFile::commit)
    }

    /// Gives the file its name without waiting for the disk: for pictures of which there are many.
    pub fn commit_unsynced(self) -> Result<(), Error> {
        self.finish(AtomicFile::commit_unsynced)
    }

    fn finish(self, finish: impl FnOnce(AtomicFile) -> Result<(), FileError>) -> Result<(), Error> {
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| finish(file).map_err(|error| error.source))
            .map_err(|source| write_error(&self.path, source))
    }
}

impl Write for PictureFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The error of a picture that could not be written to `path`.
pub(super) fn write_error(path: &Path, source: impl Into<io::Error>) -> Error {
    Error::Write {
        path: path.to_path_buf(),
        source: source.into(),
    }
}
