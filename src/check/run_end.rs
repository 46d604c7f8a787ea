//! The snapshot with which a run with `until` ends.

use super::{
    CheckError,
    grids::{Ladder, SOME_SECONDS, updates_of},
};
use crate::{
    comm::Solo,
    params::{RawParams, Until, with_precision},
    problem::Problem,
    run::{record_columns, record_rows},
};
use diff2d_stencil::Element;
use std::sync::atomic::AtomicBool;

/// The problem with the steps up to the snapshot with which its run ends. The last snapshot is searched for on coarser
/// grids if the search on the user's own grid takes too long. If no end is found within some seconds, all steps are
/// kept.
pub(super) fn shortened(mut own: Problem, raw: &RawParams) -> Result<Problem, CheckError> {
    if let Some(until) = own.params.until.clone()
        && let Some((column, _)) = &until.column
    {
        return shortened_by_column(own, &until, column);
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

/// The problem with the steps up to the snapshot with which its run ends by a column of its record. The whole of them if none was
/// found within some seconds.
fn shortened_by_column(
    mut own: Problem,
    until: &Until,
    column: &str,
) -> Result<Problem, CheckError> {
    let planned_steps = own.schedule.nsteps;
    let snapshots = affordable_snapshots(&own, SOME_SECONDS / 2.0);
    own.schedule.nsteps = own.schedule.step_of(snapshots);
    let columns = record_columns(&own);
    let pace = own.schedule.pace();
    let limit = ColumnLimit {
        until,
        since: pace.start().simtime,
        places: ["step", "t", column].map(|name| columns.iter().position(|one| one.name == name)),
    };
    let rows = record_rows(&own, &AtomicBool::new(false), &|row| limit.ends_run(row));
    let rows = rows.map_err(|error| CheckError::Request(error.to_string()))?;
    let last_row = rows.last().filter(|row| limit.ends_run(row));
    let last_step = last_row.map(|row| {
        let [step, t, _] = limit.values(row);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of steps"
        )]
        let step = step as u64;
        let is_of_snapshot =
            own.schedule.is_snapshot(step) && t <= pace.after(pace.start(), step).simtime;
        if is_of_snapshot {
            step
        } else {
            own.schedule.next_due(step)
        }
    });
    own.schedule.nsteps = last_step.unwrap_or(planned_steps);
    Ok(own)
}

/// The limit of a column of the record that ends a run.
struct ColumnLimit<'a> {
    until: &'a Until,
    /// The time of the first row, which never ends a run.
    since: f64,
    /// The places of the step, the time and the column in a row.
    places: [Option<usize>; 3],
}

impl ColumnLimit<'_> {
    fn values(&self, row: &[f64]) -> [f64; 3] {
        self.places
            .map(|place| place.map_or(f64::NAN, |place| row[place]))
    }

    fn ends_run(&self, row: &[f64]) -> bool {
        let [_, t, value] = self.values(row);
        self.until.end_after_row(self.since, t, value).is_some()
    }
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
