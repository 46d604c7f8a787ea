//! [`TermRows`]: the lifted rows of a source's terms, and their sums.
//!
//! The rows of the arrays are lifted once a pass. Before rows are advanced by a level, their sums are written to the rows of
//! the source.

use ndarray::Array2;

use super::lanes::Lanes;
use super::lifted::Lifted;
use super::task::{Plane, TileTask};
use super::terms::Terms;
use crate::real::Real;

/// The lifted rows of terms that the rows of a tile in progress read.
///
/// Row `j` of all terms is in slot `j mod slots`, whatever the level.
pub(super) struct TermRows<'a, V: Lanes> {
    terms: &'a Terms<V::Element>,
    /// Whether the kernel multiplies a single one.
    is_scaled: bool,
    memory: *mut V::Element,
    pitch: usize,
    slots: usize,
    /// The registers of a row, edges included.
    registers: usize,
}

impl<'a, V: Lanes> TermRows<'a, V> {
    /// The arrays of a task of which rows are kept.
    pub fn count(task: &TileTask<'_, V::Element>) -> usize {
        match task.equation.scaled_source() {
            Some(_) => 0,
            None => task.equation.terms.arrays.len(),
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
            is_scaled: task.equation.scaled_source().is_some(),
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

    /// The arrays that are added up, and where row `j` of each is kept.
    #[inline(always)]
    pub fn rows(&self, j: usize) -> impl Iterator<Item = (Plane<V::Element>, *mut V::Element)> {
        let arrays = match self.are_added() {
            true => &self.terms.arrays[..],
            false => &[],
        };
        let plane = |array: &Array2<V::Element>| {
            Plane::new(array.as_ptr().cast_mut(), array.dim(), array.strides())
        };
        let rows = arrays.iter().enumerate();
        rows.map(move |(term, array)| (plane(array), self.at(term, j)))
    }

    /// The factor of a single term in the step after `step` steps, if the kernel multiplies it; otherwise 1.
    #[inline(always)]
    pub fn factor(&self, step: usize) -> V::Element {
        match self.is_scaled {
            true => self.terms.at(step)[0],
            false => V::Element::ONE,
        }
    }

    /// Whether there are terms to add up.
    #[inline(always)]
    pub fn are_added(&self) -> bool {
        !self.is_scaled && !self.terms.is_empty()
    }

    /// Writes the sum of row `j` in the step after `step` steps.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, the row was lifted, and there is room for it.
    #[inline(always)]
    pub unsafe fn add_up(&self, j: usize, step: usize, sum: *mut V::Element) {
        for (term, &factor) in self.terms.at(step).iter().enumerate() {
            let from = self.at(term, j);
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
    }
}
