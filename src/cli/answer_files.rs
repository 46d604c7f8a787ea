//! The files of an answer, which appear together: their names, and what is written under them.

use super::{
    plot::STILL_EXTENSIONS,
    start::{DEFAULT_DIRECTORY, make_directory},
};
use crate::cli::error::Error;
use diff2d::{CubeError, program::cube::Writing};
use diff2d_plot as plot;
use diff2d_sys::{AtomicFile, Destination, FileError};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// The name of the answer of a command, `fit` or `gradient`, to a parameter file: the one that a user has chosen, or the default one in
/// a directory that is there.
pub(super) fn answer_name(
    command: &str,
    parameters: &Path,
    chosen: Option<&Path>,
) -> Result<PathBuf, Error> {
    match chosen {
        Some(path) if path.extension().is_some_and(|end| end == "json") => Ok(path.to_owned()),
        Some(path) => Err(Error::Usage(format!(
            "-o {}: the answer of a {command} is a file whose name ends in .json",
            path.display()
        ))),
        None => {
            make_directory(Path::new(DEFAULT_DIRECTORY))?;
            let stem = parameters.file_stem().unwrap_or_default();
            let name = format!("{}.{command}.json", stem.to_string_lossy());
            Ok(Path::new(DEFAULT_DIRECTORY).join(name))
        }
    }
}

/// Refuses a name that does not end as the name of a picture: a table or the data may have been typed.
pub(super) fn check_picture_name(path: &Path) -> Result<(), Error> {
    let expected = "a picture ends in .png, .svg or .pdf";
    check_ending("--plot", path, &STILL_EXTENSIONS, expected)
}

/// Refuses a name that an option has been given and that has none of these endings.
pub(super) fn check_ending(
    option: &str,
    path: &Path,
    endings: &[&str],
    expected: &str,
) -> Result<(), Error> {
    let ending = path.extension();
    if ending.is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
        return Ok(());
    }
    let path = path.display();
    Err(Error::Usage(format!(
        "{option} {path}: the name of {expected}"
    )))
}

/// Admits the name of a picture, under which a picture of diff2d is replaced.
pub(super) fn admit_picture(
    path: &Path,
    input_files: &[PathBuf],
    force: bool,
) -> Result<Destination, CubeError> {
    let writing = Writing {
        taken: input_files,
        force,
        is_own_kind: Some(plot::is_picture),
        ..Writing::default()
    };
    writing.admit(path)
}

/// A file with these bytes, still without its name.
pub(super) fn written(place: &Destination, bytes: &[u8]) -> Result<AtomicFile, FileError> {
    let mut file = AtomicFile::at(place.clone())?;
    let written = file.write_all(bytes);
    written.map_err(FileError::of("write", place.name()))?;
    Ok(file)
}
