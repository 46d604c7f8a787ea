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

/// A reduction of windows, through `C` components of what is known of some values.
pub(super) trait Operation<const C: usize>: Send + Sync + 'static {
    /// Elements of the array.
    type Item: Number;
    /// Components of what is known of several.
    type Part: Number;
    /// Results.
    type Out: Number;

    /// What is known of one element.
    fn lift(&self, item: Self::Item) -> [Self::Part; C];
    /// What is known of `n` elements and `m` behind them together.
    fn join(a: [Self::Part; C], n: f64, b: [Self::Part; C], m: f64) -> [Self::Part; C];
    /// The result for `n` elements.
    fn finish(&self, part: [Self::Part; C], n: f64) -> Self::Out;
}

/// The exact sum of integers; it wraps as NumPy's does, and is then the same signed or not.
pub(super) struct IntegerSum;

impl Operation<1> for IntegerSum {
    type Item = i64;
    type Part = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 1] {
        [item]
    }

    #[inline(always)]
    fn join([a]: [i64; 1], _: f64, [b]: [i64; 1], _: f64) -> [i64; 1] {
        [a.wrapping_add(b)]
    }

    #[inline(always)]
    fn finish(&self, [sum]: [i64; 1], _: f64) -> i64 {
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
    fn lift(&self, item: f64) -> [f64; 2] {
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
    fn lift(&self, item: f64) -> [f64; 4] {
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

/// The smallest value or, as minus the smallest of all signs turned, the largest.
pub(super) struct Extreme {
    sign: f64,
}

impl Extreme {
    pub(super) fn new(largest: bool) -> Self {
        let sign = if largest { -1.0 } else { 1.0 };
        Self { sign }
    }
}

impl Operation<1> for Extreme {
    type Item = f64;
    type Part = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: f64) -> [f64; 1] {
        [self.sign * item]
    }

    #[inline(always)]
    fn join([a]: [f64; 1], _: f64, [b]: [f64; 1], _: f64) -> [f64; 1] {
        [lower(a, b)]
    }

    #[inline(always)]
    fn finish(&self, [extreme]: [f64; 1], _: f64) -> f64 {
        self.sign * extreme
    }
}

/// The same of integers: a mask of bits to turn makes the order of unsigned ones that of signed
/// ones, and turns any order round.
pub(super) struct IntegerExtreme {
    mask: i64,
}

impl IntegerExtreme {
    pub(super) fn new(largest: bool, unsigned: bool) -> Self {
        Self {
            mask: if largest { -1 } else { 0 } ^ order(unsigned),
        }
    }
}

/// The bit that tells the order of unsigned integers from that of signed ones.
fn order(unsigned: bool) -> i64 {
    if unsigned { i64::MIN } else { 0 }
}

impl Operation<1> for IntegerExtreme {
    type Item = i64;
    type Part = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 1] {
        [item ^ self.mask]
    }

    #[inline(always)]
    fn join([a]: [i64; 1], _: f64, [b]: [i64; 1], _: f64) -> [i64; 1] {
        [a.min(b)]
    }

    #[inline(always)]
    fn finish(&self, [extreme]: [i64; 1], _: f64) -> i64 {
        extreme ^ self.mask
    }
}

/// The distance from the smallest to the largest value.
pub(super) struct Distance;

impl Operation<2> for Distance {
    type Item = f64;
    type Part = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: f64) -> [f64; 2] {
        [item, item]
    }

    #[inline(always)]
    fn join(a: [f64; 2], _: f64, b: [f64; 2], _: f64) -> [f64; 2] {
        [lower(a[0], b[0]), higher(a[1], b[1])]
    }

    #[inline(always)]
    fn finish(&self, [low, high]: [f64; 2], _: f64) -> f64 {
        high - low
    }
}

/// The same of integers; it wraps as NumPy's does.
pub(super) struct IntegerDistance {
    mask: i64,
}

impl IntegerDistance {
    pub(super) fn new(unsigned: bool) -> Self {
        Self {
            mask: order(unsigned),
        }
    }
}

impl Operation<2> for IntegerDistance {
    type Item = i64;
    type Part = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 2] {
        [item ^ self.mask; 2]
    }

    #[inline(always)]
    fn join(a: [i64; 2], _: f64, b: [i64; 2], _: f64) -> [i64; 2] {
        [a[0].min(b[0]), a[1].max(b[1])]
    }

    #[inline(always)]
    fn finish(&self, [low, high]: [i64; 2], _: f64) -> i64 {
        high.wrapping_sub(low)
    }
}
