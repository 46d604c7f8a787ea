//! [`Quantity`]: what a user is given as a number, and [`Largest`]: how far two problems differ in it.

use crate::{
    params::{RowNumber, RowTimes},
    problem::Problem,
};

/// The names of the numbers of a row, and what they are.
pub(super) fn columns(problem: &Problem) -> Vec<(String, RowNumber)> {
    let held_names = problem.params.canonical().held_names();
    let keys = problem.params.record.as_ref();
    keys.map_or_else(Vec::new, |keys| keys.numbers(&held_names))
}

/// A number that users are given: p, or a number of the rows of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantity {
    /// The name in sentences.
    pub(crate) name: String,
    kind: Kind,
}

/// What a number is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A value of p, by the range of p.
    Value,
    /// An amount, by its own range.
    Amount,
    /// What comes in per time, by the largest of its values.
    Rate,
    /// A number that follows from others: what has come in is the sum of rates, and a flux is a rate by a length.
    Derived,
}

impl Quantity {
    /// p, and the numbers of rows in the order of their columns.
    pub(super) fn all(problem: &Problem) -> Vec<Self> {
        let numbers = columns(problem).into_iter().map(|(name, number)| Self {
            name,
            kind: match number {
                RowNumber::Point(_)
                | RowNumber::Min
                | RowNumber::Max
                | RowNumber::RegionMean(_)
                | RowNumber::RegionMin(_)
                | RowNumber::RegionMax(_) => Kind::Value,
                RowNumber::Mass | RowNumber::RegionMass(_) => Kind::Amount,
                RowNumber::Rate(_) | RowNumber::RegionRate(_) => Kind::Rate,
                RowNumber::Gain(_)
                | RowNumber::RegionGain(_)
                | RowNumber::Unexplained
                | RowNumber::Flux(_) => Kind::Derived,
            },
        });
        let p = Self {
            name: "p".to_owned(),
            kind: Kind::Value,
        };
        std::iter::once(p).chain(numbers).collect()
    }

    /// Whether an error of it is one of the range of p.
    pub(crate) fn is_value(&self) -> bool {
        self.kind == Kind::Value
    }

    /// Whether two quantities are measured alike.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// The range of the values of a quantity, and their largest difference in two problems.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) least: f64,
    pub(super) most: f64,
    /// The largest difference, and the step of the first problem after which it is largest.
    pub(super) difference: f64,
    pub(super) step: u64,
}

impl Extent {
    pub(super) const NONE: Self = Self {
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
        difference: 0.0,
        step: 0,
    };

    /// Adds values, among which those of masked nodes are NaN.
    pub(super) fn add(&mut self, values: &[f64]) {
        for &value in values {
            (self.least, self.most) = (self.least.min(value), self.most.max(value));
        }
    }

    /// Adds a difference after a step.
    pub(super) fn differ(&mut self, difference: f64, step: u64) {
        if difference > self.difference {
            (self.difference, self.step) = (difference, step);
        }
    }

    fn range(&self) -> f64 {
        (self.most - self.least).max(0.0)
    }

    fn largest(&self) -> f64 {
        let largest = self.least.abs().max(self.most.abs());
        if largest.is_finite() { largest } else { 0.0 }
    }
}

/// The sizes by which differences of quantities are measured.
pub(super) fn sizes(problem: &Problem, quantities: &[Quantity], extents: &[Extent]) -> Vec<f64> {
    /// The size of p, relative to its largest value, below which it is a rounding.
    const ROUNDING: f64 = 1e-11;
    /// The least size of an amount relative to its largest value, and that of a rate relative to the largest rate.
    const LEAST_SHARE: f64 = 0.05;
    let of_p = &extents[0];
    let range = of_p.range().max(ROUNDING * of_p.largest());
    let pairs = || quantities.iter().zip(extents);
    let rates = pairs().filter(|(quantity, _)| quantity.kind == Kind::Rate);
    let largest_rate = rates.fold(0.0_f64, |most, (_, rate)| most.max(rate.largest()));
    // What the roundings of p make of the flow through all faces.
    let flow =
        of_p.largest() * problem.grid.integral(1.0) * problem.grid.len() as f64 / problem.limit();
    let is_single_row = matches!(
        problem.params.record.as_ref().map(|record| &record.times),
        Some(RowTimes::At(times)) if times.len() == 1
    );
    let sizes = pairs().map(|(quantity, extent)| match quantity.kind {
        Kind::Value => range,
        Kind::Amount if is_single_row => extent.largest(),
        Kind::Amount => extent.range().max(LEAST_SHARE * extent.largest()),
        Kind::Rate => {
            let largest = extent.largest().max(LEAST_SHARE * largest_rate);
            largest.max(ROUNDING * flow)
        }
        Kind::Derived => f64::INFINITY,
    });
    sizes.collect()
}
