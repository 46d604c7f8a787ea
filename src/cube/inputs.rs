//! The input files of a run: only committed snapshots of a cube can be input, and no input is overwritten.

use super::{
    array::JournalledArray, error::CubeError, field_files, journal::SnapshotId, paths::Paths,
    record_file,
};
use diff2d_sys as sys;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Refuses to create a cube one of whose files the run reads, even under another name. If the run begins from a cube,
/// the journal of that cube counts as read.
///
/// # Errors
/// [`CubeError`] with the name that the run would write to.
pub fn are_spared(paths: &Paths, inputs: impl Iterator<Item = PathBuf>) -> Result<(), CubeError> {
    let read: BTreeSet<(u64, u64)> = inputs
        .flat_map(|input| {
            let paths = Paths::of_existing(&input);
            [Some(input), paths.ok().map(|paths| paths.journal)]
        })
        .flatten()
        .filter_map(|input| identity(&input))
        .collect();
    let fields = record_file::own_fields(paths).into_iter();
    let fields = fields.map(|field| field_files::path(&paths.cube, field));
    for path in paths.of_run().into_iter().chain(fields) {
        if identity(&path).is_some_and(|found| read.contains(&found)) {
            return Err(CubeError::taken(&path));
        }
    }
    Ok(())
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let status = fs::metadata(path).ok()?;
    Some(sys::identity(&status))
}

/// Refuses an array that is an uncommitted snapshot of a cube.
///
/// # Errors
/// [`CubeError`], also when the cube or its journal cannot be used.
pub fn is_committed(path: &Path, snapshot: u64) -> Result<(), CubeError> {
    let array = JournalledArray::open(path)?;
    if array.journal.is_some() && snapshot >= array.available() {
        let id = SnapshotId {
            scenario: None,
            index: snapshot,
        };
        return Err(CubeError::not_committed(path, id));
    }
    Ok(())
}
