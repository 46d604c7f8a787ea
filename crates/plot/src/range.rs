//! [`Range`]: the range of values of colours or of an axis; [`Mapping`]: the positions of values in a range.

use super::{
    error::Error,
    reduced::{Extrema, Reduced},
    ticks::TickScale,
    values::Values,
};
use diff2d_sys::Fault;
use std::fmt;
use std::str::FromStr;

/// A range of values with finite ends. The ends are equal for a constant field.
///
/// ```
/// use diff2d_plot::Range;
///
/// let range: Range = "-1.5:2e-3".parse()?;
/// assert_eq!((range.low(), range.high()), (-1.5, 0.002));
/// # Ok::<(), diff2d_plot::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// The range from `low` to `high`; `None` unless both are finite and `low` does not exceed `high`.
    pub fn new(low: f64, high: f64) -> Option<Self> {
        (low.is_finite() && high.is_finite() && low <= high).then_some(Self { low, high })
    }

    /// The range from the smallest to the largest finite number; `None` if no number is finite.
    pub fn spanning(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        numbers
            .into_iter()
            .filter(|number| number.is_finite())
            .fold(None, |range, number| match range {
                None => Self::new(number, number),
                Some(Self { low, high }) => Self::new(low.min(number), high.max(number)),
            })
    }

    /// The range from the smallest to the largest finite value of some fields; `None` if no value is finite.
    ///
    /// # Errors
    /// [`Error::Values`] if a field cannot be read.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a dyn Values>) -> Result<Option<Self>, Error> {
        let extrema = fields.into_iter().map(|field| match field.dimensions() {
            (0, _) | (_, 0) => Ok(Extrema::default()),
            _ => Ok(Reduced::new(field, 1, 1)?.ends()),
        });
        let extrema = extrema.collect::<Result<Vec<_>, Error>>()?.into_iter();
        Ok(Self::spanning(
            extrema.flat_map(|extrema| [extrema.low, extrema.high]),
        ))
    }

    /// The range from -m to m, where m is the largest magnitude of this range.
    #[must_use]
    pub fn symmetric(&self) -> Self {
        let magnitude = self.low.abs().max(self.high.abs());
        Self {
            low: -magnitude,
            high: magnitude,
        }
    }

    /// The low end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The high end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The range for drawing. The range of a constant field is widened around its value.
    pub(super) fn drawn(&self) -> Self {
        if self.low < self.high {
            return *self;
        }
        let half = if self.low == 0.0 {
            0.5
        } else {
            (self.low.abs() / 2.0).max(f64::MIN_POSITIVE)
        };
        Self {
            low: (self.low - half).max(f64::MIN),
            high: (self.high + half).min(f64::MAX),
        }
    }

    /// The position of `value` between the ends of a range for drawing: 0 at the low end, 1 at the high end.
    pub(super) fn fraction(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span.is_finite() {
            (value - self.low) / span
        } else {
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        }
    }
}

impl Default for Range {
    /// The default range from 0 to 1.
    fn default() -> Self {
        Self {
            low: 0.0,
            high: 1.0,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.low, self.high)
    }
}

impl FromStr for Range {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.split_once(':')
            .and_then(|(low, high)| Self::new(low.trim().parse().ok()?, high.trim().parse().ok()?))
            .filter(|range| range.low < range.high)
            .ok_or_else(|| {
                Fault::refused(format!(
                    "'{text}' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1"
                ))
                .into()
            })
    }
}

/// Maps values to their positions between the low end (0) and the high end (1) of a range, linearly or by their
/// logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mapping {
    range: Range,
    log: bool,
}

impl Mapping {
    /// The mapping over a range, which is widened if it is a single value. For logarithms both ends must be above 0;
    /// otherwise the range is from 0.1 to 1.
    pub fn new(range: Range, log: bool) -> Self {
        if !log {
            let range = range.drawn();
            return Self { range, log };
        }
        let (low, high) = (range.low(), range.high());
        let (low, high) = match (low > 0.0, low < high) {
            (true, true) => (low, high),
            (true, false) => (
                (low / 2.0).max(f64::from_bits(1)),
                (high * 2.0).min(f64::MAX),
            ),
            (false, _) => (0.1, 1.0),
        };
        Self {
            range: Range::new(low, high).unwrap_or_default(),
            log,
        }
    }
}

impl TickScale for Mapping {
    fn ends(&self) -> (f64, f64) {
        (self.range.low(), self.range.high())
    }

    fn is_log(&self) -> bool {
        self.log
    }

    /// The position of a value: below 0 or above 1 outside the range, NaN if the value has no logarithm.
    fn fraction(&self, value: f64) -> f64 {
        if !self.log {
            return self.range.fraction(value);
        }
        if value <= 0.0 {
            return f64::NAN;
        }
        let (low, high) = (self.range.low().ln(), self.range.high().ln());
        (value.ln() - low) / (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn ranges_are_read_with_signs_and_exponents() {
        let read = |text: &str| text.parse::<Range>().ok().map(|r| (r.low, r.high));
        assert_eq!(read("0:1"), Some((0.0, 1.0)));
        assert_eq!(read("-3:-1e-3"), Some((-3.0, -0.001)));
        assert_eq!(read(" .5 : 1E+2 "), Some((0.5, 100.0)));
        for bad in [
            "", ":", "1", "1:", ":1", "1:1", "2:1", "0:nan", "0:inf", "a:b", "0:1:2",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_finite_values_count() {
        let one = array![[f64::NAN, -2.0], [f64::INFINITY, 3.0]];
        let two = array![[7.0f32, f32::NEG_INFINITY]];
        let (one, two) = (one.view(), two.view());
        assert_eq!(
            Range::of([&one as &dyn Values, &two]).expect("values"),
            Range::new(-2.0, 7.0)
        );
        let nothing = array![[f64::NAN]];
        assert_eq!(
            Range::of([&nothing.view() as &dyn Values]).expect("values"),
            None
        );
    }

    #[test]
    fn every_range_is_drawn_with_a_width() {
        for value in [0.0, 1.0, -3.5, 5e-324, -1e-310, f64::MAX, f64::MIN] {
            let range = Range {
                low: value,
                high: value,
            }
            .drawn();
            assert!(range.low < range.high, "{value}");
            assert!(range.low.is_finite() && range.high.is_finite());
            let middle = range.fraction(value);
            assert!((0.0..=1.0).contains(&middle), "{value}: {middle}");
        }
        let all = Range {
            low: f64::MIN,
            high: f64::MAX,
        };
        assert_eq!(all.fraction(0.0), 0.5);
    }

    #[test]
    fn decades_have_one_length() {
        let range: Range = "1e-3:1e3".parse().expect("a range");
        let map = Mapping::new(range, true);
        for (value, fraction) in [(1e-3, 0.0), (1.0, 0.5), (1e3, 1.0), (1e6, 1.5)] {
            assert!((map.fraction(value) - fraction).abs() < 1e-14, "{value}");
        }
        assert!(map.fraction(0.0).is_nan() && map.fraction(-1.0).is_nan());
    }

    #[test]
    fn every_range_has_logarithms_with_a_width() {
        for (low, high) in [
            (0.0, 0.0),
            (-3.0, 7.0),
            (5e-324, 5e-324),
            (f64::MAX, f64::MAX),
            (2.0, 2.0),
            (5e-324, f64::MAX),
        ] {
            let map = Mapping::new(Range::new(low, high).expect("a range"), true);
            let (from, to) = map.ends();
            assert!(from > 0.0 && from < to, "{low} {high}");
            assert!(map.fraction(1.0).is_finite());
        }
    }
}
