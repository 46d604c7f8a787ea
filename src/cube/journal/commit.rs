//! [`Commit`]: any line of the journal after the first; it stands for one committed snapshot.

use super::{mark::Marks, seal::seal};
use crate::{dynamics::Steadiness, params::End, schedule::Clock, summary::Summary};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The place of a snapshot in a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SnapshotId {
    /// The number of the scenario in a sweep; `None` in a run.
    pub scenario: Option<usize>,
    /// The number of the snapshot within its scenario.
    pub index: u64,
}

impl SnapshotId {
    /// The number of the scenario; 0 in a run.
    #[must_use]
    pub fn scenario(self) -> usize {
        self.scenario.unwrap_or(0)
    }
}

impl From<u64> for SnapshotId {
    /// The place of a snapshot of a run.
    fn from(index: u64) -> Self {
        Self {
            scenario: None,
            index,
        }
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot {}", self.index)?;
        match self.scenario {
            Some(scenario) => write!(f, " of scenario {scenario}"),
            None => Ok(()),
        }
    }
}

/// One committed snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The number of the scenario in a sweep; the key is absent in a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<usize>,
    /// Index along the axis of snapshots.
    pub index: u64,
    /// Steps taken since the initial state.
    pub step: u64,
    /// Simulated time \[time\].
    pub simtime: f64,
    /// `Σ w_j w_i c p dx dy` \[density·length²\]; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub mass: f64,
    /// The smallest value; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub min: f64,
    /// The largest value; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub max: f64,
    /// The digest of the snapshot's bytes in the cube, see [`digest`](crate::cube::digest).
    pub sha256: String,
    /// Why the run ended with the snapshot, if a condition of its parameters made it end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<End>,
    /// The residual of a state that was solved for, relative to the right side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual: Option<f64>,
    /// The number of multigrid cycles of that solution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
    /// The mark of each stream, durable together with the snapshot.
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    pub streams: Marks,
}

impl Commit {
    /// A commit without its digest, which is computed from the bytes in the file.
    #[must_use]
    pub fn new(id: SnapshotId, clock: Clock, summary: Summary) -> Self {
        Self {
            scenario: id.scenario,
            index: id.index,
            step: clock.step,
            simtime: clock.simtime,
            mass: summary.mass,
            min: summary.min,
            max: summary.max,
            sha256: String::new(),
            ended: None,
            residual: None,
            cycles: None,
            streams: Marks::new(),
        }
    }

    /// Adds how steady the state is.
    #[must_use]
    pub fn with(self, steadiness: Steadiness) -> Self {
        Self {
            residual: steadiness.residual,
            cycles: steadiness.cycles,
            ..self
        }
    }

    /// Adds why the run ends with the snapshot, if it does.
    #[must_use]
    pub fn with_end(self, ended: Option<End>) -> Self {
        Self { ended, ..self }
    }

    /// Adds the marks of the streams.
    #[must_use]
    pub fn with_streams(self, streams: Marks) -> Self {
        Self { streams, ..self }
    }

    /// The place of the snapshot in the cube.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        SnapshotId {
            scenario: self.scenario,
            index: self.index,
        }
    }

    /// The step and the time of the snapshot.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock {
            step: self.step,
            simtime: self.simtime,
        }
    }

    /// The commit as a line of the journal, with its newline.
    #[must_use]
    pub fn line(&self, run_id: &str) -> String {
        seal(self, run_id)
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(value).map(|number| number.unwrap_or(f64::NAN))
}
