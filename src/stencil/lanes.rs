//! The small vocabulary in which the vector kernel is written.

use crate::real::Real;

/// A register of `COUNT` elements.
///
/// A value of an implementing type exists only where the processor has its
/// instructions: `splat` and `load`, which make the first ones, are unsafe for
/// that reason, and everything else starts from a value.
pub(super) trait Lanes: Copy {
    type Element: Real;
    /// A set of lanes.
    type Mask: Copy;

    const COUNT: usize;

    /// `value` in every lane.
    ///
    /// # Safety
    /// The processor has the instructions of this type.
    unsafe fn splat(value: Self::Element) -> Self;

    /// The elements from `from` on.
    ///
    /// # Safety
    /// As [`Lanes::splat`]; `COUNT` elements are readable at `from`, which
    /// need not be aligned.
    unsafe fn load(from: *const Self::Element) -> Self;

    /// Writes the elements from `to` on.
    ///
    /// # Safety
    /// `COUNT` elements are writable at `to`, which need not be aligned.
    unsafe fn store(self, to: *mut Self::Element);

    /// Stores past the caches where the processor can.
    ///
    /// # Safety
    /// As [`Lanes::store`], and `to` is aligned to the register. Other threads
    /// may see the elements only after [`Lanes::fence`].
    unsafe fn stream(self, to: *mut Self::Element) {
        // SAFETY: the caller's promise covers a plain store.
        unsafe { self.store(to) }
    }

    /// Orders earlier streamed stores before later plain ones.
    fn fence() {}

    /// Asks for the cache line at `address`, which may lie anywhere.
    fn prefetch(_address: *const Self::Element) {}

    /// The lanes from `first` upwards.
    ///
    /// # Safety
    /// As [`Lanes::splat`].
    unsafe fn lanes_from(first: usize) -> Self::Mask;

    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;

    /// `self * one + other`: the sum, rounded once, on the units that multiply
    /// where those would otherwise idle.
    fn add_scaled(self, one: Self, other: Self) -> Self;

    /// `self - four * centre` in one rounding where the processor can; equal
    /// to two roundings because the product is exact unless it overflows.
    fn less(self, four: Self, centre: Self) -> Self;

    /// Lane-wise larger of |self| and `peak`; NaN counts as nothing.
    fn peak(self, peak: Self) -> Self;

    /// Lane `l` from lane `l - 1`, lane 0 from lane 0 of `first`.
    fn shift_up(self, first: Self) -> Self;

    /// Lane `l` from lane `l + 1`, the last lane from the last lane of `last`.
    fn shift_down(self, last: Self) -> Self;

    /// `other` in the lanes of the mask, `self` elsewhere.
    fn select(self, mask: Self::Mask, other: Self) -> Self;

    /// Lane `l` of register `i` becomes lane `i` of register `l`, for the first
    /// `COUNT` registers.
    fn transpose(block: [Self; MOST]) -> [Self; MOST];
}

/// The most lanes a register has.
pub(super) const MOST: usize = 16;

/// Transposes by perfect shuffles, as many as it takes to halve the number of
/// lanes to one. `zip` interleaves two registers, `a0 b0 a1 b1 …`, and returns
/// the lower and the upper half.
#[inline(always)]
pub(super) fn transpose_by_zips<V: Lanes>(
    mut block: [V; MOST],
    zip: impl Fn(V, V) -> (V, V),
) -> [V; MOST] {
    let half = V::COUNT / 2;
    let mut lanes = V::COUNT;
    while lanes > 1 {
        let old = block;
        for l in 0..half {
            (block[2 * l], block[2 * l + 1]) = zip(old[l], old[l + half]);
        }
        lanes /= 2;
    }
    block
}
