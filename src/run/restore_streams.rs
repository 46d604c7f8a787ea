//! Restores damaged streams: damaged intervals are computed again and proved by the marks of the journal. Lost lines of
//! the journal get their marks back.

use super::{
    columns::Columns, error::RunError, interval::Interval, row_schedule::RowSchedule,
    streams::RunStreams,
};
use crate::{
    cube::{
        Commit, CubeError, field_files,
        record_file::{self, FoundStream, RecordPlace},
        restore::Restorer,
        streams::{Marks, ROWS, Stream, StreamLayout},
    },
    params::{Choice, End, RecordField},
    problem::Problem,
};
use diff2d_stencil::Element;
use diff2d_sys::AtomicFile;
use std::ops::Range;

/// Restores the streams of a run, or of a scenario whose rows are not joined yet, and the marks of lost journal lines. The
/// record has these columns.
/// Returns the faults that it found, in sentences. States are computed in at most `memory` bytes.
///
/// # Errors
/// [`RunError`]; [`RunError::Cube`] if a recomputed interval differs from its marks in the journal.
pub(crate) fn restore_streams<T: Element>(
    cube: &mut Restorer,
    problem: &Problem,
    (place, columns): (&RecordPlace, &Columns),
    commits: &[Commit],
    memory: Option<u64>,
) -> Result<Vec<String>, RunError> {
    let number = place.scenario.unwrap_or(0);
    let is_complete = commits.len() as u64 == cube.header.snapshots_of(number);
    let head = StreamLayout::Lines(columns.first_line());
    let mut stream_files = vec![(ROWS, place.rows.clone(), head)];
    for &field in problem.fields() {
        let path = field_files::path(&place.paths.cube, field);
        let layout = record_file::field_layout(&cube.header, field);
        stream_files.push((field.name(), path, layout));
    }
    let mut streams = Vec::new();
    for (name, path, layout) in stream_files {
        let known_marks = record_file::marks_of(commits, name);
        let complete = is_complete.then_some(&cube.header);
        streams.push(FoundStream::examine(path, layout, &known_marks, complete)?);
    }
    let has_lost_marks = commits.iter().any(|commit| commit.streams.is_empty());
    let faults: Vec<String> = streams.iter().flat_map(FoundStream::faults).collect();
    if !faults.is_empty() || has_lost_marks {
        let restoration = Restoration::new(cube, problem, (place, columns), commits, streams)?;
        let marks = restoration.restore::<T>(is_complete, memory)?;
        for (commit, (marks, ended)) in commits.iter().zip(marks) {
            cube.set_marks(commit.id(), marks, ended);
        }
    }
    Ok(faults)
}

/// The streams of a run or of a scenario while they are restored.
struct Restoration<'r> {
    cube: &'r Restorer,
    problem: &'r Problem,
    place: &'r RecordPlace,
    columns: &'r Columns,
    commits: &'r [Commit],
    found: Vec<FoundStream>,
    /// The rows, which are written to a new file. When the new file has all rows, it takes the name of the old file.
    rows: Stream,
    file: AtomicFile,
    /// The fields, which are restored in place.
    fields: Vec<(RecordField, Stream)>,
    /// The schedule of the rows, to count those up to the present snapshot.
    schedule: Option<RowSchedule<'r>>,
    rows_due: u64,
}

impl<'r> Restoration<'r> {
    fn new(
        cube: &'r Restorer,
        problem: &'r Problem,
        (place, columns): (&'r RecordPlace, &'r Columns),
        commits: &'r [Commit],
        found: Vec<FoundStream>,
    ) -> Result<Self, RunError> {
        let file = AtomicFile::create(&place.rows).map_err(CubeError::from)?;
        let handle = file.file().try_clone();
        let handle = handle.map_err(CubeError::io("open", &place.rows))?;
        let rows = Stream::begin(handle, &place.rows, found[0].layout.clone())?;
        let mut fields = Vec::new();
        for (&field, found) in problem.fields().iter().zip(&found[1..]) {
            let stream = match &found.stream {
                Some(_) => Stream::open(&found.path, found.layout.clone())?,
                None => Stream::create(&found.path, found.layout.clone())?,
            };
            fields.push((field, stream));
        }
        let keys = problem.params.record.as_ref();
        Ok(Self {
            cube,
            problem,
            place,
            columns,
            commits,
            found,
            rows,
            file,
            fields,
            schedule: keys.map(|keys| RowSchedule::new(problem, keys)),
            rows_due: 0,
        })
    }

    /// Writes the streams group by group, and returns the marks of each snapshot with the reason why the run ends with it, if it
    /// does. A group of intervals ends at a snapshot whose marks are known: most have one interval, those of lost lines more.
    fn restore<T: Element>(
        mut self,
        is_complete: bool,
        memory: Option<u64>,
    ) -> Result<Vec<(Marks, Option<End>)>, RunError> {
        let (mut marks, mut next_line, mut group) = (Vec::new(), 0, 0);
        // The bytes behind the last group of the rows that were found.
        let mut unread_begin = None;
        while next_line < self.commits.len() {
            let lines = next_line..self.commits.len();
            let known_line = lines
                .clone()
                .find(|&index| !self.commits[index].streams.is_empty());
            let mut source = known_line.and_then(|known_line| self.source(group, known_line));
            for index in next_line..known_line.map_or(lines.end, |known_line| known_line + 1) {
                self.pass_rows(index);
                let ended = match &mut source {
                    Some(bytes) => {
                        self.copy(index, bytes)?;
                        self.commits[index].ended.clone()
                    }
                    None => self.compute::<T>(index, memory)?,
                };
                if known_line == Some(index) && self.marks() != self.commits[index].streams {
                    return Err(self.cube.cannot_repair(self.commits[index].id()).into());
                }
                marks.push((self.marks(), ended));
            }
            unread_begin = source.map(|bytes| bytes.end);
            next_line = known_line.map_or(lines.end, |known_line| known_line + 1);
            group += 1;
        }
        if let (false, Some(unread_begin), Some(rows_found)) =
            (is_complete, unread_begin, &self.found[0].stream)
        {
            // The state between snapshots may be later than the last one of them.
            self.rows.copy_rest(rows_found, unread_begin)?;
        }
        self.file.commit().map_err(CubeError::from)?;
        for (_, stream) in &self.fields {
            stream.file().sync()?;
        }
        Ok(marks)
    }

    /// The bytes of a group's rows in the old file, if the group is undamaged in all streams.
    fn source(&self, group: usize, known: usize) -> Option<Range<u64>> {
        let places = self
            .found
            .iter()
            .map(|found| *found.examination.places.get(group)?);
        let places: Option<Vec<u64>> = places.collect();
        let (rows_begin, rows_mark) = (*places?.first()?, self.commits[known].streams.get(ROWS)?);
        Some(rows_begin..rows_begin + (rows_mark.end - self.rows.mark().end))
    }

    /// Counts the rows up to a snapshot.
    fn pass_rows(&mut self, index: usize) {
        let (commit, clock) = (&self.commits[index], self.commits[index].clock());
        if let Some(schedule) = &mut self.schedule {
            self.rows_due += schedule.pass_to(clock);
            // A run that ends early has the row of its end.
            let has_row_of_end = commit.ended.is_some() && !schedule.has_passed(clock);
            self.rows_due += u64::from(has_row_of_end);
        }
    }

    fn marks(&self) -> Marks {
        let rows = (ROWS.to_owned(), self.rows.mark());
        let fields = self.fields.iter();
        let fields = fields.map(|(field, stream)| (field.name().to_owned(), stream.mark()));
        fields.chain([rows]).collect()
    }

    /// Copies the rows up to a snapshot from the beginning of `bytes` of the old file, and advances over the frames,
    /// which are in their places.
    fn copy(&mut self, index: usize, bytes: &mut Range<u64>) -> Result<(), RunError> {
        if let Some(found) = &self.found[0].stream {
            self.rows.copy_lines(found, bytes, self.rows_due)?;
        }
        for (field, stream) in &mut self.fields {
            match self.commits[index].streams.get(field.name()) {
                Some(&mark) => stream.pass_to(mark),
                None if index > 0 => stream.pass_frame()?,
                None => {}
            }
        }
        Ok(())
    }

    /// Computes the interval that ends with a snapshot from the snapshot before it; why the run ends with it, if it does.
    fn compute<T: Element>(
        &mut self,
        index: usize,
        memory: Option<u64>,
    ) -> Result<Option<End>, RunError> {
        let commit = &self.commits[index];
        let interval = Interval {
            cube: self.cube,
            problem: self.problem,
            to: commit.id(),
            line: Some(commit),
            memory,
        };
        let streams = self.streams_of_interval()?;
        let (computed_commit, streams) = interval.restore::<T>(streams, Some(self.place))?;
        self.take(index, streams)?;
        Ok(computed_commit.ended)
    }

    /// Streams for a recomputed interval: the new file of the rows, and files without names for the fields, which are
    /// copied to their places when they are proved.
    fn streams_of_interval(&self) -> Result<RunStreams, CubeError> {
        let mut fields = Vec::new();
        for (field, stream) in &self.fields {
            let directory = self.place.paths.directory();
            let layout = stream.layout().clone();
            fields.push((*field, Stream::unnamed(directory, layout, stream.mark())?));
        }
        Ok(RunStreams {
            columns: self.columns.clone(),
            rows: Some(self.rows.another_handle()),
            fields,
        })
    }

    /// Takes over the streams of a recomputed interval. A frame that differs from its mark in the journal is not
    /// copied.
    fn take(&mut self, index: usize, streams: RunStreams) -> Result<(), RunError> {
        let commit = &self.commits[index];
        if let Some(rows) = streams.rows {
            self.rows = rows;
        }
        for ((field, stream), (_, computed)) in self.fields.iter_mut().zip(streams.fields) {
            let known_mark = commit.streams.get(field.name());
            if known_mark.is_some_and(|known_mark| *known_mark != computed.mark()) {
                return Err(self.cube.cannot_repair(commit.id()).into());
            }
            let frame_begin = stream.mark().end;
            stream.copy_interval(&computed, frame_begin, computed.mark())?;
        }
        Ok(())
    }
}
