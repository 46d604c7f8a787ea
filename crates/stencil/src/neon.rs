//! NEON: registers of 16 bytes, 2 `f64` or 4 `f32`.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the blocks of the macro share one comment"
)]

use std::arch::aarch64::*;

use super::lanes::{Computation, Lanes, MAX_LANES, transpose_by_zips};

/// A 16-byte register of `$element`s.
macro_rules! neon {
    ($name:ident, $element:ty, $register:ty, $count:literal,
     $dup:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident,
     $fma:ident, $fms:ident, $maxnm:ident, $minnm:ident, $equal:ident, $bits:ident, $from_bits:ident, $or:ident, $abs:ident, $select:ident, $mask:ty, $load_mask:ident,
     $word:ty, $ext:ident, $copy:ident, $zip1:ident, $zip2:ident) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        // SAFETY, for every block below: loads and stores pass on what the trait
        // asks of its caller. The other operations work on registers, and a
        // value of this type exists only if the processor has NEON.
        impl Lanes for $name {
            type Element = $element;
            type Mask = $mask;

            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn splat(value: $element) -> Self {
                Self(unsafe { $dup(value) })
            }

            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self {
                Self(unsafe { $load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $element) {
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            unsafe fn lanes_from(first: usize) -> $mask {
                let mut lanes: [$word; $count] = [0; $count];
                for lane in lanes.iter_mut().skip(first) {
                    *lane = <$word>::MAX;
                }
                unsafe { $load_mask(lanes.as_ptr()) }
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn subtract(self, other: Self) -> Self {
                Self(unsafe { $sub(self.0, other.0) })
            }

            #[inline(always)]
            fn multiply(self, other: Self) -> Self {
                Self(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            fn add_fused(self, one: Self, other: Self) -> Self {
                Self(unsafe { $fma(other.0, self.0, one.0) })
            }

            #[inline(always)]
            fn sub_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { $fms(self.0, four.0, centre.0) })
            }

            #[inline(always)]
            fn add_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { $fma(self.0, four.0, centre.0) })
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                Self(unsafe { $abs(self.0) })
            }

            #[inline(always)]
            fn max(self, so_far: Self) -> Self {
                Self(unsafe { $maxnm(self.0, so_far.0) })
            }

            #[inline(always)]
            fn min(self, so_far: Self) -> Self {
                Self(unsafe { $minnm(self.0, so_far.0) })
            }

            #[inline(always)]
            fn replace_zeros(self, other: Self) -> Self {
                self.select(unsafe { $equal(self.0, $dup(0.0)) }, other)
            }

            #[inline(always)]
            fn signs(self, so_far: Self) -> Self {
                Self(unsafe { $from_bits($or($bits(self.0), $bits(so_far.0))) })
            }

            #[inline(always)]
            unsafe fn compiled<C: Computation>(computation: C) -> C::Output {
                #[target_feature(enable = "neon")]
                #[inline(never)]
                unsafe fn run<C: Computation>(computation: C) -> C::Output {
                    unsafe { computation.run() }
                }
                unsafe { run(computation) }
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                let up = unsafe { $ext::<{ $count - 1 }>(self.0, self.0) };
                Self(unsafe { $copy::<0, 0>(up, first.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                let down = unsafe { $ext::<1>(self.0, self.0) };
                Self(unsafe { $copy::<{ $count - 1 }, { $count - 1 }>(down, last.0) })
            }

            #[inline(always)]
            fn select(self, mask: $mask, other: Self) -> Self {
                Self(unsafe { $select(mask, other.0, self.0) })
            }

            #[inline(always)]
            fn transpose(block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
                transpose_by_zips(block, |a: Self, b: Self| unsafe {
                    (Self($zip1(a.0, b.0)), Self($zip2(a.0, b.0)))
                })
            }
        }
    };
}

neon!(
    F64x2,
    f64,
    float64x2_t,
    2,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    vaddq_f64,
    vsubq_f64,
    vmulq_f64,
    vfmaq_f64,
    vfmsq_f64,
    vmaxnmq_f64,
    vminnmq_f64,
    vceqq_f64,
    vreinterpretq_u64_f64,
    vreinterpretq_f64_u64,
    vorrq_u64,
    vabsq_f64,
    vbslq_f64,
    uint64x2_t,
    vld1q_u64,
    u64,
    vextq_f64,
    vcopyq_laneq_f64,
    vzip1q_f64,
    vzip2q_f64
);
neon!(
    F32x4,
    f32,
    float32x4_t,
    4,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    vaddq_f32,
    vsubq_f32,
    vmulq_f32,
    vfmaq_f32,
    vfmsq_f32,
    vmaxnmq_f32,
    vminnmq_f32,
    vceqq_f32,
    vreinterpretq_u32_f32,
    vreinterpretq_f32_u32,
    vorrq_u32,
    vabsq_f32,
    vbslq_f32,
    uint32x4_t,
    vld1q_u32,
    u32,
    vextq_f32,
    vcopyq_laneq_f32,
    vzip1q_f32,
    vzip2q_f32
);
