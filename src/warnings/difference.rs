//! What two problems differ by, relative to the sizes of their values.

use crate::{field::Field, problem::Problem};

/// The error, relative to the range of p, below which it is invisible.
const SEEN: f64 = 1e-3;

/// The smallest and the largest value of states, without masked nodes.
pub(super) struct StateRange {
    least: f64,
    most: f64,
}

impl StateRange {
    pub(super) const NONE: Self = Self {
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
    };

    pub(super) fn add(&mut self, problem: &Problem, state: &Field<f64>) {
        self.add_values(&problem.codec().encoded(0, state.as_slice()));
    }

    /// Adds values, among which masked nodes are NaN.
    pub(super) fn add_values(&mut self, values: &[f64]) {
        for &value in values {
            (self.least, self.most) = (self.least.min(value), self.most.max(value));
        }
    }

    pub(super) fn size(&self) -> f64 {
        self.most - self.least
    }

    /// The largest |p|.
    pub(super) fn largest(&self) -> f64 {
        self.least.abs().max(self.most.abs())
    }
}

/// What a problem and another one differ by in their snapshots and rows.
pub(super) struct Differences {
    /// The difference of p.
    pub(super) p: LargestDifference,
    /// The difference of the rates of a record.
    pub(super) rates: LargestDifference,
    /// Whether all was compared that was to be.
    pub(super) is_whole: bool,
}

impl Differences {
    /// Whether p and the rates are visibly the same.
    pub(super) fn are_unseen(&self) -> bool {
        self.p.share <= SEEN && self.rates.share <= SEEN
    }
}

/// The largest difference of p or of a rate.
#[derive(Default)]
pub(super) struct LargestDifference {
    /// The difference, relative to the range of p or to the largest rate.
    pub(super) share: f64,
    pub(super) range: f64,
    /// The step of the first problem with the largest difference.
    pub(super) step: u64,
    /// The index of the rate.
    pub(super) rate: Option<usize>,
}

impl LargestDifference {
    /// The largest difference of values in a range, after a step.
    pub(super) fn of(largest: f64, range: f64, step: u64) -> Self {
        Self {
            share: if largest > 0.0 { largest / range } else { 0.0 },
            range,
            step,
            rate: None,
        }
    }

    /// The error of the first problem relative to the range, if the error of the second one is smaller by the factor
    /// `remainder`.
    pub(super) fn error_by(&self, remainder: f64) -> f64 {
        self.share / (1.0 - remainder)
    }
}
