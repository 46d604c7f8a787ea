//! [`Running`]: a run that goes on, as its files show it.

use super::super::number;
use diff2d::{JournalledArray, program::cube::Paths};
use serde::Serialize;
use std::{fmt, time::SystemTime};

/// A cube that a process writes at the moment.
#[derive(Serialize)]
pub(super) struct Running {
    /// Seconds since it was begun; of a run that was interrupted, pauses included.
    since_begin: f64,
    /// Seconds since the last commit.
    since_commit: f64,
    /// Snapshots committed a second, without the initial state of each scenario; 0 before there is any.
    rate: f64,
    /// Seconds until the last commit, at this rate.
    left: Option<f64>,
}

impl Running {
    /// Reads the times of the files: the cube is new with every run, the journal grows with every commit.
    pub fn of(array: &JournalledArray) -> Option<Self> {
        let journal = array.journal.as_ref().filter(|_| !array.is_final())?;
        let header = journal.header.as_ref()?;
        let begun = array.path.metadata().ok()?.created().ok()?;
        let paths = Paths::of(&array.path).ok()?;
        let committed = paths.journal.metadata().ok()?.modified().ok()?;
        let present = SystemTime::now();
        let [since_begin, since_commit] = [begun, committed].map(|time| {
            let duration = present.duration_since(time);
            duration.unwrap_or_default().as_secs_f64()
        });
        // Initial states are there at once.
        let count = header.scenario_count() as u64;
        let computed = journal.committed.total().saturating_sub(count) as f64;
        let to_compute = header.snapshots().saturating_sub(count) as f64;
        let computing_time = since_begin - since_commit;
        let rate = if computing_time > 0.0 {
            computed / computing_time
        } else {
            0.0
        };
        let remaining_time = (to_compute - computed) / rate - since_commit;
        Some(Self {
            since_begin,
            since_commit,
            rate,
            left: remaining_time.is_finite().then(|| remaining_time.max(0.0)),
        })
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [since_begin, since_commit] =
            [self.since_begin, self.since_commit].map(number::seconds);
        write!(f, "begun {since_begin} ago, last commit {since_commit} ago")?;
        match self.left {
            Some(left) => write!(f, "; at its pace so far ready in {}", number::seconds(left)),
            None => Ok(()),
        }
    }
}
