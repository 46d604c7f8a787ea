//! [`StreamOfRun`]: a stream of a run, with its marks in the journal.

use super::description::{field_named, first_line};
use crate::cube::{
    error::CubeError,
    field_files,
    journal::{Commit, Header},
    paths::Paths,
    read::Cube,
    streams::{Examination, Mark, ROWS, Stream, StreamLayout},
};
use std::path::PathBuf;

/// A stream of a run, with its marks in the journal.
#[derive(Debug)]
pub struct StreamOfRun<'c> {
    cube: &'c Cube,
    /// The name of the stream in the marks.
    pub name: String,
    /// The name of the file.
    pub path: PathBuf,
    /// The marks, one for each committed snapshot.
    pub marks: Vec<Mark>,
}

/// The streams of a run that have marks in the journal; empty for a sweep, and if nothing is committed.
#[must_use]
pub fn streams_of_run(cube: &Cube) -> Vec<StreamOfRun<'_>> {
    let last_commit = cube.commits().last().filter(|_| cube.run().is_some());
    let names = last_commit
        .into_iter()
        .flat_map(|commit| commit.streams.keys());
    let streams = names.map(|name| StreamOfRun {
        cube,
        name: name.clone(),
        path: path_of(cube.paths(), name),
        marks: marks_of(cube.commits(), name),
    });
    streams.collect()
}

/// The path of the file of a stream.
fn path_of(paths: &Paths, name: &str) -> PathBuf {
    match field_named(name) {
        Some(field) => field_files::path(&paths.cube, field),
        None => paths.record(),
    }
}

/// The marks of a stream in the lines of a journal.
fn marks_of(commits: &[Commit], name: &str) -> Vec<Mark> {
    let marks = commits.iter().filter_map(|commit| commit.streams.get(name));
    marks.copied().collect()
}

impl StreamOfRun<'_> {
    /// What the file consists of. The first line of the rows is taken from the description.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] where there is no description.
    pub fn layout(&self) -> Result<StreamLayout, CubeError> {
        let (header, paths) = (self.cube.header(), self.cube.paths());
        let Some(field) = field_named(&self.name).filter(|_| self.name != ROWS) else {
            return Ok(StreamLayout::Lines(first_line(paths)?));
        };
        let mut shape = [header.snapshots(), 0, 0];
        if let [_, ny, nx] = header.shape()[..] {
            shape = [header.snapshots(), ny, nx];
        }
        Ok(StreamLayout::Frames(field_files::header(
            field,
            shape,
            header.dtype,
        )))
    }

    /// Compares the file with the marks.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if the file is missing; [`CubeError::Io`].
    pub fn examine(&self) -> Result<Examination, CubeError> {
        let stream = Stream::open_to_read(&self.path, self.layout()?)?;
        let is_shortened = !has_planned_length(&stream, self.cube.header())?;
        stream.examine(&self.marks, self.cube.is_complete() && is_shortened)
    }
}

/// Whether the file of a stream still has space for all frames that its run has planned, although the run has ended early.
/// Files are shortened after the last line of the journal is durable, so a kill may leave them so.
///
/// # Errors
/// [`CubeError::Io`].
pub fn has_planned_length(stream: &Stream, header: &Header) -> Result<bool, CubeError> {
    match (stream.layout(), header.as_begun()) {
        (StreamLayout::Frames(frames), Some(begun)) => {
            let mut planned_frames = frames.clone();
            planned_frames.shape[0] = begun.snapshots().saturating_sub(1);
            let planned = StreamLayout::Frames(planned_frames);
            Ok(stream.length()? == planned.file_bytes())
        }
        _ => Ok(false),
    }
}

/// The sentences of an examination, each beginning with the name of the file.
pub(super) fn faults_of(
    examined: Result<Examination, CubeError>,
    path: &std::path::Path,
) -> Result<Vec<String>, CubeError> {
    match examined {
        Ok(examination) => {
            let faults = examination.faults.iter();
            Ok(faults
                .map(|fault| format!("{} {fault}", path.display()))
                .collect())
        }
        Err(CubeError::LostRecord { path, reason }) => {
            Ok(vec![format!("{} {reason}", path.display())])
        }
        Err(error) => Err(error),
    }
}
