//! [`Run`]: the options of a run, and how it is started and observed.

use super::{
    carry_out,
    error::RunError,
    observer::{Message, Observer, OnCommit, OnMessage},
    options::{Options, PlannedHalt},
    pool,
    report::Report,
    solution::Solution,
};
use crate::{
    comm::{Comm, Solo, collective},
    cube::{Commit, Io},
    params::with_precision,
    problem::Problem,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Tile;
use diff2d_sys as sys;
use std::{
    env,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
    thread,
    time::Duration,
};

/// A run of a [`Problem`], or of all scenarios of a [`Sweep`](crate::sweep::Sweep), to be started.
///
/// No option changes a bit of the result.
///
/// ```
/// use diff2d::{Outcome, Problem, Run};
///
/// # let directory = tempfile::tempdir()?;
/// # let cube = directory.path().join("p.npy");
/// let text = "D = 1.0\nx1 = -10.0\nx2 = 10.0\ndx = 1.0\nruntime = 3.75\nouttime = 1.25\n";
/// let problem: Problem = text.parse()?;
/// let mut times = Vec::new();
/// let report = Run::new(&problem)
///     .output(&cube)
///     .resume(true)
///     .threads(2)
///     .on_commit(|snapshot| times.push(snapshot.simtime))
///     .start()?;
/// assert_eq!(report.outcome, Outcome::Done);
/// assert_eq!(times, [0.0, 1.25, 2.5, 3.75]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a run does nothing until it is started"]
pub struct Run<'a, W = Problem> {
    pub(crate) work: &'a W,
    pub(crate) options: Options,
    on_commit: Option<OnCommit<'a>>,
    on_message: Option<OnMessage<'a>>,
    progress: Progress,
    stop: Arc<AtomicUsize>,
}

impl<'a, W> Run<'a, W> {
    /// A run that writes no file until [`output`](Self::output) names one.
    pub fn new(work: &'a W) -> Self {
        Self {
            work,
            options: Options {
                halt: held_by_environment(),
                ..Options::default()
            },
            on_commit: None,
            on_message: None,
            progress: Progress::default(),
            stop: Arc::default(),
        }
    }

    /// The cube to write; its name ends in `.npy`.
    pub fn output(mut self, cube: impl Into<PathBuf>) -> Self {
        self.options.output = Some(cube.into());
        self
    }

    /// Whether to continue an unfinished cube. A complete cube is then left as it is; without this option, an existing
    /// cube is an error.
    pub fn resume(mut self, resume: bool) -> Self {
        self.options.claim.resume = resume;
        self
    }

    /// Whether to start over an existing cube of this program, even a complete one.
    pub fn force(mut self, force: bool) -> Self {
        self.options.claim.force = force;
        self
    }

    /// Whether to lock the cube, as is the default. Some filesystems have no locks.
    pub fn lock(mut self, lock: bool) -> Self {
        self.options.claim.no_lock = !lock;
        self
    }

    /// How snapshots are written into the file; chosen by the filesystem if not given.
    pub fn io(mut self, io: impl Into<Option<Io>>) -> Self {
        self.options.claim.io = io.into();
        self
    }

    /// A shorter cube whose parameters differ only in `runtime` and `until`. Its snapshots are copied first, up to one
    /// that ends the run.
    pub fn extend(mut self, shorter: impl Into<Option<PathBuf>>) -> Self {
        self.options.extend = shorter.into();
        self
    }

    /// Further files that the caller reads, such as the parameter file. Like the files named in the parameters, they
    /// are never overwritten by the run, even under another name.
    pub fn reads(mut self, files: impl Into<Vec<PathBuf>>) -> Self {
        self.options.reads = files.into();
        self
    }

    /// [Warnings](Problem::warnings) on the accuracy of the run, which journal, record and report keep.
    pub fn warnings(mut self, warnings: impl Into<Vec<String>>) -> Self {
        self.options.warnings = warnings.into();
        self
    }

    /// The number of threads that compute.
    ///
    /// The default is the size of the current rayon pool. A thread outside any pool takes all processors, divided
    /// evenly among the ranks that share them.
    pub fn threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.options.threads = threads.into();
        self
    }

    /// A limit in bytes for the memory of the run's state and buffers. A larger state is advanced in bands, in a file
    /// beside the cube.
    pub fn memory(mut self, cap: impl Into<Option<u64>>) -> Self {
        self.options.memory = cap.into();
        self
    }

    /// The directory for the file of a state that exceeds the memory limit; by default the directory of the cube. A run
    /// that continues must be given the same directory again.
    pub fn scratch(mut self, directory: impl Into<Option<PathBuf>>) -> Self {
        self.options.scratch = directory.into();
        self
    }

    /// The tile that a thread advances several steps at once; measured or estimated if not given.
    pub fn tile(mut self, tile: impl Into<Option<Tile>>) -> Self {
        self.options.tile = tile.into();
        self
    }

    /// The interval at which a state between two snapshots is made durable; never if not given.
    pub fn checkpoint_every(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.options.checkpoint_every = interval.into();
        self
    }

    /// The wall time by which the run has stopped, durable and resumable; unlimited if not given.
    pub fn max_walltime(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.max_walltime = limit.into();
        self
    }

    /// Stops the run behind a step, durable and resumable. A run that begins behind that step is not stopped; a sweep stops behind
    /// that step of a scenario.
    ///
    /// ```
    /// use diff2d::{Outcome, Problem, Run};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let cube = directory.path().join("p.npy");
    /// let text = "D = 1.0\nx1 = -10.0\nx2 = 10.0\ndx = 1.0\nruntime = 3.75\nouttime = 1.25\n";
    /// let problem: Problem = text.parse()?;
    /// let run = || Run::new(&problem).output(&cube).resume(true);
    /// assert_eq!(run().stop_after(7).start()?.outcome, Outcome::Stopped(0));
    /// assert_eq!(run().start()?.outcome, Outcome::Done);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop_after(mut self, step: impl Into<Option<u64>>) -> Self {
        self.options.halt = step.into().map(PlannedHalt::Stop);
        self
    }

    /// Holds the run behind a step until it is asked to stop or its wall time is over, which does not end before that
    /// step. Tests of stops need no run that lasts long enough: a run that is held cannot end by itself. The environment
    /// variable `DIFF2D_HOLD_AFTER` gives the step for tests of programs.
    pub fn hold_after(mut self, step: impl Into<Option<u64>>) -> Self {
        self.options.halt = step.into().map(PlannedHalt::Hold);
        self
    }

    /// Calls a function with the commit of every snapshot: when it is committed, or when it is reached if no file is
    /// written. With several ranks this happens on rank 0.
    ///
    /// The function is called on a thread of its own, in the order of commits. The run waits for it only at its end.
    pub fn on_commit(mut self, call: impl FnMut(&Commit) + Send + 'a) -> Self {
        self.on_commit = Some(Box::new(call));
        self
    }

    /// Calls a function with every message of the run, on the thread of [`on_commit`](Self::on_commit).
    pub fn on_message(mut self, call: impl FnMut(&Message) + Send + 'a) -> Self {
        self.on_message = Some(Box::new(call));
        self
    }

    /// A counter of the steps taken, with those before a resume; a sweep does not use it.
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// A flag that stops the run, durable and resumable, once it holds a number other than 0 on any rank. The number,
    /// for example of a signal, is part of the outcome.
    pub fn stop_flag(mut self, flag: Arc<AtomicUsize>) -> Self {
        self.stop = flag;
        self
    }

    /// Collective. Calls `work` while another thread calls the functions that observe the run. Where there are no threads,
    /// they are called after the work.
    pub(crate) fn observed<T>(
        self,
        comm: &impl Comm,
        work: impl FnOnce(&'a W, &Options, &Observer) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        let (observer, observations) = Observer::new(self.progress, self.stop);
        let is_observed = self.on_commit.is_some() || self.on_message.is_some();
        let on_commit = self.on_commit.unwrap_or_else(|| Box::new(|_| ()));
        let on_message = self.on_message.unwrap_or_else(|| Box::new(|_| ()));
        if !sys::HAS_THREADS {
            let worked = work(self.work, &self.options, &observer);
            drop(observer);
            observations.pass_on(on_commit, on_message);
            return worked;
        }
        thread::scope(|scope| {
            let started = if is_observed {
                thread::Builder::new()
                    .name("observer".to_owned())
                    .spawn_scoped(scope, move || observations.pass_on(on_commit, on_message))
                    .map(drop)
            } else {
                Ok(())
            };
            collective::all_ok(comm, started.map_err(RunError::no_threads))?;
            let worked = work(self.work, &self.options, &observer);
            // The observing thread ends when it has heard everything.
            drop(observer);
            worked
        })
    }
}

/// The halt of a run whose step stands in the environment.
fn held_by_environment() -> Option<PlannedHalt> {
    let step = env::var("DIFF2D_HOLD_AFTER").ok()?.parse().ok()?;
    Some(PlannedHalt::Hold(step))
}

impl Run<'_> {
    /// Runs the problem in this process.
    ///
    /// # Errors
    /// [`RunError`]; committed snapshots stay committed.
    pub fn start(self) -> Result<Report, RunError> {
        pool::install(self.options.threads, || self.start_on(&Solo))
    }

    /// Runs the problem in this process and keeps its snapshots and its record in memory, with the same bits as in a
    /// cube. No file is written, even if an output is set.
    ///
    /// ```
    /// use diff2d::{Problem, Run, States};
    ///
    /// let text = "D = 1.0\nx1 = -10.0\nx2 = 10.0\ndx = 1.0\nruntime = 3.75\nouttime = 1.25\n";
    /// let problem: Problem = text.parse()?;
    /// let (solution, _) = Run::new(&problem).solve()?;
    /// assert_eq!(solution.times, [0.0, 1.25, 2.5, 3.75]);
    /// let States::F64(p) = solution.states else { panic!() };
    /// assert_eq!(p.len(), 4 * 22 * 22);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RunError`].
    pub fn solve(mut self) -> Result<(Solution, Report), RunError> {
        self.options.output = None;
        let mut solution = Solution::new(self.work, false, None);
        let report = pool::install(self.options.threads, || {
            self.observed(&Solo, |problem, options, observer| {
                with_precision!(problem.params.precision, T => {
                    carry_out::run::<T>(problem, options, &Solo, observer, Some(&mut solution))
                })
                .map(|report| report.after(&options.warnings))
            })
        })?;
        Ok((solution, report))
    }

    /// Collective. Runs the problem on several ranks, each of which calls this with the same problem
    /// and output. Only the calling thread communicates.
    ///
    /// # Errors
    /// [`RunError`], on all ranks or on none; [`RunError::Elsewhere`] if the cause is on another rank.
    ///
    /// # Panics
    /// If ranks call other collective operations in between.
    pub fn start_on(self, comm: &impl Comm) -> Result<Report, RunError> {
        self.observed(comm, |problem, options, observer| {
            with_precision!(problem.params.precision, T => {
                carry_out::run::<T>(problem, options, comm, observer, None)
            })
            .map(|report| report.after(&options.warnings))
        })
    }
}
