//! [`Between`]: finds errors that nested grids may have in common.

use super::{
    CheckError,
    solve::{Value, solve},
};
use crate::{field::Field, problem::Problem};
use diff2d_arrays::progress::Progress;

/// The states on grids between the coarse and the middle one.
///
/// Nested grids have an edge, a jump or a thin layer between the same nodes, and may all miss the same part of it;
/// steps in proportion may all miss the same part of a pulse. If spacings are no multiples of each other, nodes and
/// steps lie elsewhere. In a smooth problem, a number changes from grid to grid like a polynomial of the spacing; the
/// scatter around that polynomial measures the uncertainty.
pub(super) struct Between<'a> {
    problems: &'a [(f64, Problem)],
    states: Vec<Field<f64>>,
}

impl<'a> Between<'a> {
    pub(super) fn solve(
        problems: &'a [(f64, Problem)],
        progress: &Progress,
    ) -> Result<Self, CheckError> {
        let states = problems
            .iter()
            .map(|(_, problem)| solve(problem, progress))
            .collect::<Result<_, _>>()?;
        Ok(Self { problems, states })
    }

    /// The largest distance between a number on these grids and its prediction from the nested grids, divided by the
    /// spacing.
    pub(super) fn scatter(&self, values: [f64; 3], value: Value<'_>) -> f64 {
        let states = self.problems.iter().zip(&self.states);
        states
            .map(|((spacing, problem), state)| {
                let smooth = interpolated(values, *spacing);
                (value(problem, state) - smooth).abs() / spacing
            })
            .fold(0.0, f64::max)
    }
}

/// The value at `spacing` of the parabola through `values`, which belong to the spacings 1, ½ and ¼.
fn interpolated(values: [f64; 3], spacing: f64) -> f64 {
    const AT: [f64; 3] = [1.0, 0.5, 0.25];
    let terms = (0..3).map(|i| {
        let other_places = (0..3).filter(|&k| k != i);
        let factors = other_places.map(|k| (spacing - AT[k]) / (AT[i] - AT[k]));
        values[i] * factors.product::<f64>()
    });
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::interpolated;

    #[test]
    fn a_parabola_of_the_spacing_is_reproduced() {
        let parabola = |h: f64| 3.0 - 2.0 * h + 0.7 * h * h;
        let found = interpolated([1.0, 0.5, 0.25].map(parabola), 0.8);
        assert!((found - parabola(0.8)).abs() < 1e-14);
    }
}
