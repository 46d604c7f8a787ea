//! [`Update`]: the step of a node in every lane.

use std::hint::black_box;

use super::lanes::Lanes;
use super::scalar::Star;
use crate::real::Real;

/// The lifted rows of an equation's arrays that belong to a group of `R` rows.
#[derive(Clone, Copy)]
pub(super) struct ArrayRows<T, const R: usize> {
    /// Faces west of the nodes.
    pub x: [*const T; R],
    /// Faces north of the nodes.
    pub y: [*const T; R],
    /// Faces south of the last row.
    pub south: *const T,
    pub source: [*const T; R],
    pub rate: [*const T; R],
    pub decay: [*const T; R],
    /// The factor of the source, where it has one.
    pub factor: T,
}

impl<T: Real, const R: usize> ArrayRows<T, R> {
    /// No rows, for equations without arrays.
    pub const NONE: Self = Self {
        x: [std::ptr::null(); R],
        y: [std::ptr::null(); R],
        south: std::ptr::null(),
        source: [std::ptr::null(); R],
        rate: [std::ptr::null(); R],
        decay: [std::ptr::null(); R],
        factor: T::ONE,
    };
}

/// The step of a node, in every lane.
pub(super) trait Update<V: Lanes>: Copy {
    /// The next level of the nodes in row `j` of a group at element `at`.
    ///
    /// # Safety
    /// The rows are lifted and those that this kind of equation has.
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        place: (usize, usize),
        star: Star<V>,
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
/// the odd row. See [`Additions`](super::kernel::Additions).
#[inline(always)]
pub(super) fn sum<V: Lanes, const FUSED: usize>(star: &Star<V>, one: V, j: usize) -> V {
    let sum = star.south.add(star.north);
    match (FUSED * V::FUSED + j % 2) / 2 {
        0 => sum.add(star.east).add(star.west),
        1 => sum.add(star.east).add_fused(one, star.west),
        _ => sum.add_fused(one, star.east).add_fused(one, star.west),
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
