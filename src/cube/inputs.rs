//! The cubes that a run reads: only committed snapshots are data.

use super::{array::JournalledArray, error::CubeError, journal::Slot};
use std::path::Path;

/// Refuses an initial array that is a snapshot of a cube which is not committed.
///
/// # Errors
/// [`CubeError::NotCommitted`], or another one when the cube or its journal cannot be used.
pub fn is_committed((path, snapshot): (&Path, u64)) -> Result<(), CubeError> {
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
