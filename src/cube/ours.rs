//! Which files with the names of a checkpoint or a scratch were left by runs of this program: nothing else is ever
//! removed or overwritten.
//!
//! What a run leaves, killed or not, begins with a [sealed page](super::journal), which it has from the moment it has its
//! name. It belongs to this user or to that of the cube: others may write into a directory that is shared.

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

/// Creates a file that this user alone may read and write, to which a state is to be written.
///
/// # Errors
/// [`CubeError::Io`], where the name is taken, too.
pub(super) fn create(path: &Path) -> Result<File, CubeError> {
    sys::create_private(path, &sealed_page()).map_err(CubeError::io("create", path))
}

/// Opens the file of that name, if there is one; `cube` is that of the run.
///
/// # Errors
/// [`CubeError::NotOurs`]; [`CubeError::Io`].
pub(super) fn open(
    options: &OpenOptions,
    path: &Path,
    cube: &Path,
) -> Result<Option<File>, CubeError> {
    let not_ours = |reason: String| CubeError::NotOurs {
        path: path.to_owned(),
        reason,
    };
    let mut file = match sys::open_own(options, path, cube) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(not_ours(error.to_string())),
    };
    let mut page = Vec::new();
    let read = (&mut file).take(PAGE).read_to_end(&mut page);
    read.and_then(|_| file.rewind())
        .map_err(CubeError::io("read", path))?;
    match is_sealed_page(&page) {
        true => Ok(Some(file)),
        false => Err(not_ours("it is of another program".to_owned())),
    }
}

/// Refuses a file of another program; whether there is one of ours.
///
/// # Errors
/// As [`open`].
pub(super) fn is_there(path: &Path, cube: &Path) -> Result<bool, CubeError> {
    Ok(open(OpenOptions::new().read(true), path, cube)?.is_some())
}

/// Removes a file, unless it is of another program, and what a kill has left of its creation; whether it was there.
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
