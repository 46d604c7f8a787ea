//! Tells whether a file with the name of a checkpoint or a scratch was left by a run of this program. No other file is
//! ever removed or overwritten.
//!
//! A file of a run begins with a [sealed page](super::journal) from the moment it has its name. It belongs to this user
//! or to the owner of the cube: others may write into a shared directory.

use super::{
    error::CubeError,
    journal::{is_sealed_page, sealed_page},
    paths::remove_file,
};
use diff2d_sys as sys;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek},
    path::Path,
};

/// Bytes of the page at the beginning.
const PAGE: u64 = 4096;

/// Creates a file for a state, which only this user may read and write.
///
/// # Errors
/// [`CubeError::Io`], also if the name is taken.
pub(super) fn create(path: &Path) -> Result<File, CubeError> {
    sys::create_private(path, &sealed_page()).map_err(CubeError::io("create", path))
}

/// Opens the file at `path`, if there is one; `cube` is the cube of the run.
///
/// # Errors
/// [`CubeError::NotOurs`]; [`CubeError::Io`].
pub(super) fn open(
    options: &OpenOptions,
    path: &Path,
    cube: &Path,
) -> Result<Option<File>, CubeError> {
    let mut file = match sys::open_own(options, path, cube) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(not_ours(path, error.to_string())),
    };
    let mut page = Vec::new();
    let read = (&mut file).take(PAGE).read_to_end(&mut page);
    read.and_then(|_| file.rewind())
        .map_err(CubeError::io("read", path))?;
    if is_sealed_page(&page) {
        Ok(Some(file))
    } else {
        Err(not_ours(path, "another program wrote it".to_owned()))
    }
}

fn not_ours(path: &Path, reason: String) -> CubeError {
    CubeError::NotOurs {
        path: path.to_owned(),
        reason,
    }
}

/// Refuses a file of another program, and returns whether a file of this program exists.
///
/// # Errors
/// As [`open`].
pub(super) fn is_there(path: &Path, cube: &Path) -> Result<bool, CubeError> {
    Ok(open(OpenOptions::new().read(true), path, cube)?.is_some())
}

/// Removes a file of this program, and the remains of its creation; returns whether it existed. A file of another
/// program stays.
///
/// # Errors
/// [`CubeError::Io`].
pub(super) fn remove(path: &Path, cube: &Path) -> Result<bool, CubeError> {
    sys::remove_left(path);
    match is_there(path, cube) {
        // Another rank may do the same.
        Ok(true) => remove_file(path),
        Ok(false) | Err(CubeError::NotOurs { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
