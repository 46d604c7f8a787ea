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
use crate::params::RecordField;
use std::{iter, path::PathBuf};

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

/// The streams of a run, of which line 1 of the journal tells; empty for a sweep, and if nothing is committed.
pub fn streams_of_run(cube: &Cube) -> Vec<StreamOfRun<'_>> {
    let header = cube.header();
    if cube.run().is_none() || cube.commits().is_empty() || !header.has_record() {
        return Vec::new();
    }
    let streams = iter::once(ROWS.to_owned()).chain(header.field_names());
    let streams = streams.map(|name| StreamOfRun {
        cube,
        path: path_of(cube.paths(), &name),
        marks: marks_of(cube.commits(), &name),
        name,
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
pub fn marks_of(commits: &[Commit], name: &str) -> Vec<Mark> {
    let marks = commits.iter().filter_map(|commit| commit.streams.get(name));
    marks.copied().collect()
}

impl StreamOfRun<'_> {
    /// What the file consists of. The first line of the rows is taken from the description.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] where there is no description.
    pub fn layout(&self) -> Result<StreamLayout, CubeError> {
        match field_named(&self.name) {
            Some(field) => Ok(field_layout(self.cube.header(), field)),
            None => Ok(StreamLayout::Lines(first_line(self.cube.paths())?)),
        }
    }

    /// Compares the file with the marks.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn faults(&self) -> Result<Vec<String>, CubeError> {
        let header = self.cube.header();
        let stream = FoundStream::examine(
            self.path.clone(),
            self.layout()?,
            &self.marks,
            self.cube.is_complete().then_some(header),
        )?;
        Ok(stream.faults())
    }
}

/// What the file of a field consists of, of a run that may have ended early.
pub fn field_layout(header: &Header, field: RecordField) -> StreamLayout {
    let mut shape = [header.snapshots(), 0, 0];
    if let [_, ny, nx] = header.shape()[..] {
        shape = [header.snapshots(), ny, nx];
    }
    StreamLayout::Frames(field_files::header(field, shape, header.dtype))
}

/// A stream as it was found, compared with its marks.
#[derive(Debug)]
pub struct FoundStream {
    /// The name of the file.
    pub path: PathBuf,
    /// What the file consists of.
    pub layout: StreamLayout,
    /// The file, if it is a file of such a stream.
    pub stream: Option<Stream>,
    /// The state of its intervals up to each mark.
    pub examination: Examination,
}

impl FoundStream {
    /// Compares a file with marks; `complete` is the header of the run if these are all its marks.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn examine(
        path: PathBuf,
        layout: StreamLayout,
        marks: &[Mark],
        complete: Option<&Header>,
    ) -> Result<Self, CubeError> {
        let (stream, examination) = match Stream::open_to_read(&path, layout.clone()) {
            Ok(stream) => {
                let ends_with_marks = match complete {
                    Some(header) => !has_planned_length(&stream, header)?,
                    None => false,
                };
                let examination = stream.examine(marks, ends_with_marks)?;
                (Some(stream), examination)
            }
            Err(CubeError::LostRecord { reason, .. }) => {
                let examination = Examination {
                    places: vec![None; marks.len()],
                    faults: vec![reason],
                };
                (None, examination)
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            path,
            layout,
            stream,
            examination,
        })
    }

    /// The faults, in sentences that begin with the name of the file.
    pub fn faults(&self) -> Vec<String> {
        let faults = self.examination.faults.iter();
        faults
            .map(|fault| format!("{} {fault}", self.path.display()))
            .collect()
    }
}

/// Whether the file of a stream still has space for all frames that its run has planned, although the run has ended early.
/// Files are shortened after the last line of the journal is durable, so a kill may leave them so.
///
/// # Errors
/// [`CubeError::Io`].
fn has_planned_length(stream: &Stream, header: &Header) -> Result<bool, CubeError> {
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
