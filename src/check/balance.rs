//! [`Balance`]: the change of mass during a run, and the flows that explain it.

use super::CheckError;
use crate::{
    params::{RowNumber, SIDES},
    physics::fluxes::{DECAY, SOURCE},
    problem::Problem,
    run::Row,
};

/// The mass at both ends of a run, and all flows that changed it \[density·length²\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// The mass of the initial state, before walls and held nodes overwrite it.
    pub start: f64,
    /// The mass at the end.
    pub end: f64,
    /// The inflow through left, right, bottom and top, or at their fixed nodes; negative for net outflow.
    pub walls: [f64; 4],
    /// The gain from the source.
    pub source: f64,
    /// The inflow at held nodes; negative for net outflow.
    pub held: f64,
    /// The change by decay, which is negative.
    pub decay: f64,
}

impl Balance {
    /// The part of the change that no flow explains: rounding only, if the steps are right.
    #[must_use]
    pub fn unexplained(&self) -> f64 {
        let explained = self.walls.iter().sum::<f64>() + self.source + self.held + self.decay;
        (self.end - self.start) - explained
    }

    /// The errors of the parts on this grid, from those on a grid that is twice as fine: the differences, taken for those of
    /// second order, with a safety factor of 3.
    #[must_use]
    pub(super) fn errors(&self, finer: &Self) -> Self {
        let error = |own: f64, other: f64| 4.0 * (own - other).abs();
        Self {
            start: error(self.start, finer.start),
            end: error(self.end, finer.end),
            walls: [0, 1, 2, 3].map(|side| error(self.walls[side], finer.walls[side])),
            source: error(self.source, finer.source),
            held: error(self.held, finer.held),
            decay: error(self.decay, finer.decay),
        }
    }

    /// The balance of a run from the rows of its totals, the first of which is its beginning, and the last its end.
    ///
    /// # Errors
    /// [`CheckError`] if there are no rows.
    pub(super) fn of_rows(problem: &Problem, rows: &[Row]) -> Result<Self, CheckError> {
        let numbers = RowNumber::of_totals(&problem.params.canonical().held_names());
        let end_rows = rows.first().zip(rows.last());
        let (first_row, last_row) =
            end_rows.ok_or_else(|| CheckError::refused("the run has no row"))?;
        let mut balance = Self {
            start: 0.0,
            end: 0.0,
            walls: [0.0; 4],
            source: 0.0,
            held: 0.0,
            decay: 0.0,
        };
        let mut first_gain = 0.0;
        let pairs = first_row.numbers.iter().zip(&last_row.numbers);
        for ((_, number), (&first_value, &last_value)) in numbers.iter().zip(pairs) {
            if let RowNumber::Gain(_) = number {
                first_gain += first_value;
            }
            match *number {
                RowNumber::Mass => (balance.start, balance.end) = (first_value, last_value),
                RowNumber::Gain(SOURCE) => balance.source = last_value,
                RowNumber::Gain(DECAY) => balance.decay = last_value,
                RowNumber::Gain(side) if side < SIDES.len() => balance.walls[side] = last_value,
                RowNumber::Gain(_) => balance.held += last_value,
                _ => {}
            }
        }
        balance.start -= first_gain;
        Ok(balance)
    }
}
