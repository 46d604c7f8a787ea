//! The run itself, top to bottom.

use super::{
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    exchange::{self, Exchange},
    observer::Observer,
    open::open,
    options::Options,
    outcome::Outcome,
    output::Output,
    pool,
    report::Report,
    setup,
};
use crate::{
    comm::{Comm, Topology, collective},
    cube::{self, Header, Paths, SolverLoad, checkpoint, journal::Scenario},
    dynamics::Dynamics,
    field::Field,
    problem::Problem,
    schedule::Clock,
    solver::Solver,
    stencil::{Element, Stencil},
};
use std::time::Instant;

/// Collective. Claims the output, simulates, and returns when everything is durable.
pub(super) fn run<T: Element>(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
    observer: &Observer,
) -> Result<Report, RunError> {
    let start = Instant::now();
    let clock = RunClock::start(problem, options);
    check_that_all_agree(problem, options, comm)?;
    let initial = problem.initial_array();
    let inputs = initial.map_or(Ok(()), cube::inputs::is_committed);
    let inputs = inputs.map_err(RunError::from);
    collective::all_ok(comm, inputs)?;
    let paths = options.output.as_deref().map(Paths::of).transpose();
    let paths = collective::all_ok(comm, paths.map_err(RunError::from))?;

    let topology = Topology::all_gather(comm);
    let joined = pool::join(options.threads, || topology.threads_each());
    collective::all_ok(comm, joined)?;
    let stencil = setup::tuned::<T>(problem, options.tile, comm);
    let ranks = setup::decompose(problem, &stencil, comm);
    let together = topology.ranks_on_this_machine() as u64;
    let threads = rayon::current_num_threads();
    let load = SolverLoad {
        scenarios: 1,
        threads,
        has_spare_processor: topology.has_spare_processor(threads),
    };
    let buffers = match paths {
        Some(_) => load.buffer_bytes(problem.field_bytes()),
        None => 0,
    };
    let needed = (setup::memory(problem, &ranks) + buffers).saturating_mul(together);
    let state = setup::check_memory(needed).and_then(|()| setup::allocate::<T>(problem, &ranks));
    let state = collective::all_ok(comm, state)?;

    let Some(paths) = paths else {
        let output = Output::nowhere(problem, &ranks, observer);
        return simulate(problem, stencil, state, output, clock, observer);
    };
    let (header, share) = (|| Header::of_run(problem), ranks.share::<T>());
    let (claim, topology) = (options.claim, (comm, &topology));
    let opened = open(&paths, header, claim, (share, load), topology, observer)?;
    let Some((writer, io)) = opened else {
        return Ok(Report::of_nothing(Outcome::AlreadyDone).of_ranks(comm));
    };
    if comm.size() > 1 {
        observer.note(format!("halos {} rows deep", ranks.slab().halo()));
    }
    let reports = Exchange::new(comm, Some(&writer));
    let output = Output::cube(writer.scenario(0), reports, problem, &ranks)
        .with_checkpoint(&paths)
        .extending(options.extend.as_deref());
    let simulated = simulate(problem, stencil, state, output, clock, observer);
    // An error of the writer comes first: it is what stopped the simulation.
    let (is_complete, times) = exchange::finish(comm, writer)?;
    if is_complete {
        checkpoint::remove(&paths)?;
    }
    Ok(simulated?.written(io, times, start))
}

/// Collective. The time loop: from the last durable state, or the initial one, to the last snapshot
/// or a stop.
pub(crate) fn simulate<T: Element, C: Comm>(
    problem: &Problem,
    stencil: Stencil<T>,
    mut state: Field<T>,
    mut output: Output<'_, C>,
    mut clock: RunClock,
    observer: &Observer,
) -> Result<Report, RunError> {
    let (schedule, ranks) = (&problem.schedule, output.ranks());
    let durable = output.resume(&mut state)?;
    if durable.is_none() {
        let filled = problem.fill_initial(&mut state, ranks.slab().held().start);
        collective::all_ok(ranks.comm(), filled.map_err(RunError::from))?;
        output.put(Clock::start(), &state);
    }
    let began = durable.unwrap_or(Clock::start());
    if began.step > 0 {
        let (step, last) = (began.step, schedule.last_step());
        observer.note(format!("continuing after step {step} of {last}"));
        observer.progress().add(step);
    }
    let mut now = began;
    let mut solver = start_solver(problem, stencil, (state, now), ranks)?;
    observer.note(format!(
        "steps by kernel {}, tiles of {}, {} threads",
        solver.stencil().kernel(),
        solver.tile(),
        rayon::current_num_threads()
    ));
    clock.initialised();

    let mut outcome = Outcome::Done;
    while now.step < schedule.last_step() {
        let due = schedule.next_due(now.step) - now.step;
        let (mine, stop) = (clock.plan(due, solver.depth()), clock.stop(observer));
        let Some((plan, stop)) = output.agree(mine, stop) else {
            break;
        };
        if plan.checkpoint || stop.is_some() {
            let saved = output.checkpoint(now, solver.state());
            // Beside files that are lost the state is kept where it can be.
            if stop != Some(Outcome::FilesLost) {
                saved?;
            }
            clock.saved();
        }
        if let Some(stopped) = stop {
            outcome = stopped;
            break;
        }
        clock.time(plan.steps, || solver.advance(plan.steps, ranks.comm()));
        if problem.depends_on_time() {
            let checked = solver.check().map_err(RunError::from);
            if let Err(error) = collective::all_ok(ranks.comm(), checked) {
                output.finish();
                return Err(error);
            }
        }
        now.tick(plan.steps, schedule.dt);
        observer.progress().add(plan.steps);
        if schedule.is_snapshot(now.step) {
            output.put(now, solver.state());
            clock.saved();
        }
    }
    output.finish();
    let steps = now.step - began.step;
    Ok(Report::new(problem, &solver, steps, &clock, outcome).of_ranks(ranks.comm()))
}

/// Collective. Refuses ranks that were asked for different runs: they would wait for each other.
fn check_that_all_agree(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
) -> Result<(), RunError> {
    let files = (options.output.is_some(), options.extend.is_some());
    let task = (
        Scenario::of(problem),
        problem.inputs(),
        files,
        options.claim.io,
    );
    match collective::first_that_differs(comm, &task) {
        Some(rank) => Err(RunError::Disagree { rank }),
        None => Ok(()),
    }
}

/// Collective. The solver of the rank's slab, at the state of a moment.
fn start_solver<T: Element>(
    problem: &Problem,
    stencil: Stencil<T>,
    (state, now): (Field<T>, Clock),
    ranks: &Decomposition<'_, impl Comm>,
) -> Result<Solver<T>, RunError> {
    let slab = ranks.slab();
    let dynamics = match slab.own().is_empty() {
        true => Ok(Dynamics::constant(stencil.equation().clone())),
        false => problem.dynamics(slab.held()),
    };
    let needed = setup::memory(problem, ranks);
    let solver = dynamics
        .map_err(|unready| RunError::unready(unready, needed))
        .and_then(|dynamics| {
            Solver::with_dynamics(stencil, dynamics, (state, now.simtime), slab.clone())
                .map_err(|_| RunError::no_memory(needed))
        });
    collective::all_ok(ranks.comm(), solver)
}
