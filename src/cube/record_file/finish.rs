//! Finishes the record of a complete run.

use super::{description::add_digests, of_run::streams_of_run};
use crate::cube::{error::CubeError, paths::Paths, read::Cube, streams::Stream};
use diff2d_sys as sys;

/// Finishes the record of a complete run, whatever an earlier attempt has left: cuts the streams at their last marks,
/// and adds their digests to the description. Does nothing for a run without a record.
///
/// # Errors
/// [`CubeError::LostRecord`] if rows differ from what the run has written; other errors of the files.
pub fn finish(paths: &Paths) -> Result<(), CubeError> {
    let cube = Cube::open(&paths.cube)?;
    let streams = streams_of_run(&cube);
    for recorded in &streams {
        let Some(&last) = recorded.marks.last() else {
            continue;
        };
        let mut stream = Stream::open(&recorded.path, recorded.layout()?)?;
        stream.prove(last)?;
        stream.shorten(last)?;
    }
    if streams.is_empty() {
        return Ok(());
    }
    add_digests(paths)?;
    // What a process that was killed has left of files that were to appear whole.
    sys::remove_left(&paths.record());
    sys::remove_left(&paths.record_description());
    Ok(())
}
