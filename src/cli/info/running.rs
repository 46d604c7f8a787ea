//! [`Running`]: a run that goes on, as its files show it.

use super::super::number;
use crate::cube::{JournalledArray, Paths};
use serde::Serialize;
use std::{fmt, time::SystemTime};

/// A cube that a process writes at the moment.
#[derive(Serialize)]
pub(super) struct Running {
    /// Seconds since it was begun; of a run that was interrupted, pauses included.
    since_begin: f64,
    /// Seconds since the last commit.
    since_commit: f64,
    /// Snapshots that were committed a second, the first one of each scenario left aside; 0 before there is a second one.
    rate: f64,
    /// Seconds until the last commit, at this rate.
    left: Option<f64>,
}

impl Running {
    /// From the times of the files: the cube is new with every run, the journal grows with every commit.
    pub fn of(array: &JournalledArray) -> Option<Self> {
        let journal = array.journal.as_ref().filter(|_| !array.is_final())?;
        let header = journal.header.as_ref()?;
        let begun = array.path.metadata().ok()?.created().ok()?;
        let paths = Paths::of(&array.path).ok()?;
        let committed = paths.journal.metadata().ok()?.modified().ok()?;
        let now = SystemTime::now();
        let since = |time: SystemTime| now.duration_since(time).unwrap_or_default().as_secs_f64();
        let (since_begin, since_commit) = (since(begun), since(committed));
        // Initial states are there at once.
        let count = header.scenario_count() as u64;
        let computed = journal.committed.total().saturating_sub(count) as f64;
        let to_compute = header.snapshots().saturating_sub(count) as f64;
        let took = since_begin - since_commit;
        let rate = if took > 0.0 { computed / took } else { 0.0 };
        let left = (to_compute - computed) / rate - since_commit;
        Some(Self {
            since_begin,
            since_commit,
            rate,
            left: left.is_finite().then(|| left.max(0.0)),
        })
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [begin, commit] = [self.since_begin, self.since_commit].map(number::seconds);
        write!(f, "begun {begin} ago, last commit {commit} ago")?;
        match self.left {
            Some(left) => write!(f, "; at its pace so far ready in {}", number::seconds(left)),
            None => Ok(()),
        }
    }
}
