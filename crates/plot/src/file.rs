//! [`PictureFile`]: a picture's file while it is written.

use super::error::Error;
use diff2d_sys::{AtomicFile, Destination, FileError};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// By this word pictures of this program are known.
pub(super) const MARK: &str = "diff2d";
/// The line of an SVG file that has it.
pub(super) const MARK_OF_SVG: &str = "<metadata>diff2d</metadata>\n";

/// Whether a file that begins like this is a picture of this program: PNG, GIF, SVG or PDF with its mark at the place
/// where this program puts it. A picture of others may hold one of ours.
#[must_use]
pub fn is_picture(beginning: &[u8]) -> bool {
    let place = |text: &[u8]| {
        let mut parts = beginning.windows(text.len());
        parts.position(|part| part == text)
    };
    let before = |text: &[u8], end: &[u8]| match (place(text), place(end)) {
        (Some(text), Some(end)) => text < end,
        (text, _) => text.is_some(),
    };
    match beginning {
        [0x89, b'P', b'N', b'G', ..] => before(b"tEXtSoftware\0diff2d", b"IDAT"),
        [b'G', b'I', b'F', b'8', ..] => before(b"\x21\xfe\x06diff2d\0", b"\x21\xf9"),
        [b'<', b's', b'v', b'g', b' ', ..] => {
            let mut lines = beginning.split_inclusive(|&letter| letter == b'\n');
            lines.nth(1) == Some(MARK_OF_SVG.as_bytes())
        }
        [b'%', b'P', b'D', b'F', ..] => before(b"/Producer (diff2d)", b"endobj"),
        _ => false,
    }
}

/// A picture's file while it is written: an [`AtomicFile`] behind a buffer.
pub(super) struct PictureFile {
    file: BufWriter<AtomicFile>,
    path: PathBuf,
}

impl PictureFile {
    /// Begins the file.
    pub fn create(to: &Destination) -> Result<Self, Error> {
        let path = to.name().to_owned();
        let file = AtomicFile::at(to.clone()).map_err(|error| write_error(&path, error.source))?;
        Ok(Self {
            file: BufWriter::new(file),
            path,
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
