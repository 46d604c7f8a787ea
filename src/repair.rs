//! Repair: damaged snapshots are computed again, from the last good one before them.

use crate::{
    comm::Solo,
    cube::{Record, journal::Slot, restore::Restorer},
    field::Field,
    params::{ParamsError, with_precision},
    problem::Problem,
    progress::Progress,
    run::RunError,
    schedule::Clock,
    slab::Slab,
    solver::Solver,
    stencil::Element,
};

/// Computes the snapshots `damaged` of a cube again, verifies them by the digests in the journal, and
/// rebuilds lost lines of the journal. Every repaired snapshot adds 1 to `progress`.
///
/// # Errors
/// [`RunError`]; [`CubeError::CannotRepair`](crate::cube::CubeError::CannotRepair) when a digest says otherwise, which leaves that
/// snapshot as it was.
pub fn repair(cube: &mut Restorer, damaged: &[Slot], progress: &Progress) -> Result<(), RunError> {
    for of_one_scenario in damaged.chunk_by(|a, b| a.scenario == b.scenario) {
        let first = of_one_scenario[0];
        let Some(scenario) = cube.header.scenario(first.scenario()) else {
            return Err(cube.cannot_repair(first).into());
        };
        let problem = scenario.problem().map_err(|error| match error {
            // The sentence says which file is missing or damaged.
            Some(error @ ParamsError::Input { .. }) => RunError::from(error),
            _ => cube.cannot_repair(first).into(),
        })?;
        let known = &cube.header.inputs;
        if problem
            .inputs()
            .iter()
            .any(|(name, sum)| known.get(name) != Some(sum))
        {
            return Err(cube.cannot_repair(first).into());
        }
        with_precision!(problem.params.precision, T => {
            recompute::<T>(cube, &problem, of_one_scenario, progress)?;
        });
    }
    Ok(cube.rebuild_journal()?)
}

/// Recomputes snapshots of one scenario, in order.
fn recompute<T: Element>(
    cube: &mut Restorer,
    problem: &Problem,
    damaged: &[Slot],
    progress: &Progress,
) -> Result<(), RunError> {
    let schedule = &problem.schedule;
    let mut solver: Option<(u64, Solver<T>)> = None;
    for &slot in damaged {
        let mut from = match solver.take() {
            Some((at, solver)) if at + 1 == slot.index => solver,
            _ => start_before::<T>(cube, problem, slot)?,
        };
        if slot.index > 0 {
            from.advance(schedule.nper, &Solo);
            from.check()?;
        }
        let state = from.state();
        let mut clock = Clock::start();
        clock.tick(schedule.step_of(slot.index), schedule.dt);
        let record = Record::new(slot, clock, state.summary(&problem.grid));
        cube.replace(record, state.as_bytes())?;
        progress.add(1);
        solver = Some((slot.index, from));
    }
    Ok(())
}

/// A solver at the snapshot before a slot, or at the initial state for snapshot 0.
fn start_before<T: Element>(
    cube: &Restorer,
    problem: &Problem,
    slot: Slot,
) -> Result<Solver<T>, RunError> {
    let no_memory = |_| RunError::no_memory(problem.memory_bytes());
    let mut state = Field::<T>::zeros(problem.grid.shape()).map_err(no_memory)?;
    let mut clock = Clock::start();
    match slot.index.checked_sub(1) {
        Some(index) => {
            cube.read(Slot { index, ..slot }, state.as_mut_bytes())?;
            clock.tick(problem.schedule.step_of(index), problem.schedule.dt);
        }
        None => problem.fill_initial(&mut state, 0)?,
    }
    let (ny, _) = problem.grid.shape();
    let dynamics = problem
        .dynamics(0..ny)
        .map_err(|unready| RunError::unready(unready, problem.memory_bytes()))?;
    let state = (state, clock.simtime);
    Solver::with_dynamics(problem.stencil(), dynamics, state, Slab::whole(ny)).map_err(no_memory)
}
