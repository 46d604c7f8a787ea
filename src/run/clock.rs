//! [`RunClock`]: the number of steps before the next exchange, and what is due then.

use super::{
    error::RunError,
    observer::Observer,
    options::{Options, Outcome, PlannedHalt},
};
use crate::problem::Problem;
use diff2d_sys::Instant;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest time between two checks of signals and clocks, unless a single pass takes longer.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// A low estimate of the speed of a disk, for the time that the last writes will take \[bytes/s\].
const SLOW_DISK: u64 = 200_000_000;

/// The next action that a rank proposes. All ranks follow the proposal of rank 0.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct NextStop {
    /// Whether to write a checkpoint first.
    pub checkpoint: bool,
    /// The number of steps to take; 0 while the run is held.
    pub steps: u64,
}

/// The wall times and deadlines of a run.
pub(crate) struct RunClock {
    start: Instant,
    /// Wall time until the first step.
    pub(super) initialise: Duration,
    /// Wall time in the stepping loop.
    pub(super) advance: Duration,
    time_of_step: Option<Duration>,
    /// Wall time of the latest batch of steps between two checks.
    last_batch: Duration,
    deadline: Option<Instant>,
    halt: Option<PlannedHalt>,
    checkpoint_every: Option<Duration>,
    last_saved: Instant,
}

impl RunClock {
    /// A clock that starts now.
    pub(crate) fn start(problem: &Problem, options: &Options) -> Self {
        let start = Instant::now();
        let deadline = options.max_walltime.and_then(|limit| {
            let last_writes = Duration::from_millis(100)
                + Duration::from_secs(2 * problem.field_bytes() / SLOW_DISK)
                + limit / 50;
            // Beyond all clocks there is no deadline.
            start.checked_add(limit.saturating_sub(last_writes))
        });
        Self {
            start,
            initialise: Duration::ZERO,
            advance: Duration::ZERO,
            time_of_step: None,
            last_batch: Duration::ZERO,
            deadline,
            halt: options.halt,
            checkpoint_every: options.checkpoint_every,
            last_saved: start,
        }
    }

    /// Records that initialisation has ended and the first step follows.
    pub(super) fn initialised(&mut self) {
        self.initialise = self.start.elapsed();
        self.last_saved = Instant::now();
    }

    /// Records that a state has been handed over to be made durable.
    pub(super) fn saved(&mut self) {
        self.last_saved = Instant::now();
    }

    /// Calls `advance`, which takes `steps` steps, and measures its time.
    pub(super) fn time<R>(&mut self, steps: u64, advance: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let advanced = advance();
        self.took(steps, start.elapsed());
        advanced
    }

    /// Records that `steps` steps took the time `took`.
    pub(super) fn took(&mut self, steps: u64, took: Duration) {
        self.advance += took;
        self.last_batch = took;
        self.time_of_step = Some(took.div_f64(steps as f64));
    }

    /// Wall time since the start.
    pub(super) fn total(&self) -> Duration {
        self.start.elapsed()
    }

    /// The proposal of this rank behind a step, `due` steps before the next snapshot.
    pub(super) fn plan(&self, step: u64, due: u64, pass: u64) -> NextStop {
        let halt_step = self
            .halt
            .map(PlannedHalt::step)
            .filter(|&halt| halt >= step);
        let due = halt_step.map_or(due, |halt| due.min(halt - step));
        NextStop {
            checkpoint: self
                .checkpoint_every
                .is_some_and(|interval| self.last_saved.elapsed() >= interval),
            steps: self.batch(due, pass),
        }
    }

    /// The number of steps, at most `due`, that fit between two checks, in whole passes of `pass` steps.
    fn batch(&self, due: u64, pass: u64) -> u64 {
        let step = self
            .time_of_step
            .map_or(CHECK_INTERVAL.as_nanos(), |time| time.as_nanos().max(1));
        let steps = u64::try_from(CHECK_INTERVAL.as_nanos() / step).unwrap_or(u64::MAX);
        due.min((steps / pass).max(1).saturating_mul(pass))
    }

    /// The reason to stop behind a step, as far as this rank knows one.
    pub(super) fn stop(&self, step: u64, observer: &Observer) -> Option<Outcome> {
        if let Some(number) = observer.stop_requested() {
            return Some(Outcome::Stopped(number));
        }
        if self.is_late(step, Instant::now() + 2 * self.last_batch) {
            return Some(Outcome::OutOfTime);
        }
        matches!(self.halt, Some(PlannedHalt::Stop(last)) if last == step)
            .then_some(Outcome::Stopped(0))
    }

    /// Whether the wall time of a run behind a step is over at a moment.
    fn is_late(&self, step: u64, moment: Instant) -> bool {
        let has_time = matches!(self.halt, Some(PlannedHalt::Hold(held)) if step < held);
        !has_time && self.deadline.is_some_and(|deadline| moment >= deadline)
    }

    /// Gives up the steps that follow a step, as an error, once somebody asks the run to stop or its wall time is over.
    pub(super) fn go_on(&self, step: u64, observer: &Observer) -> Result<(), RunError> {
        let is_late = self.is_late(step, Instant::now());
        if observer.stop_requested().is_some() || is_late {
            Err(RunError::GivenUp)
        } else {
            Ok(())
        }
    }
}
