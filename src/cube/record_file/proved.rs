//! The proved rows and frames of a record, which are all that its readers see.
//!
//! Line 1 of the journal says whether there is a record, whatever files lie beside it. The last marks of the journal say
//! how far its streams reach. Before the first mark a file may not be there yet, and is not damaged.

use super::{
    description::first_line,
    of_run::{field_layout, streams_of_run},
    scenarios::joined_bytes,
};
use crate::{
    cube::{
        error::CubeError,
        field_files,
        journal::{Header, Journal},
        labels::labels_of_field,
        one_run,
        paths::Paths,
        read::Cube,
        streams::{ROWS, Stream, StreamLayout},
    },
    measured::Calendar,
    params::{Choice, RecordField},
};
use diff2d_arrays::{labels::Labels, npy::NpyHeader};
use std::{
    fs::{self, File},
    path::Path,
};

/// The rows that marks of the journal prove, behind the first line of their file.
#[derive(Debug)]
pub struct ProvedRows {
    /// The file.
    pub file: File,
    /// The byte at which the rows end.
    pub end: u64,
}

/// The rows of the record beside a cube; `None` if its run has no record. If there is no journal, all rows count.
///
/// # Errors
/// [`CubeError::NotYet`] if nothing is committed; [`CubeError::Fault`] if rows differ from what the run has written;
/// [`CubeError::Io`].
pub fn proved_rows(paths: &Paths) -> Result<Option<ProvedRows>, CubeError> {
    let proved = one_run::read_streams(paths, |journal| match &journal.header {
        Some(header) if !header.has_record() => Ok(None),
        Some(header) => committed_rows(paths, header, journal).map(Some),
        // A run that is about to write line 1 has no files of a record.
        None if !is_there(&paths.record()) => Err(no_row(paths)),
        None => all_rows(paths),
    });
    match proved.map_err(to_reader)? {
        Some(rows) => Ok(rows),
        None => all_rows(paths).map_err(to_reader),
    }
}

fn committed_rows(
    paths: &Paths,
    header: &Header,
    journal: &Journal,
) -> Result<ProvedRows, CubeError> {
    if journal.committed.total() == 0 {
        return Err(no_row(paths));
    }
    let is_joined = is_there(&paths.record());
    if header.is_sweep()
        && !is_joined
        && (!journal.is_complete() || one_run::is_beside_a_run(&paths.cube))
    {
        // Rows are joined when the first process of a sweep ends.
        return Err(no_row(paths));
    }
    let cube = Cube::open(&paths.cube)?;
    let rows = Stream::open_to_read(&paths.record(), StreamLayout::Lines(first_line(paths)?))?;
    let end = if header.is_sweep() {
        joined_bytes(&cube, &rows)?
    } else {
        let streams = streams_of_run(&cube);
        let rows_of_run = streams.iter().find(|stream| stream.name == ROWS);
        let Some(&last) = rows_of_run.and_then(|rows| rows.marks.last()) else {
            return Err(no_row(paths));
        };
        rows.prove(last)?;
        if cube.is_complete() && rows.length()? != last.end {
            let path = paths.record();
            let reason = "has something else than rows behind the last one".to_owned();
            return Err(CubeError::LostRecord { path, reason });
        }
        last.end
    };
    if end == rows.layout().empty_mark().end {
        return Err(no_row(paths));
    }
    let file = rows.reader()?;
    Ok(ProvedRows { file, end })
}

/// All rows of a file beside no journal; `None` if there is no such file.
fn all_rows(paths: &Paths) -> Result<Option<ProvedRows>, CubeError> {
    if !is_there(&paths.record()) {
        return Ok(None);
    }
    let rows = Stream::open_to_read(&paths.record(), StreamLayout::Lines(first_line(paths)?))?;
    let end = rows.length()?;
    let file = rows.reader()?;
    Ok(Some(ProvedRows { file, end }))
}

/// The frames of a field that marks of the journal prove.
#[derive(Debug)]
pub struct ProvedFrames {
    /// The file.
    pub file: File,
    /// The header of an array of these frames alone.
    pub header: NpyHeader,
    /// The number of frames of a complete run.
    pub planned: u64,
    /// What the journal says of their axes and values.
    pub labels: Labels,
    /// The dates of simulated times, if the parameters tell them.
    pub calendar: Option<Calendar>,
}

/// The frames in a file, if it is that of a field of a run.
///
/// # Errors
/// [`CubeError::NotYet`] if nothing is committed; [`CubeError::Fault`] if the file is shorter than its run has written it;
/// [`CubeError::Io`].
pub fn proved_frames(path: &Path) -> Result<Option<ProvedFrames>, CubeError> {
    if Paths::of_existing(path).is_ok_and(|paths| paths.journal.exists()) {
        // The file is a cube itself.
        return Ok(None);
    }
    // A link stands for the file that it leads to, if no journal belongs to its own name.
    let targets = [Some(path.to_owned()), fs::canonicalize(path).ok()];
    for target in targets.iter().flatten() {
        let Some((cube, field)) = field_files::cube_of(target) else {
            continue;
        };
        let paths = Paths::of(&cube)?;
        let proved = one_run::read_streams(&paths, |journal| {
            committed_frames(target, &paths, field, journal)
        });
        match proved {
            // The journal of another program says nothing about the file.
            Ok(None) | Err(CubeError::ForeignJournal { .. }) => {}
            proved => return Ok(proved.map_err(to_reader)?.flatten()),
        }
    }
    Ok(None)
}

fn committed_frames(
    path: &Path,
    paths: &Paths,
    field: RecordField,
    journal: &Journal,
) -> Result<Option<ProvedFrames>, CubeError> {
    let Some(header) = &journal.header else {
        return Ok(None);
    };
    let planned = header.snapshots().saturating_sub(1);
    let is_of_run = header.field_names().iter().any(|name| name == field.name());
    if !is_of_run || planned == 0 {
        return Ok(None);
    }
    let last_commit = journal.commits.last();
    let mark = last_commit.and_then(|commit| commit.streams.get(field.name()).copied());
    let Some(mark) = mark.filter(|mark| mark.count > 0) else {
        return Err(CubeError::NotYet {
            path: path.to_owned(),
            entry: "frame",
        });
    };
    let layout = field_layout(header, field);
    let own_path = field_files::path(&paths.cube, field);
    let frames = Stream::open_to_read(&own_path, layout.clone())?;
    let StreamLayout::Frames(mut npy) = layout else {
        return Ok(None);
    };
    npy.shape[0] = mark.count;
    let is_whole =
        npy.file_bytes().is_ok_and(|bytes| bytes == mark.end) && mark.end <= frames.length()?;
    if !is_whole {
        let reason = "is shorter than its run has written it".to_owned();
        return Err(CubeError::LostRecord {
            path: own_path,
            reason,
        });
    }
    Ok(Some(ProvedFrames {
        file: frames.reader()?,
        header: npy,
        planned,
        labels: labels_of_field(journal, field, mark.count).unwrap_or_default(),
        calendar: header.calendar(),
    }))
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn no_row(paths: &Paths) -> CubeError {
    CubeError::NotYet {
        path: paths.record(),
        entry: "row",
    }
}

/// The error as one of a command that reads a record and does not continue it.
fn to_reader(error: CubeError) -> CubeError {
    match error {
        CubeError::LostRecord { path, reason } => CubeError::damaged_record(&path, &reason),
        error => error,
    }
}
