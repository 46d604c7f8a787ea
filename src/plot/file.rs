//! [`PictureFile`]: a file that appears complete or not at all.

use super::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that is written under another name and renamed when it is finished. Dropped before, it is
/// removed, and a file that had its name before is still there.
pub(super) struct PictureFile {
    file: BufWriter<File>,
    here: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl PictureFile {
    /// Begins a file that will be `place`.
    pub fn create(place: &Path) -> Result<Self, Error> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let here = place.with_file_name(format!(".{name}.{}-{count}.part", std::process::id()));
        match File::create(&here) {
            Ok(file) => Ok(Self {
                file: BufWriter::new(file),
                here,
                place: place.to_path_buf(),
                finished: false,
            }),
            Err(source) => Err(write_error(place, source)),
        }
    }

    /// Gives the file its name.
    pub fn finish(mut self) -> Result<(), Error> {
        self.file
            .flush()
            .and_then(|()| std::fs::rename(&self.here, &self.place))
            .map_err(|source| write_error(&self.place, source))?;
        self.finished = true;
        Ok(())
    }
}

impl Write for PictureFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PictureFile {
    fn drop(&mut self) {
        if !self.finished {
            // A temporary file that cannot be removed does no harm.
            let _ = std::fs::remove_file(&self.here);
        }
    }
}

/// The error of a picture that could not be written to `path`.
pub(super) fn write_error(path: &Path, source: impl Into<std::io::Error>) -> Error {
    Error::Write {
        path: path.to_path_buf(),
        source: source.into(),
    }
}
