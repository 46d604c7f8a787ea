//! [`SnapshotTracker`]: the moments of snapshots.

use super::super::{
    error::RunError,
    tracker::{Sight, Tracker},
};
use crate::{
    comm::Comm,
    problem::Problem,
    schedule::{Clock, Moment},
};

/// The tracker of snapshots. Their rows go from the state to the output directly.
pub(super) struct SnapshotTracker<'p> {
    problem: &'p Problem,
    /// The index of the next snapshot.
    next: u64,
}

impl<'p> SnapshotTracker<'p> {
    /// The tracker of a run that begins, or that continues from the state at `resumed`.
    pub(super) fn new(problem: &'p Problem, resumed: Option<Clock>) -> Self {
        let next_index = |now: Clock| problem.schedule.snapshot_at(now.step).0 + 1;
        Self {
            problem,
            next: resumed.map_or(0, next_index),
        }
    }
}

impl<C: Comm> Tracker<C> for SnapshotTracker<'_> {
    fn next(&self) -> Option<Moment> {
        Some(Moment::after(self.problem.schedule.step_of(self.next)))
    }

    fn write(&mut self, sight: &mut Sight<'_, '_, C>, _: bool) -> Result<(), RunError> {
        self.next += u64::from(sight.at.is_snapshot);
        Ok(())
    }
}
