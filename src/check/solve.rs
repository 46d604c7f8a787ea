//! A problem solved in memory.

use super::{CheckError, balance::Balance};
use crate::{comm::Solo, field::Field, problem::Problem, run::solve_with_rows, summary};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;

/// A function that computes a number from a state.
pub(super) type Value<'a> = &'a dyn Fn(&Problem, &Field<f64>) -> f64;

/// The number of steps between two updates of the progress.
const TOGETHER: u64 = 1024;

/// The state after the last step.
pub(super) fn solve<T: Element>(
    problem: &Problem,
    progress: &Progress,
) -> Result<Field<T>, CheckError> {
    let mut solver = problem.solver_at_start()?;
    let mut steps_left = problem.schedule.last_step();
    while steps_left > 0 {
        let steps = steps_left.min(TOGETHER);
        // Nothing looks at the states before the last one.
        solver.advance(steps, &Solo)?;
        progress.add(steps);
        steps_left -= steps;
    }
    finite(problem, solver.into_state())
}

/// The state after the last step, and the flows through walls and from sources until then, of a problem whose record has
/// totals.
pub(super) fn solve_balanced(
    problem: &Problem,
    progress: &Progress,
) -> Result<(Field<f64>, Balance), CheckError> {
    let (state, rows) = solve_with_rows(problem, progress)?;
    Ok((state, Balance::of_rows(problem, &rows)?))
}

/// The state after the last step, if all its values are finite.
fn finite<T: Element>(problem: &Problem, state: Field<T>) -> Result<Field<T>, CheckError> {
    let schedule = &problem.schedule;
    let pace = schedule.pace();
    let end_clock = pace.after(pace.start(), schedule.last_step());
    match summary::not_finite(state.as_slice(), 0, None, &problem.grid, end_clock) {
        Some(halt) => Err(halt.into()),
        None => Ok(state),
    }
}
