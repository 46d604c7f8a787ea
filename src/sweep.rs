//! The sweep: many scenarios into one preallocated cube `(scenarios, snapshots, ny, nx)`.
//!
//! Each scenario is simulated by one thread exactly as a run would do it; threads take the next
//! scenario that is not complete. All write into one cube and one journal, each along its own lane.

use crate::{
    comm::Solo,
    cube::{Claim, CubeWriter, Header, Paths, Solving, Store, journal::Content, share::Share},
    params::{ParamsError, Precision, SweepParams},
    problem::Problem,
    run::{self, Options, Outcome, Output, Pace, Report, RunError, Team, Watch},
    slab::Slab,
    stencil::Real,
};
use std::{
    io, panic,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// The scenarios of a sweep, fully determined.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The keys that differ between scenarios.
    pub varied: Vec<String>,
    /// The scenarios, in the order of the cube's first axis.
    pub problems: Vec<Problem>,
}

impl Sweep {
    /// Reads a sweep file and the parameter file it names.
    ///
    /// # Errors
    /// [`ParamsError`] of the first scenario that cannot be run, or not in the same cube as the first.
    pub fn load(file: &Path) -> Result<Self, ParamsError> {
        let SweepParams { varied, scenarios } = SweepParams::read(file)?;
        let mut problems: Vec<Problem> = Vec::new();
        for (number, raw) in scenarios.iter().enumerate() {
            let problem = Problem::from_raw(raw)?;
            let first = problems.first().unwrap_or(&problem);
            if problem.grid.shape() != first.grid.shape() {
                let ((ny, nx), (ny0, nx0)) = (problem.grid.shape(), first.grid.shape());
                let reason = format!(
                    "scenario {number} then has {ny} × {nx} nodes and scenario 0 has {ny0} × {nx0}; the scenarios of a sweep share one shape"
                );
                return Err(raw.refuse("dx", reason));
            }
            if problem.params.precision != first.params.precision {
                let reason = "the scenarios of a sweep share one precision".to_owned();
                return Err(raw.refuse("precision", reason));
            }
            problems.push(problem);
        }
        let sweep = Self { varied, problems };
        if sweep.cube_bytes() >= 1 << 63 {
            let reason = "the scenarios together are beyond the 2^63 bytes that a file can have";
            return Err(scenarios[0].refuse("outtime", reason.to_owned()));
        }
        Ok(sweep)
    }

    /// `(scenarios, snapshots, ny, nx)`; a scenario with fewer snapshots leaves NaN behind them.
    #[must_use]
    pub fn cube_shape(&self) -> [u64; 4] {
        let (ny, nx) = self.problems[0].grid.shape();
        let snapshots = self
            .problems
            .iter()
            .map(|problem| problem.schedule.snapshots());
        [
            self.problems.len() as u64,
            snapshots.max().unwrap_or(0),
            ny as u64,
            nx as u64,
        ]
    }

    /// Bytes of the cube's data; beyond 64 bits if need be.
    fn cube_bytes(&self) -> u128 {
        let element = self.problems[0].dtype().bytes as u128;
        self.cube_shape()
            .iter()
            .map(|&length| u128::from(length))
            .product::<u128>()
            * element
    }

    /// Line 1 of the journal of a sweep that starts now.
    ///
    /// # Errors
    /// When the system has no random numbers for the run id.
    pub fn header(&self) -> Result<Header, getrandom::Error> {
        let scenarios = self.problems.iter().map(Problem::scenario).collect();
        let content = Content::Sweep { scenarios };
        Header::new(
            self.problems[0].dtype(),
            self.cube_shape().to_vec(),
            content,
        )
    }
}

/// Runs all scenarios that are not complete, `threads` at a time.
///
/// # Errors
/// [`RunError`] of the first scenario that failed; what was committed stays so.
pub fn sweep(
    sweep: &Sweep,
    cube: &Path,
    claim: Claim,
    options: &Options,
    threads: usize,
    watch: &Watch,
) -> Result<Outcome, RunError> {
    let together = threads.min(sweep.problems.len());
    run::fits_memory(
        sweep.problems[0]
            .memory_bytes()
            .saturating_mul(together as u64),
    )?;
    let store = Store::claim(&Paths::of(cube)?, sweep.header()?, claim)?;
    if store.is_complete() {
        return Ok(Outcome::AlreadyDone);
    }
    watch.note(&store.describe());
    let share = Share::whole(store.header.snapshot_bytes());
    let solving = Solving {
        lanes: together,
        threads: 1,
        leaves_room: run::leaves_room(together),
    };
    let writer = CubeWriter::start(store, share, solving, watch.committed.clone())?;
    let next = AtomicUsize::new(0);
    let work = || -> Result<Outcome, RunError> {
        let alone = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .map_err(|refused| RunError::Threads(io::Error::other(refused)))?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(problem) = sweep.problems.get(number) else {
                return Ok(Outcome::Done);
            };
            let report = alone.install(|| match problem.params.precision {
                Precision::F64 => scenario::<f64>(problem, number, &writer, options, watch),
                Precision::F32 => scenario::<f32>(problem, number, &writer, options, watch),
            })?;
            if report.outcome != Outcome::Done {
                return Ok(report.outcome);
            }
        }
    };
    let outcomes: Vec<Result<Outcome, RunError>> = thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, work);
        let workers: Vec<_> = (0..together).map(start).collect();
        let join = |worker: io::Result<thread::ScopedJoinHandle<'_, _>>| match worker {
            Ok(worker) => worker
                .join()
                .unwrap_or_else(|panicked| panic::resume_unwind(panicked)),
            Err(refused) => Err(RunError::Threads(refused)),
        };
        workers.into_iter().map(join).collect()
    });
    // An error of the writer comes first: it is what stopped the scenarios.
    writer.finish()?;
    outcomes
        .into_iter()
        .find(|outcome| !matches!(outcome, Ok(Outcome::Done)))
        .unwrap_or(Ok(Outcome::Done))
}

fn scenario<T: Real>(
    problem: &Problem,
    number: usize,
    writer: &CubeWriter,
    options: &Options,
    watch: &Watch,
) -> Result<Report, RunError> {
    let lane = writer.lane(number);
    let pace = Pace::new(problem, options, watch);
    if lane.is_complete() {
        return Ok(Report::nothing_to_do(Outcome::Done));
    }
    let (ny, nx) = problem.grid.shape();
    let team = Team::new(&Solo, Slab::whole(ny), nx);
    let stencil = run::tuned::<T>(problem, options.tile, &Solo);
    let state = run::allocate(&team)?;
    let mut output = Output::cube(lane, problem, &team);
    run::simulate(problem, stencil, state, &mut output, pace, watch)
}
