//! [`Nper`], [`Due`]: the number of steps between snapshots, and the times at which snapshots are due.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, iter, sync::Arc};

/// The largest number of steps, 2⁵³, up to which f64 counts exactly as well.
pub(super) const MOST: u64 = 1 << f64::MANTISSA_DIGITS;
const MOST_STEPS: f64 = MOST as f64;

/// The fraction of a step or an interval that exact times treat as a rounding error.
pub(crate) const NEARLY: f64 = 1e-9;

/// A number of steps, truncated to an integer.
pub(super) fn truncated(steps: f64) -> Option<u64> {
    (steps < MOST_STEPS).then_some(steps as u64)
}

/// The number of steps of `dt` in an interval with exact times: full steps, and a shorter one if there is a remainder.
pub(super) fn steps_in(interval: f64, dt: f64) -> Option<u64> {
    let full_steps = truncated(interval / dt + NEARLY)?;
    let has_remainder = interval - full_steps as f64 * dt > NEARLY * dt;
    Some((full_steps + u64::from(has_remainder)).max(1))
}

/// The number of steps from each snapshot to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Nper {
    /// The number of steps is the same before each snapshot.
    Every(u64),
    /// The step of each snapshot after the first. A journal stores the differences.
    #[serde(serialize_with = "write_steps", deserialize_with = "read_steps")]
    Each(Arc<[u64]>),
}

impl Nper {
    /// Number of snapshots in `nsteps` steps, with the initial state.
    pub fn snapshots(&self, nsteps: u64) -> u64 {
        1 + self.snapshot_at(nsteps).0
    }

    /// The step of a snapshot; behind the last snapshot a number larger than all steps.
    pub fn step_of(&self, index: u64) -> u64 {
        match self {
            Self::Every(nper) => index.saturating_mul(*nper),
            Self::Each(steps) => match index.checked_sub(1) {
                None => 0,
                Some(place) => {
                    let place = usize::try_from(place).unwrap_or(usize::MAX);
                    steps.get(place).copied().unwrap_or(u64::MAX)
                }
            },
        }
    }

    /// The last snapshot at or before a step, and the number of steps since then.
    pub fn snapshot_at(&self, step: u64) -> (u64, u64) {
        match self {
            Self::Every(nper) => (step / nper, step % nper),
            Self::Each(steps) => {
                let index = steps.partition_point(|&snapshot_step| snapshot_step <= step) as u64;
                (index, step - self.step_of(index))
            }
        }
    }

    /// The largest number of steps between two snapshots.
    pub fn most(&self) -> u64 {
        match self {
            Self::Every(nper) => *nper,
            Self::Each(steps) => differences(steps).max().unwrap_or(1),
        }
    }

    /// Whether the steps are invalid: two snapshots at the same step, too many steps in total, or a number of snapshots
    /// that differs from the number of typed times.
    pub(crate) fn contradicts(&self, nsteps: u64, typed_count: Option<usize>) -> bool {
        let is_wrong = match self {
            Self::Every(nper) => *nper == 0 || typed_count.is_some(),
            Self::Each(steps) => {
                let last_step = steps.last().copied().unwrap_or(0);
                let is_complete = last_step == nsteps && typed_count == Some(steps.len());
                !is_complete || differences(steps).any(|steps| steps == 0)
            }
        };
        is_wrong || nsteps >= MOST
    }
}

impl fmt::Display for Nper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(nper) => nper.fmt(f),
            Self::Each(steps) => f.debug_list().entries(differences(steps)).finish(),
        }
    }
}

impl FromIterator<u64> for Nper {
    /// Adds up the numbers of steps between snapshots.
    fn from_iter<I: IntoIterator<Item = u64>>(differences: I) -> Self {
        Self::Each(sums(differences))
    }
}

/// The numbers of steps between consecutive snapshots.
fn differences(steps: &[u64]) -> impl Iterator<Item = u64> {
    let earlier_steps = iter::once(&0).chain(steps);
    let pairs = steps.iter().zip(earlier_steps);
    pairs.map(|(step, earlier_step)| step.saturating_sub(*earlier_step))
}

fn write_steps<S: Serializer>(steps: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(differences(steps))
}

/// The step of each snapshot, from the numbers of steps between consecutive ones.
fn sums(differences: impl IntoIterator<Item = u64>) -> Arc<[u64]> {
    let sums = differences.into_iter().scan(0_u64, |step, steps| {
        *step = step.saturating_add(steps);
        Some(*step)
    });
    sums.collect()
}

fn read_steps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u64]>, D::Error> {
    Vec::<u64>::deserialize(deserializer).map(sums)
}

/// The times at which snapshots are due.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// The course's times, the sums of steps of `dt`.
    Added,
    /// The multiples of an interval after the first snapshot \[time\].
    Multiples(f64),
    /// The given times of the snapshots after the first \[time\].
    At(Arc<[f64]>),
}
