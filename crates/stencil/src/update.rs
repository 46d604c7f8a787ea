//! [`Update`]: the step of a node in every lane.

use std::hint::black_box;

use super::lanes::Lanes;
use super::scalar::Star;
use crate::real::Real;

/// The arrays that an equation may have, by their numbers: faces west and north of the nodes, source, rate and decay.
pub(super) const ARRAYS: usize = 5;
pub(super) const X: usize = 0;
pub(super) const Y: usize = 1;
pub(super) const SOURCE: usize = 2;
pub(super) const RATE: usize = 3;
pub(super) const DECAY: usize = 4;

/// The lifted rows of an equation's arrays that belong to a group of `R` rows.
#[derive(Clone, Copy)]
pub(super) struct ArrayRows<T, const R: usize> {
    /// The rows of all arrays that belong to a row of the group, one array after the other.
    pub slots: [*const T; R],
    /// Those of the row south of the group.
    pub south: *const T,
    /// Where the row of each array begins among them.
    pub begins: [usize; ARRAYS],
    /// The bits of the places of its elements: none where one register stands for the row.
    pub elements: [usize; ARRAYS],
    /// The factor of the source, where it has one.
    pub factor: T,
}

impl<T: Real, const R: usize> ArrayRows<T, R> {
    /// No rows, for equations without arrays.
    pub const NONE: Self = Self {
        slots: [std::ptr::null(); R],
        south: std::ptr::null(),
        begins: [0; ARRAYS],
        elements: [0; ARRAYS],
        factor: T::ONE,
    };

    /// The faces of row `j` of the group at element `at`; row `R` is the one south of it.
    ///
    /// # Safety
    /// The equation has faces, the rows are lifted and have the element.
    #[inline(always)]
    pub unsafe fn faces<V: Lanes<Element = T>>(&self, array: usize, (j, at): (usize, usize)) -> V {
        let slot = if j == R { self.south } else { self.slots[j] };
        // SAFETY: the caller's promise.
        unsafe { V::load(slot.add(opaque(self.begins[array] + at))) }
    }

    /// The source, the rate or the decay of row `j` of the group at element `at`.
    ///
    /// # Safety
    /// The rows are lifted and have the element, and the equation has the array.
    #[inline(always)]
    pub unsafe fn element<V: Lanes<Element = T>>(
        &self,
        array: usize,
        (j, at): (usize, usize),
    ) -> V {
        let element = opaque(self.begins[array] + (at & self.elements[array]));
        // SAFETY: the caller's promise.
        unsafe { V::load(self.slots[j].add(element)) }
    }
}

/// The same index, of which the compiler knows nothing: it would add the index of each array to the address of each row,
/// of which there are more than registers, rather than use a few of both.
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

/// The step of a node, in every lane.
pub(super) trait Update<V: Lanes>: Copy {
    /// Which arrays it reads.
    const READS: [bool; ARRAYS] = [false; ARRAYS];

    /// The next level of the nodes in row `j` of a group at element `at`; `north_west` is the sum of these two neighbours,
    /// which is that of the south and the east ones of the node between them, computed before.
    ///
    /// # Safety
    /// The rows are lifted and those that this kind of equation has.
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

    /// Forgets what was noted in lanes `outside` since `before`: they were no nodes.
    #[inline(always)]
    fn forget(&mut self, _before: Self, _outside: V::Mask) {}
}

/// The sum of four neighbours of a node in row `j` of a group. Of the six additions of an even and an odd row,
/// `FUSED * V::FUSED` are fused with a multiplication by `one`, at most four: half of them in each row, and an odd one in
/// the odd row. A product with one is exact, so every way has the bits of additions. See [`Additions`](super::kernel::Additions).
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
    let one = black_box(V::Element::ONE);
    // SAFETY: passed on.
    unsafe { V::splat(one) }
}
