//! Compensated arithmetic: sums and variances whose rounding errors are accumulated and added at the end.

use std::ops::{Add, Div, Mul, Sub};

/// A number as the unevaluated sum `hi + lo` of two doubles, with about twice their digits.
///
/// Adding n numbers leaves an error of at most `n² 2⁻¹⁰⁴ Σ|x|` before the one final rounding of [`value`](Self::value).
/// The result is the correctly rounded exact sum, except for about one in a million sums that lie close to the midpoint
/// of two doubles. A sum that overflows, or contains infinities or NaN, equals the result of plain addition.
///
/// Source: Ogita, Rump and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005),
/// algorithm 4.4 (Sum2), with algorithm 3.1 (Knuth's TwoSum).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DoubleDouble {
    /// The sum by plain addition.
    pub hi: f64,
    /// The sum of the rounding errors of `hi`.
    pub lo: f64,
}

impl DoubleDouble {
    /// The sum, rounded once.
    #[must_use]
    #[inline(always)]
    pub fn value(self) -> f64 {
        let sum = self.hi + self.lo;
        // Once hi overflows, lo is NaN.
        if self.hi.is_finite() { sum } else { self.hi }
    }

    /// This number with the nearest double as its `hi`.
    #[inline(always)]
    pub(crate) fn normalised(self) -> Self {
        Self::from(self.hi) + self.lo
    }
}

impl Add<f64> for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn add(self, x: f64) -> Self {
        let hi = self.hi + x;
        let x_rounded = hi - self.hi;
        let error = (self.hi - (hi - x_rounded)) + (x - x_rounded);
        Self {
            hi,
            lo: self.lo + error,
        }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let sum = self + other.hi;
        Self {
            hi: sum.hi,
            lo: sum.lo + other.lo,
        }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + Self {
            hi: -other.hi,
            lo: -other.lo,
        }
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    /// The product; the `lo` of both factors must be small beside their `hi`.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let hi = self.hi * other.hi;
        let error = self.hi.mul_add(other.hi, -hi);
        Self {
            hi,
            lo: error + (self.hi * other.lo + self.lo * other.hi),
        }
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    /// The quotient of two numbers, which are normalised first because [`mul`](Self::mul) needs that.
    fn div(self, divisor: Self) -> Self {
        let [dividend, divisor] = [self, divisor].map(Self::normalised);
        let quotient = Self::from(dividend.hi / divisor.hi);
        let remainder = dividend - quotient * divisor;
        (quotient + remainder.value() / divisor.hi).normalised()
    }
}

impl From<f64> for DoubleDouble {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Self { hi: value, lo: 0.0 }
    }
}

impl From<i128> for DoubleDouble {
    fn from(value: i128) -> Self {
        let hi = value as f64;
        Self {
            hi,
            lo: value.wrapping_sub(hi as i128) as f64,
        }
    }
}

/// The mean of some values and the sum of their squared deviations from it (M2 in the literature). The caller keeps
/// their number.
///
/// The squared deviations have a relative error of a few units in the last place, whatever the number
/// of values and however far the mean lies from zero.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SquaredDeviations {
    /// `Σx / n`.
    pub mean: DoubleDouble,
    /// `Σ(x - mean)²`; NaN if a value is NaN or infinite, infinite if the sum overflows.
    pub sum: DoubleDouble,
}

impl SquaredDeviations {
    /// Mean and squared deviations of a single value.
    #[must_use]
    #[inline(always)]
    pub fn of_one(value: f64) -> Self {
        Self {
            mean: value.into(),
            sum: (0.0 * value).abs().into(),
        }
    }

    /// Mean and squared deviations of the `n` values of `self` and the `m` values of `other` together.
    ///
    /// Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
    /// sample variances", COMPSTAT 1982, equation 2.1.
    #[must_use]
    #[inline(always)]
    pub fn merge(self, n: f64, other: Self, m: f64) -> Self {
        let weight = m / (n + m);
        let distance = (other.mean.hi - self.mean.hi) + (other.mean.lo - self.mean.lo);
        let between_groups = distance * distance * (n * weight);
        // A mean that overflows is NaN from the next merge on. The sum is then infinite already, or
        // NaN if a value is, so that a NaN between the groups says nothing new.
        let between_groups = if between_groups > 0.0 {
            between_groups
        } else {
            0.0
        };
        Self {
            mean: self.mean + distance * weight,
            sum: self.sum + other.sum + between_groups,
        }
    }

    /// `Σ(x - mean)² / n`, infinite like NumPy's if `Σx` overflows, and NaN if a value is NaN or
    /// infinite.
    #[must_use]
    #[inline(always)]
    pub fn variance(self, n: f64) -> f64 {
        let variance = self.sum.value() / n;
        if (self.mean.hi * n).is_finite() {
            variance
        } else {
            variance + f64::INFINITY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_cancellation_leaves() {
        let sum = |values: &[f64]| {
            values
                .iter()
                .fold(DoubleDouble::default(), |sum, &x| sum + x)
                .value()
        };
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::INFINITY, 1.0, 2.0]), f64::INFINITY);
        assert_eq!(sum(&[f64::MAX, f64::MAX, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, -f64::INFINITY]).is_nan());
        assert!(sum(&[1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn integers_beyond_2_to_the_53_keep_all_digits() {
        for value in [i128::from(u64::MAX), -(1 << 62) - 1, 0, (1 << 100) + 1] {
            let double = DoubleDouble::from(value);
            assert_eq!(double.hi as i128 + double.lo as i128, value);
        }
    }

    /// The variance of values merged one by one, and in two halves.
    fn variances(values: &[f64]) -> [f64; 2] {
        let merged = |values: &[f64]| {
            let mut all = SquaredDeviations::of_one(values[0]);
            for (n, &x) in (1_u32..).zip(&values[1..]) {
                all = all.merge(n.into(), SquaredDeviations::of_one(x), 1.0);
            }
            all
        };
        let half = values.len() / 2;
        let [n, m] = [half, values.len() - half].map(|count| count as f64);
        let halves = merged(&values[..half]).merge(n, merged(&values[half..]), m);
        [merged(values), halves].map(|all| all.variance(n + m))
    }

    #[test]
    fn a_small_variance_far_from_zero_keeps_its_digits() {
        let values: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
        assert_eq!(variances(&values), [0.25; 2]);
    }

    #[test]
    fn a_variance_that_overflows_is_infinite_and_one_of_infinities_is_nan() {
        for values in [
            &[1e308, -1e308, 1.0, 2.0][..],
            &[1.0, 2.0, 1e308, -1e308, 3.0, 4.0],
            &[1e200, -1e200, 3e199, 7.0],
            // The sum overflows, as NumPy's does.
            &[1e308, 1e308, 1e308, 1e308],
        ] {
            assert_eq!(variances(values), [f64::INFINITY; 2], "{values:?}");
        }
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            for at in 0..4 {
                let mut values = [1.0, 1e308, -1e308, 2.0];
                values[at] = value;
                assert!(variances(&values).iter().all(|v| v.is_nan()), "{values:?}");
            }
        }
    }
}
