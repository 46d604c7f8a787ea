//! [`Slice`]: the indices of an axis that a slice of Python takes.

use super::region::length;
use std::ops::Range;

/// The indices `start`, `start + step`, …, `count` of them: `start:end:step` in Python, forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The first index.
    pub start: u64,
    /// From one index to the next, at least 1.
    pub step: u64,
    /// How many there are.
    pub count: u64,
}

impl Slice {
    /// Every index of a range with a step of 1, every second one with 2. A step of 0 is taken as 1.
    #[must_use]
    pub fn new(range: &Range<u64>, step: u64) -> Self {
        let step = step.max(1);
        Self {
            start: range.start,
            step,
            count: length(range).div_ceil(step),
        }
    }

    /// The index with this number among them.
    #[must_use]
    pub fn index(self, number: u64) -> u64 {
        self.start + number * self.step
    }

    /// All of them.
    pub fn indices(self) -> impl Iterator<Item = u64> {
        (0..self.count).map(move |number| self.index(number))
    }

    /// Whether an index is one of them.
    #[must_use]
    pub fn contains(self, index: u64) -> bool {
        let distance = index.checked_sub(self.start);
        distance.is_some_and(|at| at.is_multiple_of(self.step) && at / self.step < self.count)
    }

    /// The range that they are, unless there are others between them.
    #[must_use]
    pub fn range(self) -> Option<Range<u64>> {
        (self.step == 1 || self.count < 2).then(|| self.start..self.start + self.count)
    }
}
