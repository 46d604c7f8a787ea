//! The run: a problem's time loop from its first state, or the last durable one, to the end.

mod output;
mod pace;
mod report;

pub use report::{Report, Seconds};

use crate::{
    cube::{Claim, CubeError, CubeWriter, Paths, Record, Store, checkpoint},
    field::Field,
    machine,
    params::Precision,
    physics::initial,
    problem::Problem,
    schedule::Clock,
    solver::Solver,
    stencil::{Real, Stencil, Tile},
    tuning,
};
use crossbeam_channel::Sender;
pub(crate) use output::Output;
pub(crate) use pace::Pace;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

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
    /// Steps taken so far.
    pub step: Arc<AtomicU64>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The system has no random numbers.
    #[error("the system gives no random numbers for the run id: {0}")]
    Random(#[from] getrandom::Error),
}

impl RunError {
    /// The fields of so many runs like `problem` are too much for this machine.
    #[must_use]
    pub fn no_memory(problem: &Problem, together: usize) -> Self {
        Self::Memory {
            needed: problem.memory_bytes().saturating_mul(together as u64),
            available: machine::available_memory()
                .map_or_else(|| "fewer".to_owned(), |bytes| bytes.to_string()),
        }
    }
}

/// Runs a problem on the current rayon pool.
///
/// # Errors
/// [`RunError`]; every snapshot that was committed before it stays so.
pub fn run(problem: &Problem, options: &Options, watch: &Watch) -> Result<Report, RunError> {
    match problem.params.precision {
        Precision::F64 => run_in::<f64>(problem, options, watch),
        Precision::F32 => run_in::<f32>(problem, options, watch),
    }
}

/// Takes possession of the output, simulates, and lets go of it when all is durable.
fn run_in<T: Real>(
    problem: &Problem,
    options: &Options,
    watch: &Watch,
) -> Result<Report, RunError> {
    let start = Instant::now();
    let pace = Pace::new(problem, options, watch);
    fits_memory(problem, 1)?;
    let state = allocate::<T>(problem)?;
    let Some(cube) = &options.output else {
        return simulate(
            problem,
            state,
            Output::nowhere(problem, watch),
            pace,
            options.tile,
            watch,
        );
    };
    let paths = Paths::of(cube)?;
    let store = Store::claim(&paths, problem.header()?, options.claim)?;
    if store.is_complete() {
        // Whoever committed the last snapshot may have been killed before tidying up.
        checkpoint::remove(&paths)?;
        return Ok(Report::nothing_to_do(Outcome::AlreadyDone));
    }
    watch.note(&store.describe());
    let io = store.io();
    let writer = CubeWriter::start(store, rayon::current_num_threads(), watch.committed.clone())?;
    let output = Output::cube(writer.lane(0), problem)
        .with_checkpoint(&paths)
        .continuing(options.extend.as_deref());
    let simulated = simulate(problem, state, output, pace, options.tile, watch);
    // An error of the writer comes first: it is what stopped the simulation.
    let (store, times) = writer.finish()?;
    if store.is_complete() {
        checkpoint::remove(&paths)?;
    }
    Ok(simulated?.written(io, times, start))
}

/// The time loop: from the last durable state, or the initial one, to the last step or a stop.
pub(crate) fn simulate<T: Real>(
    problem: &Problem,
    mut state: Field<T>,
    mut output: Output,
    mut pace: Pace,
    tile: Option<Tile>,
    watch: &Watch,
) -> Result<Report, RunError> {
    let schedule = &problem.schedule;
    let durable = output.resume(&mut state)?;
    if durable.is_none() {
        initial::four_peaks(&mut state, &problem.grid, 0);
        output.put(Clock::start(), &state);
    }
    let began = durable.unwrap_or(Clock::start());
    if began.step > 0 {
        watch.note(&format!(
            "continuing after step {} of {}",
            began.step, schedule.nsteps
        ));
    }
    let mut now = began;
    let stencil = Stencil::new(T::from_f64(schedule.r));
    let updates = (schedule.nsteps - began.step).saturating_mul(problem.grid.interior());
    let tile = tile.unwrap_or_else(|| tuning::tile(&stencil, problem.grid.shape(), updates));
    let mut solver =
        Solver::new(stencil.with_tile(tile), state).map_err(|_| RunError::no_memory(problem, 1))?;
    pace.initialised();

    while now.step < schedule.nsteps && output.works() && pace.stop().is_none() {
        let due = schedule.next_due(now.step) - now.step;
        let steps = pace.batch(due, solver.depth());
        pace.time(steps, || solver.advance(steps, &crate::comm::Solo));
        now.tick(steps, schedule.dt);
        watch.step.store(now.step, Ordering::Relaxed);
        if schedule.is_snapshot(now.step) {
            output.put(now, solver.state());
            pace.saved();
        } else if pace.checkpoint_is_due() {
            output.checkpoint(now, solver.state())?;
            pace.saved();
        }
    }
    let outcome = match pace.stop() {
        Some(stopped) if now.step < schedule.nsteps => {
            output.checkpoint(now, solver.state())?;
            stopped
        }
        _ => Outcome::Done,
    };
    Ok(Report::new(
        problem,
        &solver,
        now.step - began.step,
        &pace,
        outcome,
    ))
}

/// A field, where the system has room for it.
pub(crate) fn allocate<T: Real>(problem: &Problem) -> Result<Field<T>, RunError> {
    Field::zeros(problem.grid.shape()).map_err(|_| RunError::no_memory(problem, 1))
}

/// Refuses what does not fit into memory: the system would promise more than it has.
pub(crate) fn fits_memory(problem: &Problem, together: usize) -> Result<(), RunError> {
    let needed = problem.memory_bytes().saturating_mul(together as u64);
    match machine::available_memory() {
        Some(available) if available < needed => Err(RunError::no_memory(problem, together)),
        _ => Ok(()),
    }
}
