//! With which snapshot a run with `until` ends.

use super::{
    CheckError,
    grids::{Ladder, SOME_SECONDS, updates_of},
};
use crate::{
    comm::Solo,
    params::{RawParams, with_precision},
    problem::Problem,
};
use diff2d_stencil::Element;

/// The problem with the steps up to the snapshot with which its run ends, which is looked for on coarser grids where the own one is
/// too dear. The whole of them if none was found within some seconds.
pub(super) fn shortened(mut own: Problem, raw: &RawParams) -> Result<Problem, CheckError> {
    if own.params.until.is_none() {
        return Ok(own);
    }
    // Half of the updates that are left on each grid, so that they are told of nowhere.
    let mut updates = SOME_SECONDS / 2.0;
    let mut found = with_precision!(own.params.precision, T => steady::<T>(&own, &own, updates))?;
    let mut ladder = Ladder {
        own: &own,
        raw,
        refinement: 1,
    };
    while found.is_none() && !own.reads_arrays() && ladder.coarsen() {
        updates /= 2.0;
        let coarser = ladder.with_snapshots()?;
        found = steady::<f64>(&coarser, &own, updates)?;
    }
    if let Some(snapshot) = found {
        own.schedule.nsteps = own.schedule.step_of(snapshot);
    }
    Ok(own)
}

/// The first snapshot that changes by less than the run's rate, of those that so many updates of nodes reach.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a number of snapshots"
)]
fn steady<T: Element>(
    problem: &Problem,
    own: &Problem,
    updates: f64,
) -> Result<Option<u64>, CheckError> {
    let schedule = &problem.schedule;
    let snapshots = schedule.snapshots() - 1;
    let of_each = updates_of(problem) / snapshots as f64;
    let affordable = (updates / of_each) as u64;
    let mut solver = problem.solver_at_start::<T>()?;
    let mut now = schedule.pace().start();
    for snapshot in 1..=snapshots.min(affordable) {
        let before = solver.state().as_slice().to_vec();
        solver.advance(schedule.steps_to(snapshot), &Solo)?;
        let later = schedule.pace().after(now, schedule.steps_to(snapshot));
        let (mut change, mut largest) = (0.0_f64, 0.0_f64);
        for (now, before) in solver.state().as_slice().iter().zip(&before) {
            change = change.max((now.to_f64() - before.to_f64()).abs());
            largest = largest.max(now.to_f64().abs());
        }
        if own.steady(change, largest, [now, later]).is_some() {
            return Ok(Some(snapshot));
        }
        now = later;
    }
    // A run that is not steady at any snapshot ends with the last one, whatever coarser grids do.
    Ok((snapshots <= affordable).then_some(snapshots))
}
