//! `simd128` of WebAssembly: registers of 16 bytes, 2 `f64` or 4 `f32`. It has no fused operations; the relaxed ones,
//! which may fuse, are not used.

#![allow(
    clippy::undocumented_unsafe_blocks,
    unused_unsafe,
    reason = "the blocks of the macros share one comment, in `lanes!`; instructions without memory are safe here"
)]

use super::{Computation, Lanes, MAX_LANES, transpose_by_zips};
use std::arch::wasm32::{
    v128 as Register, v128 as Mask, v128_bitselect, v128_load, v128_or, v128_store,
};

pub(crate) use self::{f32x4::F32x4, f64x2::F64x2};

macro_rules! wasm {
    ($name:ident: $count:literal of $element:ty, $word:ty) => {
        #[inline(always)]
        unsafe fn load(from: *const $element) -> Register {
            unsafe { v128_load(from.cast()) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut $element, value: Register) {
            unsafe { v128_store(to.cast(), value) }
        }

        lanes! {
            $name: $count of $element, "simd128",

            const FUSED: usize = 0;
            const TWO_LEVELS: bool = cfg!(debug_assertions);

            #[inline(always)]
            unsafe fn lanes_from(first: usize) -> Mask {
                let mut lanes: [$word; $count] = [0; $count];
                for lane in lanes.iter_mut().skip(first) {
                    *lane = <$word>::MAX;
                }
                unsafe { v128_load(lanes.as_ptr().cast()) }
            }

            #[inline(always)]
            fn multiply_add(self, factor: Self, other: Self) -> Self {
                let mut lanes: [[$element; $count]; 3] = [[0.0; $count]; 3];
                for (lanes, register) in lanes.iter_mut().zip([self, factor, other]) {
                    unsafe { store(lanes.as_mut_ptr(), register.0) }
                }
                let [mut sums, factors, others] = lanes;
                for (sum, (factor, other)) in sums.iter_mut().zip(factors.iter().zip(others)) {
                    *sum = sum.mul_add(*factor, other);
                }
                Self(unsafe { load(sums.as_ptr()) })
            }

            #[inline(always)]
            fn sub_product(self, four: Self, centre: Self) -> Self {
                self.subtract(four.multiply(centre))
            }

            #[inline(always)]
            fn add_product(self, four: Self, centre: Self) -> Self {
                self.add(four.multiply(centre))
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                Self(unsafe { magnitude(self.0) })
            }

            #[inline(always)]
            fn replace_zeros(self, other: Self) -> Self {
                self.select(unsafe { equal(self.0, splat(0.0)) }, other)
            }

            #[inline(always)]
            fn signs(self, so_far: Self) -> Self {
                Self(unsafe { v128_or(self.0, so_far.0) })
            }

            #[inline(always)]
            fn select(self, mask: Mask, other: Self) -> Self {
                Self(unsafe { v128_bitselect(other.0, self.0, mask) })
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                Self(unsafe { up(first.0, self.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                Self(unsafe { down(self.0, last.0) })
            }

            #[inline(always)]
            fn transpose(block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
                transpose_by_zips(block, |a: Self, b: Self| unsafe {
                    (Self(zip_low(a.0, b.0)), Self(zip_high(a.0, b.0)))
                })
            }
        }
    };
}

mod f64x2 {
    use super::*;
    use std::arch::wasm32::{
        f64x2_abs as magnitude, f64x2_add as add, f64x2_eq as equal, f64x2_mul as multiply,
        f64x2_pmax, f64x2_pmin, f64x2_splat as splat, f64x2_sub as subtract, i64x2_shuffle,
    };

    /// The larger number, and `so_far` where `value` is NaN.
    #[inline(always)]
    fn max(value: Register, so_far: Register) -> Register {
        f64x2_pmax(so_far, value)
    }

    /// The smaller number, and `so_far` where `value` is NaN.
    #[inline(always)]
    fn min(value: Register, so_far: Register) -> Register {
        f64x2_pmin(so_far, value)
    }

    #[inline(always)]
    fn up(first: Register, value: Register) -> Register {
        i64x2_shuffle::<0, 2>(first, value)
    }

    #[inline(always)]
    fn down(value: Register, last: Register) -> Register {
        i64x2_shuffle::<1, 3>(value, last)
    }

    #[inline(always)]
    fn zip_low(a: Register, b: Register) -> Register {
        i64x2_shuffle::<0, 2>(a, b)
    }

    #[inline(always)]
    fn zip_high(a: Register, b: Register) -> Register {
        i64x2_shuffle::<1, 3>(a, b)
    }

    wasm!(F64x2: 2 of f64, u64);
}

mod f32x4 {
    use super::*;
    use std::arch::wasm32::{
        f32x4_abs as magnitude, f32x4_add as add, f32x4_eq as equal, f32x4_mul as multiply,
        f32x4_pmax, f32x4_pmin, f32x4_splat as splat, f32x4_sub as subtract, i32x4_shuffle,
    };

    /// The larger number, and `so_far` where `value` is NaN.
    #[inline(always)]
    fn max(value: Register, so_far: Register) -> Register {
        f32x4_pmax(so_far, value)
    }

    /// The smaller number, and `so_far` where `value` is NaN.
    #[inline(always)]
    fn min(value: Register, so_far: Register) -> Register {
        f32x4_pmin(so_far, value)
    }

    #[inline(always)]
    fn up(first: Register, value: Register) -> Register {
        i32x4_shuffle::<0, 4, 5, 6>(first, value)
    }

    #[inline(always)]
    fn down(value: Register, last: Register) -> Register {
        i32x4_shuffle::<1, 2, 3, 7>(value, last)
    }

    #[inline(always)]
    fn zip_low(a: Register, b: Register) -> Register {
        i32x4_shuffle::<0, 4, 1, 5>(a, b)
    }

    #[inline(always)]
    fn zip_high(a: Register, b: Register) -> Register {
        i32x4_shuffle::<2, 6, 3, 7>(a, b)
    }

    wasm!(F32x4: 4 of f32, u32);
}
