//! [`Update`]: the step of a node in every lane.

use std::hint::black_box;

use super::equation::Weight;
use super::lanes::Lanes;
use super::scalar::Star;
use crate::real::Real;

/// The arrays that an equation may have: the faces west and north of the nodes, and one for each weight of a term.
pub(super) const ARRAYS: usize = 2 + Weight::COUNT;
/// The number of the faces west of the nodes.
pub(super) const X: usize = 0;
/// The number of the faces north of the nodes.
pub(super) const Y: usize = 1;

/// The number of the array with the coefficients of a weight.
#[inline(always)]
pub(super) const fn array_of(weight: Weight) -> usize {
    2 + weight as usize
}

/// The lifted rows of an equation's arrays for a group of `R` rows.
#[derive(Clone, Copy)]
pub(super) struct ArrayRows<T, const R: usize> {
    /// For each row of the group, the rows of all arrays, one array after the other.
    pub slots: [*const T; R],
    /// The rows of all arrays for the row south of the group.
    pub south: *const T,
    /// The element at which the row of each array begins.
    pub begins: [usize; ARRAYS],
    /// A mask for the indices of a row's elements: 0 if one register stands for the whole row.
    pub elements: [usize; ARRAYS],
    /// The factor of the source, if it has one.
    pub factor: T,
}

impl<T: Real, const R: usize> ArrayRows<T, R> {
    /// The rows of an equation without arrays.
    pub const NONE: Self = Self {
        slots: [std::ptr::null(); R],
        south: std::ptr::null(),
        begins: [0; ARRAYS],
        elements: [0; ARRAYS],
        factor: T::ONE,
    };

    /// The faces of row `j` of the group at element `at`; row `R` is the row south of the group.
    ///
    /// # Safety
    /// The equation has faces, the rows are lifted and have the element.
    #[inline(always)]
    pub unsafe fn faces<V: Lanes<Element = T>>(&self, array: usize, (j, at): (usize, usize)) -> V {
        let slot = if j == R { self.south } else { self.slots[j] };
        // SAFETY: the caller's promise.
        unsafe { V::load(slot.add(opaque(self.begins[array] + at))) }
    }

    /// The coefficients of a weight in row `j` of the group at element `at`.
    ///
    /// # Safety
    /// The rows are lifted and have the element, and the equation has the array.
    #[inline(always)]
    pub unsafe fn coefficient<V: Lanes<Element = T>>(
        &self,
        weight: Weight,
        (j, at): (usize, usize),
    ) -> V {
        let array = array_of(weight);
        let element = opaque(self.begins[array] + (at & self.elements[array]));
        // SAFETY: the caller's promise.
        unsafe { V::load(self.slots[j].add(element)) }
    }
}

/// Hides an index from the compiler, which would otherwise add the index of each array to the address of each row,
/// which takes more registers than there are, instead of keeping the few indices and addresses separate.
#[inline(always)]
fn opaque(index: usize) -> usize {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    {
        let mut index = index;
        // SAFETY: there are no instructions.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) index, options(pure, nomem, nostack, preserves_flags));
        }
        index
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
    index
}

/// An update: the step of a node, in every lane.
pub(super) trait Update<V: Lanes>: Copy {
    /// The arrays that the update reads.
    const READS: [bool; ARRAYS] = [false; ARRAYS];

    /// The next level of the nodes in row `j` of a group at element `at`; `north_west` is the sum of the north and the
    /// west neighbour, which was computed before as the south and east neighbours of the node to the north-west.
    ///
    /// # Safety
    /// The rows are lifted and belong to this kind of equation.
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        place: (usize, usize),
        star: Star<V>,
        north_west: V,
    ) -> V;

    /// The next level of nodes that keep their density.
    #[inline(always)]
    fn held(&self, present: V) -> V {
        present
    }

    /// Discards the values noted since `before` in the lanes `outside`, which contained no nodes.
    #[inline(always)]
    fn forget(&mut self, _before: Self, _outside: V::Mask) {}
}

/// The sum of four neighbours of a node in row `j` of a group. Of the six additions of an even and an odd row,
/// `FUSED * V::FUSED` are fused with a multiplication by `one`, at most four: half of them in each row, and an odd one
/// in the odd row. A product with one is exact, so the bits do not depend on fusing. See
/// [`Additions`](super::kernel::Additions).
#[inline(always)]
pub(super) fn sum<V: Lanes, const FUSED: usize>(star: &Star<V>, one: V, j: usize) -> V {
    let sum = star.south.add(star.north);
    match (FUSED * V::FUSED + j % 2) / 2 {
        0 => sum.add(star.east).add(star.west),
        1 => sum.add(star.east).multiply_add(one, star.west),
        _ => sum
            .multiply_add(one, star.east)
            .multiply_add(one, star.west),
    }
}

/// One in every lane, for [`sum`].
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn one<V: Lanes>() -> V {
    // The compiler must not know the number: it would leave the multiplication out.
    let factor = black_box(V::Element::ONE);
    // SAFETY: passed on.
    unsafe { V::splat(factor) }
}
