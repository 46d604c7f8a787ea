//! [`Update`]: the step of a node in every lane.

use super::lanes::Lanes;
use super::scalar::Star;

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
}

impl<T, const R: usize> ArrayRows<T, R> {
    /// No rows, for equations without arrays.
    pub const NONE: Self = Self {
        x: [std::ptr::null(); R],
        y: [std::ptr::null(); R],
        south: std::ptr::null(),
        source: [std::ptr::null(); R],
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
