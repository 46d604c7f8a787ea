//! The run itself, top to bottom.

use super::{
    begin,
    budget::SnapshotStorage,
    clock::RunClock,
    columns,
    error::RunError,
    exchange::{self, Exchange, on_root},
    history::History,
    in_bands::InBands,
    in_memory::InMemory,
    observer::{Message, Observer},
    options::{Options, Outcome},
    output::Output,
    pool, recording,
    report::Report,
    setup, snapshot,
    solution::Solution,
    state::State,
};
use crate::{
    comm::{Comm, Topology, collective},
    cube::{
        self, Claim, CubeWriter, Header, checkpoint,
        record_file::{self, RecordPlace},
    },
    problem::Problem,
    schedule::Clock,
};
use diff2d_stencil::Element;
use std::time::Instant;

/// Collective. Claims the output, simulates, and returns when everything is durable.
pub(super) fn run<T: Element>(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
    observer: &Observer,
    mut kept: Option<&mut Solution>,
) -> Result<Report, RunError> {
    let start = Instant::now();
    let clock = RunClock::start(problem, options);
    // What is to be run, by which threads, and where the state is to be.
    let paths = begin::agree(problem, options, comm)?;
    let topology = Topology::all_gather(comm);
    let joined = pool::join(options.threads, || topology.threads_each());
    collective::all_ok(comm, joined)?;
    let snapshots = match (&paths, &kept) {
        (Some(_), _) => SnapshotStorage::Cube,
        (None, Some(_)) => SnapshotStorage::Memory,
        (None, None) => SnapshotStorage::Nothing,
    };
    let budget = begin::divide(problem, options, &topology, comm, snapshots)?;
    let stencil = budget.stencil::<T>(problem, options.tile, comm.size());
    let ranks = setup::decompose(problem, &stencil, &budget, comm);
    let budget = budget.of_rank(problem, ranks.shape().0, ranks.slab().parts());
    let fits = budget.check(topology.ranks_on_this_machine());
    let in_memory = fits.and_then(|()| match budget.bands {
        None => {
            InMemory::new(problem, stencil.clone(), &ranks).map(|state| Some(state.within(&budget)))
        }
        Some(_) => Ok(None),
    });
    let in_memory = collective::all_ok(comm, in_memory)?;
    if problem.params.record.is_some() {
        recording::check(problem, paths.as_ref(), comm)?;
    }
    let Some(mut paths) = paths else {
        match &mut kept {
            Some(kept) => {
                let [snapshots, ny, nx] = problem.cube_shape();
                let room = kept.reserve(snapshots * ny * nx);
                room.map_err(|_| RunError::no_memory(budget.total))?;
            }
            None if problem.params.until.is_some() => return Err(RunError::SteadyWithoutCube),
            None => {}
        }
        let output = Output::nowhere(problem, &ranks, observer, kept);
        let state = in_memory.ok_or(RunError::Unplaced)?;
        let simulated = simulate(problem, state, output, clock, observer);
        return simulated.map(|report| report.within(budget));
    };

    // The files: nothing is written before it is known to fit, and to have a solution.
    let is_solvable = problem.check_balance();
    is_solvable.map_err(|error| RunError::unready(error, budget.total))?;
    if in_memory.is_none() {
        setup::check_scratch(problem, &paths, &budget, options.scratch.as_deref())?;
    }
    let before = options.scratch.as_ref().and(cube::begun_by(&paths));
    let (header, share) = (|| Header::of_run(problem), ranks.share::<T>());
    let claim = Claim {
        machines: topology.machines(),
        ..options.claim
    };
    let opened = begin::open(&paths, header, claim, share, budget.load, comm, observer)?;
    let continues =
        |(writer, _): &(CubeWriter, _)| before.as_ref() == Some(&writer.header().run_id);
    if let (Some(directory), Some(run_id)) = (&options.scratch, &before)
        && !opened.as_ref().is_some_and(continues)
    {
        // That of a run which is complete, or was started over.
        let mut old = paths.clone();
        old.put_scratch_into(directory, run_id);
        on_root(comm, || cube::scratch::remove(&old))?;
    }
    let Some((writer, io)) = opened else {
        // It may have been killed before that.
        on_root(comm, || record_file::seal(&paths))?;
        return Ok(Report::of_nothing(Outcome::AlreadyDone).of_ranks(comm));
    };
    if let Some(directory) = &options.scratch {
        // A state that an earlier part of the run left beside the cube is given up.
        on_root(comm, || cube::scratch::remove(&paths))?;
        paths.put_scratch_into(directory, &writer.header().run_id);
    }

    if options.claim.force {
        on_root(comm, || record_file::remove(&paths))?;
    }

    // The time loop.
    let reports = Exchange::new(comm, Some(&writer));
    let mut output = Output::cube(problem, &ranks, writer.scenario(0), reports);
    (output.checkpoint, output.shorter) = (Some(&paths), options.extend.as_deref());
    let parameters = columns::of_run(problem, writer.header());
    if !problem.fields().is_empty() {
        // An interval begins with its snapshot again.
        output.checkpoint = None;
    }
    output.record = Some(RecordPlace::of_run(&paths).with_parameters(parameters));
    let simulated = match (in_memory, budget.bands) {
        (Some(state), _) => {
            if comm.size() > 1 {
                observer.decided(format!("halos {} rows deep", ranks.slab().halo()));
            }
            simulate(problem, state, output, clock, observer)
        }
        (None, Some(shape)) => {
            let header = writer.header();
            setup::open_scratch(&budget, &paths, header).and_then(|scratch| {
                let state = InBands::new(problem, stencil, shape, &paths, scratch, observer);
                simulate(problem, state, output, clock, observer)
            })
        }
        (None, None) => Err(RunError::Unplaced),
    };

    // Everything is durable, or an error of the writer comes first: it is what stopped the simulation.
    let (is_complete, times) = exchange::finish(comm, writer, simulated.is_err())?;
    if is_complete {
        on_root(comm, || {
            checkpoint::remove(&paths)?;
            record_file::seal(&paths)
        })?;
    }
    Ok(simulated?.written(io, times, start).within(budget))
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
    let first = first_state(problem, &mut state, &mut output, &clock, observer);
    let (began, mut history) = match first {
        // It was given up: nothing is committed.
        Err(RunError::GivenUp) => {
            let outcome = clock.stop(observer).ok_or(RunError::GivenUp)?;
            let comm = output.ranks.comm();
            return Ok(Report::new(problem, state.figures(), 0, &clock, outcome).of_ranks(comm));
        }
        began => began?,
    };
    clock.initialised();
    let stepped = advance(
        problem,
        began,
        &mut state,
        &mut output,
        history.as_mut(),
        &mut clock,
        observer,
    );
    let comm = output.ranks.comm();
    output.finish();
    let (now, outcome) = stepped?;
    if outcome == Outcome::Done
        && let Some(warning) = history.and_then(|history| history.warning())
    {
        observer.send(warning);
    }
    let steps = now.step - began.step;
    Ok(Report::new(problem, state.figures(), steps, &clock, outcome).of_ranks(comm))
}

/// Collective. Takes the last durable state, or the initial one, which is then the first snapshot.
fn first_state<'p, C: Comm>(
    problem: &'p Problem,
    state: &mut impl State<C>,
    output: &mut Output<'_, C>,
    clock: &RunClock,
    observer: &Observer,
) -> Result<(Clock, Option<History<'p>>), RunError> {
    let resumed = output.resume(state)?;
    if resumed.is_none() {
        state.initialise(clock, observer)?;
    }
    let mut history = History::begin(problem, output, resumed)?;
    let began = match resumed {
        Some(clock) => {
            if clock.step < problem.schedule.last_step() {
                recording::go_on(history.as_mut(), output.ranks, state, clock)?;
            }
            clock
        }
        None => {
            let start = problem.schedule.pace().start();
            let ranks = output.ranks;
            snapshot::put(output, start, |snapshot| {
                state.show(snapshot)?;
                recording::record(history.as_mut(), ranks, state, start, true)
            })?;
            start
        }
    };
    if began.step > 0 {
        observer.send(Message::Continues {
            from: began,
            last_step: problem.schedule.last_step(),
        });
        observer.progress().add(began.step);
    }
    if began.step < problem.schedule.last_step() {
        state.start(began)?;
    }
    let figures = state.figures();
    observer.decided(format!(
        "steps by kernel {}, tiles of {}, {} threads, state in {}",
        figures.kernel,
        figures.tile,
        rayon::current_num_threads(),
        figures.place
    ));
    Ok((began, history))
}

/// Collective. Takes steps until the last snapshot is handed over or the run is to stop; how far it has come, and why it
/// ends.
fn advance<C: Comm>(
    problem: &Problem,
    began: Clock,
    state: &mut impl State<C>,
    output: &mut Output<'_, C>,
    mut history: Option<&mut History<'_>>,
    clock: &mut RunClock,
    observer: &Observer,
) -> Result<(Clock, Outcome), RunError> {
    let (schedule, mut now, ranks) = (&problem.schedule, began, output.ranks);
    while now.step < schedule.last_step() && !output.has_ended {
        recording::record_beyond(history.as_deref_mut(), ranks, state, now, clock)?;
        let due = schedule.next_due(now.step) - now.step;
        let row = history
            .as_ref()
            .map_or(due, |history| history.due.steps_left(now));
        let due = due.min(row);
        let (mine, stop) = (clock.plan(due, state.pass(due)), clock.stop(observer));
        let Some((plan, stop)) = output.agree(mine, stop) else {
            // The writer tells why.
            break;
        };
        if plan.checkpoint || stop.is_some() {
            if let Some(history) = &mut history {
                history.sync(ranks.comm())?;
            }
            let saved = state.save(output, now);
            // Beside files that are lost the state is kept where it can be.
            if stop != Some(Outcome::FilesLost) {
                saved?;
            }
            clock.saved();
        }
        if let Some(outcome) = stop {
            return Ok((now, outcome));
        }
        let then = schedule.pace().after(now, plan.steps);
        let is_snapshot = schedule.is_snapshot(then.step);
        let advanced = match is_snapshot {
            true => snapshot::put(output, then, |snapshot| {
                let snapshot = Some(snapshot);
                let seen = history.as_deref_mut();
                recording::advance(seen, ranks, state, plan.steps, now, clock, snapshot)?;
                recording::record(history.as_deref_mut(), ranks, state, then, true)
            }),
            false => {
                let seen = history.as_deref_mut();
                let advanced = recording::advance(seen, ranks, state, plan.steps, now, clock, None);
                advanced.and_then(|()| {
                    recording::record(history.as_deref_mut(), ranks, state, then, false)
                })
            }
        };
        if let Err(RunError::GivenUp) = advanced {
            // One rank may have been asked alone.
            let Some((_, stop)) = output.agree(mine, clock.stop(observer)) else {
                break;
            };
            state.abandon()?;
            return Ok((now, stop.ok_or(RunError::GivenUp)?));
        }
        advanced?;
        now = then;
        observer.progress().add(plan.steps);
        if is_snapshot {
            clock.saved();
            if let Some(history) = &mut history {
                history.settle(ranks.comm(), output.has_ended)?;
            }
        }
    }
    Ok((now, Outcome::Done))
}
