//! [`RowTracker`]: keeps the rows of a record, each from the state at the moment at which it is due.

use super::{
    columns::Columns,
    decomposition::Decomposition,
    error::RunError,
    row::{Row, RowReader, RowSums},
    row_schedule::RowSchedule,
    state::{Look, RowsView},
    tracker::{Remains, Sight, Tracker},
};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError,
        streams::{ROWS, Stream},
    },
    problem::Problem,
    schedule::{Clock, Moment},
};

/// The destination of the rows.
enum RowSink {
    /// The stream of a run, on rank 0.
    Stream(Stream),
    /// Memory, of a run without files.
    Memory(Vec<Row>),
    /// Nowhere, on other ranks.
    Nowhere,
}

/// The tracker of rows.
pub(crate) struct RowTracker<'a> {
    /// The number of the scenario in a sweep.
    scenario: Option<usize>,
    rows: RowReader<'a>,
    sink: RowSink,
    schedule: RowSchedule<'a>,
}

impl<'a> RowTracker<'a> {
    /// Collective. The tracker of a run whose parameters ask for a record, which has these columns; `start` is the state
    /// from which the run continues. If some rows are durable already, the tracker [goes on](Self::go_on_behind_rows) behind them.
    ///
    /// # Errors
    /// [`RunError`] if an input file can no longer be read.
    pub(super) fn new(
        problem: &'a Problem,
        columns: &Columns,
        stream: Option<Stream>,
        scenario: Option<usize>,
        start: Clock,
    ) -> Result<Option<Self>, RunError> {
        let sink = stream.map_or(RowSink::Nowhere, RowSink::Stream);
        Self::with_sink(problem, columns, sink, RowSums::AsRecorded, scenario, start)
    }

    /// The tracker of a run without files, which keeps its rows in memory. A run that continues from the state at `begin`
    /// has rows up to there.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(super) fn in_memory(
        problem: &'a Problem,
        sums: RowSums,
        begin: Clock,
        rows: Vec<Row>,
    ) -> Result<Option<Self>, RunError> {
        let end_rows = rows.first().cloned().zip(rows.last().cloned());
        let (columns, sink) = (Columns::new(problem, false), RowSink::Memory(rows));
        let mut tracker = Self::with_sink(problem, &columns, sink, sums, None, begin)?;
        if let (Some((first, last)), Some(tracker)) = (end_rows, &mut tracker) {
            tracker.schedule.pass_to(begin);
            tracker.rows.go_on(&[first, last]);
        }
        Ok(tracker)
    }

    fn with_sink(
        problem: &'a Problem,
        columns: &Columns,
        sink: RowSink,
        sums: RowSums,
        scenario: Option<usize>,
        start: Clock,
    ) -> Result<Option<Self>, RunError> {
        let rows = RowReader::new(problem, columns, sums, start)?;
        let pair = rows.zip(problem.params.record.as_ref());
        Ok(pair.map(|(rows, keys)| Self {
            scenario,
            rows,
            sink,
            schedule: RowSchedule::new(problem, keys),
        }))
    }

    /// Collective. Continues behind the rows in the stream: the schedule advances over them, and sums continue from the
    /// last row.
    ///
    /// # Errors
    /// [`RunError`] if the rows cannot be read.
    pub(super) fn go_on_behind_rows(&mut self, comm: &impl Comm) -> Result<(), RunError> {
        let count = self.stream().map(|stream| stream.mark().count);
        let count = collective::from_root(comm, comm.is_root().then_some(count)).flatten();
        for _ in 0..count.unwrap_or(0) {
            self.schedule.pass();
        }
        let end_rows = self.stream().map(|stream| self.end_rows(stream));
        let end_rows = collective::all_ok(comm, end_rows.transpose().map_err(RunError::from))?;
        if let Some(end_rows) = end_rows.flatten() {
            self.rows.go_on(&end_rows);
        }
        Ok(())
    }

    /// The first and the last row of a stream, if it has rows.
    fn end_rows(&self, stream: &Stream) -> Result<Option<[Row; 2]>, CubeError> {
        let Some([first, last]) = stream.first_and_last_line()? else {
            return Ok(None);
        };
        let rows = [first, last].map(|line| Row::of_line(&line, self.rows.columns()));
        let [Some(first), Some(last)] = rows else {
            return Err(CubeError::LostRecord {
                path: stream.file().path().to_owned(),
                reason: "has a line that is no row".to_owned(),
            });
        };
        Ok(Some([first, last]))
    }

    /// The stream, on rank 0.
    pub(super) fn stream(&self) -> Option<&Stream> {
        match &self.sink {
            RowSink::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// The stream, on rank 0, of a tracker that is no longer needed.
    pub(super) fn into_stream(self) -> Option<Stream> {
        match self.sink {
            RowSink::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// Collective. Reads a row of the state at `now`, on rank 0.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn read_at<C: Comm>(
        &mut self,
        now: Clock,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<Option<Row>, RunError> {
        self.rows.read(now.step, now.simtime, ranks, show)
    }

    /// Collective. Appends a row that was read, on rank 0.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn append(&mut self, row: Option<Row>, comm: &impl Comm) -> Result<(), RunError> {
        let appended = match (&mut self.sink, row) {
            (RowSink::Stream(stream), Some(row)) => {
                let line = row.line(self.scenario, self.rows.date(&row));
                stream.append(line.as_bytes())
            }
            (RowSink::Memory(rows), Some(row)) => {
                rows.push(row);
                Ok(())
            }
            _ => Ok(()),
        };
        collective::all_ok(comm, appended.map_err(RunError::from))
    }
}

impl<C: Comm> Tracker<C> for RowTracker<'_> {
    fn next(&self) -> Option<Moment> {
        self.schedule.next()
    }

    fn sees_steps(&self) -> bool {
        self.rows.sees_steps()
    }

    fn see(&mut self, number: usize, view: &RowsView<'_>, ranks: &Decomposition<'_, C>) {
        self.rows.see(number, view, ranks);
    }

    fn end_step(&mut self, ranks: &Decomposition<'_, C>) -> Result<(), RunError> {
        self.rows.end_step(ranks)
    }

    fn look(&mut self, sight: &mut Sight<'_, '_, C>) -> Result<(), RunError> {
        let (at, ranks) = (sight.at, sight.ranks);
        if self.schedule.next() != Some(at.moment) {
            return Ok(());
        }
        let time = self.schedule.time(at.now).unwrap_or(at.now.simtime);
        self.schedule.pass();
        let row = self
            .rows
            .read(at.now.step, time, ranks, |look| sight.show(look))?;
        sight.row = row;
        Ok(())
    }

    /// Appends the row that was read. Where the run ends at a moment at which no row is due, reads one.
    fn write(&mut self, sight: &mut Sight<'_, '_, C>, ends_run: bool) -> Result<(), RunError> {
        let (mut row, ranks) = (sight.row.take(), sight.ranks);
        if ends_run {
            let has_row = collective::from_root(ranks.comm(), Some(row.is_some()));
            if has_row != Some(true) {
                row = self.read_at(sight.at.now, ranks, |look| sight.show(look))?;
            }
        }
        self.append(row, ranks.comm())
    }

    fn streams(&self) -> Vec<(&'static str, &Stream)> {
        self.stream()
            .map(|stream| (ROWS, stream))
            .into_iter()
            .collect()
    }

    fn warning(&self) -> Option<String> {
        self.rows.warning()
    }

    fn leave(self: Box<Self>, remains: &mut Remains) {
        match self.sink {
            RowSink::Stream(stream) => remains.streams.rows = Some(stream),
            RowSink::Memory(rows) => remains.rows = rows,
            RowSink::Nowhere => {}
        }
    }
}
