//! Outputs of exports: their names, and the files that they must not replace.

use super::{ExportError, Format};
use crate::cube::{CubeError, JournalledArray, Writing};
use diff2d_sys::{self as sys, AtomicDirectory, AtomicFile, FileError};
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The destination of an export.
pub enum Target<'a> {
    /// A stream that takes the text as it is written, for formats that are text.
    Text(&'a mut dyn Write),
    /// A file or a directory, which appears whole.
    Path {
        /// The name.
        path: &'a Path,
        /// Whether an existing file or directory may be replaced.
        force: bool,
    },
}

/// The name of an export beside its array: `STEM.xdmf`, `STEM.zarr`, …
#[must_use]
pub fn default_path(array: &JournalledArray, format: Format) -> PathBuf {
    let path = path_with_suffix(array, "", format);
    // STEM.csv of a sweep lists its scenarios.
    if array.files().contains(&path) {
        path_with_suffix(array, "-values", format)
    } else {
        path
    }
}

fn path_with_suffix(array: &JournalledArray, suffix: &str, format: Format) -> PathBuf {
    let mut name = array.path.file_stem().unwrap_or_default().to_owned();
    name.push(suffix);
    name.push(format.ending);
    array.path.with_file_name(name)
}

/// Begins an export to a file.
pub(super) fn file(
    path: &Path,
    force: bool,
    array: &JournalledArray,
) -> Result<AtomicFile, ExportError> {
    let writing = Writing {
        taken: &array.files(),
        force,
        ..Writing::default()
    };
    let destination = writing.admit(path)?;
    enter(path)?;
    Ok(AtomicFile::at(destination)?)
}

/// Begins an export to a directory. An existing directory is replaced only if `is_ours` recognises it as an export.
pub(super) fn directory(
    path: &Path,
    force: bool,
    array: &JournalledArray,
    format: Format,
    is_ours: impl Fn(&Path) -> io::Result<bool>,
) -> Result<AtomicDirectory, ExportError> {
    let writing = Writing {
        taken: &array.files(),
        ..Writing::default()
    };
    let destination = writing.find(path)?;
    if let Some(found) = destination.found() {
        if !found.is_dir() || !force {
            return Err(CubeError::Exists {
                path: path.to_owned(),
            }
            .into());
        }
        if !is_ours(path).map_err(FileError::of("examine", path))? {
            return Err(ExportError::refused(format!(
                "{} holds other files than an export to {format}, and is not replaced: move it away, or write elsewhere with -o",
                path.display()
            )));
        }
    }
    enter(path)?;
    Ok(AtomicDirectory::at(destination)?)
}

/// Refuses an output in a missing directory.
fn enter(path: &Path) -> Result<(), FileError> {
    let directory = sys::directory_of(path);
    sys::enter_directory(directory).map_err(FileError::of("write into the directory", directory))
}

/// Writes a text to a file that appears whole and durable, or to a stream.
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
            let result = write(&mut buffered).and_then(|()| Ok(buffered.flush()?));
            drop(buffered);
            result.map_err(|error| match error {
                ExportError::Text(error) => FileError::of("write", path)(error).into(),
                other => other,
            })?;
            Ok(file.commit()?)
        }
    }
}
