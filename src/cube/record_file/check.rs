//! Checks the streams of a record against the marks of the journal.

use super::{of_run::streams_of_run, scenarios::check_sweep};
use crate::cube::{error::CubeError, read::Cube};

/// The faults of the record beside a cube, in sentences; empty if all streams are as the run has written them so far,
/// or if the run has no record.
///
/// # Errors
/// [`CubeError::Io`].
pub fn check(cube: &Cube) -> Result<Vec<String>, CubeError> {
    if cube.header().is_sweep() {
        return check_sweep(cube);
    }
    let mut faults = Vec::new();
    for stream in streams_of_run(cube) {
        match stream.faults() {
            // The description, which all rows need, is lost.
            Err(CubeError::LostRecord { path, reason }) => {
                faults.push(format!("{} {reason}", path.display()));
            }
            of_stream => faults.extend(of_stream?),
        }
    }
    Ok(faults)
}
