//! The files of a new cube, until line 1 of its journal makes them one: created, or removed again.

use super::{
    checkpoint,
    error::CubeError,
    journal::Header,
    paths::{Paths, remove_file, sync_directory},
};
use diff2d_sys::{self as sys, FileExt, LockedFile, Reservation};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek},
    path::Path,
};

/// What is to be created.
#[derive(Clone, Copy)]
pub(super) struct NewCube<'a> {
    pub paths: &'a Paths,
    pub header: &'a Header,
    /// The space that was free before, if the system tells.
    pub free: Option<u64>,
}

/// Removes a cube that is started over, empties the journal, and creates the cube with its space reserved and its header.
///
/// A journal without its cube can be started over; a cube beside an empty journal would be a foreign file. So the cube is
/// durably gone before the journal is emptied.
pub(super) fn create(
    new: NewCube<'_>,
    journal: &mut LockedFile,
) -> Result<(File, Reservation), CubeError> {
    let paths = new.paths;
    let replaced = match fs::symlink_metadata(&paths.cube) {
        Ok(status) => {
            sys::is_file(status.file_type()).map_err(CubeError::io("replace", &paths.cube))?;
            Some(status)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(CubeError::io("examine", &paths.cube)(error)),
    };
    if remove_file(&paths.cube)? {
        sync_directory(paths.directory())?;
    }
    journal
        .set_len(0)
        .and_then(|()| journal.rewind())
        .and_then(|()| journal.sync_all())
        .map_err(CubeError::io("empty", &paths.journal))?;
    sync_directory(paths.directory())?;
    checkpoint::remove(paths)?;
    let cube = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&paths.cube)
        .map_err(CubeError::io("create", &paths.cube))?;
    if let Some(replaced) = replaced {
        // A filesystem without permissions is no reason to fail.
        let _ = sys::copy_permissions(&replaced, &cube);
    }
    let reservation = fill(new, &cube, journal).inspect_err(|_| {
        let _ = fs::remove_file(&paths.cube);
    })?;
    Ok((cube, reservation))
}

/// Refuses a journal that others have under another name, as in a backup of links: it would be emptied there as well.
pub(super) fn refuse_shared(paths: &Paths) -> Result<(), CubeError> {
    let has_others = sys::has_other_names(&paths.journal);
    match has_others.map_err(CubeError::io("examine", &paths.journal))? {
        true => Err(CubeError::Shared {
            journal: paths.journal.clone(),
        }),
        false => Ok(()),
    }
}

/// Reserves the space of two empty files, and writes the header of the cube.
fn fill(new: NewCube<'_>, cube: &File, journal: &File) -> Result<Reservation, CubeError> {
    let NewCube { paths, header, .. } = new;
    let reservation = sys::reserve(cube, header.cube_bytes())
        .map_err(|error| refused(new, "reserve space for", &paths.cube, error))?;
    sys::reserve_ahead(
        journal,
        header.line_bytes() + journal_bytes(header.snapshots()),
    )
    .map_err(|error| refused(new, "reserve space for", &paths.journal, error))?;
    cube.write_all_at(&header.npy().encode(), 0)
        .map_err(|error| refused(new, "write", &paths.cube, error))?;
    Ok(reservation)
}

/// Removes the journal of a cube that was not begun. Nothing in it counts, and the lock is still held. It stays until
/// the cube is durably gone: a cube that a power cut brought back would be a foreign file.
pub(super) fn remove_unborn(paths: &Paths) {
    if !paths.cube.exists() && sync_directory(paths.directory()).is_ok() {
        let _ = fs::remove_file(&paths.journal);
    }
}

/// The error of an action on one of the files while they are created.
pub(super) fn refused(
    new: NewCube<'_>,
    action: &'static str,
    path: &Path,
    error: io::Error,
) -> CubeError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_space(new),
        _ => CubeError::io(action, path)(error),
    }
}

pub(super) fn no_space(new: NewCube<'_>) -> CubeError {
    let header = new.header;
    CubeError::NoSpace {
        cube: new.paths.cube.clone(),
        needed: header.cube_bytes(),
        beside: header.line_bytes() + journal_bytes(header.snapshots()),
        free: new.free,
    }
}

/// An upper bound of the bytes of so many records in the journal.
pub(super) fn journal_bytes(records: u64) -> u64 {
    records.saturating_mul(LONGEST_RECORD)
}

/// An upper bound of the bytes of a record in the journal.
const LONGEST_RECORD: u64 = 320;
