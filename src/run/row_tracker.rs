//! [`RowTracker`]: keeps the rows of a record, each from the state at the moment at which it is due.

use super::{
    decomposition::Decomposition,
    error::RunError,
    reached::Reached,
    row::{Row, RowReader, RowSums},
    row_schedule::RowSchedule,
    state::{Look, RowsView},
};
use crate::{
    comm::{Comm, collective},
    cube::{CubeError, streams::Stream},
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
    /// Collective. The tracker of a run whose parameters ask for a record; `start` is the state from which the run
    /// continues. If some rows are durable already, the tracker [goes on](Self::go_on) behind them.
    ///
    /// # Errors
    /// [`RunError`] if an input file can no longer be read.
    pub(super) fn new(
        problem: &'a Problem,
        stream: Option<Stream>,
        scenario: Option<usize>,
        start: Clock,
    ) -> Result<Option<Self>, RunError> {
        let sink = stream.map_or(RowSink::Nowhere, RowSink::Stream);
        Self::with_sink(problem, sink, RowSums::AsRecorded, scenario, start)
    }

    /// The tracker of a run without files, which keeps its rows in memory.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(super) fn in_memory(problem: &'a Problem, sums: RowSums) -> Result<Option<Self>, RunError> {
        let start = problem.schedule.pace().start();
        Self::with_sink(problem, RowSink::Memory(Vec::new()), sums, None, start)
    }

    fn with_sink(
        problem: &'a Problem,
        sink: RowSink,
        sums: RowSums,
        scenario: Option<usize>,
        start: Clock,
    ) -> Result<Option<Self>, RunError> {
        let rows = RowReader::new(problem, sums, start)?;
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
    pub(super) fn go_on(&mut self, comm: &impl Comm) -> Result<(), RunError> {
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
        let columns_before_time = 1 + usize::from(self.scenario.is_some());
        let has_dates = self.rows.has_dates();
        let rows = [first, last].map(|line| Row::of_line(&line, columns_before_time, has_dates));
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

    /// The rows in memory.
    pub(super) fn into_rows(self) -> Vec<Row> {
        match self.sink {
            RowSink::Memory(rows) => rows,
            _ => Vec::new(),
        }
    }

    /// The moment at which the next row is due.
    pub(super) fn next_moment(&self) -> Option<Moment> {
        self.schedule.next()
    }

    /// Whether the tracker needs the states within every step.
    pub(super) fn sees_steps(&self) -> bool {
        self.rows.sees_steps()
    }

    /// Collective. Takes rows of a state within a step, as [`RowReader::see`] does.
    pub(super) fn see<C: Comm>(
        &mut self,
        number: usize,
        view: &RowsView<'_>,
        ranks: &Decomposition<'_, C>,
    ) {
        self.rows.see(number, view, ranks);
    }

    /// Collective. Adds the inflow during an observed step.
    pub(super) fn end_step<C: Comm>(
        &mut self,
        ranks: &Decomposition<'_, C>,
    ) -> Result<(), RunError> {
        self.rows.end_step(ranks)
    }

    /// Collective. Reads the row that is due at a moment, if one is; on rank 0.
    pub(super) fn look<C: Comm>(
        &mut self,
        at: Reached,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<Option<Row>, RunError> {
        if self.schedule.next() != Some(at.moment) {
            return Ok(None);
        }
        let time = self.schedule.time(at.now).unwrap_or(at.now.simtime);
        self.schedule.pass();
        self.rows.read(at.now.step, time, ranks, show)
    }

    /// Collective. Appends the row that was read. Where the run ends at a moment at which no row is due, reads one.
    pub(super) fn write<C: Comm>(
        &mut self,
        at: Reached,
        mut row: Option<Row>,
        ends_run: bool,
        ranks: &Decomposition<'_, C>,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        if ends_run {
            let has_row = collective::from_root(ranks.comm(), Some(row.is_some()));
            if has_row != Some(true) {
                row = self.rows.read(at.now.step, at.now.simtime, ranks, show)?;
            }
        }
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
        collective::all_ok(ranks.comm(), appended.map_err(RunError::from))
    }

    /// A warning, if the rows do not explain the change of mass well.
    pub(super) fn warning(&self) -> Option<String> {
        self.rows.warning()
    }
}
