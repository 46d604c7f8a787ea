//! Where exports go: names, and what is not replaced.

use super::{ExportError, Format};
use crate::cube::{CubeError, JournalledArray, Writing};
use diff2d_sys::{self as sys, AtomicDirectory, AtomicFile, FileError};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Where the result goes.
pub enum Target<'a> {
    /// Somewhere as it is made, of formats that are text.
    Text(&'a mut dyn Write),
    /// A file or a directory, which appears whole.
    Path {
        /// Its name.
        path: &'a Path,
        /// Whether it may replace one.
        force: bool,
    },
}

/// The name of an export beside its array: `STEM.xdmf`, `STEM.zarr`, …
#[must_use]
pub fn default_path(array: &JournalledArray, format: Format) -> PathBuf {
    let stem = array.path.file_stem().unwrap_or_default();
    let named = |behind: &str| {
        let mut name = stem.to_owned();
        name.push(behind);
        name.push(format.ending);
        array.path.with_file_name(name)
    };
    let path = named("");
    // STEM.csv of a sweep lists its scenarios.
    match array.files().contains(&path) {
        false => path,
        true => named("-values"),
    }
}

/// The name of what is to be a file.
pub(super) fn file(
    path: &Path,
    force: bool,
    array: &JournalledArray,
) -> Result<AtomicFile, ExportError> {
    let taken = &array.files();
    let writing = Writing {
        taken,
        force,
        ..Writing::default()
    };
    let to = writing.admit(path)?;
    enter(path)?;
    Ok(AtomicFile::at(to)?)
}

/// The name of what is to be a directory. One that is replaced must have in it what `is_ours` looks for.
pub(super) fn directory(
    path: &Path,
    force: bool,
    array: &JournalledArray,
    format: Format,
    is_ours: impl Fn(&Path) -> io::Result<bool>,
) -> Result<AtomicDirectory, ExportError> {
    let taken = &array.files();
    let writing = Writing {
        taken,
        ..Writing::default()
    };
    let to = writing.find(path)?;
    if let Some(found) = to.found() {
        if !found.is_dir() || !force {
            return Err(CubeError::Exists {
                path: path.to_owned(),
            }
            .into());
        }
        if !is_ours(path).map_err(FileError::of("examine", path))? {
            return Err(ExportError::Request(format!(
                "{} holds other files than an export to {format}, and is not replaced: move it away, or write elsewhere with -o",
                path.display()
            )));
        }
    }
    enter(path)?;
    Ok(AtomicDirectory::at(to)?)
}

/// Refuses a name in a directory that is not there.
fn enter(path: &Path) -> Result<(), FileError> {
    let around = sys::directory_of(path);
    sys::enter_directory(around).map_err(FileError::of("write into the directory", around))
}

/// Writes a text: to a file that appears whole and durable, or piece by piece.
pub(super) fn text(
    target: Target<'_>,
    array: &JournalledArray,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    match target {
        Target::Text(to) => write(to),
        Target::Path { path, force } => {
            let mut file = file(path, force, array)?;
            let mut buffered = BufWriter::with_capacity(1 << 16, &mut file);
            let written = write(&mut buffered).and_then(|()| Ok(buffered.flush()?));
            drop(buffered);
            written.map_err(|error| match error {
                ExportError::Text(error) => FileError::of("write", path)(error).into(),
                other => other,
            })?;
            Ok(file.commit()?)
        }
    }
}
