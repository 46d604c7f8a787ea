//! [`Trackers`]: the trackers of a run as one.

mod limit;
mod snapshots;

pub(super) use limit::LimitTracker;

use super::{
    clock::RunClock,
    columns::Columns,
    decomposition::Decomposition,
    error::RunError,
    field_tracker::FieldTracker,
    output::Output,
    reached::Reached,
    row::{Row, RowSums},
    row_tracker::RowTracker,
    snapshot::Snapshot,
    state::State,
    tracker::{Remains, Sight, Tracker},
};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError,
        record_file::RecordPlace,
        streams::{Marks, ROWS, Stream, StreamFile},
    },
    params::End,
    problem::Problem,
    schedule::{Clock, Moment},
};
use snapshots::SnapshotTracker;
use std::sync::Arc;

/// The trackers of a run, and how far they look.
pub(super) struct Trackers<'p, C> {
    problem: &'p Problem,
    /// In the order in which they look, decide and write.
    list: Vec<Box<dyn Tracker<C> + 'p>>,
    /// The last step at which the trackers look.
    last_step: u64,
    /// The reason to end the run there, if that is known.
    known_end: Option<End>,
}

impl<'p, C: Comm> Trackers<'p, C> {
    /// Collective. The trackers of a run that begins, or that continues from the state at `resumed`. They take over the
    /// streams of the output, which continue behind its marks. Without a place of a record, rows are kept beside snapshots
    /// that are in memory, and otherwise snapshots alone are tracked.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn new(
        problem: &'p Problem,
        output: &mut Output<'_, C>,
        place: Option<&RecordPlace>,
        resumed: Option<Clock>,
    ) -> Result<Self, RunError> {
        if place.is_none() && output.solution().is_some() {
            return Self::in_memory(problem, RowSums::AsRecorded, None);
        }
        let streams = std::mem::take(&mut output.streams);
        let snapshots = listed(Some(SnapshotTracker::new(problem, resumed)));
        let Some(&RecordPlace { scenario, .. }) = place else {
            return Ok(Self::of(problem, [snapshots]));
        };
        let start = resumed.unwrap_or(problem.schedule.pace().start());
        let columns = &streams.columns;
        let mut rows = RowTracker::new(problem, columns, streams.rows, scenario, start)?;
        if let (Some(_), Some(rows)) = (resumed, &mut rows) {
            rows.go_on_behind_rows(output.ranks.comm())?;
        }
        let mut limit = LimitTracker::new(problem, columns, output.last.simtime);
        if let (Some(rows), Some(limit)) = (&rows, &mut limit) {
            let rows_since = rows_since_snapshot(rows, output).map_err(RunError::from);
            limit.take_lines(&collective::all_ok(output.ranks.comm(), rows_since)?);
        }
        let list = [
            snapshots,
            listed(rows),
            listed(limit),
            listed(FieldTracker::new(problem, streams.fields, output.ranks)),
        ];
        Ok(Self::of(problem, list))
    }

    /// The trackers of a run without files: snapshots, rows that are kept in memory with these sums, and a limit of their
    /// columns. A run that continues has the time of its state, and its rows up to there.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn in_memory(
        problem: &'p Problem,
        sums: RowSums,
        resumed: Option<(Clock, Vec<Row>)>,
    ) -> Result<Self, RunError> {
        let (resumed, rows) = resumed.unzip();
        let start_clock = resumed.unwrap_or(problem.schedule.pace().start());
        let rows = rows.unwrap_or_default();
        let columns = Columns::new(problem, false);
        let list = [
            listed(Some(SnapshotTracker::new(problem, resumed))),
            listed(RowTracker::in_memory(problem, sums, start_clock, rows)?),
            listed(LimitTracker::new(problem, &columns, start_clock.simtime)),
        ];
        Ok(Self::of(problem, list))
    }

    fn of(
        problem: &'p Problem,
        list: impl IntoIterator<Item = Option<Box<dyn Tracker<C> + 'p>>>,
    ) -> Self {
        Self {
            problem,
            list: list.into_iter().flatten().collect(),
            last_step: problem.schedule.last_step(),
            known_end: None,
        }
    }

    /// Limits the trackers to moments up to a step. It may be known that the run ends there, and why.
    pub(super) fn up_to(self, last_step: u64, known_end: Option<End>) -> Self {
        Self {
            last_step,
            known_end,
            ..self
        }
    }

    /// The next moment at which a tracker looks; `None` after the last moment.
    pub(super) fn next_moment(&self) -> Option<Moment> {
        let last_moment = Moment::after(self.last_step);
        let moments = self.list.iter().filter_map(|tracker| tracker.next());
        let next_moment = moments.reduce(|one, other| if other < one { other } else { one });
        next_moment.filter(|moment| *moment <= last_moment)
    }

    /// Collective. Begins at the state from which the run continues.
    pub(super) fn go_on(
        &mut self,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
        now: Clock,
        clock: &RunClock,
    ) -> Result<(), RunError> {
        let moment = Moment::after(now.step);
        let at = Reached {
            moment,
            now,
            is_snapshot: false,
        };
        let mut sight = Sight {
            at,
            ranks,
            state,
            clock,
            row: None,
        };
        for tracker in &mut self.list {
            tracker.go_on(&mut sight)?;
        }
        // A state that becomes durable by itself needs the marks.
        self.sync(ranks, sight.state).map(drop)
    }

    /// Collective. Advances a state, in single observed steps if a tracker asks for that. The rows of a snapshot that
    /// ends these steps are passed to it.
    pub(super) fn advance(
        &mut self,
        ranks: &Decomposition<'_, C>,
        state: &mut impl State<C>,
        steps: u64,
        now: Clock,
        clock: &mut RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError> {
        let mut trackers_of_steps: Vec<_> = (self.list.iter_mut())
            .filter(|tracker| tracker.sees_steps())
            .collect();
        if steps > 0 && trackers_of_steps.is_empty() {
            return state.advance(steps, now, clock, snapshot);
        }
        let pace = self.problem.schedule.pace();
        for steps_taken in 0..steps {
            let state_clock = pace.after(now, steps_taken);
            state.advance_seen(state_clock, clock, &mut |number, view| {
                for tracker in &mut trackers_of_steps {
                    tracker.see(number, view, ranks);
                }
            })?;
            for tracker in &mut trackers_of_steps {
                tracker.end_step(ranks)?;
            }
        }
        match snapshot {
            Some(snapshot) => state.show(snapshot),
            None => Ok(()),
        }
    }

    /// Collective. Lets the trackers look at a moment.
    pub(super) fn look(&mut self, sight: &mut Sight<'_, '_, C>) -> Result<(), RunError> {
        let mut trackers = self.list.iter_mut();
        trackers.try_for_each(|tracker| tracker.look(sight))
    }

    /// Collective, after all have looked. Decides whether the run ends with a snapshot, and why.
    ///
    /// # Errors
    /// [`RunError`] if a value of the snapshot is not finite.
    pub(super) fn end_run(
        &mut self,
        sight: &Sight<'_, '_, C>,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<Option<End>, RunError> {
        let Some(snapshot) = snapshot else {
            return Ok(None);
        };
        let mut end = snapshot.end_if_steady()?;
        for tracker in &mut self.list {
            let end_of_tracker = tracker.end_run(sight)?;
            end = end.or(end_of_tracker);
        }
        let known_end = self.known_end.as_ref();
        let known_end = known_end.filter(|_| sight.at.now.step == self.last_step);
        Ok(end.or(known_end.cloned()))
    }

    /// Collective. Lets the trackers write, knowing whether the run ends.
    pub(super) fn write(
        &mut self,
        sight: &mut Sight<'_, '_, C>,
        ends_run: bool,
    ) -> Result<(), RunError> {
        for tracker in &mut self.list {
            tracker.write(sight, ends_run)?;
        }
        if sight.state.keeps_passes() {
            self.sync(sight.ranks, sight.state).map(drop)
        } else {
            Ok(())
        }
    }

    /// Collective. Makes the streams durable, before a state between snapshots becomes durable, and returns their
    /// marks.
    pub(super) fn sync(
        &mut self,
        ranks: &Decomposition<'_, C>,
        state: &mut dyn State<C>,
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
        self.list.iter().flat_map(|tracker| tracker.streams())
    }

    /// A warning on a run that is done.
    pub(super) fn warning(&self) -> Option<String> {
        self.list.iter().find_map(|tracker| tracker.warning())
    }

    /// What is left of trackers that are no longer needed.
    pub(super) fn into_remains(self) -> Remains {
        let mut remains = Remains::default();
        for tracker in self.list {
            tracker.leave(&mut remains);
        }
        remains
    }
}

/// A tracker as one of a list.
fn listed<'p, C: Comm>(tracker: Option<impl Tracker<C> + 'p>) -> Option<Box<dyn Tracker<C> + 'p>> {
    tracker.map(|tracker| Box::new(tracker) as Box<dyn Tracker<C> + 'p>)
}

/// The rows that a run which goes on between two snapshots has behind the first of them, on rank 0.
fn rows_since_snapshot<C: Comm>(
    rows: &RowTracker<'_>,
    output: &Output<'_, C>,
) -> Result<String, CubeError> {
    let last_record = output.scenario().and_then(|scenario| scenario.last());
    let last_mark = last_record.and_then(|record| record.streams.get(ROWS));
    match (rows.stream(), last_mark) {
        (Some(stream), Some(mark)) => stream.text(mark.end..stream.mark().end),
        _ => Ok(String::new()),
    }
}
