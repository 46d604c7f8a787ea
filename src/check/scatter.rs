//! [`Between`]: what nested grids may all miss alike.

use super::{
    CheckError,
    solve::{Value, solve},
};
use crate::{field::Field, problem::Problem};
use diff2d_arrays::progress::Progress;

/// States on grids between the coarse and the middle one.
///
/// Nested grids place an edge, a jump or something thin between the same nodes, and may all miss the same part of it;
/// steps in proportion may all miss the same part of a pulse. On grids whose spacings are no multiples of each other, nodes and
/// steps lie elsewhere. Where everything is smooth, a number changes from grid to grid as a polynomial of the spacing does; how far
/// numbers scatter around that tells what is left open.
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

    /// How far a number is on the grids between from what its values on the nested ones let expect, each by the share of its spacing.
    pub(super) fn scatter(&self, values: [f64; 3], value: Value<'_>) -> f64 {
        let both = self.problems.iter().zip(&self.states);
        both.map(|((spacing, problem), state)| {
            let smooth = interpolated(values, *spacing);
            (value(problem, state) - smooth).abs() / spacing
        })
        .fold(0.0, f64::max)
    }
}

/// The value at a spacing of the parabola through values at the spacings 1, ½ and ¼.
fn interpolated(values: [f64; 3], spacing: f64) -> f64 {
    const AT: [f64; 3] = [1.0, 0.5, 0.25];
    let weight = |i: usize| -> f64 {
        let others = (0..3).filter(|&k| k != i);
        others
            .map(|k| (spacing - AT[k]) / (AT[i] - AT[k]))
            .product()
    };
    (0..3).map(|i| values[i] * weight(i)).sum()
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
