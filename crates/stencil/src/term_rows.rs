//! [`TermRows`]: the lifted rows of a source's terms, where there are several, and their sums.
//!
//! The rows of the arrays are lifted once a pass. Before rows are advanced by a level, their sums are written to rows
//! which the kernels read in place of a source, and which stay in the first-level cache.

use std::ops::Range;

use ndarray::Array2;

use super::lanes::Lanes;
use super::lifted::Lifted;
use super::task::{Plane, TileTask};
use super::terms::Terms;
use crate::real::Real;

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

/// The arrays of terms, if there are several.
fn several<'a, T>(task: &TileTask<'a, T>) -> &'a [Array2<T>] {
    match &task.equation.terms.arrays[..] {
        [_] => &[],
        arrays => arrays,
    }
}

impl<'a, V: Lanes> TermRows<'a, V> {
    /// The rows of memory for the terms of a task, `slots` of each and the sums of `group` rows.
    pub fn count(task: &TileTask<'_, V::Element>, slots: usize, group: usize) -> usize {
        match several(task).len() {
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

    /// Lifts these rows, counted from row `base` of the field, by `lift`, which is given a plane, a row of it and where to.
    #[inline(always)]
    pub fn lift(
        &self,
        task: &TileTask<'_, V::Element>,
        base: isize,
        rows: Range<usize>,
        lift: impl Fn(&Plane<V::Element>, usize, *mut V::Element),
    ) {
        for (term, array) in several(task).iter().enumerate() {
            let plane = Plane::new(array.as_ptr().cast_mut(), array.dim(), array.strides());
            for j in rows.clone() {
                let place = task.row_place(base + j as isize);
                if place < plane.rows {
                    lift(&plane, place, self.at(term, j));
                }
            }
        }
    }

    /// The factor of a single term in the step after `step` steps; 1 where there is none.
    #[inline(always)]
    pub fn factor(&self, step: usize) -> V::Element {
        match self.terms.only() {
            Some(_) => self.terms.at(step)[0],
            None => V::Element::ONE,
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
        if self.terms.arrays.len() < 2 {
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
