//! Who computes which scenario.
//!
//! A rank has workers, each a solver of one thread, and its main thread, which meets those of the other
//! ranks every few milliseconds. There all tell how many scenarios they would take, and hand out the
//! next ones in the same order: nobody has to be asked. What the ranks have written since, they report
//! to the root, which keeps the journal.

use super::Sweep;
use crate::{
    comm::{Comm, Solo},
    cube::{
        Claim, CubeWriter, Header, Io, Paths, Solving, commit::Report, digest, journal::Scenario,
        share::Share,
    },
    params::with_precision,
    problem::Problem,
    progress::Progress,
    run::{
        self, Options, Outcome, Output, Pace, RunError, Team, Watch, claim,
        team::{all, gather, on_this_host, same_for_all},
    },
    slab::Slab,
    stencil::Element,
};
use crossbeam_channel::{Receiver, unbounded};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    io, panic,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// From one meeting of the ranks to the next.
const TURN: Duration = Duration::from_millis(2);
/// Scenarios that take longer than so many turns are not handed out before a worker is free.
const LONG: u32 = 50;

/// Runs all scenarios that are not complete, `threads` at a time on every rank, which call this
/// together.
///
/// # Errors
/// [`RunError`] of the first scenario that failed; what was committed stays so.
pub fn sweep(
    sweep: &Sweep,
    cube: &Path,
    claim: Claim,
    options: &Options,
    threads: usize,
    comm: &impl Comm,
    watch: &Watch,
) -> Result<Outcome, RunError> {
    let start = Instant::now();
    let scenarios: Vec<_> = sweep.problems.iter().map(Scenario::of).collect();
    let asked = serde_json::to_vec(&scenarios).unwrap_or_default();
    same_for_all(comm, (digest::of_bytes(&asked), claim.io))?;
    let workers = threads.min(sweep.problems.len());
    let fields = (workers * on_this_host(comm)) as u64;
    let needed = sweep.problems[0].memory_bytes().saturating_mul(fields);
    all(comm, run::fits_memory(needed))?;
    let pool = |_| rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pools: Result<Vec<_>, _> = (0..workers).map(pool).collect();
    let refused = |error| RunError::Threads(io::Error::other(error));
    let pools = all(comm, pools.map_err(refused))?;

    let share = Share::whole(sweep.problems[0].field_bytes());
    let solving = Solving {
        lanes: workers,
        threads: 1,
        leaves_room: run::leaves_room(workers, comm),
    };
    let (paths, header) = (Paths::of(cube)?, || {
        Header::of_sweep(&sweep.problems, sweep.cube_shape())
    });
    let opened = claim::open(&paths, header, claim, share, solving, comm, watch)?;
    let Some((writer, io)) = opened else {
        return Ok(Outcome::AlreadyDone);
    };
    if io == Io::Single && comm.machines() > 1 {
        return Err(RunError::SweepByOne);
    }
    let incomplete = (0..sweep.problems.len()).filter(|&number| !writer.lane(number).is_complete());
    let mut to_do: VecDeque<usize> = incomplete.collect();
    let floor = Floor {
        sweep,
        writer: &writer,
        options,
        watch,
        start,
        finished: AtomicUsize::new(0),
        took: AtomicU64::new(u64::MAX),
        stopped: OnceLock::new(),
        failed: AtomicBool::new(false),
    };
    let (hand_out, orders) = unbounded();
    let worked: Result<(), RunError> = thread::scope(|scope| {
        let start = |pool| {
            let (pool, floor, orders): (&rayon::ThreadPool, _, _) = (pool, &floor, orders.clone());
            let work = move || pool.install(|| floor.work(&orders));
            thread::Builder::new().spawn_scoped(scope, work)
        };
        let hands: Vec<_> = pools.iter().map(start).collect();
        let hired = hands.iter().all(Result::is_ok);
        floor.failed.fetch_or(!hired, Ordering::Relaxed);
        floor.meet(comm, workers, &mut to_do, |number| {
            // Workers wait for orders until nobody gives any.
            let _ = hand_out.send(number);
        });
        drop(hand_out);
        let join = |hand: io::Result<thread::ScopedJoinHandle<'_, _>>| match hand {
            Ok(hand) => hand
                .join()
                .unwrap_or_else(|panicked| panic::resume_unwind(panicked)),
            Err(refused) => Err(RunError::Threads(refused)),
        };
        let ends: Vec<Result<(), RunError>> = hands.into_iter().map(join).collect();
        ends.into_iter().collect()
    });
    let outcome = floor.stopped.get().copied().unwrap_or(Outcome::Done);
    // An error of the writer comes first: it is what stopped the scenarios.
    finish(comm, writer)?;
    all(comm, worked)?;
    Ok(outcome)
}

/// Lets the others report what they have written last before the root commits it.
fn finish(comm: &impl Comm, writer: CubeWriter) -> Result<(), RunError> {
    let reports = writer.reports();
    let finished = if comm.is_root() {
        gather(comm, Vec::<Report>::new())
            .into_iter()
            .for_each(|last| writer.hear(last));
        writer.finish()
    } else {
        let finished = writer.finish();
        gather(comm, reports.try_iter().collect::<Vec<_>>());
        finished
    };
    all(comm, finished.map(|_| ()).map_err(RunError::from))
}

/// What a rank tells the others when they meet.
#[derive(Debug, Serialize, Deserialize)]
struct Turn {
    /// Scenarios that it would take.
    wants: usize,
    /// Scenarios that it has taken and not finished.
    has: usize,
    stopped: Option<Outcome>,
    failed: bool,
    reports: Vec<Report>,
}

/// Where the workers of a rank work.
struct Floor<'a> {
    sweep: &'a Sweep,
    writer: &'a CubeWriter,
    options: &'a Options,
    watch: &'a Watch,
    start: Instant,
    /// Scenarios that are done with.
    finished: AtomicUsize,
    /// Nanoseconds that the last one took.
    took: AtomicU64,
    /// Why no further one is to be begun.
    stopped: OnceLock<Outcome>,
    failed: AtomicBool,
}

impl Floor<'_> {
    /// Meets the other ranks until all scenarios are done with; `give` is called for those that this
    /// rank is to compute.
    fn meet(
        &self,
        comm: &impl Comm,
        workers: usize,
        to_do: &mut VecDeque<usize>,
        give: impl Fn(usize),
    ) {
        let mut given = 0;
        let reports = self.writer.reports();
        loop {
            let has = given - self.finished.load(Ordering::Acquire);
            let mut turns = gather(
                comm,
                Turn {
                    wants: (workers + self.ahead(workers)).saturating_sub(has),
                    has,
                    stopped: self.stopped.get().copied(),
                    failed: self.failed.load(Ordering::Relaxed) || self.writer.has_failed(),
                    reports: reports.try_iter().collect(),
                },
            );
            for turn in &mut turns {
                if comm.is_root() {
                    self.writer.hear(turn.reports.drain(..));
                }
                if let Some(outcome) = turn.stopped {
                    self.stop(outcome);
                }
                if turn.failed {
                    self.failed.store(true, Ordering::Relaxed);
                }
            }
            if self.is_over() {
                to_do.clear();
            }
            if to_do.is_empty() && turns.iter().all(|turn| turn.has == 0) {
                return;
            }
            // One each, until nobody wants more.
            while !to_do.is_empty() && turns.iter().any(|turn| turn.wants > 0) {
                for (rank, turn) in turns.iter_mut().enumerate() {
                    if turn.wants == 0 {
                        continue;
                    }
                    turn.wants -= 1;
                    if let (Some(number), true) = (to_do.pop_front(), rank == comm.rank()) {
                        give(number);
                        given += 1;
                    }
                }
            }
            thread::sleep(TURN);
        }
    }

    /// Scenarios that workers would finish before the next turn: to be at hand then.
    fn ahead(&self, workers: usize) -> usize {
        let took = Duration::from_nanos(self.took.load(Ordering::Relaxed).max(1));
        if took > LONG * TURN {
            return 0;
        }
        workers * TURN.as_nanos().div_ceil(took.as_nanos()) as usize
    }

    /// Begins no further scenario, and asks those at work to stop where a signal does.
    fn stop(&self, outcome: Outcome) {
        if let Outcome::Signalled(signal) = outcome {
            self.watch.signal.store(signal, Ordering::Relaxed);
        }
        // The first reason counts.
        let _ = self.stopped.set(outcome);
    }

    fn is_over(&self) -> bool {
        self.stopped.get().is_some() || self.failed.load(Ordering::Relaxed)
    }

    /// Computes scenarios as they are ordered.
    fn work(&self, orders: &Receiver<usize>) -> Result<(), RunError> {
        let mut worked = Ok(());
        for number in orders {
            let _end = Ends {
                floor: self,
                began: Instant::now(),
            };
            if self.is_over() {
                continue;
            }
            match self.scenario(number) {
                Ok(Outcome::Done) => {}
                Ok(outcome) => self.stop(outcome),
                Err(error) => {
                    self.failed.store(true, Ordering::Relaxed);
                    worked = Err(error);
                }
            }
        }
        worked
    }

    fn scenario(&self, number: usize) -> Result<Outcome, RunError> {
        let problem = &self.sweep.problems[number];
        let elapsed = self.start.elapsed();
        let left = |limit: Duration| limit.saturating_sub(elapsed);
        let options = Options {
            max_walltime: self.options.max_walltime.map(left),
            ..self.options.clone()
        };
        with_precision!(problem.params.precision, T => self.simulate::<T>(problem, number, &options))
    }

    fn simulate<T: Element>(
        &self,
        problem: &Problem,
        number: usize,
        options: &Options,
    ) -> Result<Outcome, RunError> {
        let pace = Pace::new(problem, options, self.watch);
        let (ny, nx) = problem.grid.shape();
        let team = Team::new(&Solo, Slab::whole(ny), nx);
        let stencil = run::tuned::<T>(problem, options.tile, &Solo);
        let state = run::allocate(&team)?;
        let mut output = Output::cube(self.writer.lane(number), problem, &team);
        // The progress of a sweep is not that of its scenarios.
        let watch = Watch {
            steps: Progress::default(),
            ..self.watch.clone()
        };
        run::simulate(problem, stencil, state, &mut output, pace, &watch)
            .map(|report| report.outcome)
    }
}

/// Counts a scenario as done with, however its worker ends.
struct Ends<'a, 'b> {
    floor: &'a Floor<'b>,
    began: Instant,
}

impl Drop for Ends<'_, '_> {
    fn drop(&mut self) {
        let floor = self.floor;
        floor
            .failed
            .fetch_or(thread::panicking(), Ordering::Relaxed);
        let took = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        floor.took.store(took, Ordering::Relaxed);
        floor.finished.fetch_add(1, Ordering::Release);
    }
}
