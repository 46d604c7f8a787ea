//! Joins the records of the scenarios of a sweep into one.

use super::{
    description::{add_digests, first_line, is_described, write_description},
    of_run::{FoundStream, marks_of},
    parts::{parts, remove_parts},
    place::RecordPlace,
};
use crate::cube::{
    error::CubeError,
    journal::Commit,
    paths::Paths,
    read::Cube,
    restore::Restorer,
    streams::{Mark, ROWS, Stream, StreamLayout, lost},
};
use diff2d_sys::{self as sys, AtomicFile};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::Path,
};

/// Lets one process at a time begin or end the record of a sweep. Where the filesystem has no locks there is only one
/// process.
fn take_turn(paths: &Paths) -> Result<File, CubeError> {
    let path = paths.directory();
    let directory = File::open(path).map_err(CubeError::io("open", path))?;
    let _ = directory.lock();
    Ok(directory)
}

/// Creates the description of a sweep's record and the directory for the rows of its scenarios, unless they exist.
/// Several processes may do so at once. Line 1 of the journal must exist.
///
/// # Errors
/// [`CubeError::LostRecord`] if the description has disappeared or belongs to another record; [`CubeError::Io`].
pub fn begin_sweep(paths: &Paths, run_id: &str, description: &str) -> Result<(), CubeError> {
    let (directory, path) = (parts(paths, run_id), paths.record_description());
    let _turn = take_turn(paths)?;
    if directory.is_dir() {
        return is_described(paths, description);
    }
    if Cube::open(&paths.cube)?.is_complete() {
        // The last of several processes has joined the rows meanwhile.
        return is_described(paths, description);
    }
    write_description(paths, description)?;
    match fs::create_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(CubeError::io("create", &directory))?,
    }
    sys::sync_directory(paths.directory()).map_err(CubeError::io("sync the directory of", &path))
}

/// Joins the rows of all scenarios in order, each up to its last mark. Once all snapshots are committed no scenario may
/// be missing, and the directory with their rows is removed. Rows joined by an earlier process stay.
///
/// # Errors
/// [`CubeError::LostRecord`] if rows differ from what the sweep has written; other errors of the files.
pub fn end_sweep(paths: &Paths, run_id: &str) -> Result<(), CubeError> {
    let directory = parts(paths, run_id);
    let _turn = take_turn(paths)?;
    let cube = Cube::open(&paths.cube)?;
    let head = first_line(paths)?;
    match cube.is_complete() && is_proved(&cube, &head)? {
        true => {}
        false if cube.is_complete() && !directory.is_dir() => {
            let reason = "is not there, or has other rows than its sweep has written";
            return Err(lost(&paths.record(), reason));
        }
        false => join(&cube, run_id, &head)?,
    }
    if cube.is_complete() {
        add_digests(paths, &BTreeMap::new())?;
        sys::remove_left(&paths.record());
        remove_parts(&directory)?;
    }
    Ok(())
}

/// Creates the directory for the rows of scenarios again, unless the joined rows of a complete sweep are undamaged.
/// Returns the faults of the joined rows or of the directory in sentences, and whether the rows of scenarios are still separate; `None` if
/// nothing has to be restored.
///
/// # Errors
/// [`CubeError`].
pub fn restore_place(
    cube: &Restorer,
    commits_of_scenarios: &[Vec<Commit>],
    head: &str,
) -> Result<Option<(Vec<String>, bool)>, CubeError> {
    let paths = cube.paths();
    let directory = parts(paths, &cube.header.run_id);
    if directory.is_dir() {
        return Ok(Some((Vec::new(), true)));
    }
    let mut faults = vec![is_not_there(&directory)];
    if cube.is_complete() {
        let scenarios = commits_of_scenarios.iter();
        let marks: Vec<Vec<Mark>> = scenarios.map(|commits| marks_of(commits, ROWS)).collect();
        let layout = StreamLayout::Lines(head.to_owned());
        let joined = joined_marks(&marks, layout.empty_mark());
        let stream = FoundStream::examine(paths.record(), layout, &joined, Some(&cube.header))?;
        let of_rows = stream.faults();
        if of_rows.is_empty() && joined.len() as u64 == cube.header.snapshots() {
            return Ok(None);
        }
        faults = of_rows;
    }
    fs::create_dir(&directory).map_err(CubeError::io("create", &directory))?;
    sys::sync_directory(paths.directory())
        .map_err(CubeError::io("sync the directory of", &directory))?;
    Ok(Some((faults, false)))
}

/// The fault that the directory of the rows of scenarios is lost.
fn is_not_there(directory: &Path) -> String {
    format!("{} is not there", directory.display())
}

/// Whether the separate rows of a scenario are as the sweep has written them, and every line is covered by a mark.
///
/// # Errors
/// [`CubeError::Io`].
pub fn is_part_proved(
    place: &RecordPlace,
    head: &str,
    commits: &[Commit],
) -> Result<bool, CubeError> {
    let marks = marks_of(commits, ROWS);
    if marks.is_empty() || marks.len() < commits.len() {
        return Ok(commits.is_empty());
    }
    let layout = StreamLayout::Lines(head.to_owned());
    let stream = FoundStream::examine(place.rows.clone(), layout, &marks, None)?;
    Ok(stream.examination.faults.is_empty())
}

/// Whether one file holds the undamaged rows of all scenarios of a complete sweep.
fn is_proved(cube: &Cube, head: &str) -> Result<bool, CubeError> {
    let layout = StreamLayout::Lines(head.to_owned());
    let joined = joined_marks(&marks_of_scenarios(cube)?, layout.empty_mark());
    let (path, header) = (cube.paths().record(), cube.header());
    let stream = FoundStream::examine(path, layout, &joined, Some(header))?;
    Ok(stream.examination.faults.is_empty())
}

/// Joins the rows of all scenarios in order, each up to its last mark.
fn join(cube: &Cube, run_id: &str, head: &str) -> Result<(), CubeError> {
    let (paths, path) = (cube.paths(), cube.paths().record());
    let layout = StreamLayout::Lines(head.to_owned());
    let mut joined = AtomicFile::create(&path)?;
    joined
        .write_all(head.as_bytes())
        .map_err(CubeError::io("write", &path))?;
    for (number, marks) in marks_of_scenarios(cube)?.iter().enumerate() {
        let Some(&last) = marks.last() else {
            continue;
        };
        let rows = RecordPlace::of_scenario(paths, run_id, number).rows;
        let stream = Stream::open_to_read(&rows, layout.clone())?;
        stream.prove(last)?;
        let text = stream.text(layout.empty_mark().end..last.end)?;
        joined
            .write_all(text.as_bytes())
            .map_err(CubeError::io("write", &path))?;
    }
    Ok(joined.commit()?)
}

/// The marks of the rows of each scenario.
fn marks_of_scenarios(cube: &Cube) -> Result<Vec<Vec<Mark>>, CubeError> {
    let mut marks = vec![Vec::new(); cube.header().scenario_count()];
    for commit in cube.each_commit()? {
        let commit = commit?;
        marks[commit.id().scenario()].extend(commit.streams.get(ROWS));
    }
    Ok(marks)
}

/// The marks of the joined file. The rows of each scenario follow the rows of the scenarios before it.
fn joined_marks(marks_of_scenarios: &[Vec<Mark>], head_mark: Mark) -> Vec<Mark> {
    let mut joined = Vec::new();
    let mut mark_before = head_mark;
    for marks in marks_of_scenarios {
        let of_scenario = marks
            .iter()
            .map(|mark| behind(mark_before, mark, head_mark));
        joined.extend(of_scenario);
        mark_before = joined.last().copied().unwrap_or(head_mark);
    }
    joined
}

/// The mark of rows that follow other rows, which end at the mark `before`. The head ends at the mark `begin`.
fn behind(before: Mark, mark: &Mark, begin: Mark) -> Mark {
    let bytes = mark.end.saturating_sub(begin.end);
    let length = usize::try_from(bytes).unwrap_or(usize::MAX);
    Mark {
        count: before.count.saturating_add(mark.count),
        end: before.end.saturating_add(bytes),
        crc: crc32c::crc32c_combine(before.crc, mark.crc, length),
    }
}

/// The byte at which the joined rows of an unfinished sweep end. The rows of each scenario end at one of its marks, not
/// always the last: a process joins rows when it ends, and other processes may have committed more since.
///
/// # Errors
/// [`CubeError::LostRecord`] if rows differ from what the sweep has written; [`CubeError::Io`].
pub(super) fn joined_bytes(cube: &Cube, stream: &Stream) -> Result<u64, CubeError> {
    let head_mark = stream.layout().empty_mark();
    let marks_of_scenarios = marks_of_scenarios(cube)?;
    let mut joined_mark = head_mark;
    for marks in &marks_of_scenarios {
        let latest_first = marks.iter().rev();
        for mark in latest_first.map(|mark| behind(joined_mark, mark, head_mark)) {
            if stream.reaches(joined_mark, mark)? {
                joined_mark = mark;
                break;
            }
        }
    }
    let complete_mark = joined_marks(&marks_of_scenarios, head_mark).last().copied();
    let is_whole = stream.length()? == joined_mark.end
        && (!cube.is_complete() || complete_mark == Some(joined_mark));
    if is_whole {
        Ok(joined_mark.end)
    } else {
        let reason = "has other rows than its sweep has written";
        Err(lost(&cube.paths().record(), reason))
    }
}

/// The faults of the record of a sweep, in sentences. Until the sweep is complete, the streams of its scenarios are
/// examined one by one.
pub(super) fn check_sweep(cube: &Cube) -> Result<Vec<String>, CubeError> {
    let paths = cube.paths();
    let directory = parts(paths, &cube.header().run_id);
    let marks = marks_of_scenarios(cube)?;
    if marks.iter().all(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let head = match first_line(paths) {
        Ok(head) => StreamLayout::Lines(head),
        Err(CubeError::LostRecord { path, reason }) => {
            return Ok(vec![format!("{} {reason}", path.display())]);
        }
        Err(error) => return Err(error),
    };
    if cube.is_complete() {
        let joined = joined_marks(&marks, head.empty_mark());
        let (path, header) = (paths.record(), cube.header());
        let stream = FoundStream::examine(path, head.clone(), &joined, Some(header))?;
        let faults = stream.faults();
        // A process that was killed may have left some of the streams that are joined.
        if faults.is_empty() || !directory.is_dir() {
            return Ok(faults);
        }
    }
    if !directory.is_dir() {
        return Ok(vec![is_not_there(&directory)]);
    }
    let mut faults = Vec::new();
    for (number, marks) in marks
        .iter()
        .enumerate()
        .filter(|(_, marks)| !marks.is_empty())
    {
        let rows = RecordPlace::of_scenario(paths, &cube.header().run_id, number).rows;
        let stream = FoundStream::examine(rows, head.clone(), marks, None)?;
        faults.extend(stream.faults());
    }
    Ok(faults)
}
