//! Compares the rates of two problems: what comes in per time through walls, at held nodes, by the source, by decay, and
//! into regions.

use crate::{field::Field, params::RowNumber, physics::fluxes::Fluxes, problem::Problem};

/// The rates of two problems, compared moment by moment.
pub(super) struct ComparedRates {
    fluxes: [Fluxes; 2],
    /// The largest |rate|.
    pub(super) scale: f64,
    /// The largest difference of a rate, its index, and the step after which it is largest.
    pub(super) largest: f64,
    pub(super) rate: usize,
    pub(super) step: u64,
}

impl ComparedRates {
    /// The rates of two problems. `None` if there is no record of rates, or no memory.
    pub(super) fn of(problems: [&Problem; 2]) -> Option<Self> {
        let record = problems[0].params.record.as_ref();
        record.filter(|record| record.has_rates())?;
        let [one, other] = problems.map(|problem| problem.fluxes_of_rows(0..problem.grid.y.nodes));
        Some(Self {
            fluxes: [one.ok()?, other.ok()?],
            scale: 0.0,
            largest: 0.0,
            rate: 0,
            step: 0,
        })
    }

    /// The rates of a state of one of the problems at a time.
    pub(super) fn of_state(&mut self, problem: usize, time: f64, state: &Field<f64>) -> Vec<f64> {
        self.fluxes[problem].at(time, &state.view())
    }

    /// Compares the rates of both problems after a step of the first one.
    pub(super) fn add(&mut self, [rates, others]: [&[f64]; 2], step: u64) {
        for (rate, (one, other)) in rates.iter().zip(others).enumerate() {
            self.scale = self.scale.max(other.abs());
            let difference = (one - other).abs();
            if difference > self.largest {
                (self.largest, self.rate, self.step) = (difference, rate, step);
            }
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
