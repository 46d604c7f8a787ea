//! [`Interpolant`]: a function of one number through points, which formulas call by its name.

use std::sync::{Arc, OnceLock};

/// What a function is between two of its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piecewise {
    /// The straight line through them.
    Linear,
    /// The value of the point before.
    Constant,
}

/// What a function is beyond its first and its last point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// Nothing: NaN.
    None,
    /// The value of that point.
    Hold,
    /// The same again, in periods from the first point to the last one.
    Repeat,
}

/// An argument that lies beyond an end by no more than this share of the whole range lies at the end: times are sums.
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
    /// A function that has no points yet, and no values.
    #[must_use]
    pub fn new(name: &str, piecewise: Piecewise, extension: Extension) -> Self {
        Self {
            name: name.to_owned(),
            piecewise,
            extension,
            points: OnceLock::new(),
        }
    }

    /// Its name in formulas.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is beyond its ends.
    #[must_use]
    pub fn extension(&self) -> Extension {
        self.extension
    }

    /// Gives it its points, argument and value, unless it has some: two or more, whose arguments ascend.
    pub fn set(&self, points: Arc<[[f64; 2]]>) {
        let _ = self.points.set(points);
    }

    /// Its points, argument and value.
    #[must_use]
    pub fn points(&self) -> &[[f64; 2]] {
        self.points.get().map_or(&[], |points| points)
    }

    /// The least and the largest argument of its points.
    #[must_use]
    pub fn range(&self) -> Option<[f64; 2]> {
        match self.points() {
            [first, .., last] => Some([first[0], last[0]]),
            _ => None,
        }
    }

    /// The least and the largest value of its points.
    #[must_use]
    pub fn values(&self) -> [f64; 2] {
        let ends = [f64::INFINITY, f64::NEG_INFINITY];
        let points = self.points().iter();
        points.fold(ends, |[least, most], [_, value]| {
            [least.min(*value), most.max(*value)]
        })
    }

    /// Its value; NaN where it has none.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        let [[first, at_first], .., [last, at_last]] = self.points() else {
            return f64::NAN;
        };
        let (length, is_held) = (last - first, self.extension == Extension::Hold);
        let x = match self.extension {
            _ if (*first..=*last).contains(&x) => x,
            Extension::Repeat if x.is_finite() => {
                (first + (x - first).rem_euclid(length)).min(*last)
            }
            _ if x < *first && (is_held || x >= first - NEARLY * length) => return *at_first,
            _ if x > *last && (is_held || x <= last + NEARLY * length) => return *at_last,
            _ => return f64::NAN,
        };
        let points = self.points();
        let above = points.partition_point(|[argument, _]| *argument <= x);
        let Some([from, value]) = above.checked_sub(1).map(|below| points[below]) else {
            return f64::NAN;
        };
        match (points.get(above), self.piecewise) {
            (Some([to, next]), Piecewise::Linear) if x > from => {
                value + (next - value) * ((x - from) / (to - from))
            }
            _ => value,
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
