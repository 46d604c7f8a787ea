//! The snapshot with which a run with `until` ends.

use super::{
    CheckError,
    grids::{Ladder, SOME_SECONDS, updates_of},
};
use crate::{
    comm::Solo,
    params::{RawParams, with_precision},
    problem::Problem,
    run::{RowSums, record_rows},
};
use diff2d_stencil::Element;
use std::sync::Arc;

/// The problem with the steps up to the snapshot with which its run ends. The last snapshot is searched for on coarser
/// grids if the search on the user's own grid takes too long. If no end is found within some seconds, all steps are
/// kept.
pub(super) fn shortened(mut own: Problem, raw: &RawParams) -> Result<Problem, CheckError> {
    let until = own.params.until.as_ref();
    if until.is_some_and(|until| until.column.is_some()) {
        return shortened_by_column(own);
    }
    if own.params.steady_rate().is_none() {
        return Ok(own);
    }
    // Half of the updates that are left on each grid, so that they are told of nowhere.
    let mut updates = SOME_SECONDS / 2.0;
    let mut last_snapshot =
        with_precision!(own.params.precision, T => steady::<T>(&own, &own, updates))?;
    let mut ladder = Ladder {
        own: &own,
        raw,
        refinement: 1,
    };
    while last_snapshot.is_none() && !own.reads_arrays() && ladder.coarsen() {
        updates /= 2.0;
        let coarser = ladder.with_snapshots()?;
        last_snapshot = steady::<f64>(&coarser, &own, updates)?;
    }
    if let Some(snapshot) = last_snapshot {
        own.schedule.nsteps = own.schedule.step_of(snapshot);
    }
    Ok(own)
}

/// The problem with the steps up to the snapshot with which its run ends by a column of its record. If no end is found
/// within some seconds, all steps are kept.
fn shortened_by_column(mut own: Problem) -> Result<Problem, CheckError> {
    let planned_steps = own.schedule.nsteps;
    let snapshots = affordable_snapshots(&own, SOME_SECONDS / 2.0);
    own.schedule.nsteps = own.schedule.step_of(snapshots);
    let record = record_rows(&own, RowSums::AsRecorded, &Arc::default());
    let record = record.map_err(|error| CheckError::Request(error.to_string()))?;
    own.schedule.nsteps = record.end_step.unwrap_or(planned_steps);
    Ok(own)
}

/// The number of snapshots after the first that so many updates of nodes reach.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a number of snapshots"
)]
fn affordable_snapshots(problem: &Problem, updates: f64) -> u64 {
    let snapshots = problem.schedule.snapshots() - 1;
    let of_each = updates_of(problem) / snapshots as f64;
    snapshots.min((updates / of_each) as u64)
}

/// The first snapshot that changes by less than the run's rate, of those that so many updates of nodes reach.
fn steady<T: Element>(
    problem: &Problem,
    own: &Problem,
    updates: f64,
) -> Result<Option<u64>, CheckError> {
    let schedule = &problem.schedule;
    let snapshots = schedule.snapshots() - 1;
    let affordable = affordable_snapshots(problem, updates);
    let mut solver = problem.solver_at_start::<T>()?;
    let mut clock = schedule.pace().start();
    for snapshot in 1..=affordable {
        let old_values = solver.state().as_slice().to_vec();
        solver.advance(schedule.steps_to(snapshot), &Solo)?;
        let later = schedule.pace().after(clock, schedule.steps_to(snapshot));
        let (mut change, mut largest) = (0.0_f64, 0.0_f64);
        for (value, old_value) in solver.state().as_slice().iter().zip(&old_values) {
            change = change.max((value.to_f64() - old_value.to_f64()).abs());
            largest = largest.max(value.to_f64().abs());
        }
        if own.steady(change, largest, [clock, later]).is_some() {
            return Ok(Some(snapshot));
        }
        clock = later;
    }
    // A run that is not steady at any snapshot ends with the last one, whatever coarser grids do.
    Ok((snapshots == affordable).then_some(snapshots))
}
