//! [`Lanes`]: the operations on vector registers in which the kernels are written.

use crate::real::Real;

/// A register of `COUNT` elements.
///
/// A value of an implementing type exists only if the processor has the
/// instructions of the type. The functions that create values from nothing,
/// `splat` and `load`, are unsafe for that reason; all others take a value.
pub(crate) trait Lanes: Copy {
    type Element: Real;
    /// A set of lanes.
    type Mask: Copy;

    const COUNT: usize;

    /// The number of additions, of six, that are fused multiply-adds on processors with separate units for these: at
    /// most two.
    const FUSED: usize;

    /// Whether a sweep may compute two levels. Debug builds have such sweeps for more types than are faster that way,
    /// so that tests do not need special processors.
    const TWO_LEVELS: bool;

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

    /// Stores without filling the caches, if the processor can.
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

    /// `self * factor + other`, rounded once: a fused multiply-add.
    fn multiply_add(self, factor: Self, other: Self) -> Self;

    /// `self - four * centre`, fused if the processor can. Unless it overflows,
    /// the product is exact and fusing changes nothing.
    fn sub_product(self, four: Self, centre: Self) -> Self;

    /// `self + four * centre`, fused if the processor can, under the condition of [`sub_product`](Self::sub_product).
    fn add_product(self, four: Self, centre: Self) -> Self;

    /// The absolute value of each lane.
    fn magnitude(self) -> Self;

    /// The larger of `self` and `so_far` in each lane; `so_far` where `self` is NaN.
    fn max(self, so_far: Self) -> Self;

    /// The smaller of `self` and `so_far` in each lane; `so_far` where `self` is NaN.
    fn min(self, so_far: Self) -> Self;

    /// The lanes of `other` where `self` is zero, of either sign; the lanes of `self` elsewhere.
    fn replace_zeros(self, other: Self) -> Self;

    /// A number in each lane whose sign bit is set if the sign bit of `self` or of `so_far` is set.
    fn signs(self, so_far: Self) -> Self;

    /// Runs a computation compiled for the instructions of this type, in a function of its own.
    ///
    /// # Safety
    /// As [`Lanes::splat`], and as the computation.
    unsafe fn compiled<C: Computation>(computation: C) -> C::Output;

    /// The lanes shifted up by one: lane `l` is lane `l - 1` of `self`, lane 0 is lane 0 of `first`.
    fn shift_up(self, first: Self) -> Self;

    /// The lanes shifted down by one: lane `l` is lane `l + 1` of `self`, the last lane is the last lane of `last`.
    fn shift_down(self, last: Self) -> Self;

    /// The lanes of `other` in the mask, the lanes of `self` elsewhere.
    fn select(self, mask: Self::Mask, other: Self) -> Self;

    /// Transposes the first `COUNT` registers as a square matrix: lane `l` of
    /// register `i` becomes lane `i` of register `l`.
    fn transpose(block: [Self; MAX_LANES]) -> [Self; MAX_LANES];
}

/// Code that [`Lanes::compiled`] compiles for an instruction set. `run` and all functions that it calls must be
/// inlined.
pub(crate) trait Computation {
    type Output;

    /// # Safety
    /// The processor has the instructions that it is compiled for; and what the computation asks.
    unsafe fn run(self) -> Self::Output;
}

/// Whether there is a kernel with [`portable`] lanes: on processors without another vector kernel, and in debug builds,
/// which test it.
pub(crate) const HAS_PORTABLE: bool = cfg!(any(
    debug_assertions,
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_feature = "simd128"
    ))
));

/// The largest `COUNT` of any type.
pub(crate) const MAX_LANES: usize = 16;

/// [`Lanes::transpose`] by perfect shuffles, `log2(COUNT)` rounds of them. `zip`
/// interleaves two registers, `a0 b0 a1 b1 …`, and returns the lower and the
/// upper half of the result.
#[inline(always)]
pub(crate) fn transpose_by_zips<V: Lanes>(
    mut block: [V; MAX_LANES],
    zip: impl Fn(V, V) -> (V, V),
) -> [V; MAX_LANES] {
    let half = V::COUNT / 2;
    let mut lanes = V::COUNT;
    while lanes > 1 {
        let previous = block;
        for l in 0..half {
            (block[2 * l], block[2 * l + 1]) = zip(previous[l], previous[l + half]);
        }
        lanes /= 2;
    }
    block
}

/// Implements [`Lanes`] for a register with the given number of elements. The calling module provides the operations
/// used below, `Register` and `Mask`, and the functions in which instruction sets differ.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_feature = "simd128"
))]
macro_rules! lanes {
    ($name:ident: $count:literal of $element:ty, $features:literal, $($own:tt)*) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name(Register);

        // SAFETY, for every block below and those of the module: loads and stores pass on what the trait
        // asks of its caller. The other operations work on registers, and a value of this type exists
        // only if the processor has its instructions.
        impl Lanes for $name {
            type Element = $element;
            type Mask = Mask;

            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn splat(value: $element) -> Self {
                Self(unsafe { splat(value) })
            }

            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self {
                Self(unsafe { load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $element) {
                unsafe { store(to, self.0) }
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { add(self.0, other.0) })
            }

            #[inline(always)]
            fn subtract(self, other: Self) -> Self {
                Self(unsafe { subtract(self.0, other.0) })
            }

            #[inline(always)]
            fn multiply(self, other: Self) -> Self {
                Self(unsafe { multiply(self.0, other.0) })
            }

            #[inline(always)]
            fn max(self, so_far: Self) -> Self {
                // On x86, `max` and `min` return their second operand if one is NaN; on Arm, they return the number.
                Self(unsafe { max(self.0, so_far.0) })
            }

            #[inline(always)]
            fn min(self, so_far: Self) -> Self {
                Self(unsafe { min(self.0, so_far.0) })
            }

            #[inline(always)]
            unsafe fn compiled<C: Computation>(computation: C) -> C::Output {
                #[target_feature(enable = $features)]
                #[inline(never)]
                unsafe fn run<C: Computation>(computation: C) -> C::Output {
                    unsafe { computation.run() }
                }
                unsafe { run(computation) }
            }

            $($own)*
        }
    };
}

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;
#[cfg(target_feature = "simd128")]
pub(crate) mod wasm;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;
