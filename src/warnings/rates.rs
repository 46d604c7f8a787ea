//! Compares the rates of two problems: what comes in per time through walls, at held nodes, by the source, by decay, and
//! into regions.

use super::difference::LargestDifference;
use crate::{params::RowNumber, physics::fluxes::Fluxes, problem::Problem};

/// What the rates of a problem are read by. `None` if there is no record of rates, or no memory.
pub(super) fn fluxes_of_record(problem: &Problem) -> Option<Fluxes> {
    let record = problem.params.record.as_ref();
    record.filter(|record| record.has_rates())?;
    problem.fluxes_of_rows(0..problem.grid.y.nodes).ok()
}

/// The largest difference of the rates of two problems so far.
#[derive(Default)]
pub(super) struct LargestRates {
    /// The largest |rate|.
    scale: f64,
    /// The largest difference of a rate, its index, and the step after which it is largest.
    largest: f64,
    rate: Option<usize>,
    step: u64,
}

impl LargestRates {
    /// Compares the rates of both problems after a step of the first one.
    pub(super) fn add(&mut self, [rates, others]: [&[f64]; 2], step: u64) {
        for (rate, (one, other)) in rates.iter().zip(others).enumerate() {
            self.scale = self.scale.max(other.abs());
            let difference = (one - other).abs();
            if difference > self.largest {
                (self.largest, self.rate, self.step) = (difference, Some(rate), step);
            }
        }
    }

    /// The largest difference, relative to the largest rate.
    pub(super) fn difference(&self) -> LargestDifference {
        LargestDifference {
            rate: self.rate,
            ..LargestDifference::of(self.largest, self.scale, self.step)
        }
    }
}

/// The name of the column of a rate.
pub(super) fn column_of(problem: &Problem, rate: usize) -> Option<String> {
    let held_names = problem.params.canonical().held_names();
    let numbers = problem.params.record.as_ref()?.numbers(&held_names);
    let column = numbers.into_iter().find(|(_, number)| {
        matches!(number, RowNumber::Rate(index) | RowNumber::RegionRate(index) if *index == rate)
    });
    column.map(|(name, _)| name)
}
