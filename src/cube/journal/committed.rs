//! [`Committed`]: the number of committed snapshots of each scenario.

use super::{commit::Commit, header::Header};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number of committed snapshots of each scenario, and the last one of each incomplete scenario.
///
/// The snapshots of a scenario are committed in order, so their number also tells which ones they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Committed {
    of_each: Vec<u64>,
    total: u64,
    unfinished: BTreeMap<usize, Commit>,
    last: Option<Commit>,
}

impl Committed {
    /// The counts of `scenarios` scenarios without committed snapshots.
    pub fn none_of(scenarios: usize) -> Self {
        Self {
            of_each: vec![0; scenarios],
            total: 0,
            unfinished: BTreeMap::new(),
            last: None,
        }
    }

    /// Adds a commit if its snapshot is the next one of its scenario, and returns whether it is.
    pub fn add(&mut self, commit: &Commit, header: &Header) -> bool {
        let number = commit.id().scenario();
        let Some(count) = self.of_each.get_mut(number).filter(|n| **n == commit.index) else {
            return false;
        };
        *count += 1;
        self.total += 1;
        if commit.ended.is_some() || *count == header.snapshots_of(number) {
            self.unfinished.remove(&number);
        } else {
            self.unfinished.insert(number, commit.clone());
        }
        self.last = Some(commit.clone());
        true
    }

    /// The number of committed snapshots of all scenarios together.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The number of committed snapshots of a scenario; 0 if there is no such scenario.
    pub fn of(&self, scenario: usize) -> u64 {
        self.of_each.get(scenario).copied().unwrap_or(0)
    }

    /// Whether a scenario has all its snapshots, or has ended with the last one that it has. Ranks agree on it, because rank
    /// 0 reads the journal and sends what is committed.
    #[must_use]
    pub fn is_complete(&self, scenario: usize) -> bool {
        self.of(scenario) > 0 && !self.unfinished.contains_key(&scenario)
    }

    /// The number of scenarios.
    pub fn scenarios(&self) -> usize {
        self.of_each.len()
    }

    /// The snapshot committed last.
    pub fn last(&self) -> Option<&Commit> {
        self.last.as_ref()
    }

    /// The snapshot of a scenario committed last, unless there is none or the scenario is complete.
    pub fn last_of_unfinished(&self, scenario: usize) -> Option<&Commit> {
        self.unfinished.get(&scenario)
    }
}
