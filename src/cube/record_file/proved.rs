//! The proved rows of a record, which are all that its readers see.

use super::{description::first_line, of_run::streams_of_run, scenarios::joined_bytes};
use crate::cube::{
    error::CubeError,
    found::read_journal,
    paths::Paths,
    read::{Cube, begun_by},
    streams::{ROWS, Stream, StreamLayout, lost},
};
use std::{fs::File, ops::Range};

/// The range of bytes of the rows that marks of the journal prove. If there is no journal, all rows count.
///
/// # Errors
/// [`CubeError::DamagedRecord`] if rows differ from what the run has written; [`CubeError::Io`].
pub fn proved_rows(paths: &Paths, file: &File) -> Result<Range<u64>, CubeError> {
    match read_journal(paths)?.and_then(|journal| journal.header) {
        None => all_rows(paths, file),
        Some(header) => proved_bytes(paths).map_err(|error| match error {
            // A run that starts the cube over has replaced the record meanwhile.
            CubeError::LostRecord { .. } if begun_by(paths).as_ref() != Some(&header.run_id) => {
                CubeError::started_over(&paths.cube)
            }
            CubeError::LostRecord { path, reason } => CubeError::DamagedRecord { path, reason },
            error => error,
        }),
    }
}

fn all_rows(paths: &Paths, file: &File) -> Result<Range<u64>, CubeError> {
    let head = first_line(paths)?.len() as u64;
    let status = file.metadata();
    let length = status
        .map_err(CubeError::io("examine", paths.record()))?
        .len();
    Ok(head..length.max(head))
}

fn proved_bytes(paths: &Paths) -> Result<Range<u64>, CubeError> {
    let cube = Cube::open(&paths.cube)?;
    let head = first_line(paths)?;
    let first_byte = head.len() as u64;
    let stream = Stream::open_to_read(&paths.record(), StreamLayout::Lines(head))?;
    if cube.header().is_sweep() {
        return Ok(first_byte..joined_bytes(&cube, &stream)?);
    }
    let streams = streams_of_run(&cube);
    let rows = streams.iter().find(|stream| stream.name == ROWS);
    match rows.and_then(|rows| rows.marks.last()) {
        Some(&last) => {
            stream.prove(last)?;
            if cube.is_complete() && stream.length()? != last.end {
                let reason = "has something else than rows behind the last one";
                return Err(lost(&paths.record(), reason));
            }
            Ok(first_byte..last.end)
        }
        // Nothing is committed yet.
        None => Ok(first_byte..first_byte),
    }
}
