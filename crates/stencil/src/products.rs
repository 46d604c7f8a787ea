//! [`Products`]: a time-dependent coefficient, as a sum of arrays times factors.
//!
//! A single array is read like a coefficient and multiplied by its factor in the kernels;
//! [`ProductRows`](super::product_rows::ProductRows) adds up several.
//!
//! ```text
//! s = (g1 a1 + g2 a2) + …      a = an array at a node, g = its factor in a step
//! ```

use ndarray::Array2;

use crate::real::Real;

/// A sum of arrays, each multiplied by a factor that depends on the step.
#[derive(Clone, Debug)]
pub struct Products<T> {
    /// The arrays, which do not depend on time. Each has the shape of the state.
    pub arrays: Vec<Array2<T>>,
    /// The factor of each array in the first step, followed by the factors in the next steps; one factor for each array
    /// if the factors are constant.
    pub factors: Vec<T>,
}

impl<T: Real> Products<T> {
    /// Products whose factors are 1 in all steps.
    #[must_use]
    pub fn with_factors_of_one(arrays: Vec<Array2<T>>) -> Self {
        Self {
            factors: vec![T::ONE; arrays.len()],
            arrays,
        }
    }

    /// The array, if there is only one.
    pub(super) fn single_array(&self) -> Option<&Array2<T>> {
        match &self.arrays[..] {
            [array] => Some(array),
            _ => None,
        }
    }

    /// The factors after `step` steps.
    #[inline(always)]
    pub(super) fn factors_of_step(&self, step: usize) -> &[T] {
        let count = self.arrays.len();
        match self.factors.len() == count {
            true => &self.factors,
            false => &self.factors[step * count..(step + 1) * count],
        }
    }

    /// The factors in the first stage of a step; for a later stage `number` their change since the first.
    pub(super) fn factors_of_stage(&self, number: usize) -> Vec<T> {
        let (of_first, present) = (self.factors_of_step(0), self.factors_of_step(number - 1));
        match number {
            1 => of_first.to_vec(),
            _ => present
                .iter()
                .zip(of_first)
                .map(|(present, first)| *present - *first)
                .collect(),
        }
    }

    /// The sum of the products of `factors` with the values of the arrays; `value` takes the number of an array.
    #[inline(always)]
    pub(super) fn sum(&self, factors: &[T], value: impl Fn(usize) -> T) -> T {
        let mut products = factors.iter().enumerate();
        let first_product = products
            .next()
            .map_or(T::default(), |(number, factor)| *factor * value(number));
        products.fold(first_product, |sum, (number, factor)| {
            sum + *factor * value(number)
        })
    }

    /// Products of the same number for a state of this shape; their arrays are zero.
    pub(super) fn sample(&self, shape: (usize, usize)) -> Self {
        let zeros = Array2::from_elem(shape, T::default());
        Self::with_factors_of_one(vec![zeros; self.arrays.len()])
    }

    /// Whether there are factors for `steps` steps.
    pub(super) fn cover(&self, steps: usize) -> bool {
        let (count, factors) = (self.arrays.len(), self.factors.len());
        factors == count || factors >= steps * count
    }
}
