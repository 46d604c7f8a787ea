//! [`Report`]: the figures of a run.

use super::{budget::Budget, clock::RunClock, options::Outcome, state::Figures};
use crate::{
    comm::Comm,
    cube::{Io, write::WriteTimes},
    dynamics::Steadiness,
    problem::Problem,
};
use diff2d_sys as sys;
use serde::Serialize;
use std::time::Instant;

/// Figures of a finished or stopped run, for `--report`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Interior nodes of the grid × steps taken since this start; of `rkl2` × their stages.
    pub updates: u64,
    /// Wall time by activity.
    pub seconds: Seconds,
    /// `updates` divided by `seconds.advance` \[1/s\].
    pub updates_per_second: f64,
    /// The shares of the node updates by their number of operations.
    pub operations: Operations,
    /// Threads that advance the fields.
    pub threads: usize,
    /// Processes that share the grid.
    pub ranks: usize,
    /// Messages that this rank has sent to others.
    pub messages: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// The machine.
    pub machine: String,
    /// How a step is computed.
    pub kernel: String,
    /// The tile that a thread advances several steps at once.
    pub tile: String,
    /// How snapshots reach the file.
    pub io: String,
    /// Where the state is while it is advanced: in memory, or in files, from which it passes through memory.
    pub state: String,
    /// Bytes of states read from files and written to them, snapshots not counted.
    pub bytes_moved: [u64; 2],
    /// How steady its first state is known to be.
    #[serde(flatten)]
    pub steadiness: Steadiness,
    /// How its memory was divided.
    pub budget: Option<Budget>,
    /// How the run ended.
    #[serde(skip)]
    pub outcome: Outcome,
}

/// The shares of this rank's node updates that took three, five, and six operations or more, from 0 to 1;
/// all 0 where nothing was computed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[non_exhaustive]
pub struct Operations {
    /// A quarter of the sum of the neighbours: where the field is smooth.
    pub three: f64,
    /// With an exact product: `r = 1/4`, numbers within a range.
    pub five: f64,
    /// As the step is defined.
    pub six: f64,
}

impl Operations {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn of(updates: [u64; 3]) -> Self {
        let all = updates.iter().sum::<u64>().max(1) as f64;
        let [three, five, six] = updates.map(|count| count as f64 / all);
        Self { three, five, six }
    }
}

/// Wall time of a run by activity \[s\]; `write` and `sync` go on while the fields advance.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[non_exhaustive]
pub struct Seconds {
    /// From the start to the last commit.
    pub total: f64,
    /// Memory, files and the first state.
    pub initialise: f64,
    /// The stepping loop.
    pub advance: f64,
    /// Hashing and placing snapshots, all writer threads together.
    pub write: f64,
    /// Making them durable.
    pub sync: f64,
}

impl Report {
    pub(super) fn new(
        problem: &Problem,
        figures: Figures,
        steps: u64,
        clock: &RunClock,
        outcome: Outcome,
    ) -> Self {
        let updates = problem.grid.interior() * steps * problem.stages() as u64;
        let advance = clock.advance.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let updates_per_second = if steps == 0 {
            0.0
        } else {
            updates as f64 / advance
        };
        Self {
            updates,
            seconds: Seconds {
                total: clock.total().as_secs_f64(),
                initialise: clock.initialise.as_secs_f64(),
                advance,
                ..Seconds::default()
            },
            updates_per_second,
            operations: Operations::of(figures.updates),
            kernel: figures.kernel,
            tile: figures.tile,
            state: figures.place,
            bytes_moved: figures.moved,
            steadiness: figures.steadiness,
            ..Self::of_nothing(outcome)
        }
    }

    /// With the number of ranks and the messages that this one has sent.
    pub(super) fn of_ranks(mut self, comm: &impl Comm) -> Self {
        let sent = comm.traffic();
        self.ranks = comm.size();
        self.messages = sent.messages;
        self.bytes_sent = sent.bytes;
        self
    }

    /// With the budget of the run.
    pub(super) fn within(self, budget: Budget) -> Self {
        let budget = Some(budget);
        Self { budget, ..self }
    }

    /// With the times of the writer, and the total `since` the start of the run.
    pub(super) fn written(mut self, io: Io, times: WriteTimes, since: Instant) -> Self {
        self.io = io.to_string();
        self.seconds.write = times.write.as_secs_f64();
        self.seconds.sync = times.sync.as_secs_f64();
        self.seconds.total = since.elapsed().as_secs_f64();
        self
    }

    /// The report of a run that had nothing to compute.
    pub(super) fn of_nothing(outcome: Outcome) -> Self {
        Self {
            updates: 0,
            seconds: Seconds::default(),
            updates_per_second: 0.0,
            operations: Operations::default(),
            threads: rayon::current_num_threads(),
            ranks: 1,
            messages: 0,
            bytes_sent: 0,
            machine: sys::machine_name(),
            kernel: "none".to_owned(),
            tile: "none".to_owned(),
            io: "none".to_owned(),
            state: "none".to_owned(),
            bytes_moved: [0, 0],
            steadiness: Steadiness::default(),
            budget: None,
            outcome,
        }
    }
}
