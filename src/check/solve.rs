//! A problem solved in memory.

use super::{CheckError, balance::Meter};
use crate::{
    comm::Solo, dynamics::Dynamics, field::Field, problem::Problem, slab::Slab, solver::Solver,
};

/// The solver at the initial state, in double precision, and the problem's dynamics for itself.
fn start(problem: &Problem) -> Result<(Solver<f64>, Dynamics<f64>), CheckError> {
    let (ny, _) = problem.grid.shape();
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let mut state = Field::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut state, 0)?;
    let dynamics = || problem.dynamics::<f64>(0..ny);
    let solver = Solver::with_dynamics(problem.stencil(), dynamics()?, (state, 0.0), slab)?;
    Ok((solver, dynamics()?))
}

/// The state after the last step.
pub(super) fn solve(problem: &Problem) -> Result<Field<f64>, CheckError> {
    let (mut solver, _) = start(problem)?;
    solver.advance(problem.schedule.last_step(), &Solo);
    solver.check()?;
    Ok(solver.into_state())
}

/// The state after the last step, and what went through the walls and came from the source until then.
pub(super) fn solve_metered(problem: &Problem) -> Result<(Field<f64>, super::Balance), CheckError> {
    let (mut solver, dynamics) = start(problem)?;
    let mut meter = Meter::new(problem, dynamics, solver.state());
    for _ in 0..problem.schedule.last_step() {
        solver.advance_seen(&Solo, |stage, state| meter.see(stage, state))?;
        meter.end_step();
    }
    solver.check()?;
    let balance = meter.balance(solver.state());
    Ok((solver.into_state(), balance))
}
