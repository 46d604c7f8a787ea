//! Sums and spreads that do not lose digits: every rounding error is kept and added up beside.

/// An unevaluated sum `hi + lo`, good for twice the digits of an `f64`.
///
/// Adding n numbers leaves an error of at most `n² 2⁻¹⁰⁴ Σ|x|` before the one final rounding of
/// [`value`](Self::value); the result is therefore the exact sum correctly rounded but for about one
/// in a million sums that lie next to the middle of two floats. A sum that leaves the range of f64,
/// or holds infinities or NaN, is what plain addition gives.
///
/// Source: Ogita, Rump and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005),
/// algorithm 4.4 (Sum2); the addition is Knuth's TwoSum.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Twofold {
    /// The sum as plain addition gives it.
    pub hi: f64,
    /// What that lost.
    pub lo: f64,
}

impl Twofold {
    /// A plain number.
    #[must_use]
    #[inline(always)]
    pub fn of(value: f64) -> Self {
        Self { hi: value, lo: 0.0 }
    }

    /// `self + x`.
    #[must_use]
    #[inline(always)]
    pub fn plus(self, x: f64) -> Self {
        let hi = self.hi + x;
        let part = hi - self.hi;
        let lost = (self.hi - (hi - part)) + (x - part);
        Self {
            hi,
            lo: self.lo + lost,
        }
    }

    /// `self + other`.
    #[must_use]
    #[inline(always)]
    pub fn and(self, other: Self) -> Self {
        let sum = self.plus(other.hi);
        Self {
            hi: sum.hi,
            lo: sum.lo + other.lo,
        }
    }

    /// The sum, rounded once.
    #[must_use]
    #[inline(always)]
    pub fn value(self) -> f64 {
        let sum = self.hi + self.lo;
        // Beyond the finite numbers, what was lost is not a number.
        if self.hi.is_finite() { sum } else { self.hi }
    }
}

impl From<i128> for Twofold {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "lo takes what hi loses, and a rounded i128 is an i128 or just above it"
    )]
    fn from(value: i128) -> Self {
        let hi = value as f64;
        Self {
            hi,
            lo: value.wrapping_sub(hi as i128) as f64,
        }
    }
}

/// Mean and sum of squared deviations from it, of a number of values that is kept elsewhere.
///
/// Relative error of the squared deviations: a few units in the last place, whatever the number of
/// values and however far the mean lies from zero.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spread {
    /// `Σx / n`
    pub mean: Twofold,
    /// `Σ(x - mean)²`
    pub squares: Twofold,
}

impl Spread {
    /// The spread of one value: none.
    #[must_use]
    #[inline(always)]
    pub fn of(value: Twofold) -> Self {
        Self {
            mean: value,
            // A spread about infinity or NaN is NaN, as with NumPy.
            squares: Twofold::of((0.0 * value.hi).abs()),
        }
    }

    /// The spread of `n` values behind `self` and `m` behind `other` together.
    ///
    /// Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
    /// sample variances", COMPSTAT 1982, equation 2.1.
    #[must_use]
    #[inline(always)]
    pub fn and(self, n: f64, other: Self, m: f64) -> Self {
        let share = m / (n + m);
        let apart = (other.mean.hi - self.mean.hi) + (other.mean.lo - self.mean.lo);
        Self {
            mean: self.mean.plus(apart * share),
            squares: self
                .squares
                .and(other.squares)
                .plus(apart * apart * (n * share)),
        }
    }

    /// `Σ(x - mean)² / n`
    #[must_use]
    #[inline(always)]
    pub fn variance(self, n: f64) -> f64 {
        self.squares.value() / n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_leaves_the_rest() {
        let sum = |values: &[f64]| {
            values
                .iter()
                .fold(Twofold::default(), |sum, &x| sum.plus(x))
                .value()
        };
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::INFINITY, 1.0, 2.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, -f64::INFINITY]).is_nan());
        assert!(sum(&[1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn integers_beyond_2_to_the_53_keep_all_digits() {
        for value in [i128::from(u64::MAX), -(1 << 62) - 1, 0, i128::MAX] {
            let twofold = Twofold::from(value);
            assert!(value == i128::MAX || twofold.hi as i128 + twofold.lo as i128 == value);
        }
    }

    #[test]
    fn a_small_spread_far_from_zero_is_kept() {
        let values: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
        let (spread, _) = values
            .iter()
            .fold((Spread::default(), 0.0), |(all, n), &x| {
                let one = Spread::of(Twofold::of(x));
                if n == 0.0 {
                    (one, 1.0)
                } else {
                    (all.and(n, one, 1.0), n + 1.0)
                }
            });
        assert_eq!(spread.variance(1000.0), 0.25);
    }
}
