//! [`record_rows`]: the rows of a record in memory, for a run that writes no files.

use super::{
    columns::{self, order},
    decomposition::Decomposition,
    error::RunError,
    row_schedule::RowSchedule,
    state::RowsView,
    state_reader::{StateReader, StateValues},
    sums::Sums,
};
use crate::{
    comm::Solo,
    cube::RecordColumn,
    field::Field,
    params::with_precision,
    physics::fluxes::FIRST_HELD,
    problem::{Footprint, Problem},
    schedule::Clock,
    slab::Slab,
};
use diff2d_stencil::Element;
use std::sync::atomic::{AtomicBool, Ordering};

/// The number of steps between two checks of the stop flag.
const MOST_STEPS: u64 = 4096;

/// The columns of the record of a problem.
#[must_use]
pub(crate) fn record_columns(problem: &Problem) -> Vec<RecordColumn> {
    columns::columns(problem, false)
}

/// The rows of the record of a problem up to the first one that `is_last` accepts, with the same numbers as in the file
/// of a run; empty without a record. The run is given up once `stop` is set.
///
/// Shape: one number for each of the [columns](record_columns) in every row.
///
/// # Errors
/// [`RunError`]; [`RunError::GivenUp`] if the run was stopped.
pub(crate) fn record_rows(
    problem: &Problem,
    stop: &AtomicBool,
    is_last: &dyn Fn(&[f64]) -> bool,
) -> Result<Vec<Vec<f64>>, RunError> {
    with_precision!(problem.params.precision, T => rows_of::<T>(problem, stop, is_last))
}

fn rows_of<T: Element>(
    problem: &Problem,
    stop: &AtomicBool,
    is_last: &dyn Fn(&[f64]) -> bool,
) -> Result<Vec<Vec<f64>>, RunError> {
    let (Some(keys), Some(gauges)) = (&problem.params.record, problem.gauges()) else {
        return Ok(Vec::new());
    };
    let memory_needed = Footprint::of(problem).bytes();
    let shape @ (ny, nx) = problem.grid.shape();
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let mut rows = RecordRows {
        problem,
        reader: StateReader::new(problem, keys, gauges),
        ranks: Decomposition::new(&Solo, slab.clone(), nx),
        sums: Sums::new(problem)?,
        first_mass: 0.0,
        rows: Vec::new(),
    };
    let mut state = Field::<T>::zeros(shape).map_err(|_| RunError::no_memory(memory_needed))?;
    let begun = problem.begin(&mut state, 0, None, &mut |_| !stop.load(Ordering::Relaxed));
    begun
        .map_err(|unready| RunError::unready(unready, memory_needed))?
        .ok_or(RunError::GivenUp)?;
    let schedule = &problem.schedule;
    let mut due = RowSchedule::new(problem, keys);
    let mut state_clock = schedule.pace().start();
    rows.take(state_clock, state_clock.simtime, &state)?;
    due.pass();
    if schedule.last_step() == 0 {
        return Ok(rows.rows);
    }
    let solver = problem.solver_of_rows(problem.stencil(), state, state_clock, slab);
    let mut solver = solver.map_err(|unready| RunError::unready(unready, memory_needed))?;
    let room = solver.room_aside();
    let mut room = room.map_err(|_| RunError::no_memory(memory_needed))?;
    while let Some(moment) = due.next() {
        while state_clock.step < moment.step {
            if stop.load(Ordering::Relaxed) {
                return Err(RunError::GivenUp);
            }
            let to_snapshot = schedule.next_due(state_clock.step) - state_clock.step;
            let to_row = moment.step - state_clock.step;
            let steps = to_row.min(to_snapshot).min(MOST_STEPS);
            solver.advance(steps, &Solo)?;
            state_clock = schedule.pace().after(state_clock, steps);
        }
        let time = due.time(state_clock).unwrap_or(state_clock.simtime);
        if moment.beyond > 0.0 {
            let row_result = solver.aside(moment.beyond, &mut room, &Solo, |state| {
                rows.take(state_clock, time, state)
            });
            solver.check()?;
            row_result.unwrap_or(Ok(()))?;
        } else {
            solver.look(&Solo, |state| rows.take(state_clock, time, state))?;
        }
        if rows.rows.last().is_some_and(|row| is_last(row)) {
            break;
        }
        due.pass();
    }
    Ok(rows.rows)
}

/// The rows of a run so far.
struct RecordRows<'a> {
    problem: &'a Problem,
    reader: StateReader<'a>,
    ranks: Decomposition<'a, Solo>,
    /// The time integrals of the rates since the first row.
    sums: Sums<'a>,
    /// The mass in the first row.
    first_mass: f64,
    rows: Vec<Vec<f64>>,
}

impl RecordRows<'_> {
    /// Adds the row of a state at a time.
    fn take<T: Element>(
        &mut self,
        now: Clock,
        time: f64,
        state: &Field<T>,
    ) -> Result<(), RunError> {
        let slab = self.ranks.slab();
        let first_held_row = slab.own_among_held().start;
        if let Some(view) = RowsView::of(state, slab.own(), first_held_row, slab.rows()) {
            self.reader.read(time, &view)?;
        }
        if let Some(values) = self.reader.all(&self.ranks) {
            self.append(now.step, time, values);
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    fn append(&mut self, step: u64, time: f64, values: StateValues) {
        let StateValues {
            totals,
            mut rates,
            points,
            regions,
        } = values;
        let tables = self.problem.geometry().tables();
        if let Some(rates) = &mut rates {
            self.sums.add(time, rates, true);
        }
        let mut row = vec![step as f64, time];
        if let (Some(summary), Some(rates)) = (totals, &rates) {
            if self.rows.is_empty() {
                self.first_mass = summary.mass;
            }
            row.extend([summary.mass, summary.min, summary.max]);
            for part in order(tables) {
                row.extend([rates[part], self.sums.gains[part]]);
            }
            let [unexplained, _] = self.sums.unexplained(summary.mass - self.first_mass);
            row.push(unexplained);
        }
        row.extend(points);
        for (region, part) in regions.iter().zip(FIRST_HELD + tables..) {
            row.extend([region.mean, region.min, region.max, region.mass]);
            if let Some(rates) = &rates {
                row.extend([self.sums.gains[part], rates[part]]);
            }
        }
        self.rows.push(row);
    }
}
