//! The files that a run reads: of cubes only committed snapshots are data, and none is written over.

use super::{
    array::JournalledArray, error::CubeError, field_files::FieldFile, journal::Slot, paths::Paths,
    record_file,
};
use diff2d_sys as sys;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Refuses a cube of which a file is one that the run reads, under whatever names: the journal of a cube that it begins
/// from counts as read.
///
/// # Errors
/// [`CubeError::Taken`] with the name that the run would write to.
pub fn are_spared(paths: &Paths, inputs: impl Iterator<Item = PathBuf>) -> Result<(), CubeError> {
    let identity = |path: &Path| fs::metadata(path).ok().map(|found| sys::identity(&found));
    let with_journal = |input: PathBuf| {
        let paths = Paths::of_existing(&input);
        [Some(input), paths.ok().map(|paths| paths.journal)]
    };
    let read: BTreeSet<(u64, u64)> = inputs
        .flat_map(with_journal)
        .flatten()
        .filter_map(|input| identity(&input))
        .collect();
    let fields = record_file::own_fields(paths).into_iter();
    let fields = fields.map(|field| FieldFile::path(&paths.cube, field));
    for path in paths.of_run().into_iter().chain(fields) {
        if identity(&path).is_some_and(|found| read.contains(&found)) {
            return Err(CubeError::Taken { path });
        }
    }
    Ok(())
}

/// Refuses an initial array that is a snapshot of a cube which is not committed.
///
/// # Errors
/// [`CubeError::NotCommitted`], or another one when the cube or its journal cannot be used.
pub fn is_committed(path: &Path, snapshot: u64) -> Result<(), CubeError> {
    let array = JournalledArray::open(path)?;
    if array.journal.is_some() && snapshot >= array.available() {
        return Err(CubeError::NotCommitted {
            cube: path.to_owned(),
            snapshot: Slot {
                scenario: None,
                index: snapshot,
            },
        });
    }
    Ok(())
}
