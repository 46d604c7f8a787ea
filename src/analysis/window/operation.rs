//! What a window can be reduced to, as a fold of parts that join.
//!
//! No reduction subtracts what leaves a window: parts are only ever joined, so that an infinity, a
//! NaN or a huge value leaves no trace in the windows behind it.

use crate::{
    analysis::{
        moments::{higher, lower},
        twofold::{Spread, Twofold},
    },
    cube::number::Number,
};
use std::{
    marker::PhantomData,
    ops::{Add, Sub},
};

/// A reduction of windows, through `C` components of what is known of some values.
pub(super) trait Operation<const C: usize>: Send + Sync + 'static {
    /// Elements of the array.
    type Item: Number;
    /// Components of what is known of several.
    type Part: Number;
    /// Results.
    type Out: Number;

    /// What is known of one element.
    fn lift(item: Self::Item) -> [Self::Part; C];
    /// What is known of `n` elements and `m` behind them together.
    fn join(a: [Self::Part; C], n: f64, b: [Self::Part; C], m: f64) -> [Self::Part; C];
    /// The result for `n` elements.
    fn finish(&self, part: [Self::Part; C], n: f64) -> Self::Out;
}

/// Numbers with a sum and a difference; those of integers wrap as NumPy's do.
pub(super) trait Arithmetic: Number {
    fn sum(self, other: Self) -> Self;
    fn difference(self, other: Self) -> Self;
}

macro_rules! arithmetic {
    ($number:ident, $sum:ident, $difference:ident) => {
        impl Arithmetic for $number {
            #[inline(always)]
            fn sum(self, other: Self) -> Self {
                self.$sum(other)
            }

            #[inline(always)]
            fn difference(self, other: Self) -> Self {
                self.$difference(other)
            }
        }
    };
}

arithmetic!(f64, add, sub);
arithmetic!(i64, wrapping_add, wrapping_sub);
arithmetic!(u64, wrapping_add, wrapping_sub);

/// The exact sum of integers.
pub(super) struct IntegerSum<T>(pub(super) PhantomData<T>);

impl<T: Arithmetic> Operation<1> for IntegerSum<T> {
    type Item = T;
    type Part = T;
    type Out = T;

    #[inline(always)]
    fn lift(item: T) -> [T; 1] {
        [item]
    }

    #[inline(always)]
    fn join(a: [T; 1], _: f64, b: [T; 1], _: f64) -> [T; 1] {
        [a[0].sum(b[0])]
    }

    #[inline(always)]
    fn finish(&self, [sum]: [T; 1], _: f64) -> T {
        sum
    }
}

/// The sum or the mean, as [`Twofold`].
pub(super) struct Total {
    pub(super) mean: bool,
}

impl Operation<2> for Total {
    type Item = f64;
    type Part = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(item: f64) -> [f64; 2] {
        [item, 0.0]
    }

    #[inline(always)]
    fn join(a: [f64; 2], _: f64, b: [f64; 2], _: f64) -> [f64; 2] {
        let [a, b] = [a, b].map(|[hi, lo]| Twofold { hi, lo });
        let sum = a.and(b);
        [sum.hi, sum.lo]
    }

    #[inline(always)]
    fn finish(&self, [hi, lo]: [f64; 2], n: f64) -> f64 {
        let sum = Twofold { hi, lo }.value();
        if self.mean { sum / n } else { sum }
    }
}

/// The variance about the window's mean or its root, as [`Spread`].
pub(super) struct Variance {
    pub(super) root: bool,
}

#[inline(always)]
fn spread([hi, lo, squares, rest]: [f64; 4]) -> Spread {
    Spread {
        mean: Twofold { hi, lo },
        squares: Twofold {
            hi: squares,
            lo: rest,
        },
    }
}

#[inline(always)]
fn components(spread: Spread) -> [f64; 4] {
    let Spread { mean, squares } = spread;
    [mean.hi, mean.lo, squares.hi, squares.lo]
}

impl Operation<4> for Variance {
    type Item = f64;
    type Part = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(item: f64) -> [f64; 4] {
        components(Spread::of(Twofold::of(item)))
    }

    #[inline(always)]
    fn join(a: [f64; 4], n: f64, b: [f64; 4], m: f64) -> [f64; 4] {
        components(spread(a).and(n, spread(b), m))
    }

    #[inline(always)]
    fn finish(&self, part: [f64; 4], n: f64) -> f64 {
        let variance = spread(part).variance(n);
        if self.root { variance.sqrt() } else { variance }
    }
}

/// The smallest, or with `MAX` the largest value.
pub(super) struct Extreme<T, const MAX: bool>(pub(super) PhantomData<T>);

impl<T: Number, const MAX: bool> Operation<1> for Extreme<T, MAX> {
    type Item = T;
    type Part = T;
    type Out = T;

    #[inline(always)]
    fn lift(item: T) -> [T; 1] {
        [item]
    }

    #[inline(always)]
    fn join([a]: [T; 1], _: f64, [b]: [T; 1], _: f64) -> [T; 1] {
        [if MAX { higher(a, b) } else { lower(a, b) }]
    }

    #[inline(always)]
    fn finish(&self, [extreme]: [T; 1], _: f64) -> T {
        extreme
    }
}

/// The distance from the smallest to the largest value.
pub(super) struct Distance<T>(pub(super) PhantomData<T>);

impl<T: Arithmetic> Operation<2> for Distance<T> {
    type Item = T;
    type Part = T;
    type Out = T;

    #[inline(always)]
    fn lift(item: T) -> [T; 2] {
        [item, item]
    }

    #[inline(always)]
    fn join(a: [T; 2], _: f64, b: [T; 2], _: f64) -> [T; 2] {
        [lower(a[0], b[0]), higher(a[1], b[1])]
    }

    #[inline(always)]
    fn finish(&self, [low, high]: [T; 2], _: f64) -> T {
        high.difference(low)
    }
}
