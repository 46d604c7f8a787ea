//! [`SkipNan`]: reductions of windows in which NaN stands for missing values.

use super::operation::{FloatExtreme, FloatRange, FloatSum, Operation, Variance};

/// A reduction of floats that leaves NaN out. Its partial results count the elements that are not NaN; a window with
/// fewer than `least` of them has the result NaN, as in pandas.
pub(super) struct SkipNan<O> {
    pub(super) operation: O,
    /// The smallest number of elements that must not be NaN.
    pub(super) least: f64,
    /// The result of a window without elements.
    pub(super) of_none: f64,
}

macro_rules! skips {
    ($operation:ident, $components:literal, $with_count:literal) => {
        impl Operation<$with_count> for SkipNan<$operation> {
            type Item = f64;
            type Partial = f64;
            type Out = f64;

            #[inline(always)]
            fn lift(&self, item: f64) -> [f64; $with_count] {
                let is_there = !item.is_nan();
                let lifted = self.operation.lift(if is_there { item } else { 0.0 });
                with_count(lifted, if is_there { 1.0 } else { 0.0 })
            }

            #[inline(always)]
            fn combine(
                a: [f64; $with_count],
                _: f64,
                b: [f64; $with_count],
                _: f64,
            ) -> [f64; $with_count] {
                let (a_components, n) = without_count::<$components, $with_count>(a);
                let (b_components, m) = without_count::<$components, $with_count>(b);
                let components = $operation::combine(a_components, n, b_components, m);
                let mut result = with_count(components, n + m);
                for component in 0..$components {
                    result[component] = if n == 0.0 {
                        b[component]
                    } else if m == 0.0 {
                        a[component]
                    } else {
                        result[component]
                    };
                }
                result
            }

            #[inline(always)]
            fn lower(&self, partial: [f64; $with_count], _: f64) -> f64 {
                let (partial, n) = without_count::<$components, $with_count>(partial);
                let result = self.operation.lower(partial, n);
                if n < self.least {
                    f64::NAN
                } else if n == 0.0 {
                    self.of_none
                } else {
                    result
                }
            }
        }
    };
}

skips!(FloatSum, 2, 3);
skips!(FloatExtreme, 1, 2);
skips!(FloatRange, 2, 3);
skips!(Variance, 4, 5);

#[inline(always)]
fn with_count<const C: usize, const D: usize>(partial: [f64; C], n: f64) -> [f64; D] {
    std::array::from_fn(
        #[inline(always)]
        |component| if component < C { partial[component] } else { n },
    )
}

#[inline(always)]
fn without_count<const C: usize, const D: usize>(partial: [f64; D]) -> ([f64; C], f64) {
    let components = std::array::from_fn(
        #[inline(always)]
        |component| partial[component],
    );
    (components, partial[C])
}
