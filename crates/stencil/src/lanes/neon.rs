//! NEON: registers of 16 bytes, 2 `f64` or 4 `f32`.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the blocks of the macros share one comment, in `lanes!`"
)]

use super::{Computation, Lanes, MAX_LANES, transpose_by_zips};

pub(crate) use self::{f32x4::F32x4, f64x2::F64x2};

macro_rules! neon {
    ($name:ident: $count:literal of $element:ty, $word:ty) => {
        lanes! {
            $name: $count of $element, "neon",

            const FUSED: usize = 0;
            const TWO_LEVELS: bool = cfg!(debug_assertions);

            #[inline(always)]
            unsafe fn lanes_from(first: usize) -> Mask {
                let mut lanes: [$word; $count] = [0; $count];
                for lane in lanes.iter_mut().skip(first) {
                    *lane = <$word>::MAX;
                }
                unsafe { load_mask(lanes.as_ptr()) }
            }

            #[inline(always)]
            fn multiply_add(self, factor: Self, other: Self) -> Self {
                Self(unsafe { multiply_add(other.0, self.0, factor.0) })
            }

            #[inline(always)]
            fn sub_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { multiply_subtract(self.0, four.0, centre.0) })
            }

            #[inline(always)]
            fn add_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { multiply_add(self.0, four.0, centre.0) })
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
                Self(unsafe { from_bits(or(to_bits(self.0), to_bits(so_far.0))) })
            }

            #[inline(always)]
            fn select(self, mask: Mask, other: Self) -> Self {
                Self(unsafe { select(mask, other.0, self.0) })
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                let up = unsafe { extract::<{ $count - 1 }>(self.0, self.0) };
                Self(unsafe { copy_lane::<0, 0>(up, first.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                let down = unsafe { extract::<1>(self.0, self.0) };
                Self(unsafe { copy_lane::<{ $count - 1 }, { $count - 1 }>(down, last.0) })
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
    use std::arch::aarch64::{
        float64x2_t as Register, uint64x2_t as Mask, vabsq_f64 as magnitude, vaddq_f64 as add,
        vbslq_f64 as select, vceqq_f64 as equal, vcopyq_laneq_f64 as copy_lane,
        vdupq_n_f64 as splat, vextq_f64 as extract, vfmaq_f64 as multiply_add,
        vfmsq_f64 as multiply_subtract, vld1q_f64 as load, vld1q_u64 as load_mask,
        vmaxnmq_f64 as max, vminnmq_f64 as min, vmulq_f64 as multiply, vorrq_u64 as or,
        vreinterpretq_f64_u64 as from_bits, vreinterpretq_u64_f64 as to_bits, vst1q_f64 as store,
        vsubq_f64 as subtract, vzip1q_f64 as zip_low, vzip2q_f64 as zip_high,
    };

    neon!(F64x2: 2 of f64, u64);
}

mod f32x4 {
    use super::*;
    use std::arch::aarch64::{
        float32x4_t as Register, uint32x4_t as Mask, vabsq_f32 as magnitude, vaddq_f32 as add,
        vbslq_f32 as select, vceqq_f32 as equal, vcopyq_laneq_f32 as copy_lane,
        vdupq_n_f32 as splat, vextq_f32 as extract, vfmaq_f32 as multiply_add,
        vfmsq_f32 as multiply_subtract, vld1q_f32 as load, vld1q_u32 as load_mask,
        vmaxnmq_f32 as max, vminnmq_f32 as min, vmulq_f32 as multiply, vorrq_u32 as or,
        vreinterpretq_f32_u32 as from_bits, vreinterpretq_u32_f32 as to_bits, vst1q_f32 as store,
        vsubq_f32 as subtract, vzip1q_f32 as zip_low, vzip2q_f32 as zip_high,
    };

    neon!(F32x4: 4 of f32, u32);
}
