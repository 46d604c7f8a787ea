//! The run itself, top to bottom.

use super::{
    band_rows::BandRows,
    bands_shape::{Shape, Speeds},
    clock::RunClock,
    error::RunError,
    exchange::{self, Exchange},
    in_bands::InBands,
    in_memory::InMemory,
    observer::Observer,
    open::open,
    options::Options,
    outcome::Outcome,
    output::Output,
    pool,
    report::Report,
    setup::{self, Room},
    snapshot,
    state::State,
};
use crate::{
    comm::{Comm, Topology, collective},
    cube::{self, Header, Paths, SolverLoad, checkpoint, journal::Scenario},
    problem::Problem,
    schedule::Clock,
};
use diff2d_stencil::Element;
use serde::Serialize;
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
    let threads = rayon::current_num_threads();
    let mut load = SolverLoad {
        scenarios: 1,
        threads,
        has_spare_processor: topology.has_spare_processor(threads),
        memory: None,
    };
    let buffers = match paths {
        Some(_) => load.buffer_bytes(problem.field_bytes()),
        None => 0,
    };
    let room = Room {
        cap: options.memory.or(problem.params.memory),
        buffers: collective::least(comm, buffers),
        ranks: comm.size(),
        has_cube: paths.is_some(),
    };
    let in_bands = collective::all_ok(comm, room.in_bands(problem))?;
    all_agree(comm, &(in_bands.is_some(), options.scratch.is_some()))?;
    // Of a state in bands, blocks on their way to the cube take a part of the memory.
    load.memory = in_bands.map(|memory| memory / 8);
    let stencil = match in_bands {
        // Its tiles are those of bands.
        Some(_) => problem.stencil(),
        None => setup::tuned::<T>(problem, options.tile, comm, room),
    };
    let ranks = setup::decompose(problem, &stencil, (comm, in_bands.is_some()));
    let together = topology.ranks_on_this_machine() as u64;
    let needed = match in_bands {
        Some(memory) => memory,
        None => setup::memory(problem, &ranks) + buffers,
    };
    let fits = setup::check_memory(needed.saturating_mul(together));
    let place = fits.and_then(|()| match in_bands {
        Some(memory) => {
            let buffers = load.buffer_bytes(problem.field_bytes());
            let speeds = Speeds::assumed(threads);
            let task = (problem, ranks.slab(), &stencil);
            let (shape, left) = Shape::beside(buffers, memory, task, speeds)?;
            Ok(Place::Files(shape, left))
        }
        None => InMemory::<T, _>::new(problem, stencil.clone(), &ranks).map(Place::Memory),
    });
    let place = collective::all_ok(comm, place)?;

    let Some(mut paths) = paths else {
        let output = Output::nowhere(problem, &ranks, observer);
        let Place::Memory(state) = place else {
            return Err(RunError::Unplaced);
        };
        return simulate(problem, state, output, clock, observer);
    };
    if let Place::Files(shape, _) = &place {
        let ranks = (shape, comm.size(), topology.ranks_on_this_machine());
        let fits = setup::check_scratch(problem, &paths, ranks, options.scratch.as_deref());
        collective::all_ok(comm, fits)?;
    }
    let (header, share) = (|| Header::of_run(problem), ranks.share::<T>());
    let (claim, of_ranks) = (options.claim, (comm, &topology));
    let opened = open(&paths, header, claim, (share, load), of_ranks, observer)?;
    let Some((writer, io)) = opened else {
        return Ok(Report::of_nothing(Outcome::AlreadyDone).of_ranks(comm));
    };
    if let Some(directory) = &options.scratch {
        // A state that an earlier part of the run left beside the cube is given up.
        let removed = match comm.is_root() {
            true => cube::scratch::remove(&paths, 0),
            false => Ok(()),
        };
        collective::all_ok(comm, removed.map_err(RunError::from))?;
        paths.put_scratch_into(directory, &writer.header().run_id);
    }
    if comm.size() > 1 && in_bands.is_none() {
        observer.note(format!("halos {} rows deep", ranks.slab().halo()));
    }
    let reports = Exchange::new(comm, Some(&writer));
    let output = Output::cube(writer.scenario(0), reports, problem, &ranks)
        .with_checkpoint(&paths)
        .extending(options.extend.as_deref());
    let simulated = match place {
        Place::Memory(state) => simulate(problem, state, output, clock, observer),
        Place::Files(shape, memory) => {
            let rows = BandRows {
                problem,
                ranks: &ranks,
            };
            let scratch = setup::open_scratch(&shape, &rows, (&paths, writer.header()));
            collective::all_ok(comm, scratch).and_then(|scratch| {
                let (shape, files) = ((shape, memory), (&paths, scratch));
                let state = InBands::<T, _>::new(rows, stencil, shape, files, observer);
                simulate(problem, state, output, clock, observer)
            })
        }
    };
    // An error of the writer comes first: it is what stopped the simulation.
    let (is_complete, times) = exchange::finish(comm, writer)?;
    if is_complete {
        // Machines may have disks of their own.
        let removed = cube::scratch::remove(&paths, comm.rank());
        let removed = removed.and_then(|()| checkpoint::remove(&paths));
        collective::all_ok(comm, removed.map_err(RunError::from))?;
    }
    Ok(simulated?.written(io, times, start))
}

/// Where the state of a run is to be.
enum Place<S> {
    Memory(S),
    /// In files, advanced in such bands within so many bytes.
    Files(Shape, u64),
}

/// Collective. The time loop: from the last durable state, or the initial one, to the last snapshot
/// or a stop.
pub(crate) fn simulate<C: Comm>(
    problem: &Problem,
    mut state: impl State<C>,
    mut output: Output<'_, C>,
    mut clock: RunClock,
    observer: &Observer,
) -> Result<Report, RunError> {
    let (schedule, ranks) = (&problem.schedule, output.ranks());
    let durable = output.resume(&mut state)?;
    if durable.is_none() {
        state.initialise()?;
        snapshot::put(&mut output, Clock::start(), |snapshot| state.show(snapshot))?;
    }
    let began = durable.unwrap_or(Clock::start());
    if began.step > 0 {
        let (step, last) = (began.step, schedule.last_step());
        observer.note(format!("continuing after step {step} of {last}"));
        observer.progress().add(step);
    }
    let mut now = began;
    state.start(now)?;
    let figures = state.figures();
    observer.note(format!(
        "steps by kernel {}, tiles of {}, {} threads, state in {}",
        figures.kernel,
        figures.tile,
        rayon::current_num_threads(),
        figures.place
    ));
    clock.initialised();

    let mut outcome = Outcome::Done;
    while now.step < schedule.last_step() {
        let due = schedule.next_due(now.step) - now.step;
        let (mine, stop) = (clock.plan(due, state.pass(due)), clock.stop(observer));
        let Some((plan, stop)) = output.agree(mine, stop) else {
            break;
        };
        if plan.checkpoint || stop.is_some() {
            let saved = state.save(&mut output, now);
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
        let mut then = now;
        then.tick(plan.steps, schedule.dt);
        let advanced = if schedule.is_snapshot(then.step) {
            snapshot::put(&mut output, then, |snapshot| {
                state.advance(plan.steps, now, &mut clock, Some(snapshot))
            })
        } else {
            state.advance(plan.steps, now, &mut clock, None)
        };
        match advanced {
            Ok(()) => {}
            Err(RunError::GivenUp) => {
                // One rank may have been asked alone.
                let Some((_, stop)) = output.agree(mine, clock.stop(observer)) else {
                    break;
                };
                state.abandon()?;
                outcome = stop.ok_or(RunError::GivenUp)?;
                break;
            }
            Err(error) => {
                output.finish();
                return Err(error);
            }
        }
        now = then;
        observer.progress().add(plan.steps);
        if schedule.is_snapshot(now.step) {
            clock.saved();
        }
    }
    output.finish();
    let steps = now.step - began.step;
    Ok(Report::new(problem, state.figures(), steps, &clock, outcome).of_ranks(ranks.comm()))
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
    all_agree(comm, &task)
}

/// Collective. Refuses ranks whose `task` differs.
fn all_agree(comm: &impl Comm, task: &impl Serialize) -> Result<(), RunError> {
    match collective::first_that_differs(comm, task) {
        Some(rank) => Err(RunError::Disagree { rank }),
        None => Ok(()),
    }
}
