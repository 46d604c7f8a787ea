//! The whole run, top to bottom: its resources, its files, and the simulation between the first and the last byte of
//! them.

use super::{
    bands_shape::Shape,
    begin,
    budget::{Budget, SnapshotStorage},
    clock::RunClock,
    columns::digest_of_header,
    decomposition::Decomposition,
    error::RunError,
    exchange::{self, Exchange, on_root},
    in_bands::InBands,
    in_memory::InMemory,
    kept_record::kept_record,
    observer::Observer,
    options::{Options, Outcome},
    output::{CubeOutput, Output},
    pool,
    report::Report,
    setup,
    solution::Solution,
    time_loop::simulate,
};
use crate::{
    comm::{Comm, Topology, collective},
    cube::{
        self, Claim, CubeWriter, Header, Io, Paths, checkpoint,
        record_file::{self, RecordPlace},
    },
    fault::Fault,
    problem::Problem,
};
use diff2d_stencil::{Element, Stencil};
use std::time::Instant;

/// The resources of a run.
struct Means<'a, T: Element, C> {
    problem: &'a Problem,
    options: &'a Options,
    observer: &'a Observer,
    topology: Topology,
    budget: Budget,
    stencil: Stencil<T>,
    ranks: &'a Decomposition<'a, C>,
}

/// Collective. Claims the output, simulates, and returns when everything is durable.
pub(super) fn run<T: Element>(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
    observer: &Observer,
    kept: Option<&mut Solution>,
) -> Result<Report, RunError> {
    let clock = RunClock::start(problem, options);
    // What is to be run, by which threads, and where the state is to be.
    let paths = begin::agree(problem, options, comm)?;
    let topology = Topology::all_gather(comm);
    let joined = pool::join(options.threads, || topology.threads_each());
    collective::all_ok(comm, joined)?;
    let storage = match (&paths, &kept) {
        (Some(_), _) => SnapshotStorage::Cube,
        (None, Some(_)) => SnapshotStorage::Memory,
        (None, None) => SnapshotStorage::Nothing,
    };
    let budget = begin::divide(problem, options, &topology, comm, storage)?;
    let stencil = budget.stencil::<T>(problem, options.tile, comm.size());
    let ranks = setup::decompose(problem, &stencil, &budget, comm);
    let budget = budget.of_rank(problem, ranks.shape().0, ranks.slab().parts());
    collective::all_ok(comm, budget.check(topology.ranks_on_this_machine()))?;
    let means = Means {
        problem,
        options,
        observer,
        topology,
        budget,
        stencil,
        ranks: &ranks,
    };
    match paths {
        Some(paths) => into_cube(means, paths, clock),
        None => into_memory(&means, kept, clock),
    }
}

/// The place of the state of a run.
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
enum StatePlace<'a, T: Element, C> {
    Memory(InMemory<'a, T, C>),
    Bands(Shape),
}

impl<'a, T: Element, C: Comm> Means<'a, T, C> {
    /// Collective. A state in memory.
    fn in_memory(&self) -> Result<InMemory<'a, T, C>, RunError> {
        let state = InMemory::new(self.problem, self.stencil.clone(), self.ranks);
        let state = state.map(|state| state.within(&self.budget));
        collective::all_ok(self.ranks.comm(), state)
    }
}

/// Collective. Simulates without a cube; snapshots are kept in memory or only announced.
fn into_memory<T: Element, C: Comm>(
    means: &Means<'_, T, C>,
    mut kept: Option<&mut Solution>,
    clock: RunClock,
) -> Result<Report, RunError> {
    let &Means {
        problem,
        options,
        observer,
        budget,
        ranks,
        ..
    } = means;
    let state = means.in_memory()?;
    // The rows are kept beside the snapshots, or not at all.
    if kept.is_none() {
        begin::check_record(problem, None, ranks.comm())?;
    }
    match &mut kept {
        Some(kept) => {
            let [snapshots, ny, nx] = problem.cube_shape();
            let room = kept.reserve(snapshots * ny * nx);
            room.map_err(|_| RunError::no_memory(budget.total))?;
        }
        None if problem.params.until.is_some() => {
            let sentence = "until = { steady = … } compares each snapshot with the one before it in the cube, but --no-cube writes no cube: leave one of the two out";
            return Err(Fault::refused(sentence).into());
        }
        None => {}
    }
    let output = match &mut kept {
        Some(solution) => Output::memory(problem, ranks, solution, observer),
        None => Output::nothing(problem, ranks, observer),
    };
    let (report, remains) = simulate(problem, state, output, clock, observer)?;
    if let Some(solution) = kept {
        solution.record = kept_record(problem, &remains.rows, &options.warnings);
    }
    Ok(report.within(budget))
}

/// Collective. Claims the cube and simulates into it.
fn into_cube<T: Element, C: Comm>(
    means: Means<'_, T, C>,
    mut paths: Paths,
    clock: RunClock,
) -> Result<Report, RunError> {
    // The clock began with the run.
    let start = Instant::now() - clock.total();
    let comm = means.ranks.comm();
    let place_of_state = match means.budget.bands {
        None => StatePlace::Memory(means.in_memory()?),
        Some(shape) => StatePlace::Bands(shape),
    };
    begin::check_record(means.problem, Some(&paths), comm)?;
    let Some((writer, io)) = open_cube(&means, &mut paths)? else {
        // An earlier process may have been killed before it had finished the streams.
        on_root(comm, || record_file::finish(&paths, []))?;
        return Ok(Report::of_nothing(Outcome::AlreadyDone).of_ranks(comm));
    };
    let Means {
        problem,
        options,
        observer,
        budget,
        stencil,
        ranks,
        ..
    } = means;
    let reports = Exchange::new(comm, Some(&writer));
    let parameters = digest_of_header(writer.header());
    let place = RecordPlace::of_run(&paths);
    let cube = CubeOutput {
        scenario: writer.scenario(0),
        record: place.with_parameters(parameters, &writer.header().warnings),
        // While fields accumulate, no state between snapshots is kept: an interval begins with its snapshot again.
        checkpoint: problem.fields().is_empty().then_some(&paths),
        shorter: options.extend.as_deref(),
    };
    let output = Output::cube(problem, ranks, cube, reports);
    let simulated = match place_of_state {
        StatePlace::Memory(state) => {
            if comm.size() > 1 {
                observer.decided(format!("halos {} rows deep", ranks.slab().halo()));
            }
            simulate(problem, state, output, clock, observer)
        }
        StatePlace::Bands(shape) => {
            setup::open_scratch(&budget, &paths, writer.header()).and_then(|scratch| {
                let state = InBands::new(problem, stencil, shape, &paths, scratch, observer);
                simulate(problem, state, output, clock, observer)
            })
        }
    };
    // Everything is durable, or an error of the writer comes first: it is what stopped the simulation.
    let finished = exchange::finish(comm, writer, simulated.is_err())?;
    let (report, remains) = simulated?;
    if finished.is_complete {
        on_root(comm, || {
            checkpoint::remove(&paths)?;
            record_file::finish(&paths, remains.streams.all())
        })?;
    }
    Ok(report.written(io, finished.times, start).within(budget))
}

/// Collective. Claims the cube; `None` if it is complete. Nothing is written before the run is known to fit into memory
/// and to have a solution.
fn open_cube<T: Element, C: Comm>(
    means: &Means<'_, T, C>,
    paths: &mut Paths,
) -> Result<Option<(CubeWriter, Io)>, RunError> {
    let Means {
        problem,
        options,
        budget,
        ranks,
        ..
    } = means;
    let comm = ranks.comm();
    let is_solvable = problem.check_balance();
    is_solvable.map_err(|error| RunError::unready(error, budget.total))?;
    if budget.bands.is_some() {
        setup::check_scratch(problem, paths, budget, options.scratch.as_deref())?;
    }
    let former_run = options.scratch.as_ref().and(cube::begun_by(paths));
    let share = ranks.share::<T>();
    let claim = Claim {
        machines: means.topology.machines(),
        ..options.claim
    };
    let load = budget.load;
    let opened = begin::open(
        paths,
        || Header::of_run(problem).map(|header| header.with_warnings(&options.warnings)),
        claim,
        share,
        load,
        comm,
        means.observer,
    )?;
    let Some(directory) = &options.scratch else {
        return Ok(opened);
    };
    let run_id = opened.as_ref().map(|(writer, _)| &writer.header().run_id);
    if let Some(former_run) = &former_run
        && run_id != Some(former_run)
    {
        // The scratch of a run that is complete, or was started over.
        let mut former_paths = paths.clone();
        former_paths.put_scratch_into(directory, former_run);
        on_root(comm, || cube::scratch::remove(&former_paths))?;
    }
    if let Some(run_id) = run_id {
        // A state that an earlier process of the run left beside the cube is given up.
        on_root(comm, || cube::scratch::remove(paths))?;
        paths.put_scratch_into(directory, run_id);
    }
    Ok(opened)
}
