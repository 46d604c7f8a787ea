//! Checks the streams of a record against the marks of the journal.

use super::{description::faults_of_digests, of_run::streams_of_run, scenarios::check_sweep};
use crate::cube::{error::CubeError, read::Cube};

/// The faults of the record beside a cube, in sentences; empty if all streams are as the run has written them so far,
/// or if the run has no record.
///
/// # Errors
/// [`CubeError::Io`].
pub fn check(cube: &Cube) -> Result<Vec<String>, CubeError> {
    let mut faults = if cube.header().is_sweep() {
        check_sweep(cube)?
    } else {
        Vec::new()
    };
    for stream in streams_of_run(cube) {
        match stream.faults() {
            // The description, which all rows need, is lost.
            Err(CubeError::LostRecord { path, reason }) => {
                faults.push(format!("{} {reason}", path.display()));
            }
            of_stream => faults.extend(of_stream?),
        }
    }
    if faults.is_empty() && cube.is_complete() && cube.header().has_record() {
        faults = faults_of_digests(cube.paths(), cube.header())?;
    }
    Ok(faults)
}
