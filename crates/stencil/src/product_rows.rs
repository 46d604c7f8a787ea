//! [`ProductRows`]: the lifted rows of the products that add up to a source, and their sums.
//!
//! The rows of the arrays are lifted once in a pass. Before rows are advanced by a level, their sums are written to the
//! rows of the source.

use ndarray::Array2;

use super::equation::{Coefficient, Weight};
use super::lanes::Lanes;
use super::lifted::Lifted;
use super::products::Products;
use super::task::{Plane, TileTask};
use crate::real::Real;

/// The lifted rows of products that the active rows of a tile read.
///
/// Row `j` of all products is in slot `j mod slots`, for every level.
pub(super) struct ProductRows<'a, V: Lanes> {
    /// The products of the source, if it has any.
    products: Option<&'a Products<V::Element>>,
    /// Whether there is a single product, which the kernel multiplies by its factor.
    is_scaled: bool,
    memory: *mut V::Element,
    pitch: usize,
    slots: usize,
    /// The number of registers in a row, with edges.
    registers: usize,
}

impl<'a, V: Lanes> ProductRows<'a, V> {
    /// The number of arrays of a task whose rows are kept.
    pub fn count(task: &TileTask<'_, V::Element>) -> usize {
        match (
            task.equation.scaled_source(),
            task.equation.coefficient(Weight::One),
        ) {
            (None, Some(Coefficient::Products(products))) => products.arrays.len(),
            _ => 0,
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
            products: match task.equation.coefficient(Weight::One) {
                Some(Coefficient::Products(products)) => Some(products),
                _ => None,
            },
            is_scaled: task.equation.scaled_source().is_some(),
            memory,
            pitch,
            slots,
            registers: Lifted::<V>::registers(task.computed_columns().len()),
        }
    }

    /// The products that are added up, if there are several.
    #[inline(always)]
    fn summands(&self) -> Option<&'a Products<V::Element>> {
        self.products.filter(|_| !self.is_scaled)
    }

    /// Row `j` of one of `count` products.
    #[inline(always)]
    fn row(&self, (number, count): (usize, usize), j: usize) -> *mut V::Element {
        let row = j % self.slots * count + number;
        self.memory.wrapping_add(row * self.pitch)
    }

    /// The arrays that are added up, each with the memory for its row `j`.
    #[inline(always)]
    pub fn rows(&self, j: usize) -> impl Iterator<Item = (Plane<V::Element>, *mut V::Element)> {
        let arrays: &[Array2<V::Element>] =
            self.summands().map_or(&[], |products| &products.arrays);
        arrays
            .iter()
            .enumerate()
            .map(move |(number, array)| (Plane::of(array), self.row((number, arrays.len()), j)))
    }

    /// The factor of a single product in the step after `step` steps, if the kernel multiplies it; otherwise 1.
    #[inline(always)]
    pub fn factor(&self, step: usize) -> V::Element {
        match self.products {
            Some(products) if self.is_scaled => products.factors_of_step(step)[0],
            _ => V::Element::ONE,
        }
    }

    /// Whether there are products to add up.
    #[inline(always)]
    pub fn are_added(&self) -> bool {
        self.summands().is_some()
    }

    /// Writes the sum of row `j` in the step after `step` steps.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, the row has been lifted, and `sum` has room for a row.
    #[inline(always)]
    pub unsafe fn add_up(&self, j: usize, step: usize, sum: *mut V::Element) {
        let Some(products) = self.summands() else {
            return;
        };
        let factors = products.factors_of_step(step);
        for (number, &factor) in factors.iter().enumerate() {
            let array_row = self.row((number, factors.len()), j);
            // SAFETY: the caller's promise; positions below `registers` are in the rows.
            unsafe {
                let factor = V::splat(factor);
                for at in (0..self.registers).map(|position| position * V::COUNT) {
                    let product = factor.multiply(V::load(array_row.add(at)));
                    let value = match number {
                        0 => product,
                        _ => V::load(sum.add(at)).add(product),
                    };
                    value.store(sum.add(at));
                }
            }
        }
    }
}
