//! [`Estimate`]: the distance of a number from its limit for ever finer grids.

use serde::Serialize;

/// A number on three grids, each twice as fine as the one before, and the error estimated from its changes.
///
/// With values `a`, `b`, `c` from coarse to fine the observed order is `log2((b - a)/(c - b))`, and
/// Richardson's extrapolation `c + (c - b)/(2^order - 1)`.
///
/// Source: P. J. Roache, "Perspective: a method for uniform reporting of grid refinement studies",
/// J. Fluids Eng. 116 (1994): the grid convergence index, with a safety factor of 1.25 where the order
/// is observed on three grids and 3 where it is not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The values on the coarse, the middle and the fine grid.
    pub values: [f64; 3],
    /// The observed order; `None` if the changes do not shrink, or are rounding errors.
    pub order: Option<f64>,
    /// Whether the three values differ only by rounding.
    #[serde(rename = "exact")]
    pub is_exact: bool,
    /// The extrapolated limit for ever finer grids.
    pub extrapolated: f64,
    /// The estimated errors of the values.
    pub errors: [f64; 3],
    /// The least errors of the values, because all three grids may be wrong in the same way.
    #[serde(skip)]
    floor: [f64; 3],
    /// Whether numbers on other grids scatter more than the three values change.
    #[serde(skip)]
    pub(super) scatters: bool,
    /// An additional error of the user's own value, due to different steps and to rounding.
    #[serde(skip)]
    apart: f64,
}

/// The order of the scheme.
const FORMAL_ORDER: f64 = 2.0;
/// The largest observed order that is not an accident.
const HIGHEST_ORDER: f64 = 2.5;
/// The smallest observed order that counts as an order.
const LEAST_ORDER: f64 = 0.4;
/// The fraction of the scale below which changes are rounding errors.
const ROUNDING: f64 = 1e-11;
/// The assumed ratio of the distance from the limit on nested grids to the largest distance on other grids.
const SAFETY: f64 = 1.5;
/// The ratio of the scatter to the error of smooth problems above which a problem counts as scattered.
const SCATTERED: f64 = 2.0;

impl Estimate {
    /// Estimates from values on the coarse, the middle and the fine grid; `scale` is the size of such values.
    #[must_use]
    pub fn new(values: [f64; 3], scale: f64) -> Self {
        let [coarse, middle, fine] = values;
        let (first_change, second_change) = (middle - coarse, fine - middle);
        let largest = first_change.abs().max(second_change.abs());
        let is_exact = largest <= ROUNDING * scale;
        let order = (!is_exact)
            .then(|| (first_change / second_change).log2())
            .filter(|order| *order >= LEAST_ORDER && order.is_finite());
        let (extrapolated, mut errors) = match order {
            Some(order) => {
                let limit = fine + second_change / (order.min(FORMAL_ORDER).exp2() - 1.0);
                (limit, values.map(|value| 1.25 * (value - limit).abs()))
            }
            None => (fine, [3.0 * largest; 3]),
        };
        if order.is_some_and(|order| order > HIGHEST_ORDER) {
            // What the change before promises of the last one, by second order and its safety factor.
            errors[2] = errors[2].max(first_change.abs() / 12.0);
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

    /// Takes the scatter of numbers on other grids into account: their distance from the values that the three grids
    /// predict for them, scaled to the coarse spacing. In smooth problems the scatter is smaller than the changes and
    /// falls with the square of the spacing; the place of an edge or a jump is only known to within a part of a cell.
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

    /// Raises the errors to a common error that all three grids may have.
    #[must_use]
    pub fn with_floor(mut self, floor: [f64; 3], scale: f64) -> Self {
        self.is_exact &= floor.iter().all(|&floor| floor <= ROUNDING * scale);
        for ((error, least), own) in self.errors.iter_mut().zip(floor).zip(&mut self.floor) {
            *error = error.max(least);
            *own = own.max(least);
        }
        self
    }

    /// Takes the user's own steps into account, which change the value by `apart` if they differ from the steps of the
    /// grid. If the grid is the user's own, `own` has its level and the value of the run.
    #[must_use]
    pub fn with_run(mut self, own: Option<(usize, f64)>, apart: f64, scale: f64) -> Self {
        if let Some((level, value)) = own {
            self.values[level] = value;
        }
        self.is_exact &= apart <= ROUNDING * scale;
        self.apart += apart;
        self
    }

    /// Adds the effect of rounding to the error of the user's own value.
    #[must_use]
    pub fn with_rounding(mut self, rounding: f64) -> Self {
        self.apart += rounding;
        self
    }

    /// The estimated error of the value on a grid that is `refinement` times finer than the coarse one.
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
