//! [`Interpolant`]: a function of one number through points, which formulas call by its name.

use super::arithmetic::roundings;
use std::sync::{Arc, OnceLock};

/// The interpolation between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piecewise {
    /// The straight line through the two points.
    Linear,
    /// The value of the point before.
    Constant,
}

/// The values beyond the first and the last point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// No value: NaN.
    None,
    /// The value of the first or last point.
    Hold,
    /// A periodic continuation; the period extends from the first point to the last one.
    Repeat,
}

/// The tolerance of the range of arguments: an argument beyond an end by less than this fraction of the range counts as
/// the end, because times are sums with rounding errors.
const NEARLY: f64 = 1e-9;

/// A function of one number.
#[derive(Debug)]
pub struct Interpolant {
    name: String,
    piecewise: Piecewise,
    extension: Extension,
    points: OnceLock<Arc<[[f64; 2]]>>,
}

impl Interpolant {
    /// A function without points, and therefore without values.
    #[must_use]
    pub fn new(name: &str, piecewise: Piecewise, extension: Extension) -> Self {
        Self {
            name: name.to_owned(),
            piecewise,
            extension,
            points: OnceLock::new(),
        }
    }

    /// The name of the function in formulas.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The interpolation between points.
    #[must_use]
    pub fn piecewise(&self) -> Piecewise {
        self.piecewise
    }

    /// The values beyond the ends.
    #[must_use]
    pub fn extension(&self) -> Extension {
        self.extension
    }

    /// Sets the points of the function, if it has none: at least two pairs of argument and value, with ascending
    /// arguments.
    pub fn set(&self, points: Arc<[[f64; 2]]>) {
        let _ = self.points.set(points);
    }

    /// The points of the function, argument and value.
    #[must_use]
    pub fn points(&self) -> &[[f64; 2]] {
        self.points.get().map_or(&[], |points| points)
    }

    /// The least and the largest argument of the points.
    #[must_use]
    pub fn range(&self) -> Option<[f64; 2]> {
        match self.points() {
            [first, .., last] => Some([first[0], last[0]]),
            _ => None,
        }
    }

    /// The least and the largest value of the points.
    #[must_use]
    pub fn values(&self) -> [f64; 2] {
        let bounds = [f64::INFINITY, f64::NEG_INFINITY];
        let points = self.points().iter();
        points.fold(bounds, |[least, most], [_, value]| {
            [least.min(*value), most.max(*value)]
        })
    }

    /// Whether a periodic continuation begins anew between two arguments, or at one of them.
    pub(super) fn wraps(&self, low: f64, high: f64) -> bool {
        match (self.extension, self.range()) {
            (Extension::Repeat, Some([start, stop])) => {
                let [first, last] = [low, high].map(|x| ((x - start) / (stop - start)).floor());
                first != last
            }
            _ => false,
        }
    }

    /// Whether a piecewise constant function has a point behind the argument `low`, up to `high`, or whether that is
    /// not known.
    pub(super) fn may_step(&self, low: f64, high: f64) -> bool {
        let Some([start, stop]) = self.range() else {
            return true;
        };
        let shift = match self.extension {
            Extension::Repeat => ((low - start) / (stop - start)).floor() * (stop - start),
            Extension::None | Extension::Hold => 0.0,
        };
        let is_between = |x: f64| low < x + shift && x + shift <= high;
        self.wraps(low, high) || self.points().iter().any(|[x, _]| is_between(*x))
    }

    /// The value of the function; NaN if it has none. In a piecewise constant function, an argument that lies below the
    /// argument of a point only by rounding gives the value of the point.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        let [[start, start_value], .., [stop, stop_value]] = self.points() else {
            return f64::NAN;
        };
        let (length, is_held) = (stop - start, self.extension == Extension::Hold);
        let reach = match self.piecewise {
            Piecewise::Linear => 0.0,
            Piecewise::Constant => roundings(x.abs().max(start.abs()).max(stop.abs())),
        };
        let x = match self.extension {
            _ if (*start..=*stop).contains(&x) => x,
            Extension::Repeat if x.is_finite() => {
                (start + (x - start).rem_euclid(length)).min(*stop)
            }
            _ if x < *start && (is_held || x >= start - NEARLY * length) => return *start_value,
            _ if x > *stop && (is_held || x <= stop + NEARLY * length) => return *stop_value,
            _ => return f64::NAN,
        };
        let points = self.points();
        let count = points.partition_point(|[argument, _]| *argument <= x + reach);
        let Some([left, left_value]) = count.checked_sub(1).map(|below| points[below]) else {
            return f64::NAN;
        };
        match (points.get(count), self.piecewise) {
            (Some([right, right_value]), Piecewise::Linear) if x > left => {
                left_value + (right_value - left_value) * ((x - left) / (right - left))
            }
            _ => left_value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(piecewise: Piecewise, extension: Extension) -> Interpolant {
        let function = Interpolant::new("f", piecewise, extension);
        assert!(function.at(1.0).is_nan());
        function.set([[1.0, 5.0], [2.0, 7.0], [4.0, 5.0]].into());
        function
    }

    #[test]
    fn points_have_their_values_and_lines_or_steps_lie_between() {
        for extension in [Extension::None, Extension::Hold, Extension::Repeat] {
            for (piecewise, between) in [(Piecewise::Linear, 6.5), (Piecewise::Constant, 5.0)] {
                let function = function(piecewise, extension);
                let values = [1.0, 1.75, 2.0, 4.0].map(|x| function.at(x));
                assert_eq!(values, [5.0, between, 7.0, 5.0]);
            }
        }
    }

    #[test]
    fn an_argument_that_was_rounded_down_belongs_to_its_point() {
        for extension in [Extension::Hold, Extension::Repeat] {
            let function = Interpolant::new("f", Piecewise::Constant, extension);
            function.set([[0.0, 5.0], [2.1, 7.0], [2.8, 5.0]].into());
            assert_eq!(
                [3.0 * 0.7, 2.0999999, 2.8].map(|x| function.at(x)),
                [7.0, 5.0, 5.0]
            );
        }
        let repeated = Interpolant::new("f", Piecewise::Constant, Extension::Repeat);
        repeated.set([[0.0, 5.0], [0.1, 7.0], [0.7, 5.0]].into());
        // Each is 0.7 or 0.1 beyond whole periods.
        let at = |x: f64| repeated.at(x);
        assert_eq!(
            [3.0 * 0.7, 4.0 * 0.7 + 0.1, 6.0 * 0.7].map(at),
            [5.0, 7.0, 5.0]
        );
    }

    #[test]
    fn beyond_its_ends_it_is_nothing_or_held_or_repeated() {
        let at = |extension, x| function(Piecewise::Linear, extension).at(x);
        for x in [0.5, 4.5, f64::INFINITY, f64::NAN] {
            assert!(at(Extension::None, x).is_nan(), "{x}");
        }
        // Times are sums.
        assert_eq!(at(Extension::None, 4.0 + 1e-12), 5.0);
        assert_eq!(at(Extension::None, 1.0 - 1e-12), 5.0);
        assert_eq!([0.0, 9.0].map(|x| at(Extension::Hold, x)), [5.0; 2]);
        let repeated = [-1.5, 4.5, 5.0, 3e9 + 2.0, -3e9 + 1.0].map(|x| at(Extension::Repeat, x));
        assert_eq!(repeated, [6.0, 6.0, 7.0, 7.0, 5.0]);
        assert!(at(Extension::Repeat, f64::INFINITY).is_nan());
        assert!(at(Extension::Hold, f64::NAN).is_nan());
    }
}
