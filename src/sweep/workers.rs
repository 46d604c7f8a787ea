//! Assigns scenarios to the threads of all ranks.
//!
//! A rank has workers, threads that each compute one scenario at a time, and its calling thread, which exchanges
//! reports with the other ranks every few milliseconds. Each rank reports how many scenarios its workers could begin;
//! all ranks see all reports, and assign the next scenarios in the same order, without further messages.

use super::scenarios::Sweep;
use crate::{
    comm::{Comm, Solo},
    cube::{CubeWriter, Paths, record_file::RecordPlace},
    fault::Fault,
    params::with_precision,
    problem::Problem,
    run::{
        self, Budget, CubeOutput, Decomposition, Exchange, InMemory, Observer, Options, Outcome,
        Output, RunClock, RunError,
    },
    slab::Slab,
};
use crossbeam_channel::{Receiver, unbounded};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The interval between two exchanges of reports.
const EXCHANGE_INTERVAL: Duration = Duration::from_millis(2);
/// The duration of a scenario above which scenarios are only assigned to a free worker.
const LONG_SCENARIO: Duration = Duration::from_millis(100);

/// The threads of a rank.
pub(super) struct Pools {
    /// The threads of the workers; each waits while its solver computes.
    workers: ThreadPool,
    /// A pool of one thread for each worker, because tiles are chosen by the number of threads in a pool.
    solvers: Vec<ThreadPool>,
}

impl Pools {
    /// Starts the threads of `workers` workers.
    ///
    /// # Errors
    /// [`RunError`] if the system refuses them.
    pub(super) fn start(workers: usize) -> Result<Self, RunError> {
        Ok(Self {
            workers: pool(workers)?,
            solvers: (0..workers).map(|_| pool(1)).collect::<Result<_, _>>()?,
        })
    }
}

fn pool(threads: usize) -> Result<ThreadPool, RunError> {
    let built = ThreadPoolBuilder::new().num_threads(threads).build();
    built.map_err(RunError::no_threads)
}

/// The report of a rank on its workers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Demand {
    /// The number of scenarios that the workers could begin.
    wants: usize,
    /// The number of scenarios assigned to the workers and not finished.
    has: usize,
}

/// The workers of a rank, and the data that they share.
pub(super) struct Workers<'a> {
    sweep: &'a Sweep,
    budget: Budget,
    writer: &'a CubeWriter,
    paths: &'a Paths,
    options: &'a Options,
    start: Instant,
    observer: &'a Observer,
    /// The number of finished scenarios, successful or not.
    finished: AtomicUsize,
    /// The duration of the scenario that finished last, in nanoseconds.
    latest: AtomicU64,
    /// The reason why no further scenario is to begin.
    stopped: OnceLock<Outcome>,
    failed: AtomicBool,
    /// The first error of a worker.
    error: OnceLock<RunError>,
}

impl<'a> Workers<'a> {
    /// The workers of a sweep that began at `start`.
    pub(super) fn new(
        sweep: &'a Sweep,
        options: &'a Options,
        budget: Budget,
        writer: &'a CubeWriter,
        paths: &'a Paths,
        start: Instant,
        observer: &'a Observer,
    ) -> Self {
        Self {
            sweep,
            budget,
            writer,
            paths,
            options,
            start,
            observer,
            finished: AtomicUsize::new(0),
            latest: AtomicU64::new(u64::MAX),
            stopped: OnceLock::new(),
            failed: AtomicBool::new(false),
            error: OnceLock::new(),
        }
    }

    /// Collective. Computes the incomplete scenarios, until there are no more or a rank stops or fails. An error is one
    /// of this rank's workers.
    pub(super) fn compute(self, pools: &Pools, comm: &impl Comm) -> Result<Outcome, RunError> {
        let (sender, numbers) = unbounded();
        pools.workers.in_place_scope(|scope| {
            for solver in &pools.solvers {
                let (workers, numbers) = (&self, numbers.clone());
                scope.spawn(move |_| solver.install(|| workers.work(&numbers)));
            }
            self.hand_out(pools.solvers.len(), comm, |number| {
                // Receivers live until the sender is dropped.
                let _ = sender.send(number);
            });
            drop(sender);
        });
        match self.error.into_inner() {
            Some(error) => Err(error),
            None => Ok(self.stopped.get().copied().unwrap_or(Outcome::Done)),
        }
    }

    /// Collective. Exchanges reports until all scenarios are finished, and passes the scenarios of this rank to
    /// `begin`.
    fn hand_out(&self, worker_count: usize, comm: &impl Comm, begin: impl Fn(usize)) {
        let numbers = self.options.claim.part(self.sweep.scenarios().len());
        let mut to_do: VecDeque<usize> = numbers
            .filter(|&number| !self.writer.was_complete(number))
            .collect();
        let exchange = Exchange::new(comm, Some(self.writer));
        let mut begun_count = 0;
        loop {
            let unfinished_count = begun_count - self.finished.load(Ordering::Acquire);
            let demand = Demand {
                wants: (worker_count + self.ahead(worker_count)).saturating_sub(unfinished_count),
                has: unfinished_count,
            };
            if self.writer.has_lost_files() {
                self.stop(Outcome::FilesLost);
            }
            let (failed, stopped) = (self.has_failed(), self.stopped.get().copied());
            let reports = exchange.all_report(failed, stopped, demand);
            if let Some(outcome) = reports.stop {
                self.stop(outcome);
            }
            if reports.failed {
                self.failed.store(true, Ordering::Relaxed);
            }
            // What this rank alone knows by now must not count: the lists of all ranks stay the same.
            if reports.failed || reports.stop.is_some() {
                to_do.clear();
            }
            if to_do.is_empty() && reports.wants.iter().all(|demand| demand.has == 0) {
                return;
            }
            for number in next_of(comm.rank(), &reports.wants, &mut to_do) {
                begin(number);
                begun_count += 1;
            }
            thread::sleep(EXCHANGE_INTERVAL);
        }
    }

    /// The number of scenarios to assign in advance, because the workers would finish that many before the next
    /// exchange.
    fn ahead(&self, workers: usize) -> usize {
        let latest = Duration::from_nanos(self.latest.load(Ordering::Relaxed).max(1));
        if latest > LONG_SCENARIO {
            return 0;
        }
        workers * EXCHANGE_INTERVAL.as_nanos().div_ceil(latest.as_nanos()) as usize
    }

    /// Lets no further scenario begin; if the user has asked to stop, also stops those at work.
    fn stop(&self, outcome: Outcome) {
        if let Outcome::Stopped(number) = outcome {
            self.observer.request_stop(number);
        }
        // The first reason counts.
        let _ = self.stopped.set(outcome);
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Computes scenarios until the channel of their numbers is closed.
    fn work(&self, numbers: &Receiver<usize>) {
        for number in numbers {
            let _finished = CountOnDrop {
                workers: self,
                began: Instant::now(),
            };
            if self.stopped.get().is_some() || self.has_failed() {
                continue;
            }
            match self.compute_one(number) {
                Ok(Outcome::Done) => {}
                Ok(outcome) => self.stop(outcome),
                Err(error) => {
                    let error = match error {
                        RunError::Halt(halt) => {
                            Fault::failed(format!("scenario {number}: {halt}")).into()
                        }
                        error => error,
                    };
                    // The first error counts.
                    let _ = self.error.set(error);
                    self.failed.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    fn compute_one(&self, number: usize) -> Result<Outcome, RunError> {
        let problem = self.sweep.problem(number)?;
        with_precision!(problem.params.precision, T => self.simulate::<T>(&problem, number))
    }

    fn simulate<T: Element>(&self, problem: &Problem, number: usize) -> Result<Outcome, RunError> {
        let elapsed = self.start.elapsed();
        let options = Options {
            max_walltime: (self.options.max_walltime).map(|limit| limit.saturating_sub(elapsed)),
            ..self.options.clone()
        };
        let clock = RunClock::start(problem, &options);
        let (ny, nx) = problem.grid.shape();
        let whole_grid = Decomposition::new(&Solo, Slab::whole(ny), nx);
        let stencil = self.budget.stencil::<T>(problem, options.tile, 1);
        let state = InMemory::new(problem, stencil, &whole_grid)?.within(&self.budget);
        // What is synced is reported by the thread that hands out scenarios.
        let reports = Exchange::new(&Solo, None);
        let run_id = &self.writer.header().run_id;
        let cube = CubeOutput {
            scenario: self.writer.scenario(number),
            record: RecordPlace::of_scenario(self.paths, run_id, number),
            checkpoint: None,
            shorter: None,
        };
        let output = Output::cube(problem, &whole_grid, cube, reports);
        // The progress of one scenario is not that of the sweep.
        let observer = self.observer.with_progress(Progress::default());
        run::simulate(problem, state, output, clock, &observer).map(|(report, _)| report.outcome)
    }
}

/// Takes the next scenarios off the list, one for each rank in turn until none wants more, and returns those of `rank`.
fn next_of(rank: usize, demands: &[Demand], to_do: &mut VecDeque<usize>) -> Vec<usize> {
    let mut wants: Vec<usize> = demands.iter().map(|demand| demand.wants).collect();
    let mut numbers = Vec::new();
    while wants.iter().any(|&wants| wants > 0) {
        for (of, wants) in wants
            .iter_mut()
            .enumerate()
            .filter(|(_, wants)| **wants > 0)
        {
            let Some(number) = to_do.pop_front() else {
                return numbers;
            };
            *wants -= 1;
            if of == rank {
                numbers.push(number);
            }
        }
    }
    numbers
}

/// Counts a scenario as finished, even when its worker panics.
struct CountOnDrop<'a, 'b> {
    workers: &'a Workers<'b>,
    began: Instant,
}

impl Drop for CountOnDrop<'_, '_> {
    fn drop(&mut self) {
        let workers = self.workers;
        let panicked = thread::panicking();
        workers.failed.fetch_or(panicked, Ordering::Relaxed);
        let took = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        workers.latest.store(took, Ordering::Relaxed);
        workers.finished.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_goes_to_one_rank_and_none_gets_more_than_it_wants() {
        let demands = [0, 3, 1].map(|wants| Demand { wants, has: 0 });
        for (scenarios, expected) in [
            (0, [vec![], vec![], vec![]]),
            (2, [vec![], vec![0], vec![1]]),
            (9, [vec![], vec![0, 2, 3], vec![1]]),
        ] {
            for (rank, expected) in expected.into_iter().enumerate() {
                let mut to_do: VecDeque<usize> = (0..scenarios).collect();
                assert_eq!(next_of(rank, &demands, &mut to_do), expected);
                assert_eq!(to_do.front().copied(), (scenarios > 4).then_some(4));
            }
        }
    }
}
