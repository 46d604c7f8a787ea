//! [`Record`]: a line of the journal after the first, one committed snapshot.

use super::seal::seal;
use crate::{dynamics::Steadiness, schedule::Clock, summary::Summary};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The place of a snapshot in a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Scenario of a sweep; `None` of a run.
    pub scenario: Option<usize>,
    /// Snapshot of the scenario.
    pub index: u64,
}

impl Slot {
    /// The number of the scenario, 0 of a run.
    #[must_use]
    pub fn scenario(self) -> usize {
        self.scenario.unwrap_or(0)
    }
}

impl From<u64> for Slot {
    /// A snapshot of a run.
    fn from(index: u64) -> Self {
        Self {
            scenario: None,
            index,
        }
    }
}

impl fmt::Display for Slot {
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
pub struct Record {
    /// Scenario of a sweep; the key is absent of a run.
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
    /// Smallest value; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub min: f64,
    /// Largest value; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub max: f64,
    /// Digest of its bytes in the cube, see [`digest`](crate::cube::digest).
    pub sha256: String,
    /// The change per time since the snapshot before, of the last one of a run that ends because it is
    /// steady \[density/time\].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady: Option<f64>,
    /// Of a state that was solved for: what is left of the right side, as a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual: Option<f64>,
    /// The cycles of multigrid that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
}

impl Record {
    /// A record without its digest, which only the bytes in the file can give.
    #[must_use]
    pub fn new(slot: Slot, clock: Clock, summary: Summary) -> Self {
        Self {
            scenario: slot.scenario,
            index: slot.index,
            step: clock.step,
            simtime: clock.simtime,
            mass: summary.mass,
            min: summary.min,
            max: summary.max,
            sha256: String::new(),
            steady: None,
            residual: None,
            cycles: None,
        }
    }

    /// With what is known of how steady the state is.
    #[must_use]
    pub fn with(self, steadiness: Steadiness) -> Self {
        Self {
            steady: steadiness.rate,
            residual: steadiness.residual,
            cycles: steadiness.cycles,
            ..self
        }
    }

    /// Where the snapshot is in the cube.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot {
            scenario: self.scenario,
            index: self.index,
        }
    }

    /// When the snapshot was taken.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock {
            step: self.step,
            simtime: self.simtime,
        }
    }

    /// The line, its newline included.
    #[must_use]
    pub fn line(&self, run_id: &str) -> String {
        seal(self, run_id)
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(value).map(|number| number.unwrap_or(f64::NAN))
}
