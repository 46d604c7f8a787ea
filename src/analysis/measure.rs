//! [`Measure`]: the types of numbers that are summed, and their [`Sum`]s, which lose nothing.

use super::twofold::Twofold;
use crate::cube::{number::Number, scalar::Scalar};

/// A number that can be summed without loss.
pub trait Measure: Number {
    /// The exact sum of integers, the [`Twofold`] sum of floats.
    type Sum: Sum<Self>;
    /// Above every value but infinity, or the largest.
    const HIGHEST: Self;
    /// Below every value but infinity, or the smallest.
    const LOWEST: Self;

    /// `self - pivot`, exact or rounded once.
    fn distance_to(self, pivot: Self) -> f64;
    /// Itself, exactly.
    fn twofold(self) -> Twofold;
    /// Whether it is NaN.
    fn is_nan(self) -> bool;
    /// To print.
    fn scalar(self) -> Scalar;
}

/// A sum of values.
pub trait Sum<T>: Copy + Default + Send + Sync {
    /// The sums of several columns, of no more than 2³¹ values each.
    type Lanes<const N: usize>: Copy;

    /// Sums of nothing.
    fn lanes<const N: usize>() -> Self::Lanes<N>;
    /// Adds a value to each of several sums.
    fn add<const N: usize>(lanes: &mut Self::Lanes<N>, values: &[T; N]);
    /// One of several sums.
    fn lane<const N: usize>(lanes: &Self::Lanes<N>, lane: usize) -> Self;
    /// The sum of two sums.
    fn and(self, other: Self) -> Self;
    /// A value next to the mean of `count` values.
    fn pivot(self, count: u64) -> T;
    /// The mean of `count` values, rounded.
    fn mean(self, count: u64) -> f64;
    /// To print.
    fn scalar(self) -> Scalar;
    /// Whether a value was NaN, or infinities cancelled.
    fn is_nan(self) -> bool;
}

impl Measure for f64 {
    type Sum = Twofold;
    const HIGHEST: Self = Self::INFINITY;
    const LOWEST: Self = Self::NEG_INFINITY;

    #[inline(always)]
    fn distance_to(self, pivot: Self) -> f64 {
        self - pivot
    }

    #[inline(always)]
    fn twofold(self) -> Twofold {
        Twofold::of(self)
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    fn scalar(self) -> Scalar {
        Scalar::Float(self)
    }
}

impl Sum<f64> for Twofold {
    type Lanes<const N: usize> = ([f64; N], [f64; N]);

    #[inline(always)]
    fn lanes<const N: usize>() -> Self::Lanes<N> {
        ([0.0; N], [0.0; N])
    }

    #[inline(always)]
    fn add<const N: usize>((hi, lo): &mut Self::Lanes<N>, values: &[f64; N]) {
        for lane in 0..N {
            let sum = Twofold {
                hi: hi[lane],
                lo: lo[lane],
            }
            .plus(values[lane]);
            (hi[lane], lo[lane]) = (sum.hi, sum.lo);
        }
    }

    fn lane<const N: usize>((hi, lo): &Self::Lanes<N>, lane: usize) -> Self {
        Self {
            hi: hi[lane],
            lo: lo[lane],
        }
    }

    fn and(self, other: Self) -> Self {
        Self::and(self, other)
    }

    fn pivot(self, count: u64) -> f64 {
        self.mean(count)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
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
    ($integer:ident) => {
        impl Measure for $integer {
            type Sum = i128;
            const HIGHEST: Self = Self::MAX;
            const LOWEST: Self = Self::MIN;

            #[inline(always)]
            #[expect(clippy::cast_precision_loss, reason = "the one rounding")]
            fn distance_to(self, pivot: Self) -> f64 {
                let distance = self.abs_diff(pivot) as f64;
                if self < pivot { -distance } else { distance }
            }

            #[inline(always)]
            fn twofold(self) -> Twofold {
                Twofold::from(i128::from(self))
            }

            fn is_nan(self) -> bool {
                false
            }

            fn scalar(self) -> Scalar {
                Scalar::Integer(self.into())
            }
        }

        impl Sum<$integer> for i128 {
            /// The upper halves of the values and the lower ones, each summed as a vector can.
            type Lanes<const N: usize> = [[$integer; N]; 2];

            #[inline(always)]
            fn lanes<const N: usize>() -> Self::Lanes<N> {
                [[0; N]; 2]
            }

            #[inline(always)]
            fn add<const N: usize>([upper, lower]: &mut Self::Lanes<N>, values: &[$integer; N]) {
                for lane in 0..N {
                    upper[lane] += values[lane] >> 32;
                    lower[lane] += values[lane] & 0xffff_ffff;
                }
            }

            fn lane<const N: usize>([upper, lower]: &Self::Lanes<N>, lane: usize) -> Self {
                (Self::from(upper[lane]) << 32) + Self::from(lower[lane])
            }

            fn and(self, other: Self) -> Self {
                self + other
            }

            fn pivot(self, count: u64) -> $integer {
                $integer::try_from(self / i128::from(count.max(1))).unwrap_or_default()
            }

            #[expect(clippy::cast_precision_loss, reason = "rounded where it is asked for")]
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

integers!(i64);
integers!(u64);
