//! [`RunStreams`]: the streams of a run from the claim of its files until its trackers append to them.

use super::{columns::Columns, decomposition::Decomposition, error::RunError};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError, Paths, field_files,
        record_file::{self, RecordPlace},
        streams::{Mark, Marks, ROWS, Stream, StreamFile, StreamLayout},
        write::ScenarioWriter,
    },
    fault::Fault,
    params::{Choice, Precision, RecordField},
    problem::Problem,
};
use diff2d_arrays::npy::Dtype;
use std::{path::Path, sync::Arc};

/// The streams of a run: rows on rank 0, and fields on every rank, each of which writes its own rows of a frame.
#[derive(Default)]
pub(crate) struct RunStreams {
    /// The columns of the rows, on every rank.
    pub(super) columns: Columns,
    pub(super) rows: Option<Stream>,
    pub(super) fields: Vec<(RecordField, Stream)>,
}

impl RunStreams {
    /// Collective. Opens the streams of a run that continues, or creates them if nothing is committed. Creation waits
    /// for line 1 of the journal, by which the streams are recognised as files of this run. Rows have the columns of the
    /// file that exists: of the run itself, of its sweep, or of the `shorter` run that it copies.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn open(
        problem: &Problem,
        place: Option<&RecordPlace>,
        scenario: Option<&ScenarioWriter<'_>>,
        shorter: Option<&Path>,
        comm: &impl Comm,
    ) -> Result<Self, RunError> {
        let (Some(place), Some(_)) = (place, &problem.params.record) else {
            return Ok(Self::default());
        };
        let is_new = scenario.is_none_or(|scenario| scenario.last().is_none());
        let created = match (comm.is_root() && is_new, scenario) {
            (true, Some(scenario)) => scenario
                .writer()
                .wait_until_begun()
                .and_then(|()| Self::create(problem, place, shorter).map(Some))
                .map_err(RunError::from),
            _ => Ok(None),
        };
        let opened = match collective::all_ok(comm, created)? {
            Some(created) => Ok(created),
            None => Self::open_at(problem, place, comm.is_root()),
        };
        let mut streams = collective::all_ok(comm, opened.map_err(RunError::from))?;
        let line = collective::from_root(comm, Some(streams.columns.first_line()));
        let columns =
            line.and_then(|line| Columns::of_line(problem, place.scenario.is_some(), &line));
        streams.columns = columns.unwrap_or_default();
        match streams.columns.missing_limit(problem) {
            None => Ok(streams),
            Some(column) => Err(Fault::refused(format!(
                "until: {} has no column {column}, for an earlier version of diff2d began the record: end the run by another column, or run it without --extend",
                place.rows.display()
            ))
            .into()),
        }
    }

    /// Creates the files and their description, in place of files that an earlier process of the same run has left.
    fn create(
        problem: &Problem,
        place: &RecordPlace,
        shorter: Option<&Path>,
    ) -> Result<Self, CubeError> {
        let columns = match place.scenario {
            Some(_) => Columns::of_record(problem, place)?,
            None => {
                let shorter = shorter.map(Paths::of).transpose()?;
                let recorded = shorter.and_then(|paths| Columns::found(problem, false, &paths));
                let columns = recorded.unwrap_or_else(|| Columns::new(problem, false));
                let description = columns.description(problem, &place.parameters, &place.warnings);
                record_file::write_description(&place.paths, &description)?;
                columns
            }
        };
        let layout = StreamLayout::Lines(columns.first_line());
        let rows = Stream::create(&place.rows, layout)?;
        let mut fields = Vec::new();
        for &field in problem.fields() {
            let path = field_files::path(&place.paths.cube, field);
            fields.push((field, Stream::create(&path, field_layout(problem, field))?));
        }
        Ok(Self {
            columns,
            rows: Some(rows),
            fields,
        })
    }

    /// Opens the files, if their description matches the problem.
    fn open_at(problem: &Problem, place: &RecordPlace, is_root: bool) -> Result<Self, CubeError> {
        let mut streams = Self::default();
        if is_root {
            streams.columns = Columns::of_record(problem, place)?;
            let layout = StreamLayout::Lines(streams.columns.first_line());
            streams.rows = Some(Stream::open(&place.rows, layout)?);
        }
        for &field in problem.fields() {
            let path = field_files::path(&place.paths.cube, field);
            let stream = Stream::open(&path, field_layout(problem, field))?;
            streams.fields.push((field, stream));
        }
        Ok(streams)
    }

    /// Opens the streams of a shorter run for reading. Its rows are proved up to the marks `last`.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(super) fn open_shorter(&self, paths: &Paths, last: &Marks) -> Result<Self, CubeError> {
        let mut shorter = Self::default();
        if let Some(own_rows) = &self.rows {
            let rows = paths.record();
            let shorter_rows = Stream::open_to_read(&rows, own_rows.layout().clone())?;
            shorter_rows.prove(mark_of(last, ROWS, &rows)?)?;
            shorter.rows = Some(shorter_rows);
        }
        for (field, own_stream) in &self.fields {
            let path = field_files::path(&paths.cube, *field);
            shorter.fields.push((
                *field,
                Stream::open_to_read(&path, own_stream.layout().clone())?,
            ));
        }
        Ok(shorter)
    }

    /// Collective. Whether the marks of a durable state prove the rows. If not, another state has to be found.
    pub(super) fn fit<C: Comm>(
        &self,
        marks: &Marks,
        ranks: &Decomposition<'_, C>,
    ) -> Result<bool, RunError> {
        let fit = match &self.rows {
            None => Ok(true),
            Some(rows) => match marks.get(ROWS).map(|mark| rows.prove(*mark)) {
                Some(Ok(())) => Ok(true),
                None | Some(Err(CubeError::LostRecord { .. })) => Ok(false),
                Some(Err(error)) => Err(RunError::from(error)),
            },
        };
        let fit = collective::all_ok(ranks.comm(), fit)?;
        Ok(collective::from_root(ranks.comm(), Some(fit)).unwrap_or(false))
    }

    /// Collective. Continues from the marks of a durable state, and cuts off everything behind them.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if rows before the marks differ from what the run has written.
    pub(super) fn go_on_from<C: Comm>(
        &mut self,
        marks: &Marks,
        ranks: &Decomposition<'_, C>,
    ) -> Result<(), RunError> {
        let cut = self.cut_to(marks).map_err(RunError::from);
        collective::all_ok(ranks.comm(), cut)
    }

    fn cut_to(&mut self, marks: &Marks) -> Result<(), CubeError> {
        for (name, stream) in self.named() {
            let path = stream.file().path().to_owned();
            stream.go_on_from(mark_of(marks, name, &path)?)?;
        }
        Ok(())
    }

    fn named(&mut self) -> impl Iterator<Item = (&'static str, &mut Stream)> {
        let rows = self.rows.iter_mut().map(|rows| (ROWS, rows));
        let fields = self.fields.iter_mut();
        rows.chain(fields.map(|(field, stream)| (field.name(), stream)))
    }

    /// The present mark of each stream.
    pub(super) fn marks(&self) -> Marks {
        let rows = self.rows.iter().map(|rows| (ROWS, rows));
        let fields = self
            .fields
            .iter()
            .map(|(field, stream)| (field.name(), stream));
        rows.chain(fields)
            .map(|(name, stream)| (name.to_owned(), stream.mark()))
            .collect()
    }

    /// The files, which must be synced before a journal line with the marks.
    pub(super) fn files(&self) -> Vec<Arc<StreamFile>> {
        self.all().map(Stream::file).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Stream> {
        let fields = self.fields.iter().map(|(_, stream)| stream);
        self.rows.iter().chain(fields)
    }
}

/// The mark of one stream among the marks of a state.
fn mark_of(marks: &Marks, name: &str, path: &Path) -> Result<Mark, CubeError> {
    marks
        .get(name)
        .copied()
        .ok_or_else(|| CubeError::LostRecord {
            path: path.to_owned(),
            reason: "has no mark in the journal".to_owned(),
        })
}

/// What the file of a field consists of.
pub(super) fn field_layout(problem: &Problem, field: RecordField) -> StreamLayout {
    let dtype = match problem.params.precision {
        Precision::F64 => Dtype::F64,
        Precision::F32 => Dtype::F32,
    };
    StreamLayout::Frames(field_files::header(field, problem.cube_shape(), dtype))
}
