//! [`Terms`]: a source that depends on time, as arrays times numbers.
//!
//! ```text
//! s = (g1 a1 + g2 a2) + …      a = dt f at a node, g = its factor in a step
//! ```
//!
//! The rows of the arrays are lifted once a pass. Before rows are advanced by a level, their sums are written to rows
//! which the kernels read in place of a source, and which stay in the first-level cache.

use std::ops::Range;

use ndarray::Array2;

use super::lanes::Lanes;
use super::lifted::Lifted;
use super::rows::Staging;
use super::task::{Plane, TileTask};
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

    /// The factors of the step after `step` steps.
    #[inline(always)]
    pub(super) fn at(&self, step: usize) -> &[T] {
        let count = self.arrays.len();
        match self.factors.len() == count {
            true => &self.factors,
            false => &self.factors[step * count..(step + 1) * count],
        }
    }

    /// The sum in the step after `step` steps; `value` is that of an array.
    #[inline(always)]
    pub(super) fn sum(&self, step: usize, value: impl Fn(usize) -> T) -> T {
        let mut products = self.at(step).iter().enumerate();
        let first = products.next();
        let first = first.map_or(T::default(), |(term, factor)| *factor * value(term));
        products.fold(first, |sum, (term, factor)| sum + *factor * value(term))
    }

    /// The source of the step after `step` steps; `None` without terms.
    #[must_use]
    pub fn source(&self, step: usize) -> Option<Array2<T>> {
        let shape = self.arrays.first()?.dim();
        let at = |node| self.sum(step, |term| self.arrays[term][node]);
        Some(Array2::from_shape_fn(shape, at))
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

/// The lifted rows of terms that the rows of a tile in progress read, and the rows of sums.
///
/// Row `j` of all terms is in slot `j mod slots`, whatever the level.
pub(super) struct TermRows<'a, V: Lanes> {
    terms: &'a Terms<V::Element>,
    memory: *mut V::Element,
    pitch: usize,
    slots: usize,
    /// The registers of a row, edges included.
    registers: usize,
}

impl<'a, V: Lanes> TermRows<'a, V> {
    /// The rows of memory for the terms of a task, `slots` of each and the sums of `group` rows.
    pub fn count(task: &TileTask<'_, V::Element>, slots: usize, group: usize) -> usize {
        match task.equation.terms.arrays.len() {
            0 => 0,
            terms => terms * slots + group,
        }
    }

    /// Rows in `memory`, `pitch` elements apart.
    pub fn new(
        task: &'a TileTask<'_, V::Element>,
        memory: *mut V::Element,
        pitch: usize,
        slots: usize,
    ) -> Self {
        Self {
            terms: &task.equation.terms,
            memory,
            pitch,
            slots,
            registers: Lifted::<V>::registers(task.computed_columns().len()),
        }
    }

    /// Row `j` of a term.
    #[inline(always)]
    fn at(&self, term: usize, j: usize) -> *mut V::Element {
        let row = j % self.slots * self.terms.arrays.len() + term;
        self.memory.wrapping_add(row * self.pitch)
    }

    /// Lifts these rows, counted from row `base` of the field.
    ///
    /// # Safety
    /// As [`ArrayRing::lift`](super::rows::ArrayRing::lift).
    #[inline(always)]
    pub unsafe fn lift(
        &self,
        task: &TileTask<'_, V::Element>,
        base: isize,
        rows: Range<usize>,
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
    ) {
        for (term, array) in self.terms.arrays.iter().enumerate() {
            let plane = Plane::new(array.as_ptr().cast_mut(), array.dim(), array.strides());
            for j in rows.clone() {
                let place = task.row_place(base + j as isize);
                if place < plane.rows {
                    // SAFETY: passed on.
                    unsafe {
                        let from = staging.row(&plane, place);
                        layout.lift(from, self.at(term, j), |register| register);
                    }
                }
            }
        }
    }

    /// Writes the sums of `N` rows from `first` on in the step after `step` steps, and points `rows` to them.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, the rows were lifted, and there is room for as many sums.
    #[inline(always)]
    pub unsafe fn add_up<const N: usize>(
        &self,
        first: usize,
        step: usize,
        rows: &mut [*const V::Element; N],
    ) {
        if self.terms.is_empty() {
            return;
        }
        let sums = self.at(0, self.slots - 1);
        let sums = sums.wrapping_add(self.terms.arrays.len() * self.pitch);
        for (j, row) in rows.iter_mut().enumerate() {
            let sum = sums.wrapping_add(j * self.pitch);
            for (term, &factor) in self.terms.at(step).iter().enumerate() {
                let from = self.at(term, first + j);
                // SAFETY: the caller's promise; positions below `registers` are in the rows.
                unsafe {
                    let factor = V::splat(factor);
                    for at in (0..self.registers).map(|position| position * V::COUNT) {
                        let product = factor.multiply(V::load(from.add(at)));
                        let value = match term {
                            0 => product,
                            _ => V::load(sum.add(at)).add(product),
                        };
                        value.store(sum.add(at));
                    }
                }
            }
            *row = sum;
        }
    }
}
