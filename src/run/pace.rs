//! [`Pace`]: how many steps to take before looking up, and whether to go on at all.

use super::{Options, Outcome, Watch, output::Plan};
use crate::problem::Problem;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The longest time without a look at signals and clocks, where a single pass is shorter.
const ATTENTION: Duration = Duration::from_millis(50);
/// What a disk may be trusted to write when the wall time ends \[bytes/s\].
const SLOW_DISK: u64 = 200_000_000;

/// The clocks of a run.
pub(crate) struct Pace {
    start: Instant,
    /// Wall time until the first step.
    pub(super) initialise: Duration,
    /// Wall time in the stepping loop.
    pub(super) advance: Duration,
    step_takes: Option<Duration>,
    /// Wall time between the last two looks up.
    look_takes: Duration,
    signal: Arc<AtomicUsize>,
    deadline: Option<Instant>,
    checkpoint_every: Option<Duration>,
    last_saved: Instant,
}

impl Pace {
    pub(crate) fn new(problem: &Problem, options: &Options, watch: &Watch) -> Self {
        let start = Instant::now();
        let deadline = options.max_walltime.map(|limit| {
            let to_be_durable = Duration::from_millis(100)
                + Duration::from_secs(2 * problem.field_bytes() / SLOW_DISK)
                + limit / 50;
            start + limit.saturating_sub(to_be_durable)
        });
        Self {
            start,
            initialise: Duration::ZERO,
            advance: Duration::ZERO,
            step_takes: None,
            look_takes: Duration::ZERO,
            signal: Arc::clone(&watch.signal),
            deadline,
            checkpoint_every: options.checkpoint_every,
            last_saved: start,
        }
    }

    pub(super) fn initialised(&mut self) {
        self.initialise = self.start.elapsed();
        self.last_saved = Instant::now();
    }

    pub(super) fn total(&self) -> Duration {
        self.start.elapsed()
    }

    /// What this rank would do next, `due` steps before the next snapshot.
    pub(super) fn plan(&self, due: u64, depth: usize) -> Plan {
        Plan {
            steps: self.batch(due, depth),
            aside: self.checkpoint_is_due(),
            stop: self.stop(),
        }
    }

    /// Of `due` steps as many as fit between two looks up, in whole passes of `depth`.
    fn batch(&self, due: u64, depth: usize) -> u64 {
        let depth = depth as u64;
        let step = self
            .step_takes
            .map_or(ATTENTION.as_nanos(), |takes| takes.as_nanos().max(1));
        let steps = u64::try_from(ATTENTION.as_nanos() / step).unwrap_or(u64::MAX);
        due.min((steps / depth).max(1).saturating_mul(depth))
    }

    pub(super) fn time(&mut self, steps: u64, advance: impl FnOnce()) {
        let start = Instant::now();
        advance();
        let took = start.elapsed();
        self.advance += took;
        self.look_takes = took;
        self.step_takes = Some(took.div_f64(steps as f64));
    }

    /// Why the run should stop now, if it should.
    fn stop(&self) -> Option<Outcome> {
        match self.signal.load(Ordering::Relaxed) {
            0 => {}
            signal => return Some(Outcome::Signalled(signal)),
        }
        let next_look = Instant::now() + 2 * self.look_takes;
        let out_of_time = self.deadline.is_some_and(|deadline| next_look >= deadline);
        out_of_time.then_some(Outcome::OutOfTime)
    }

    /// Whether the last state that was saved is old enough for another to be written aside.
    fn checkpoint_is_due(&self) -> bool {
        self.checkpoint_every
            .is_some_and(|every| self.last_saved.elapsed() >= every)
    }

    pub(super) fn saved(&mut self) {
        self.last_saved = Instant::now();
    }
}
