//! Files that appear whole or not at all.

use super::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that is written beside its place and takes it when it is finished.
///
/// Dropped unfinished it is gone, and whatever held the place before still holds it.
pub(super) struct Part {
    file: BufWriter<File>,
    here: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl Part {
    /// Starts a file that will be `place`.
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
            Err(source) => Err(failed(place, source)),
        }
    }

    /// Puts the file in its place.
    pub fn finish(mut self) -> Result<(), Error> {
        self.file
            .flush()
            .and_then(|()| std::fs::rename(&self.here, &self.place))
            .map_err(|source| failed(&self.place, source))?;
        self.finished = true;
        Ok(())
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing depends on the leftover; there is nobody to tell that it stays.
            let _ = std::fs::remove_file(&self.here);
        }
    }
}

/// The error of a picture that could not be written to `path`.
pub(super) fn failed(path: &Path, source: impl Into<std::io::Error>) -> Error {
    Error::Write {
        path: path.to_path_buf(),
        source: source.into(),
    }
}
