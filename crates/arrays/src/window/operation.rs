//! Reductions of a window: the partial result of each element, the combination of partial results, and the final
//! result.
//!
//! No reduction subtracts elements that leave a window. Partial results are only combined, so an infinity, a NaN or a
//! huge value has no effect on later windows.
//!
//! Source: Tangwongsan, Hirzel, Schneider and Wu, "General incremental sliding-window aggregation",
//! PVLDB 8 (2015), section 2, for lift, combine and lower.

use crate::npy::Number;
use crate::{
    double_double::{DoubleDouble, SquaredDeviations},
    moments::{maximum, minimum},
};

/// A reduction of windows, whose partial results have `C` components.
pub(super) trait Operation<const C: usize>: Send + Sync + 'static {
    /// The type of the array's elements.
    type Item: Number;
    /// The type of a partial result's components.
    type Partial: Number;
    /// The type of the results.
    type Out: Number;

    /// The partial result of one element.
    fn lift(&self, item: Self::Item) -> [Self::Partial; C];
    /// The partial result of the `n` elements of `a` followed by the `m` elements of `b`.
    fn combine(a: [Self::Partial; C], n: f64, b: [Self::Partial; C], m: f64) -> [Self::Partial; C];
    /// The result for `n` elements, from their partial result.
    fn lower(&self, partial: [Self::Partial; C], n: f64) -> Self::Out;
    /// Whether the type of the results can hold the result.
    #[inline(always)]
    fn fits(&self, _partial: [Self::Partial; C]) -> bool {
        true
    }
}

/// The sum of integers in 64 bits, for windows whose sums cannot overflow.
pub(super) struct IntegerSum;

impl Operation<1> for IntegerSum {
    type Item = i64;
    type Partial = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 1] {
        [item]
    }

    #[inline(always)]
    fn combine([a]: [i64; 1], _: f64, [b]: [i64; 1], _: f64) -> [i64; 1] {
        // The bits of the sum are the same for unsigned integers.
        [a.wrapping_add(b)]
    }

    #[inline(always)]
    fn lower(&self, [sum]: [i64; 1], _: f64) -> i64 {
        sum
    }
}

/// The sum of fewer than 2³¹ integers of 64 bits, whose upper and lower 32 bits are summed separately.
pub(super) struct WideIntegerSum {
    unsigned: bool,
}

impl WideIntegerSum {
    /// The number of elements from which on a sum may overflow.
    pub(super) const TOO_MANY: u64 = 1 << 31;

    pub(super) fn new(unsigned: bool) -> Self {
        Self { unsigned }
    }
}

impl Operation<2> for WideIntegerSum {
    type Item = i64;
    type Partial = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 2] {
        halves(item, self.unsigned)
    }

    #[inline(always)]
    fn combine(a: [i64; 2], _: f64, b: [i64; 2], _: f64) -> [i64; 2] {
        [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])]
    }

    #[inline(always)]
    fn lower(&self, [upper, lower]: [i64; 2], _: f64) -> i64 {
        (upper << 32).wrapping_add(lower)
    }

    #[inline(always)]
    fn fits(&self, [upper, lower]: [i64; 2]) -> bool {
        let upper = upper + (lower >> 32);
        if self.unsigned {
            upper >> 32 == 0
        } else {
            upper >> 31 == upper >> 63
        }
    }
}

/// The sum or the mean of floats, compensated.
pub(super) struct FloatSum {
    pub(super) mean: bool,
}

impl Operation<2> for FloatSum {
    type Item = f64;
    type Partial = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: f64) -> [f64; 2] {
        [item, 0.0]
    }

    #[inline(always)]
    fn combine(a: [f64; 2], _: f64, b: [f64; 2], _: f64) -> [f64; 2] {
        let [a, b] = [a, b].map(|[hi, lo]| DoubleDouble { hi, lo });
        let sum = a + b;
        [sum.hi, sum.lo]
    }

    #[inline(always)]
    fn lower(&self, [hi, lo]: [f64; 2], n: f64) -> f64 {
        let sum = DoubleDouble { hi, lo }.value();
        if self.mean { sum / n } else { sum }
    }
}

/// The variance or its square root, from [`SquaredDeviations`].
pub(super) struct Variance {
    pub(super) root: bool,
}

#[inline(always)]
fn deviations([hi, lo, sum_hi, sum_lo]: [f64; 4]) -> SquaredDeviations {
    SquaredDeviations {
        mean: DoubleDouble { hi, lo },
        sum: DoubleDouble {
            hi: sum_hi,
            lo: sum_lo,
        },
    }
}

#[inline(always)]
fn components(deviations: SquaredDeviations) -> [f64; 4] {
    let SquaredDeviations { mean, sum } = deviations;
    [mean.hi, mean.lo, sum.hi, sum.lo]
}

impl Operation<4> for Variance {
    type Item = f64;
    type Partial = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: f64) -> [f64; 4] {
        components(SquaredDeviations::of_one(item))
    }

    #[inline(always)]
    fn combine(a: [f64; 4], n: f64, b: [f64; 4], m: f64) -> [f64; 4] {
        components(deviations(a).merge(n, deviations(b), m))
    }

    #[inline(always)]
    fn lower(&self, partial: [f64; 4], n: f64) -> f64 {
        let variance = deviations(partial).variance(n);
        if self.root { variance.sqrt() } else { variance }
    }
}

/// A reduction of floats applied to 64-bit integers without loss of digits. The second component of its partial results
/// is the rounding error of the first one.
pub(super) struct OfIntegers<O> {
    pub(super) operation: O,
    pub(super) unsigned: bool,
}

macro_rules! of_integers {
    ($operation:ident, $components:literal) => {
        impl Operation<$components> for OfIntegers<$operation> {
            type Item = i64;
            type Partial = f64;
            type Out = f64;

            #[inline(always)]
            fn lift(&self, item: i64) -> [f64; $components] {
                let DoubleDouble { hi, lo } = exact(item, self.unsigned);
                let mut lifted = self.operation.lift(hi);
                lifted[1] = lo;
                lifted
            }

            #[inline(always)]
            fn combine(
                a: [f64; $components],
                n: f64,
                b: [f64; $components],
                m: f64,
            ) -> [f64; $components] {
                $operation::combine(a, n, b, m)
            }

            #[inline(always)]
            fn lower(&self, partial: [f64; $components], n: f64) -> f64 {
                self.operation.lower(partial, n)
            }
        }
    };
}

of_integers!(FloatSum, 2);
of_integers!(Variance, 4);

/// A 64-bit integer as a double-double: its upper and its lower half are floats, and so is the rounding error of their
/// sum.
///
/// Source: Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971).
#[inline(always)]
fn exact(item: i64, unsigned: bool) -> DoubleDouble {
    let [upper, lower] = halves(item, unsigned).map(|half| half as f64);
    let upper = upper * (1_u64 << 32) as f64;
    let hi = upper + lower;
    DoubleDouble {
        hi,
        lo: lower - (hi - upper),
    }
}

/// The upper and the lower 32 bits of an integer.
#[inline(always)]
fn halves(item: i64, unsigned: bool) -> [i64; 2] {
    let upper = if unsigned {
        (item.cast_unsigned() >> 32).cast_signed()
    } else {
        item >> 32
    };
    [upper, item & 0xffff_ffff]
}

/// Minimum; the maximum is computed as −min(−x).
pub(super) struct FloatExtreme {
    sign: f64,
}

impl FloatExtreme {
    pub(super) fn new(is_max: bool) -> Self {
        let sign = if is_max { -1.0 } else { 1.0 };
        Self { sign }
    }
}

impl Operation<1> for FloatExtreme {
    type Item = f64;
    type Partial = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: f64) -> [f64; 1] {
        [self.sign * item]
    }

    #[inline(always)]
    fn combine([a]: [f64; 1], _: f64, [b]: [f64; 1], _: f64) -> [f64; 1] {
        [minimum(a, b)]
    }

    #[inline(always)]
    fn lower(&self, [extreme]: [f64; 1], _: f64) -> f64 {
        self.sign * extreme
    }
}

/// Minimum or maximum of integers, as the minimum of signed integers. Inverting the highest bit gives
/// unsigned integers the order of signed ones; inverting all bits reverses the order.
pub(super) struct IntegerExtreme {
    inverted: i64,
}

impl IntegerExtreme {
    pub(super) fn new(is_max: bool, unsigned: bool) -> Self {
        Self {
            inverted: if is_max { -1 } else { 0 } ^ sign_bit_if(unsigned),
        }
    }
}

fn sign_bit_if(unsigned: bool) -> i64 {
    if unsigned { i64::MIN } else { 0 }
}

impl Operation<1> for IntegerExtreme {
    type Item = i64;
    type Partial = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 1] {
        [item ^ self.inverted]
    }

    #[inline(always)]
    fn combine([a]: [i64; 1], _: f64, [b]: [i64; 1], _: f64) -> [i64; 1] {
        [a.min(b)]
    }

    #[inline(always)]
    fn lower(&self, [extreme]: [i64; 1], _: f64) -> i64 {
        extreme ^ self.inverted
    }
}

/// Maximum minus minimum (NumPy's ptp) of floats.
pub(super) struct FloatRange;

impl Operation<2> for FloatRange {
    type Item = f64;
    type Partial = f64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: f64) -> [f64; 2] {
        [item, item]
    }

    #[inline(always)]
    fn combine(a: [f64; 2], _: f64, b: [f64; 2], _: f64) -> [f64; 2] {
        [minimum(a[0], b[0]), maximum(a[1], b[1])]
    }

    #[inline(always)]
    fn lower(&self, [min, max]: [f64; 2], _: f64) -> f64 {
        max - min
    }
}

/// Maximum minus minimum of integers.
pub(super) struct IntegerRange {
    inverted: i64,
}

impl IntegerRange {
    pub(super) fn new(unsigned: bool) -> Self {
        Self {
            inverted: sign_bit_if(unsigned),
        }
    }
}

impl Operation<2> for IntegerRange {
    type Item = i64;
    type Partial = i64;
    type Out = i64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 2] {
        [item ^ self.inverted; 2]
    }

    #[inline(always)]
    fn combine(a: [i64; 2], _: f64, b: [i64; 2], _: f64) -> [i64; 2] {
        [a[0].min(b[0]), a[1].max(b[1])]
    }

    #[inline(always)]
    fn lower(&self, [min, max]: [i64; 2], _: f64) -> i64 {
        max.wrapping_sub(min)
    }

    #[inline(always)]
    fn fits(&self, [min, max]: [i64; 2]) -> bool {
        self.inverted != 0 || max.wrapping_sub(min) >= 0
    }
}

/// Maximum minus minimum of integers, rounded once.
pub(super) struct RoundedRange(pub(super) IntegerRange);

impl Operation<2> for RoundedRange {
    type Item = i64;
    type Partial = i64;
    type Out = f64;

    #[inline(always)]
    fn lift(&self, item: i64) -> [i64; 2] {
        self.0.lift(item)
    }

    #[inline(always)]
    fn combine(a: [i64; 2], n: f64, b: [i64; 2], m: f64) -> [i64; 2] {
        IntegerRange::combine(a, n, b, m)
    }

    #[inline(always)]
    fn lower(&self, partial: [i64; 2], n: f64) -> f64 {
        self.0.lower(partial, n).cast_unsigned() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reduced<O: Operation<C, Item = i64, Partial = i64, Out = i64>, const C: usize>(
        operation: &O,
        items: &[i64],
    ) -> Option<i64> {
        let partial = items.iter().map(|&item| operation.lift(item));
        let partial = partial.reduce(|a, b| O::combine(a, 0.0, b, 0.0))?;
        operation
            .fits(partial)
            .then(|| operation.lower(partial, 0.0))
    }

    #[test]
    fn integers_are_floats_with_all_their_digits() {
        let beyond = (1 << 53) + 1;
        for item in [0, 1, -1, beyond, -beyond, i64::MAX, i64::MIN, i64::MIN + 1] {
            for (unsigned, value) in [
                (false, i128::from(item)),
                (true, i128::from(item.cast_unsigned())),
            ] {
                assert_eq!(exact(item, unsigned), DoubleDouble::from(value), "{value}");
            }
        }
    }

    proptest! {
        #[test]
        fn integer_results_are_exact_or_said_not_to_fit(
            items in prop::collection::vec(
                prop_oneof![any::<i64>(), -9..9_i64, Just(i64::MAX), Just(i64::MIN)],
                1..6,
            )
        ) {
            let unsigned: Vec<u64> = items.iter().map(|item| item.cast_unsigned()).collect();
            let sum: i128 = items.iter().copied().map(i128::from).sum();
            let unsigned_sum: i128 = unsigned.iter().copied().map(i128::from).sum();
            let of = |unsigned| reduced(&WideIntegerSum::new(unsigned), &items);
            prop_assert_eq!(of(false), i64::try_from(sum).ok());
            prop_assert_eq!(of(true).map(i64::cast_unsigned), u64::try_from(unsigned_sum).ok());

            let ends = |all: &[i128]| all.iter().max().zip(all.iter().min()).map(|(a, b)| a - b);
            let [signed, unsigned] = [
                items.iter().copied().map(i128::from).collect::<Vec<_>>(),
                unsigned.iter().copied().map(i128::from).collect(),
            ]
            .map(|all| ends(&all).unwrap_or_default());
            let of = |unsigned| reduced(&IntegerRange::new(unsigned), &items);
            prop_assert_eq!(of(false), i64::try_from(signed).ok());
            prop_assert_eq!(of(true).map(i64::cast_unsigned), u64::try_from(unsigned).ok());
        }
    }
}
