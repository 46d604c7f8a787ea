//! The run: a problem's time loop from its first state, or the last durable one, to the end.

pub(crate) mod claim;
mod output;
mod pace;
mod report;
pub(crate) mod team;

pub use report::{Report, Seconds};

use crate::{
    comm::Comm,
    cube::{Claim, CubeError, Header, Paths, Record, Solving, checkpoint, journal::Scenario},
    field::Field,
    params::with_precision,
    physics::initial,
    problem::Problem,
    progress::Progress,
    schedule::Clock,
    slab::Slab,
    solver::Solver,
    stencil::{Element, Stencil, Tile},
    sys, tuning,
};
use crossbeam_channel::Sender;
pub(crate) use output::Output;
pub(crate) use pace::Pace;
use serde::{Deserialize, Serialize};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};
pub(crate) use team::Team;

/// How a run is carried out; nothing of it changes a bit of the result.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The cube's name; `None` computes without writing.
    pub output: Option<PathBuf>,
    /// What to do with an output that exists.
    pub claim: Claim,
    /// A cube with the same parameters but `runtime`, whose snapshots are taken over.
    pub extend: Option<PathBuf>,
    /// Write the state aside this often between snapshots.
    pub checkpoint_every: Option<Duration>,
    /// The tile to use; measured or estimated if not given.
    pub tile: Option<Tile>,
    /// Be stopped and durable this long after the start.
    pub max_walltime: Option<Duration>,
}

/// The lines between a run and whoever watches it.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Each snapshot as it is committed (without a cube: reached).
    pub committed: Sender<Record>,
    /// Sentences worth telling.
    pub notes: Sender<String>,
    /// Steps taken of the whole run, those before a resume included.
    pub steps: Progress,
    /// The number of the signal that asks the run to stop, or 0.
    pub signal: Arc<AtomicUsize>,
}

impl Watch {
    pub(crate) fn note(&self, sentence: &str) {
        // Nobody has to listen.
        let _ = self.notes.send(sentence.to_owned());
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// At its last step.
    Done,
    /// It had been done before.
    AlreadyDone,
    /// By a signal of this number; resumable.
    Signalled(usize),
    /// At the end of its wall time; resumable.
    OutOfTime,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Trouble with its files.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// The fields do not fit into memory.
    #[error(
        "the run needs {needed} bytes of memory for its fields and {available} are available: a larger dx or precision = \"f32\" needs less"
    )]
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes available, in words.
        available: String,
    },
    /// The system refuses threads.
    #[error("the system refuses threads: {0}")]
    Threads(std::io::Error),
    /// Ranks of different runs.
    #[error(
        "rank {rank} was started with other parameters than rank 0: all ranks of a run take the same"
    )]
    Disagree {
        /// The first that differs.
        rank: usize,
    },
    /// Machines do not see each other's pages of a map.
    #[error(
        "ranks on several machines cannot write through a memory map, which loses what others write: use --io write or --io single"
    )]
    MapAcrossMachines,
    /// A scenario is computed by one rank, which must write it.
    #[error(
        "ranks on several machines cannot write a sweep where one would have to write for all, as on NFS: start it on one machine, or on a filesystem like Lustre"
    )]
    SweepByOne,
    /// Another rank has failed, and says why.
    #[error("another rank has failed")]
    Elsewhere,
    /// The system has no random numbers.
    #[error("the system gives no random numbers for the run id: {0}")]
    Random(#[from] getrandom::Error),
}

impl RunError {
    /// So many bytes of fields are too much for this machine.
    #[must_use]
    pub fn no_memory(needed: u64) -> Self {
        Self::Memory {
            needed,
            available: sys::available_memory()
                .map_or_else(|| "fewer".to_owned(), |bytes| bytes.to_string()),
        }
    }
}

/// Runs a problem on the current rayon pools of all ranks, which call this together.
///
/// # Errors
/// [`RunError`]; every snapshot that was committed before it stays so.
pub fn run(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
    watch: &Watch,
) -> Result<Report, RunError> {
    with_precision!(problem.params.precision, T => run_in::<T>(problem, options, comm, watch))
}

/// Takes possession of the output, simulates, and lets go of it when all is durable.
fn run_in<T: Element>(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
    watch: &Watch,
) -> Result<Report, RunError> {
    let start = Instant::now();
    let pace = Pace::new(problem, options, watch);
    let files = [options.output.is_some(), options.extend.is_some()];
    team::same_for_all(comm, (Scenario::of(problem), files, options.claim.io))?;
    let stencil = tuned::<T>(problem, options.tile, comm);
    let team = Team::new(comm, slab(problem, &stencil, comm), problem.grid.shape().1);
    let needed = memory::<T>(&team).saturating_mul(team::on_this_host(comm) as u64);
    let state = team.all(fits_memory(needed).and_then(|()| allocate::<T>(&team)))?;
    let Some(cube) = &options.output else {
        let mut output = Output::nowhere(problem, &team, watch);
        return simulate(problem, stencil, state, &mut output, pace, watch);
    };
    let paths = Paths::of(cube)?;
    let threads = rayon::current_num_threads();
    let solving = Solving {
        lanes: 1,
        threads,
        leaves_room: leaves_room(threads, comm),
    };
    let (header, share) = (|| Header::of_run(problem), team.share::<T>());
    let opened = claim::open(&paths, header, options.claim, share, solving, comm, watch)?;
    let Some((writer, io)) = opened else {
        return Ok(Report::nothing_to_do(Outcome::AlreadyDone).of_ranks(comm));
    };
    if comm.size() > 1 {
        watch.note(&format!("halos {} rows deep", team.slab().halo()));
    }
    let mut output = Output::cube(writer.lane(0), problem, &team)
        .with_checkpoint(&paths)
        .continuing(options.extend.as_deref());
    let simulated = simulate(problem, stencil, state, &mut output, pace, watch);
    if simulated.is_ok() {
        output.flush();
    }
    // An error of the writer comes first: it is what stopped the simulation.
    let (complete, times) = team.all(writer.finish().map_err(RunError::from))?;
    if complete {
        checkpoint::remove(&paths)?;
    }
    Ok(simulated?.written(io, times, start))
}

/// The time loop: from the last durable state, or the initial one, to the last step or a stop.
pub(crate) fn simulate<T: Element, C: Comm>(
    problem: &Problem,
    stencil: Stencil<T>,
    mut state: Field<T>,
    output: &mut Output<'_, C>,
    mut pace: Pace,
    watch: &Watch,
) -> Result<Report, RunError> {
    let (schedule, team) = (&problem.schedule, output.team());
    let durable = output.resume(&mut state)?;
    if durable.is_none() {
        initial::four_peaks(&mut state, &problem.grid, team.slab().held().start);
        output.put(Clock::start(), &state);
    }
    let began = durable.unwrap_or(Clock::start());
    if began.step > 0 {
        watch.note(&format!(
            "continuing after step {} of {}",
            began.step, schedule.nsteps
        ));
    }
    watch.steps.add(began.step);
    let mut now = began;
    let solver = Solver::of_slab(stencil, state, team.slab().clone());
    let mut solver = team.all(solver.map_err(|_| RunError::no_memory(memory::<T>(team))))?;
    pace.initialised();

    let mut outcome = Outcome::Done;
    while now.step < schedule.nsteps {
        let due = schedule.next_due(now.step) - now.step;
        let Some(plan) = output.agree(pace.plan(due, solver.depth())) else {
            break;
        };
        if plan.aside || plan.stop.is_some() {
            output.checkpoint(now, solver.state())?;
            pace.saved();
        }
        if let Some(stopped) = plan.stop {
            outcome = stopped;
            break;
        }
        pace.time(plan.steps, || solver.advance(plan.steps, team.comm()));
        now.tick(plan.steps, schedule.dt);
        watch.steps.add(plan.steps);
        if schedule.is_snapshot(now.step) {
            output.put(now, solver.state());
            pace.saved();
        }
    }
    let steps = now.step - began.step;
    Ok(Report::new(problem, &solver, steps, &pace, outcome).of_ranks(team.comm()))
}

/// The step, with the tile to use. Ranks are cut from each other as threads are: their tiles are those
/// of one process with all their threads.
pub(crate) fn tuned<T: Element>(
    problem: &Problem,
    tile: Option<Tile>,
    comm: &impl Comm,
) -> Stencil<T> {
    let stencil = Stencil::new(T::from_f64(problem.schedule.r));
    let (ny, nx) = problem.grid.shape();
    let updates = problem.schedule.nsteps.saturating_mul(problem.grid.len());
    let tile = tile.unwrap_or_else(|| match comm.size() {
        1 => tuning::tile(&stencil, (ny, nx), updates),
        ranks => stencil.tile(ny, nx, ranks * rayon::current_num_threads()),
    });
    stencil.with_tile(tile)
}

/// The rank's part of the grid, with halos as deep as the tiles of all ranks.
fn slab<T: Element>(problem: &Problem, stencil: &Stencil<T>, comm: &impl Comm) -> Slab {
    let (ny, nx) = problem.grid.shape();
    let own = stencil.depth(ny, nx, rayon::current_num_threads());
    let depth = team::gather(comm, own).into_iter().min().unwrap_or(own);
    Slab::new(ny, comm.rank(), comm.size(), depth)
}

/// Bytes of the two fields of a rank.
fn memory<T: Element>(team: &Team<'_, impl Comm>) -> u64 {
    let (rows, columns) = team.shape();
    2 * (rows as u64 * columns as u64 * size_of::<T>() as u64)
}

/// A field, where the system has room for it.
pub(crate) fn allocate<T: Element>(team: &Team<'_, impl Comm>) -> Result<Field<T>, RunError> {
    Field::zeros(team.shape()).map_err(|_| RunError::no_memory(memory::<T>(team)))
}

/// Whether ranks that compute on so many threads each leave a processor to others.
pub(crate) fn leaves_room(threads: usize, comm: &impl Comm) -> bool {
    threads * team::on_these_processors(comm) < sys::threads()
}

/// Refuses what does not fit into memory: the system would promise more than it has.
pub(crate) fn fits_memory(needed: u64) -> Result<(), RunError> {
    match sys::available_memory() {
        Some(available) if available < needed => Err(RunError::no_memory(needed)),
        _ => Ok(()),
    }
}
