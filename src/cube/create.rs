//! Creates the files of a new cube, up to line 1 of its journal, and removes them again after an error.

use super::{
    checkpoint,
    error::{self, CubeError},
    journal::Header,
    paths::{Paths, remove_file, sync_directory},
    record_file,
};
use crate::fault::Fault;
use diff2d_arrays::wording::bytes;
use diff2d_sys::{self as sys, FileExt, LockedFile, Reservation};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek},
    path::Path,
};

/// The files to create, with their lengths.
#[derive(Clone, Copy)]
pub(super) struct NewCube<'a> {
    pub paths: &'a Paths,
    pub header: &'a Header,
    /// Free space before the creation in bytes, if the system reports it.
    pub free: Option<u64>,
}

/// Removes a cube that is started over, empties the journal, and creates the cube with its header in reserved space.
///
/// A journal without its cube can be started over. A cube beside an empty journal would count as a foreign file, and a
/// record or a checkpoint as one of another run. So cube, record and checkpoint are durably removed before the journal
/// is emptied. They exist only if `force` starts a run over.
pub(super) fn create(
    new: NewCube<'_>,
    journal: &mut LockedFile,
    force: bool,
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
    if force {
        record_file::remove(paths)?;
    }
    checkpoint::remove(paths)?;
    sync_directory(paths.directory())?;
    journal
        .set_len(0)
        .and_then(|()| journal.rewind())
        .and_then(|()| journal.sync_all())
        .map_err(CubeError::io("empty", &paths.journal))?;
    sync_directory(paths.directory())?;
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

/// Refuses to begin beside a record, checkpoint or scratch of another run, whose cube was renamed or deleted. Beside an
/// empty journal, these files cannot belong to this run.
pub(super) fn refuse_other_runs(paths: &Paths, journal: &File) -> Result<(), CubeError> {
    let refused = record_file::refuse_any(paths).and_then(|()| checkpoint::refuse_any(paths));
    refused.inspect_err(|_| remove_empty_journal(paths, journal))
}

/// Removes an empty journal that has no cube beside it.
pub(super) fn remove_empty_journal(paths: &Paths, journal: &File) {
    let is_empty = journal.metadata().is_ok_and(|status| status.len() == 0);
    if is_empty && !paths.cube.exists() {
        let _ = fs::remove_file(&paths.journal);
    }
}

/// Refuses a journal that has another hard link, as in a backup made of links: emptying it would empty the backup as
/// well.
pub(super) fn refuse_shared(paths: &Paths) -> Result<(), CubeError> {
    let has_others = sys::has_other_names(&paths.journal);
    if has_others.map_err(CubeError::io("examine", &paths.journal))? {
        let sentence = "has a second name (a link, or a backup made of links), under which the journal would be emptied as well: remove this name and that of its cube, or write elsewhere with -o";
        Err(error::refused(&paths.journal, sentence))
    } else {
        Ok(())
    }
}

/// Reserves the space of two empty files, and writes the header of the cube.
fn fill(new: NewCube<'_>, cube: &File, journal: &File) -> Result<Reservation, CubeError> {
    let NewCube { paths, header, .. } = new;
    let reservation = sys::reserve(cube, header.cube_bytes())
        .map_err(|error| refused(new, "reserve space for", &paths.cube, error))?;
    sys::reserve_ahead(
        journal,
        header.line_bytes() + journal_bytes(header.snapshots(), header.stream_count()),
    )
    .map_err(|error| refused(new, "reserve space for", &paths.journal, error))?;
    cube.write_all_at(&header.npy().encode(), 0)
        .map_err(|error| refused(new, "write", &paths.cube, error))?;
    Ok(reservation)
}

/// Removes the journal of a cube that was not begun. The journal holds nothing yet, and the lock on it is still held.
/// It is removed only after the cube is durably gone: a cube that a power cut brought back would count as a foreign
/// file.
pub(super) fn remove_unborn(paths: &Paths) {
    if !paths.cube.exists() && sync_directory(paths.directory()).is_ok() {
        let _ = fs::remove_file(&paths.journal);
    }
}

/// The error of an operation on one of the files during their creation.
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
    let line_bytes = journal_bytes(header.snapshots(), header.stream_count());
    Fault::failed(format!(
        "{} needs {}, its journal {}, and their filesystem has {} free: free some space, write elsewhere with -o, or take fewer snapshots (a larger outtime)",
        new.paths.cube.display(),
        bytes(header.cube_bytes()),
        bytes(header.line_bytes() + line_bytes),
        new.free.map_or_else(|| "an unknown number of bytes".to_owned(), bytes)
    ))
    .into()
}

/// An upper bound of the bytes of `records` journal lines, each with marks of `streams` streams.
pub(super) fn journal_bytes(records: u64, streams: u64) -> u64 {
    records.saturating_mul(LONGEST_RECORD + streams.saturating_mul(LONGEST_MARK))
}

/// An upper bound of the bytes of a journal line without its marks.
const LONGEST_RECORD: u64 = 320;

/// An upper bound of the bytes of a mark in a journal line, with the name of its stream.
const LONGEST_MARK: u64 = 80;
