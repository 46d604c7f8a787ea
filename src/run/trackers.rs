//! [`Trackers`]: the observers of a run, their moments, and the streams that they write.

mod limit;

pub(super) use limit::LimitTracker;

use super::{
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    field_tracker::FieldTracker,
    output::Output,
    reached::Reached,
    row::{Row, RowSums},
    row_tracker::RowTracker,
    snapshot::Snapshot,
    state::State,
    streams::RunStreams,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError,
        streams::{Marks, ROWS, Stream, StreamFile},
    },
    params::End,
    problem::Problem,
    schedule::{Clock, Moment},
};
use std::sync::Arc;

/// The trackers of a run: snapshots, rows, a limit of a column of the rows, and fields.
///
/// At a moment each tracker [looks](Self::look) at the state. Then it is [decided](Self::end_run) whether the run ends.
/// After that each tracker [writes](Self::write), knowing the decision, so nothing written is ever revoked.
pub(super) struct Trackers<'p> {
    problem: &'p Problem,
    /// The index of the next snapshot.
    next_snapshot: u64,
    /// The last step at which the trackers look.
    last_step: u64,
    /// The reason to end the run there, if that is known.
    known_end: Option<End>,
    /// The row of a moment that was looked at and is not written yet, on rank 0.
    row: Option<Row>,
    rows: Option<RowTracker<'p>>,
    limit: Option<LimitTracker<'p>>,
    /// The reason to end the run with the snapshot that was looked at last, if a row has passed the limit.
    limit_end: Option<End>,
    fields: Option<FieldTracker<'p>>,
}

impl<'p> Trackers<'p> {
    /// Collective. The trackers of a run that begins, or that continues from the state at `resumed`. They take over the
    /// streams of the output, which continue behind its marks.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn new<C: Comm>(
        problem: &'p Problem,
        output: &mut Output<'_, C>,
        resumed: Option<Clock>,
    ) -> Result<Self, RunError> {
        let streams = std::mem::take(&mut output.streams);
        let start = resumed.unwrap_or(problem.schedule.pace().start());
        let mut rows = None;
        let mut limit = None;
        let mut fields = None;
        if let Some(place) = &output.record {
            let has_scenarios = place.scenario.is_some();
            limit = LimitTracker::new(problem, has_scenarios, output.last.simtime);
            rows = RowTracker::new(problem, streams.rows, place.scenario, start)?;
            fields = FieldTracker::new(problem, streams.fields, output.ranks);
        }
        if let (Some(_), Some(rows)) = (resumed, &mut rows) {
            rows.go_on(output.ranks.comm())?;
        }
        if let (Some(rows), Some(limit)) = (&rows, &mut limit) {
            let rows_since = rows_since_snapshot(rows, output).map_err(RunError::from);
            limit.take_lines(&collective::all_ok(output.ranks.comm(), rows_since)?);
        }
        Ok(Self {
            problem,
            next_snapshot: match resumed {
                Some(now) => problem.schedule.snapshot_at(now.step).0 + 1,
                None => 0,
            },
            last_step: problem.schedule.last_step(),
            known_end: None,
            row: None,
            rows,
            limit,
            limit_end: None,
            fields,
        })
    }

    /// The trackers of a run without files: snapshots, rows that are kept in memory with these sums, and a limit of their
    /// columns.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn in_memory(problem: &'p Problem, sums: RowSums) -> Result<Self, RunError> {
        let start = problem.schedule.pace().start();
        Ok(Self {
            problem,
            next_snapshot: 0,
            last_step: problem.schedule.last_step(),
            known_end: None,
            row: None,
            rows: RowTracker::in_memory(problem, sums)?,
            limit: LimitTracker::new(problem, false, start.simtime),
            limit_end: None,
            fields: None,
        })
    }

    /// Limits the trackers to moments up to a step. It may be known that the run ends there, and why.
    pub(super) fn up_to(self, last_step: u64, known_end: Option<End>) -> Self {
        Self {
            last_step,
            known_end,
            ..self
        }
    }

    /// Collective, after all have looked. Decides whether the run ends with a snapshot, and why.
    ///
    /// # Errors
    /// [`RunError`] if a value of the snapshot is not finite.
    pub(super) fn end_run<C: Comm>(
        &self,
        at: Reached,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<Option<End>, RunError> {
        let Some(snapshot) = snapshot else {
            return Ok(None);
        };
        let known_end = self.known_end.as_ref();
        let known_end = known_end.filter(|_| at.now.step == self.last_step).cloned();
        let steady_end = snapshot.end_if_steady()?;
        Ok(steady_end.or(self.limit_end.clone()).or(known_end))
    }

    /// The next moment at which a tracker looks; `None` after the last moment.
    pub(super) fn next_moment(&self) -> Option<Moment> {
        let snapshot = self.snapshot_moment();
        let row = self.rows.as_ref().and_then(RowTracker::next_moment);
        let next_moment = row.filter(|row| *row < snapshot).unwrap_or(snapshot);
        let last_moment = Moment {
            step: self.last_step,
            beyond: 0.0,
        };
        (next_moment <= last_moment).then_some(next_moment)
    }

    /// The moment of the next snapshot.
    fn snapshot_moment(&self) -> Moment {
        Moment {
            step: self.problem.schedule.step_of(self.next_snapshot),
            beyond: 0.0,
        }
    }

    /// Whether a snapshot is due at a moment.
    pub(super) fn is_snapshot(&self, moment: Moment) -> bool {
        moment == self.snapshot_moment()
    }

    /// Collective. Begins an interval of the fields at the state from which the run continues.
    pub(super) fn go_on<C: Comm>(
        &mut self,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
        now: Clock,
    ) -> Result<(), RunError> {
        match &mut self.fields {
            Some(fields) => fields.go_on(now, |look| state.look(look)),
            None => Ok(()),
        }?;
        // A state that becomes durable by itself needs the marks.
        self.sync(ranks, state).map(drop)
    }

    /// Collective. Advances a state, in single observed steps if a tracker asks for that. The rows of a snapshot that
    /// ends these steps are passed to it.
    pub(super) fn advance<C: Comm>(
        &mut self,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
        steps: u64,
        now: Clock,
        clock: &mut RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError> {
        let rows = self.rows.as_mut().filter(|rows| rows.sees_steps());
        match rows {
            _ if steps == 0 => {}
            None => return state.advance(steps, now, clock, snapshot),
            Some(rows) => {
                let pace = self.problem.schedule.pace();
                for steps_taken in 0..steps {
                    let state_clock = pace.after(now, steps_taken);
                    state.advance_seen(state_clock, clock, &mut |number, view| {
                        rows.see(number, view, ranks);
                    })?;
                    rows.end_step(ranks)?;
                }
            }
        }
        match snapshot {
            Some(snapshot) => state.show(snapshot),
            None => Ok(()),
        }
    }

    /// Collective. Reads the values that the trackers need from a state.
    pub(super) fn look<C: Comm>(
        &mut self,
        at: Reached,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
        clock: &RunClock,
    ) -> Result<(), RunError> {
        if let Some(rows) = &mut self.rows {
            self.row = rows.look(at, ranks, |look| {
                if at.moment.beyond > 0.0 {
                    state.aside(at.moment.beyond, at.now, clock, look)
                } else {
                    state.look(look)
                }
            })?;
        }
        if let Some(limit) = &mut self.limit {
            limit.take(self.row.as_slice());
            if at.is_snapshot {
                self.limit_end = limit.end(ranks.comm());
            }
        }
        Ok(())
    }

    /// Collective. Lets the trackers write the values of a moment to their streams.
    pub(super) fn write<C: Comm>(
        &mut self,
        at: Reached,
        ends_run: bool,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
        clock: &RunClock,
    ) -> Result<(), RunError> {
        self.next_snapshot += u64::from(at.is_snapshot);
        let is_last = ends_run || at.now.step >= self.problem.schedule.last_step();
        if let Some(rows) = &mut self.rows {
            let row = self.row.take();
            rows.write(at, row, ends_run, ranks, |look| state.look(look))?;
        }
        if let Some(fields) = &mut self.fields {
            fields.write(at, is_last, ranks, |look| {
                if at.moment.beyond > 0.0 {
                    state.aside(at.moment.beyond, at.now, clock, look)
                } else {
                    state.look(look)
                }
            })?;
        }
        if state.keeps_passes() {
            self.sync(ranks, state).map(drop)
        } else {
            Ok(())
        }
    }

    /// Collective. Makes the streams durable, before a state between snapshots becomes durable, and returns their
    /// marks.
    pub(super) fn sync<C: Comm>(
        &mut self,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
    ) -> Result<Marks, RunError> {
        let synced = self.files().iter().try_for_each(|file| file.sync());
        collective::all_ok(ranks.comm(), synced.map_err(RunError::from))?;
        let marks = self.marks();
        state.set_marks(&marks);
        Ok(marks)
    }

    /// The present marks of the streams; the mark of the rows is on rank 0 alone.
    pub(super) fn marks(&self) -> Marks {
        let named = self.streams();
        named
            .map(|(name, stream)| (name.to_owned(), stream.mark()))
            .collect()
    }

    /// The files of the streams.
    pub(super) fn files(&self) -> Vec<Arc<StreamFile>> {
        self.streams().map(|(_, stream)| stream.file()).collect()
    }

    fn streams(&self) -> impl Iterator<Item = (&'static str, &Stream)> {
        let rows = self.rows.as_ref().and_then(RowTracker::stream);
        let fields = self.fields.iter().flat_map(FieldTracker::streams);
        rows.map(|rows| (ROWS, rows)).into_iter().chain(fields)
    }

    /// The streams of trackers that are no longer needed.
    pub(super) fn into_streams(self) -> RunStreams {
        RunStreams {
            rows: self.rows.and_then(RowTracker::into_stream),
            fields: self
                .fields
                .map_or_else(Vec::new, FieldTracker::into_streams),
        }
    }

    /// The rows that were kept in memory.
    pub(super) fn into_rows(self) -> Vec<Row> {
        self.rows.map_or_else(Vec::new, RowTracker::into_rows)
    }

    /// The tracker of rows, which determines the unexplained change of mass at the end of a run.
    pub(super) fn rows(&self) -> Option<&RowTracker<'p>> {
        self.rows.as_ref()
    }
}

/// The rows that a run which goes on between two snapshots has behind the first of them, on rank 0.
fn rows_since_snapshot<C: Comm>(
    rows: &RowTracker<'_>,
    output: &Output<'_, C>,
) -> Result<String, CubeError> {
    let last_record = output
        .scenario
        .as_ref()
        .and_then(|scenario| scenario.last());
    let last_mark = last_record.and_then(|record| record.streams.get(ROWS));
    match (rows.stream(), last_mark) {
        (Some(stream), Some(mark)) => stream.text(mark.end..stream.mark().end),
        _ => Ok(String::new()),
    }
}
