//! Finds the state from which a run continues: a checkpoint, a committed snapshot, or the last snapshot of a shorter
//! run.

use super::{
    error::RunError,
    output::{CubeOutput, Output},
    state::{Durable, State},
};
use crate::{
    comm::{Comm, collective},
    cube::{Commit, checkpoint, streams::Marks},
    fault::Fault,
    schedule::Clock,
};
use diff2d_arrays::npy::DATA_OFFSET;
use std::path::Path;

impl<C: Comm> Output<'_, C> {
    /// Collective. Restores the last durable state: the checkpoint, the last snapshot of the cube, or of the shorter
    /// cube, whose snapshots are then copied into this cube. The streams continue from its marks. `None` if there is no
    /// such state yet.
    pub(super) fn resume(&mut self, state: &mut impl State<C>) -> Result<Option<Clock>, RunError> {
        let last_commit = self.scenario().and_then(|scenario| scenario.last());
        let last_commit = last_commit.cloned();
        // What follows is judged by its change since then, whether it is copied or computed.
        self.last = last_commit
            .as_ref()
            .map_or(self.problem.schedule.pace().start(), Commit::clock);
        if let Some(clock) = self.copy_shorter(state, last_commit.as_ref())? {
            return Ok(Some(clock));
        }
        let (Some(scenario), Some(last_commit)) = (self.scenario(), &last_commit) else {
            return Ok(None);
        };
        let snapshot_begin = scenario.header().offset_of(last_commit.id());
        take_snapshot(state, &scenario.file().path, snapshot_begin, last_commit)?;
        let later = self.take_later(state, last_commit.clock())?;
        let (clock, marks) =
            later.unwrap_or_else(|| (last_commit.clock(), last_commit.streams.clone()));
        self.streams.go_on_from(&marks, self.ranks)?;
        self.marks = marks;
        Ok(Some(clock))
    }

    /// Collective. Restores the latest durable state between the last committed snapshot and the next one, if there is
    /// such a state whose marks match the streams. Returns its time and its marks.
    fn take_later(
        &self,
        state: &mut impl State<C>,
        last: Clock,
    ) -> Result<Option<(Clock, Marks)>, RunError> {
        let Some(CubeOutput {
            scenario,
            checkpoint: Some(paths),
            ..
        }) = self.cube_output()
        else {
            return Ok(None);
        };
        let (ranks, header) = (self.ranks, scenario.header());
        let own_state = state.take_own(header, last, &|marks| self.streams.fit(marks, ranks))?;
        if own_state.is_some() {
            return Ok(own_state);
        }
        let saved_state = checkpoint::find(paths, header, last);
        let saved_state = collective::all_ok(ranks.comm(), saved_state.map_err(RunError::from))?;
        let saved_identity = saved_state
            .as_ref()
            .map(|saved_state| (saved_state.clock.step, &saved_state.sha256));
        let all_see_one = collective::first_that_differs(ranks.comm(), &saved_identity).is_none();
        let Some(saved_state) = saved_state.filter(|_| all_see_one) else {
            return Ok(None);
        };
        let durable = Durable {
            path: &paths.checkpoint,
            begin: DATA_OFFSET,
            sha256: Some(&saved_state.sha256),
        };
        let is_taken = self.streams.fit(&saved_state.streams, ranks)? && state.take(&durable)?;
        Ok(is_taken.then_some((saved_state.clock, saved_state.streams)))
    }
}

/// Collective. Copies the snapshot of a commit, which begins at byte `begin` of another cube.
pub(super) fn take_snapshot<C: Comm>(
    state: &mut impl State<C>,
    cube: &Path,
    begin: u64,
    commit: &Commit,
) -> Result<(), RunError> {
    let durable = Durable {
        path: cube,
        begin,
        sha256: Some(&commit.sha256),
    };
    if state.take(&durable)? {
        Ok(())
    } else {
        let (snapshot, cube) = (commit.id(), cube.display());
        let fault = Fault::damaged(format!(
            "{snapshot} of {cube} is damaged (its digest differs from the journal's): `diff2d repair {cube}` recomputes it"
        ));
        Err(RunError::Cube(fault.into()))
    }
}
