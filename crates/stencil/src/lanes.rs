//! [`Lanes`]: the operations on vector registers that the kernels are written in.

use crate::real::Real;

/// A register of `COUNT` elements.
///
/// A value of an implementing type exists only if the processor has the
/// instructions of the type. The functions that create values from nothing,
/// `splat` and `load`, are unsafe for that reason; all others take a value.
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

    /// The `COUNT` elements at `from`, which need not be aligned.
    ///
    /// # Safety
    /// As [`Lanes::splat`]; the elements are readable.
    unsafe fn load(from: *const Self::Element) -> Self;

    /// Writes the `COUNT` elements at `to`, which need not be aligned.
    ///
    /// # Safety
    /// The elements are writable.
    unsafe fn store(self, to: *mut Self::Element);

    /// Stores past the caches if the processor can.
    ///
    /// # Safety
    /// As [`Lanes::store`]; `to` is aligned to the register. Other threads may
    /// read the elements only after [`Lanes::fence`].
    unsafe fn stream(self, to: *mut Self::Element) {
        // SAFETY: the caller's promise covers a plain store.
        unsafe { self.store(to) }
    }

    /// Orders earlier streamed stores before later stores.
    fn fence() {}

    /// Requests the cache line at `address`, which may be any address.
    fn prefetch(_address: *const Self::Element) {}

    /// The lanes `first..COUNT`.
    ///
    /// # Safety
    /// As [`Lanes::splat`].
    unsafe fn lanes_from(first: usize) -> Self::Mask;

    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;

    /// `self * one + other`, the sum as a fused multiply-add. The product with
    /// one is exact, so the result is that of [`Lanes::add`]. Processors with
    /// separate units for additions and multiplications use both that way.
    fn add_fused(self, one: Self, other: Self) -> Self;

    /// `self - four * centre`, fused if the processor can. Unless it overflows,
    /// the product is exact and fusing changes nothing.
    fn sub_product(self, four: Self, centre: Self) -> Self;

    /// `self + four * centre`, fused if the processor can, with the same condition.
    fn add_product(self, four: Self, centre: Self) -> Self;

    /// |self|
    fn magnitude(self) -> Self;

    /// The larger of `self` and `so_far` in each lane; `so_far` where `self` is NaN.
    fn max(self, so_far: Self) -> Self;

    /// The smaller of `self` and `so_far` in each lane; `so_far` where `self` is NaN.
    fn min(self, so_far: Self) -> Self;

    /// `other` in the lanes where `self` is zero, of either sign; `self` elsewhere.
    fn replace_zeros(self, other: Self) -> Self;

    /// Any number, with a sign bit in the lanes where `self` or `so_far` has one.
    fn signs(self, so_far: Self) -> Self;

    /// Runs a computation compiled for the instructions of this type, in a function of its own.
    ///
    /// # Safety
    /// As [`Lanes::splat`], and as the computation.
    unsafe fn compiled<C: Computation>(computation: C) -> C::Output;

    /// Lane `l` from lane `l - 1` of `self`, lane 0 from lane 0 of `first`.
    fn shift_up(self, first: Self) -> Self;

    /// Lane `l` from lane `l + 1` of `self`, the last lane from the last lane of
    /// `last`.
    fn shift_down(self, last: Self) -> Self;

    /// `other` in the lanes of the mask, `self` elsewhere.
    fn select(self, mask: Self::Mask, other: Self) -> Self;

    /// Transposes the first `COUNT` registers as a square matrix: lane `l` of
    /// register `i` becomes lane `i` of register `l`.
    fn transpose(block: [Self; MAX_LANES]) -> [Self; MAX_LANES];
}

/// Code that [`Lanes::compiled`] compiles for an instruction set. `run` and all that it calls are to
/// be inlined.
pub(super) trait Computation {
    type Output;

    /// # Safety
    /// The processor has the instructions that it is compiled for; and what the computation asks.
    unsafe fn run(self) -> Self::Output;
}

/// The largest `COUNT` of any type.
pub(super) const MAX_LANES: usize = 16;

/// [`Lanes::transpose`] by perfect shuffles, `log2(COUNT)` rounds of them. `zip`
/// interleaves two registers, `a0 b0 a1 b1 …`, and returns the lower and the
/// upper half of the result.
#[inline(always)]
pub(super) fn transpose_by_zips<V: Lanes>(
    mut block: [V; MAX_LANES],
    zip: impl Fn(V, V) -> (V, V),
) -> [V; MAX_LANES] {
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
