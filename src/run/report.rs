//! [`Report`]: the figures of a run.

use super::{budget::Budget, clock::RunClock, options::Outcome, state::Figures};
use crate::{
    comm::Comm,
    cube::{Io, write::WriteTimes},
    dynamics::Steadiness,
    params::End,
    problem::Problem,
};
use diff2d_sys as sys;
use serde::Serialize;
use std::time::Instant;

/// Figures of a finished or stopped run, for `--report`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Interior nodes of the grid × steps since this start; for `rkl2` also × stages.
    pub updates: u64,
    /// Wall time by activity.
    pub seconds: Seconds,
    /// `updates` divided by `seconds.advance` \[1/s\].
    pub updates_per_second: f64,
    /// The fractions of the node updates by their number of operations.
    pub operations: Operations,
    /// The number of threads that advance the fields.
    pub threads: usize,
    /// The number of processes that share the grid.
    pub ranks: usize,
    /// The number of messages that this rank has sent to others.
    pub messages: u64,
    /// Bytes of these messages.
    pub bytes_sent: u64,
    /// The machine.
    pub machine: String,
    /// How a step is computed.
    pub kernel: String,
    /// The tile that a thread advances several steps at once.
    pub tile: String,
    /// How snapshots are written into the file.
    pub io: String,
    /// The location of the state while it is advanced: in memory, or in files from which it passes through memory.
    pub state: String,
    /// Bytes of states read from files and written to files, without snapshots.
    pub bytes_moved: [u64; 2],
    /// How steady the first state is known to be.
    #[serde(flatten)]
    pub steadiness: Steadiness,
    /// Why the run ended before its last snapshot, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<End>,
    /// How the memory of the run was divided.
    pub budget: Option<Budget>,
    /// Warnings on the accuracy of the run, in sentences.
    pub warnings: Vec<String>,
    /// How the run ended.
    #[serde(skip)]
    pub outcome: Outcome,
}

/// The fractions of this rank's node updates that took three, five, and six or more operations, from 0 to 1; all 0 if
/// nothing was computed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[non_exhaustive]
pub struct Operations {
    /// Updates as a quarter of the sum of the neighbours, where the field is smooth.
    pub three: f64,
    /// Updates with an exact product: `r = 1/4` and numbers within a range.
    pub five: f64,
    /// Updates by the defining formula.
    pub six: f64,
}

impl Operations {
    fn of(updates: [u64; 3]) -> Self {
        let total = updates.iter().sum::<u64>().max(1) as f64;
        let [three, five, six] = updates.map(|count| count as f64 / total);
        Self { three, five, six }
    }
}

/// Wall time of a run by activity \[s\]; `write` and `sync` overlap with the advancing of the fields.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[non_exhaustive]
pub struct Seconds {
    /// The whole run, from the start to the last commit.
    pub total: f64,
    /// Allocation of memory, opening of files and the first state.
    pub initialise: f64,
    /// The stepping loop.
    pub advance: f64,
    /// Hashing and writing snapshots, summed over all writer threads.
    pub write: f64,
    /// Making snapshots durable.
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

    /// Adds the number of ranks, and the messages that this rank has sent.
    pub(super) fn of_ranks(mut self, comm: &impl Comm) -> Self {
        let sent = comm.traffic();
        self.ranks = comm.size();
        self.messages = sent.messages;
        self.bytes_sent = sent.bytes;
        self
    }

    /// Adds the budget of the run.
    pub(super) fn within(self, budget: Budget) -> Self {
        let budget = Some(budget);
        Self { budget, ..self }
    }

    /// Adds warnings that were known before the run.
    pub(super) fn after(mut self, warnings: &[String]) -> Self {
        self.warnings.splice(0..0, warnings.iter().cloned());
        self
    }

    /// Adds the times of the writer, and the total time since `since`, the start of the run.
    pub(super) fn written(mut self, io: Io, times: WriteTimes, since: Instant) -> Self {
        self.io = io.to_string();
        self.seconds.write = times.write.as_secs_f64();
        self.seconds.sync = times.sync.as_secs_f64();
        self.seconds.total = since.elapsed().as_secs_f64();
        self
    }

    /// The report of a run without anything to compute.
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
            ended: None,
            budget: None,
            warnings: Vec::new(),
            outcome,
        }
    }
}
