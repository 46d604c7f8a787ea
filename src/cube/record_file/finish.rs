//! Finishes the record of a complete run.

use super::{description::add_digests, of_run::streams_of_run};
use crate::cube::{error::CubeError, paths::Paths, read::Cube, streams::Stream};
use diff2d_sys as sys;
use std::collections::BTreeMap;

/// Finishes the record of a complete run, whatever an earlier attempt has left: cuts the streams at their last marks,
/// and adds their digests to the description. Does nothing for a run without a record.
///
/// Streams that this process has `written` from their first byte on are not read again: their digests are known.
///
/// # Errors
/// [`CubeError::LostRecord`] if rows differ from what the run has written; other errors of the files.
pub fn finish<'s>(
    paths: &Paths,
    written: impl IntoIterator<Item = &'s Stream>,
) -> Result<(), CubeError> {
    let cube = Cube::open(&paths.cube)?;
    let streams = streams_of_run(&cube);
    let written = written.into_iter();
    let written = written.map(|stream| (stream.file().path().to_owned(), stream));
    let written: BTreeMap<_, _> = written.collect();
    let mut known_digests = BTreeMap::new();
    for recorded in &streams {
        let Some(&last) = recorded.marks.last() else {
            continue;
        };
        let mut stream = Stream::open(&recorded.path, recorded.layout()?)?;
        // A file that has become shorter meanwhile is damaged.
        let is_there = last.end <= stream.length()?;
        let written = written.get(&recorded.path).filter(|_| is_there);
        match written.and_then(|written| Some((written, written.digest_at(last)?))) {
            // The header of a run that has ended early changes.
            Some((written, digest)) if written.layout() == stream.layout() => {
                known_digests.insert(recorded.path.clone(), digest);
            }
            Some(_) => {}
            None => stream.prove(last)?,
        }
        stream.shorten(last)?;
    }
    if streams.is_empty() {
        return Ok(());
    }
    add_digests(paths, &known_digests)?;
    // What a process that was killed has left of files that were to appear whole.
    sys::remove_left(&paths.record());
    sys::remove_left(&paths.record_description());
    Ok(())
}
