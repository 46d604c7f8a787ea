//! [`PictureFile`]: the file of a picture while it is written.

use super::error::Error;
use diff2d_sys::{AtomicFile, Destination, FileError};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The word that identifies pictures of this program.
pub(super) const MARK: &str = "diff2d";
/// The line of an SVG file that contains this word.
pub(super) const MARK_OF_SVG: &str = "<metadata>diff2d</metadata>\n";

/// Whether a file that begins with these bytes is a picture of this program: PNG, GIF, SVG or PDF with the mark at the
/// place where this program writes it. A picture of another program may contain a picture of this program further on.
#[must_use]
pub fn is_picture(beginning: &[u8]) -> bool {
    match beginning {
        [0x89, b'P', b'N', b'G', ..] => comes_before(beginning, b"tEXtSoftware\0diff2d", b"IDAT"),
        [b'G', b'I', b'F', b'8', ..] => {
            comes_before(beginning, b"\x21\xfe\x06diff2d\0", b"\x21\xf9")
        }
        [b'<', b's', b'v', b'g', b' ', ..] => {
            let mut lines = beginning.split_inclusive(|&letter| letter == b'\n');
            lines.nth(1) == Some(MARK_OF_SVG.as_bytes())
        }
        [b'%', b'P', b'D', b'F', ..] => comes_before(beginning, b"/Producer (diff2d)", b"endobj"),
        _ => false,
    }
}

/// Whether bytes contain `mark` before `end`, where the mark of another format would have to be.
fn comes_before(bytes: &[u8], mark: &[u8], end: &[u8]) -> bool {
    let mark_place = bytes.windows(mark.len()).position(|part| part == mark);
    let end_place = bytes.windows(end.len()).position(|part| part == end);
    match (mark_place, end_place) {
        (Some(mark_place), Some(end_place)) => mark_place < end_place,
        (mark_place, _) => mark_place.is_some(),
    }
}

/// The file of a picture while it is written: an [`AtomicFile`] with a buffer.
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

    /// Gives the file its name without waiting for the disk, because there are many pictures.
    pub fn commit_unsynced(self) -> Result<(), Error> {
        self.finish(AtomicFile::commit_unsynced)
    }

    /// The file, with all its bytes.
    pub fn into_file(self) -> Result<AtomicFile, Error> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error);
        file.map_err(|source| write_error(&self.path, source))
    }

    fn finish(self, finish: impl FnOnce(AtomicFile) -> Result<(), FileError>) -> Result<(), Error> {
        let path = self.path.clone();
        finish(self.into_file()?).map_err(|error| write_error(&path, error.source))
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
    Error::unwritten(path, source.into())
}
