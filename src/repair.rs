//! Repair: damaged snapshots are computed again from the last good one before them.

use crate::{
    cube::{Record, mend::Mend},
    field::Field,
    params::{Precision, RawParams},
    physics::initial,
    problem::Problem,
    run::RunError,
    schedule::Clock,
    solver::Solver,
    stencil::{Real, Stencil},
};

/// Computes the snapshots `damaged` of a cube anew, proves them by the journal's digests, and
/// rebuilds lost lines of the journal.
///
/// # Errors
/// [`RunError`]; [`CubeError::CannotRepair`](crate::cube::CubeError::CannotRepair) when a digest says otherwise, which leaves that
/// snapshot as it was.
pub fn repair(mend: &mut Mend, damaged: &[u64]) -> Result<(), RunError> {
    match mend.header.params.precision {
        Precision::F64 => recompute::<f64>(mend, damaged)?,
        Precision::F32 => recompute::<f32>(mend, damaged)?,
    }
    Ok(mend.rebuild_journal()?)
}

fn recompute<T: Real>(mend: &mut Mend, damaged: &[u64]) -> Result<(), RunError> {
    let Some(problem) = problem(mend) else {
        let index = damaged.first().copied().unwrap_or(0);
        return Err(mend.cannot_repair(index).into());
    };
    let schedule = &problem.schedule;
    let mut solver: Option<(u64, Solver<T>)> = None;
    for &index in damaged {
        let mut from = match solver.take() {
            Some((at, solver)) if at + 1 == index => solver,
            _ => start_before::<T>(mend, &problem, index)?,
        };
        if index > 0 {
            from.advance(usize::try_from(schedule.nper).unwrap_or(usize::MAX))
        }
        let state = from.state();
        let mut clock = Clock::start();
        clock.tick(schedule.step_of(index), schedule.dt);
        let record = Record::new(index, clock, state.summary(&problem.grid));
        mend.replace(record, state.as_bytes())?;
        solver = Some((index, from));
    }
    Ok(())
}

/// A solver at the snapshot before `index`, or at the initial state for snapshot 0.
fn start_before<T: Real>(
    mend: &Mend,
    problem: &Problem,
    index: u64,
) -> Result<Solver<T>, RunError> {
    let no_memory = |_| RunError::no_memory(problem);
    let mut state = Field::<T>::zeros(problem.grid.shape()).map_err(no_memory)?;
    match index.checked_sub(1) {
        Some(before) => mend.read(before, state.as_mut_bytes())?,
        None => initial::four_peaks(&mut state, &problem.grid),
    }
    let stencil = Stencil::new(T::from_f64(problem.schedule.r));
    Solver::new(stencil, state).map_err(no_memory)
}

/// The problem of the journal, if this program derives the same numbers from its parameters.
fn problem(mend: &Mend) -> Option<Problem> {
    let header = &mend.header;
    let problem = Problem::new(header.params.clone(), &RawParams::default()).ok()?;
    let same = problem.cube_shape() == header.shape
        && (problem.schedule.dt, problem.schedule.nper) == (header.dt, header.nper);
    same.then_some(problem)
}
