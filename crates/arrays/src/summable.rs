//! [`Summable`]: the types of numbers that can be summed, and their lossless [`Sum`]s.

use super::double_double::DoubleDouble;
use crate::npy::{Number, Scalar};

/// A number that can be summed without loss.
pub trait Summable: Number {
    /// The type of sums: exact for integers, a [`DoubleDouble`] for floats.
    type Sum: Sum<Self>;
    /// The minimum of no values: infinity, or the largest integer.
    const MIN_OF_NONE: Self;
    /// The maximum of no values: minus infinity, or the smallest integer.
    const MAX_OF_NONE: Self;

    /// `self - shift`, exact or rounded once.
    fn minus(self, shift: Self) -> f64;
    /// The number as a double-double, exactly.
    fn double_double(self) -> DoubleDouble;
    /// Whether the number is NaN.
    fn is_nan(self) -> bool;
    /// Whether the number is larger than a limit, compared exactly.
    fn is_above(self, limit: f64) -> bool;
    /// The number for display.
    fn scalar(self) -> Scalar;
    /// An unsigned number that sorts like this one; NaN has none.
    fn key(self) -> u64;
    /// The number with this key, rounded.
    fn of_key(key: u64) -> f64;
}

/// The highest bit, which is the sign.
const SIGN: u64 = 1 << 63;

/// A sum of values of type `T`.
pub trait Sum<T>: Copy + Default + Send + Sync {
    /// The sums of several columns, of no more than 2³¹ values each.
    type Columns<const N: usize>: Copy;

    /// The sums of no values.
    fn columns<const N: usize>() -> Self::Columns<N>;
    /// Adds a row: one value to each column.
    fn add_row<const N: usize>(columns: &mut Self::Columns<N>, row: &[T; N]);
    /// The sum of one column.
    fn column<const N: usize>(columns: &Self::Columns<N>, column: usize) -> Self;
    /// The sum of two sums.
    fn merge(self, other: Self) -> Self;
    /// A value near the mean of `count` values.
    fn near_mean(self, count: u64) -> T;
    /// The mean of `count` values, rounded.
    fn mean(self, count: u64) -> f64;
    /// The sum for display.
    fn scalar(self) -> Scalar;
    /// Whether the sum is NaN, because a value is NaN or infinities cancelled.
    fn is_nan(self) -> bool;
}

impl Summable for f64 {
    type Sum = DoubleDouble;
    const MIN_OF_NONE: Self = Self::INFINITY;
    const MAX_OF_NONE: Self = Self::NEG_INFINITY;

    #[inline(always)]
    fn minus(self, shift: Self) -> f64 {
        self - shift
    }

    #[inline(always)]
    fn double_double(self) -> DoubleDouble {
        self.into()
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    #[inline(always)]
    fn is_above(self, limit: f64) -> bool {
        self > limit
    }

    fn scalar(self) -> Scalar {
        Scalar::Float(self)
    }

    #[inline(always)]
    fn key(self) -> u64 {
        // Both zeros are the same number.
        let bits = (self + 0.0).to_bits();
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }

    fn of_key(key: u64) -> f64 {
        Self::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
    }
}

impl Sum<f64> for DoubleDouble {
    type Columns<const N: usize> = ([f64; N], [f64; N]);

    #[inline(always)]
    fn columns<const N: usize>() -> Self::Columns<N> {
        ([0.0; N], [0.0; N])
    }

    #[inline(always)]
    fn add_row<const N: usize>((hi, lo): &mut Self::Columns<N>, row: &[f64; N]) {
        for column in 0..N {
            let sum = DoubleDouble {
                hi: hi[column],
                lo: lo[column],
            } + row[column];
            (hi[column], lo[column]) = (sum.hi, sum.lo);
        }
    }

    fn column<const N: usize>((hi, lo): &Self::Columns<N>, column: usize) -> Self {
        Self {
            hi: hi[column],
            lo: lo[column],
        }
    }

    fn merge(self, other: Self) -> Self {
        self + other
    }

    fn near_mean(self, count: u64) -> f64 {
        self.mean(count)
    }

    fn mean(self, count: u64) -> f64 {
        self.value() / count as f64
    }

    fn scalar(self) -> Scalar {
        Scalar::Float(self.value())
    }

    fn is_nan(self) -> bool {
        self.hi.is_nan()
    }
}

macro_rules! integers {
    ($integer:ident, $flipped:expr) => {
        impl Summable for $integer {
            type Sum = i128;
            const MIN_OF_NONE: Self = Self::MAX;
            const MAX_OF_NONE: Self = Self::MIN;

            #[inline(always)]
            fn minus(self, shift: Self) -> f64 {
                let distance = self.abs_diff(shift) as f64;
                if self < shift { -distance } else { distance }
            }

            #[inline(always)]
            fn double_double(self) -> DoubleDouble {
                DoubleDouble::from(i128::from(self))
            }

            fn is_nan(self) -> bool {
                false
            }

            #[inline(always)]
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::float_cmp,
                reason = "where rounding makes them equal, the limit is an integer or beyond all"
            )]
            fn is_above(self, limit: f64) -> bool {
                let rounded = self as f64;
                rounded > limit || (rounded == limit && self > limit as $integer)
            }

            fn scalar(self) -> Scalar {
                Scalar::Integer(self.into())
            }

            #[inline(always)]
            fn key(self) -> u64 {
                u64::from_ne_bytes(self.to_ne_bytes()) ^ $flipped
            }

            fn of_key(key: u64) -> f64 {
                $integer::from_ne_bytes((key ^ $flipped).to_ne_bytes()) as f64
            }
        }

        impl Sum<$integer> for i128 {
            /// The sums of the upper and of the lower 32 bits of the values, kept apart so that neither overflows.
            type Columns<const N: usize> = [[$integer; N]; 2];

            #[inline(always)]
            fn columns<const N: usize>() -> Self::Columns<N> {
                [[0; N]; 2]
            }

            #[inline(always)]
            fn add_row<const N: usize>([upper, lower]: &mut Self::Columns<N>, row: &[$integer; N]) {
                for column in 0..N {
                    upper[column] += row[column] >> 32;
                    lower[column] += row[column] & 0xffff_ffff;
                }
            }

            fn column<const N: usize>([upper, lower]: &Self::Columns<N>, column: usize) -> Self {
                (Self::from(upper[column]) << 32) + Self::from(lower[column])
            }

            fn merge(self, other: Self) -> Self {
                self + other
            }

            fn near_mean(self, count: u64) -> $integer {
                $integer::try_from(self / i128::from(count.max(1))).unwrap_or_default()
            }

            fn mean(self, count: u64) -> f64 {
                self as f64 / count as f64
            }

            fn scalar(self) -> Scalar {
                Scalar::Integer(self)
            }

            fn is_nan(self) -> bool {
                false
            }
        }
    };
}

integers!(i64, SIGN);
integers!(u64, 0);

/// Expands to `$body` with `$number` standing for the [`Summable`] type that holds a kind of dtype.
macro_rules! with_summable {
    ($kind:expr, $number:ident => $body:expr) => {
        match $kind {
            $crate::npy::Kind::Float => {
                type $number = f64;
                $body
            }
            $crate::npy::Kind::Signed | $crate::npy::Kind::Bool => {
                type $number = i64;
                $body
            }
            $crate::npy::Kind::Unsigned => {
                type $number = u64;
                $body
            }
        }
    };
}
pub(super) use with_summable;

#[cfg(test)]
mod tests {
    use super::Summable;

    #[test]
    fn integers_are_compared_with_floats_exactly() {
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        let above = |number: i64| number.is_above(LIMIT);
        assert!(above((1 << 53) + 1) && !above(1 << 53) && !above((1 << 53) - 1));
        assert!(!(-(1_i64 << 53) - 1).is_above(-LIMIT) && (1 - (1_i64 << 53)).is_above(-LIMIT));
        assert!(i64::MIN.is_above(-1e300) && !i64::MAX.is_above(1e300));
        assert!(!i64::MAX.is_above(9_223_372_036_854_775_808.0) && i64::MAX.is_above(9.2e18));
        assert!(u64::MAX.is_above(-0.5) && !0_u64.is_above(0.0) && 1_u64.is_above(0.5));
    }
}
