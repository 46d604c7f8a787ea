//! The run itself, top to bottom.

use super::{
    bands_shape::Shape,
    builder::Options,
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    exchange::{self, Exchange, on_root},
    in_bands::InBands,
    in_memory::InMemory,
    observer::Observer,
    open::open,
    output::Output,
    pool,
    report::{Outcome, Report},
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
use diff2d_stencil::{Element, Stencil};
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
    // What is to be run, by which threads, and where the state is to be.
    let paths = agree(problem, options, comm)?;
    let topology = Topology::all_gather(comm);
    let joined = pool::join(options.threads, || topology.threads_each());
    collective::all_ok(comm, joined)?;
    let plan = Plan::<T>::make(problem, options, &topology, comm, paths.is_some())?;
    let ranks = setup::decompose(problem, &plan.stencil, comm, plan.in_bands.is_some());
    let place = collective::all_ok(comm, plan.place(problem, &topology, &ranks))?;
    let Some(mut paths) = paths else {
        let output = Output::nowhere(problem, &ranks, observer);
        let Place::Memory(state) = place else {
            return Err(RunError::Unplaced);
        };
        return simulate(problem, state, output, clock, observer);
    };

    // The files: nothing is written before it is known to fit.
    if let Place::Files(shape) = &place {
        let (size, here) = (comm.size(), topology.ranks_on_this_machine());
        let directory = options.scratch.as_deref();
        let fits = setup::check_scratch(problem, &paths, shape, size, here, directory);
        collective::all_ok(comm, fits)?;
    }
    let (header, share) = (|| Header::of_run(problem), ranks.share::<T>());
    let (claim, of_ranks) = (options.claim, (comm, &topology));
    let opened = open(
        &paths,
        header,
        claim,
        (share, plan.load),
        of_ranks,
        observer,
    )?;
    let Some((writer, io)) = opened else {
        return Ok(Report::of_nothing(Outcome::AlreadyDone).of_ranks(comm));
    };
    if let Some(directory) = &options.scratch {
        // A state that an earlier part of the run left beside the cube is given up.
        on_root(comm, || cube::scratch::remove(&paths, 0))?;
        paths.put_scratch_into(directory, &writer.header().run_id);
    }

    // The time loop.
    let reports = Exchange::new(comm, Some(&writer));
    let output = Output::cube(writer.scenario(0), reports, problem, &ranks)
        .with_checkpoint(&paths)
        .extending(options.extend.as_deref());
    let simulated = match place {
        Place::Memory(state) => {
            if comm.size() > 1 {
                observer.note(format!("halos {} rows deep", ranks.slab().halo()));
            }
            simulate(problem, state, output, clock, observer)
        }
        Place::Files(shape) => {
            let header = writer.header();
            let scratch = setup::open_scratch::<T>(problem, &shape, &ranks, &paths, header);
            collective::all_ok(comm, scratch).and_then(|scratch| {
                let stencil = plan.stencil;
                let state = InBands::<T, _>::new(
                    problem, &ranks, stencil, shape, &paths, scratch, observer,
                );
                simulate(problem, state, output, clock, observer)
            })
        }
    };

    // Everything is durable, or an error of the writer comes first: it is what stopped the simulation.
    let (is_complete, times) = exchange::finish(comm, writer)?;
    if is_complete {
        // Machines may have disks of their own.
        let removed = cube::scratch::remove(&paths, comm.rank());
        let removed = removed.and_then(|()| checkpoint::remove(&paths));
        collective::all_ok(comm, removed.map_err(RunError::from))?;
    }
    Ok(simulated?.written(io, times, start))
}

/// Collective. The names of the files that all ranks are to write, if they are to write any.
///
/// # Errors
/// Where ranks were asked for different runs, which would wait for each other, or the initial state is not committed.
fn agree(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
) -> Result<Option<Paths>, RunError> {
    let files = (options.output.is_some(), options.extend.is_some());
    let task = (
        Scenario::of(problem),
        problem.inputs(),
        files,
        options.claim.io,
    );
    all_agree(comm, &task)?;
    let inputs = problem
        .initial_array()
        .map_or(Ok(()), cube::inputs::is_committed);
    let paths = inputs.and_then(|()| options.output.as_deref().map(Paths::of).transpose());
    collective::all_ok(comm, paths.map_err(RunError::from))
}

/// What follows from the memory that a run may take.
struct Plan<T: Element> {
    stencil: Stencil<T>,
    load: SolverLoad,
    /// Bytes of the buffers of a run in memory.
    buffers: u64,
    /// Bytes that the state may take in bands, if it is not in memory.
    in_bands: Option<u64>,
}

impl<T: Element> Plan<T> {
    /// Collective.
    fn make(
        problem: &Problem,
        options: &Options,
        topology: &Topology,
        comm: &impl Comm,
        has_cube: bool,
    ) -> Result<Self, RunError> {
        let threads = rayon::current_num_threads();
        let mut load = SolverLoad {
            scenarios: 1,
            threads,
            has_spare_processor: topology.has_spare_processor(threads),
            memory: None,
        };
        let buffers = match has_cube {
            true => load.buffer_bytes(problem.field_bytes()),
            false => 0,
        };
        let room = Room {
            cap: options.memory.or(problem.params.memory),
            buffers: collective::least(comm, buffers),
            ranks: comm.size(),
            has_cube,
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
        Ok(Self {
            stencil,
            load,
            buffers,
            in_bands,
        })
    }

    /// The place of a rank's state, if there is memory for it.
    fn place<'a, C: Comm>(
        &self,
        problem: &'a Problem,
        topology: &Topology,
        ranks: &'a Decomposition<'a, C>,
    ) -> Result<Place<InMemory<'a, T, C>>, RunError> {
        let needed = match self.in_bands {
            Some(memory) => memory,
            None => setup::memory(problem, ranks) + self.buffers,
        };
        setup::check_memory(needed.saturating_mul(topology.ranks_on_this_machine() as u64))?;
        let Some(memory) = self.in_bands else {
            return InMemory::new(problem, self.stencil.clone(), ranks).map(Place::Memory);
        };
        let buffers = self.load.buffer_bytes(problem.field_bytes());
        Shape::beside(buffers, memory, problem, ranks.slab(), &self.stencil).map(Place::Files)
    }
}

/// Where the state of a run is to be.
enum Place<S> {
    Memory(S),
    /// In files, from which it passes through memory in bands of this shape.
    Files(Shape),
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

/// Collective. Refuses ranks whose `task` differs.
fn all_agree(comm: &impl Comm, task: &impl Serialize) -> Result<(), RunError> {
    match collective::first_that_differs(comm, task) {
        Some(rank) => Err(RunError::Disagree { rank }),
        None => Ok(()),
    }
}
