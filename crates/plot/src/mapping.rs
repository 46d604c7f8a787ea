//! [`Mapping`]: where a value lies on the way from the low to the high end of the colours.

use super::{range::Range, ticks::Axis};

/// Where a value lies on the way from the low (0) to the high (1) end of a range: linearly, or by its
/// logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mapping {
    range: Range,
    log: bool,
}

impl Mapping {
    /// Over a range, which is widened if it is a single value. For logarithms both ends are above 0;
    /// where they are not, the range is from 0.1 to 1.
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

impl Axis for Mapping {
    fn ends(&self) -> (f64, f64) {
        (self.range.low(), self.range.high())
    }

    fn is_log(&self) -> bool {
        self.log
    }

    /// Where a value lies: below 0 and above 1 outside the range, NaN where it has no logarithm.
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
