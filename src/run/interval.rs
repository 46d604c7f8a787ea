//! [`Interval`]: what lies between a snapshot and the one before it, computed again by the time loop.

use super::{
    budget::{Budget, SnapshotStorage, Terms},
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    in_bands::InBands,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    output::Output,
    snapshot_digest::SnapshotDigest,
    state::{Durable, State},
    streams::RunStreams,
    time_loop::TimeLoop,
    trackers::Trackers,
};
use crate::{
    comm::Solo,
    cube::{
        Commit, journal::SnapshotId, record_file::RecordPlace, restore::Restorer, scratch::Scratch,
    },
    problem::Problem,
    schedule::Clock,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;
use diff2d_sys as sys;

/// The part of a run from one snapshot to the next.
pub(super) struct Interval<'i> {
    pub(super) cube: &'i Restorer,
    pub(super) problem: &'i Problem,
    /// The snapshot with which the interval ends. It begins with the snapshot before that, which is undamaged, or with the
    /// initial state.
    pub(super) to: SnapshotId,
    /// The line of that snapshot in the journal, unless it is lost.
    pub(super) line: Option<&'i Commit>,
    /// The limit of the memory.
    pub(super) memory: Option<u64>,
}

impl Interval<'_> {
    /// Computes the interval again, in memory if there is room, otherwise in bands. `streams` reach up to its beginning;
    /// what the run appends in the interval is appended to them, if `place` is given. The snapshot is written to its place
    /// if it has the digest of its line. Returns the line of the snapshot and the streams.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Cube`] if the digest differs.
    pub(super) fn restore<T: Element>(
        &self,
        streams: RunStreams,
        place: Option<&RecordPlace>,
    ) -> Result<(Commit, RunStreams), RunError> {
        let problem = self.problem;
        let ranks = Decomposition::alone(problem);
        let terms = Terms {
            // Others want some, too.
            limit: (self.memory)
                .or(problem.params.memory)
                .or_else(|| Some(sys::available_memory()? / 4 * 3)),
            snapshots: SnapshotStorage::Nothing,
            ..Terms::alone(None)
        };
        let budget = Budget::divide(problem, terms)?;
        let stencil = budget.stencil::<T>(problem, None, 1);
        let (observer, _) = Observer::new(Progress::default(), Default::default());
        match budget.bands {
            None => {
                let state = InMemory::new(problem, stencil, &ranks)?;
                self.march::<T>(state, &ranks, &observer, streams, place)
            }
            Some(shape) => {
                let paths = self.cube.paths();
                let scratch = Scratch::open_unnamed(paths.directory(), &self.cube.header)?;
                let state = InBands::new(problem, stencil, shape, paths, Some(scratch), &observer);
                self.march::<T>(state, &ranks, &observer, streams, place)
            }
        }
    }

    /// Restores the snapshot as [`restore`](Self::restore) does, with a state that is not loaded yet.
    fn march<T: Element>(
        &self,
        mut state: impl State<Solo>,
        ranks: &Decomposition<'_, Solo>,
        observer: &Observer,
        streams: RunStreams,
        place: Option<&RecordPlace>,
    ) -> Result<(Commit, RunStreams), RunError> {
        let (problem, id) = (self.problem, self.to);
        let clock = RunClock::start(problem, &Options::default());
        let index_before = id.index.checked_sub(1);
        let id_before = index_before.map(|index| SnapshotId { index, ..id });
        let start = id_before.map(|id| Durable {
            path: &self.cube.paths().cube,
            begin: self.cube.header.offset_of(id),
            sha256: None,
        });
        match &start {
            Some(start) => state.take(start).map(drop)?,
            None => state.initialise(&clock, observer)?,
        }
        let start_clock = index_before.map(|index| self.clock_of(index));
        // A line says whether its run ends there. If it is lost, that has to be found out again.
        let compared = start.filter(|_| self.line.is_none());
        let compared = compared.map(|start| (start.path.to_owned(), start.begin));
        let mut digest = SnapshotDigest::new(problem, id, compared);
        let mut output = Output::digest(problem, ranks, &mut digest, streams, start_clock);
        let known_end = self.line.and_then(|line| line.ended.clone());
        let trackers = Trackers::new(problem, &mut output, place, start_clock)?;
        let trackers = trackers.up_to(problem.schedule.step_of(id.index), known_end);
        let time_loop = TimeLoop::new(problem, state, output, trackers, clock, observer);
        let (state, streams) = time_loop.run_from(start_clock)?;
        let commit = digest.commit;
        let is_proved = |commit: &Commit| self.line.is_none_or(|line| line.sha256 == commit.sha256);
        let Some(commit) = commit.filter(is_proved) else {
            return Err(self.cube.cannot_repair(id).into());
        };
        self.write::<T>(&state)?;
        Ok((commit, streams))
    }

    /// The time of a snapshot.
    fn clock_of(&self, index: u64) -> Clock {
        let (schedule, pace) = (&self.problem.schedule, self.problem.schedule.pace());
        pace.after(pace.start(), schedule.step_of(index))
    }

    /// Writes a state to the place of the snapshot.
    fn write<T: Element>(&self, state: &impl State<Solo>) -> Result<(), RunError> {
        let (cube, codec) = (self.cube, self.problem.codec());
        let mut place = cube.header.offset_of(self.to);
        let mut row = 0;
        state.visit(&mut |bytes| {
            let rows: &[T] = bytemuck::cast_slice(bytes);
            cube.write(place, bytemuck::cast_slice(&codec.encoded(row, rows)))?;
            place += bytes.len() as u64;
            row += rows.len() / self.problem.grid.x.nodes;
            Ok(())
        })?;
        Ok(cube.sync()?)
    }
}
