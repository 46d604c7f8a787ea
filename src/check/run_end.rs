//! The snapshot with which a run with `until` ends.

use super::{CheckError, grids::SOME_SECONDS};
use crate::{
    accuracy::{Ladder, updates_of},
    params::RawParams,
    problem::Problem,
    run::early_end,
};

/// The problem with the steps up to the snapshot with which its run ends. A steady one is searched for on coarser grids if
/// the search on the user's own grid takes too long; rows of a record are those of the own grid alone. If no end is found
/// within some seconds, all steps are kept.
pub(super) fn shortened(mut own: Problem, raw: &RawParams) -> Result<Problem, CheckError> {
    if own.params.until.is_none() {
        return Ok(own);
    }
    // Half of the updates that are left on each grid, so that they are told of nowhere.
    let mut updates = SOME_SECONDS / 2.0;
    let mut last_snapshot = last_snapshot_within(updates, &mut own)?;
    let is_steady = own.params.steady_rate().is_some();
    let mut ladder = Ladder {
        own: &own,
        raw,
        refinement: 1,
    };
    while last_snapshot.is_none() && is_steady && !own.reads_arrays() && ladder.coarsen() {
        updates /= 2.0;
        let mut coarser = ladder.with_snapshots()?;
        coarser.params.until.clone_from(&own.params.until);
        coarser.params.precision = own.params.precision;
        last_snapshot = last_snapshot_within(updates, &mut coarser)?;
    }
    if let Some(snapshot) = last_snapshot {
        own.schedule.nsteps = own.schedule.step_of(snapshot);
    }
    Ok(own)
}

/// The snapshot with which a run ends, of those that so many updates of nodes reach; `None` if it goes on.
fn last_snapshot_within(updates: f64, problem: &mut Problem) -> Result<Option<u64>, CheckError> {
    let planned_steps = problem.schedule.nsteps;
    let snapshots = problem.schedule.snapshots() - 1;
    let affordable = affordable_snapshots(problem, updates);
    problem.schedule.nsteps = problem.schedule.step_of(affordable);
    let end_step = early_end(problem);
    problem.schedule.nsteps = planned_steps;
    let end = end_step?.map(|step| problem.schedule.snapshot_at(step).0);
    // A run that ends early at no snapshot ends with the last one, whatever coarser grids do.
    Ok(end.or((snapshots == affordable).then_some(snapshots)))
}

/// The number of snapshots after the first that so many updates of nodes reach.
fn affordable_snapshots(problem: &Problem, updates: f64) -> u64 {
    let snapshots = problem.schedule.snapshots() - 1;
    let of_each = updates_of(problem) / snapshots as f64;
    snapshots.min((updates / of_each) as u64)
}
