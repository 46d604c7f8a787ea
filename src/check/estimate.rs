//! [`Estimate`]: how far a number is from the one that ever finer grids would give.

use serde::Serialize;

/// A number on three grids, each twice as fine as the one before, and what follows from its changes.
///
/// With values `a`, `b`, `c` from coarse to fine the observed order is `log2((b - a)/(c - b))`, and
/// Richardson's extrapolation `c + (c - b)/(2^order - 1)`.
///
/// Source: P. J. Roache, "Perspective: a method for uniform reporting of grid refinement studies",
/// J. Fluids Eng. 116 (1994): the grid convergence index, with a safety factor of 1.25 where the order
/// is observed on three grids and 3 where it is not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// On the coarse, the middle and the fine grid.
    pub values: [f64; 3],
    /// The observed order; none where the changes do not shrink, or are roundings.
    pub order: Option<f64>,
    /// Whether the three values differ by no more than roundings.
    #[serde(rename = "exact")]
    pub is_exact: bool,
    /// What ever finer grids would give.
    pub extrapolated: f64,
    /// What the values may be off by.
    pub errors: [f64; 3],
    /// What the values may be off by at least, because all three grids may be wrong alike.
    #[serde(skip)]
    floor: [f64; 3],
    /// Whether numbers on other grids scatter by more than the three change.
    #[serde(skip)]
    pub(super) scatters: bool,
    /// What the user's own value may be off by beyond that: for other steps, and for want of digits.
    #[serde(skip)]
    apart: f64,
}

/// The order of the scheme.
const FORMAL_ORDER: f64 = 2.0;
/// An observed order above this one is an accident.
const HIGHEST_ORDER: f64 = 2.5;
/// An observed order below this one is no order.
const LEAST_ORDER: f64 = 0.4;
/// Changes below this share of the scale are roundings.
const ROUNDING: f64 = 1e-11;
/// How many times farther from the limit the numbers of nested grids may be than the farthest of others.
const SAFETY: f64 = 1.5;
/// How many times the error of smooth problems something scatters that is not.
const SCATTERED: f64 = 2.0;

impl Estimate {
    /// From values on the coarse, the middle and the fine grid; `scale` is the size of such values.
    #[must_use]
    pub fn new(values: [f64; 3], scale: f64) -> Self {
        let [coarse, middle, fine] = values;
        let (first, second) = (middle - coarse, fine - middle);
        let largest = first.abs().max(second.abs());
        let is_exact = largest <= ROUNDING * scale;
        let order = (!is_exact)
            .then(|| (first / second).log2())
            .filter(|order| *order >= LEAST_ORDER && order.is_finite());
        let (extrapolated, mut errors) = match order {
            Some(order) => {
                let limit = fine + second / (order.min(FORMAL_ORDER).exp2() - 1.0);
                (limit, values.map(|value| 1.25 * (value - limit).abs()))
            }
            None => (fine, [3.0 * largest; 3]),
        };
        if order.is_some_and(|order| order > HIGHEST_ORDER) {
            // What the change before promises of the last one, by second order and its safety factor.
            errors[2] = errors[2].max(first.abs() / 12.0);
        }
        Self {
            values,
            order,
            extrapolated,
            errors,
            is_exact,
            floor: [0.0; 3],
            scatters: false,
            apart: 0.0,
        }
    }

    /// The same where numbers on other grids than the three scatter so far around what these let expect, by the size of
    /// the coarse cells. What is smooth scatters less than the numbers change, and as the square of the spacing; an edge or a jump is
    /// known to within a part of a cell.
    #[must_use]
    pub fn with_scatter(self, scatter: f64, scale: f64) -> Self {
        let floor = SAFETY * scatter;
        let scatters = floor > SCATTERED * self.errors[0] && floor > ROUNDING * scale;
        let order = if scatters { 1 } else { 2 };
        let floor = [0, 1, 2].map(|level| floor / f64::from(1 << (order * level)));
        Self {
            scatters,
            ..self.with_floor(floor, scale)
        }
    }

    /// The same where all three grids may be wrong alike, by so much each.
    #[must_use]
    pub fn with_floor(mut self, floor: [f64; 3], scale: f64) -> Self {
        self.is_exact &= floor.iter().all(|&floor| floor <= ROUNDING * scale);
        for ((error, least), own) in self.errors.iter_mut().zip(floor).zip(&mut self.floor) {
            *error = error.max(least);
            *own = own.max(least);
        }
        self
    }

    /// The same for a run whose steps are others than those of its grid among the three, and change the value by so much; if it is one of
    /// the three with its value there.
    #[must_use]
    pub fn with_run(mut self, own: Option<(usize, f64)>, apart: f64, scale: f64) -> Self {
        if let Some((level, value)) = own {
            self.values[level] = value;
        }
        self.is_exact &= apart <= ROUNDING * scale;
        self.apart += apart;
        self
    }

    /// The same where roundings add so much to the error of the user's own value.
    #[must_use]
    pub fn with_rounding(mut self, rounding: f64) -> Self {
        self.apart += rounding;
        self
    }

    /// What the value on a grid may be off by that is so many times finer than the coarse one.
    #[must_use]
    pub fn error_at(&self, refinement: f64) -> f64 {
        let order = self.order.map_or(0.0, |order| order.min(FORMAL_ORDER));
        let finer = 4.0 / refinement;
        let error = match refinement {
            1.0 => self.errors[0],
            2.0 => self.errors[1],
            4.0 => self.errors[2],
            // The place of a jump is known to within a cell.
            _ => (self.errors[2] * finer.powf(order)).max(self.floor[2] * finer),
        };
        error + self.apart
    }
}

#[cfg(test)]
mod tests {
    use super::Estimate;

    #[test]
    fn second_order_is_observed_and_extrapolated() {
        let values = [1.0 + 0.16, 1.0 + 0.04, 1.0 + 0.01];
        let found = Estimate::new(values, 1.0);
        assert!((found.order.unwrap() - 2.0).abs() < 1e-9);
        assert!((found.extrapolated - 1.0).abs() < 1e-12);
        assert!((found.errors[0] - 1.25 * 0.16).abs() < 1e-12);
        assert!((found.error_at(8.0) - 1.25 * 0.0025).abs() < 1e-12);
    }

    #[test]
    fn a_higher_order_is_not_believed() {
        let found = Estimate::new([16.0, 2.0, 0.25], 1.0);
        assert!((found.order.unwrap() - 3.0).abs() < 1e-9);
        // As by second order, which says more.
        assert!((found.extrapolated - (0.25 - 1.75 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn an_order_that_is_an_accident_promises_no_more_than_the_change_before() {
        let found = Estimate::new([1.0, 2.0, 2.01], 1.0);
        assert!(found.order.unwrap() > 6.0);
        assert!(
            (found.error_at(4.0) - 1.0 / 12.0).abs() < 1e-12,
            "{found:?}"
        );
    }

    #[test]
    fn floors_and_roundings_are_kept() {
        let found = Estimate::new([1.0; 3], 1.0).with_floor([0.4, 0.2, 0.1], 1.0);
        assert!(!found.is_exact);
        assert_eq!(
            [1.0, 2.0, 4.0, 8.0].map(|finer| found.error_at(finer)),
            [0.4, 0.2, 0.1, 0.1]
        );
        assert_eq!(found.with_rounding(1.0).error_at(4.0), 1.1);
    }

    #[test]
    fn changes_that_do_not_shrink_have_no_order_and_three_times_their_size_as_error() {
        for values in [[1.0, 1.1, 1.2], [1.0, 1.1, 1.0], [1.0, 1.0, 1.1]] {
            let found = Estimate::new(values, 1.0);
            assert_eq!(found.order, None, "{values:?}");
            assert!((found.errors[0] - 0.3).abs() < 1e-12, "{found:?}");
        }
        let found = Estimate::new([1.0, 1.0 + 1e-14, 1.0], 1.0);
        assert!(found.is_exact && found.errors[2] < 1e-12);
    }
}
