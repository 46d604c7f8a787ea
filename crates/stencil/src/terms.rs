//! [`Terms`]: a source that depends on time, as arrays times numbers.
//!
//! One array is read as a source is, and multiplied by the factor in the kernels; [`TermRows`](super::term_rows::TermRows) adds up several.
//!
//! ```text
//! s = (g1 a1 + g2 a2) + …      a = dt f at a node, g = its factor in a step
//! ```

use ndarray::Array2;

use crate::real::Real;

/// A source that is a sum of arrays, each times a number of the step.
#[derive(Clone, Debug, Default)]
pub struct Terms<T> {
    /// `dt` times what does not depend on time. Shape of each: that of the state.
    pub arrays: Vec<Array2<T>>,
    /// The factor of each array in one step, then in the next; of one step if it is that of all.
    pub factors: Vec<T>,
}

impl<T: Real> Terms<T> {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// The array, if there is one.
    pub(super) fn only(&self) -> Option<&Array2<T>> {
        match &self.arrays[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The factors of the step after `step` steps.
    #[inline(always)]
    pub(super) fn at(&self, step: usize) -> &[T] {
        let count = self.arrays.len();
        match self.factors.len() == count {
            true => &self.factors,
            false => &self.factors[step * count..(step + 1) * count],
        }
    }

    /// The factors of the first stage of a step, or what they have changed by since in the stage `number`.
    pub(super) fn of_stage(&self, number: usize) -> Vec<T> {
        let (first, now) = (self.at(0), self.at(number - 1));
        match number {
            1 => first.to_vec(),
            _ => now
                .iter()
                .zip(first)
                .map(|(now, first)| *now - *first)
                .collect(),
        }
    }

    /// The sum with these factors; `value` is that of an array.
    #[inline(always)]
    pub(super) fn sum(&self, factors: &[T], value: impl Fn(usize) -> T) -> T {
        let mut products = factors.iter().enumerate();
        let first = products.next();
        let first = first.map_or(T::default(), |(term, factor)| *factor * value(term));
        products.fold(first, |sum, (term, factor)| sum + *factor * value(term))
    }

    /// As many terms for a state of this shape; their arrays hold zeros.
    pub(super) fn sample(&self, shape: (usize, usize)) -> Self {
        let zeros = Array2::from_elem(shape, T::default());
        Self {
            arrays: vec![zeros; self.arrays.len()],
            factors: vec![T::ONE; self.arrays.len()],
        }
    }

    /// Whether there are factors for so many steps.
    pub(super) fn cover(&self, steps: usize) -> bool {
        let (count, factors) = (self.arrays.len(), self.factors.len());
        factors == count || factors >= steps * count
    }
}
