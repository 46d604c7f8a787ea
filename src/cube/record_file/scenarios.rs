//! The records of the scenarios of a sweep, which become one.

use super::{
    description::{is_described, lost, seal},
    place::{RecordPlace, parts, remove, remove_parts},
};
use crate::cube::{error::CubeError, paths::Paths, read::Cube};
use diff2d_sys::{self as sys, AtomicFile};
use std::{
    fs::{self, File},
    io::{self, BufWriter, ErrorKind, Read, Write},
    path::Path,
};

/// Makes the place of the records of all scenarios of a sweep, unless that has begun: its description, and the directory
/// of the rows of scenarios. Several processes may do so at once.
///
/// # Errors
/// [`CubeError::LostRecord`] where the description is not there any more, or is another one; [`CubeError::Io`].
pub fn begin_sweep(paths: &Paths, run_id: &str, description: &str) -> Result<(), CubeError> {
    let (directory, beside) = (parts(paths, run_id), paths.record_description());
    let around = paths.directory();
    let lock = File::open(around).map_err(CubeError::io("open", around))?;
    // Where files have no locks there is one process.
    let _ = lock.lock();
    if directory.is_dir() {
        return is_described(&beside, description);
    }
    remove(paths)?;
    sys::write_file(&beside, description.as_bytes())?;
    match fs::create_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(CubeError::io("create", &directory))?,
    }
    sys::sync_directory(paths.directory()).map_err(CubeError::io("sync the directory of", &beside))
}

/// Writes the rows of all scenarios that are there one after the other. Once all snapshots are committed none may be
/// missing, and the places of scenarios are removed.
///
/// # Errors
/// [`CubeError::LostRecord`] where rows are missing; [`CubeError`].
pub fn end_sweep(paths: &Paths, run_id: &str, head: &str) -> Result<(), CubeError> {
    let (directory, beside) = (parts(paths, run_id), paths.record_description());
    let lock = sys::open_to_read(&beside).map_err(CubeError::io("open", &beside))?;
    // Where files have no locks there is one process.
    let _ = lock.lock();
    if !directory.is_dir() {
        return Ok(());
    }
    let cube = Cube::open(&paths.cube)?;
    let whole = paths.record();
    let mut to = BufWriter::new(AtomicFile::create(&whole)?);
    let failed = |doing, path: &Path| CubeError::io(doing, path.to_owned());
    to.write_all(head.as_bytes())
        .map_err(failed("write", &whole))?;
    for number in 0..cube.header().scenario_count() {
        let path = RecordPlace::of_scenario(paths, run_id, number).rows;
        let mut rows = Vec::new();
        match sys::open_to_read(&path).and_then(|mut file| file.read_to_end(&mut rows)) {
            Err(error) if error.kind() == ErrorKind::NotFound && !cube.is_complete() => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(lost(&path, "is not there"));
            }
            read => drop(read.map_err(failed("read", &path))?),
        }
        let end = rows
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let rows = rows[..end]
            .strip_prefix(head.as_bytes())
            .unwrap_or_default();
        to.write_all(rows).map_err(failed("write", &whole))?;
    }
    let to = to.into_inner().map_err(io::IntoInnerError::into_error);
    to.map_err(failed("write", &whole))?.commit()?;
    match cube.is_complete() {
        true => seal(paths).and_then(|()| remove_parts(&directory)),
        false => Ok(()),
    }
}
