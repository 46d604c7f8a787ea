//! AVX2 and FMA: registers of 32 bytes, 4 `f64` or 8 `f32`.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the blocks of the macro share one comment"
)]

use std::arch::x86_64::*;

use super::lanes::{Computation, Lanes, MAX_LANES};

/// A 32-byte register of `$element`s. The last four arguments are the shuffles,
/// which take different kinds of operands for the two element types.
macro_rules! avx2 {
    ($name:ident, $element:ty, $register:ty, $count:literal,
     $set1:ident, $load:ident, $store:ident, $stream:ident, $add:ident, $sub:ident, $mul:ident,
     $fma:ident, $fnmadd:ident, $max:ident, $min:ident, $compare:ident, $or:ident, $andnot:ident, $blendv:ident, $blend:ident,
     $within:ident, $halves:ident, $up:expr, $down:expr) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        // SAFETY, for every block below: loads and stores pass on what the trait
        // asks of its caller. The other operations work on registers, and a
        // value of this type exists only if the processor has AVX2 and FMA.
        impl Lanes for $name {
            type Element = $element;
            type Mask = $name;

            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn splat(value: $element) -> Self {
                Self(unsafe { $set1(value) })
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
            unsafe fn stream(self, to: *mut $element) {
                unsafe { $stream(to, self.0) }
            }

            #[inline(always)]
            fn fence() {
                unsafe { _mm_sfence() }
            }

            #[inline(always)]
            fn prefetch(address: *const $element) {
                unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
            }

            #[inline(always)]
            unsafe fn lanes_from(first: usize) -> Self {
                // Blending reads the sign bits only.
                let mut lanes = [0.0; $count];
                for lane in lanes.iter_mut().skip(first) {
                    *lane = -1.0;
                }
                unsafe { Self::load(lanes.as_ptr()) }
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
                Self(unsafe { $fma(self.0, one.0, other.0) })
            }

            #[inline(always)]
            fn sub_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { $fnmadd(four.0, centre.0, self.0) })
            }

            #[inline(always)]
            fn add_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { $fma(four.0, centre.0, self.0) })
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                Self(unsafe { $andnot($set1(-0.0), self.0) })
            }

            #[inline(always)]
            fn max(self, so_far: Self) -> Self {
                // `max` and `min` return their second operand if one is NaN.
                Self(unsafe { $max(self.0, so_far.0) })
            }

            #[inline(always)]
            fn min(self, so_far: Self) -> Self {
                Self(unsafe { $min(self.0, so_far.0) })
            }

            #[inline(always)]
            fn replace_zeros(self, other: Self) -> Self {
                self.select(
                    Self(unsafe { $compare::<_CMP_EQ_OQ>(self.0, $set1(0.0)) }),
                    other,
                )
            }

            #[inline(always)]
            fn signs(self, so_far: Self) -> Self {
                Self(unsafe { $or(self.0, so_far.0) })
            }

            #[inline(always)]
            unsafe fn compiled<C: Computation>(computation: C) -> C::Output {
                #[target_feature(enable = "avx2,fma")]
                #[inline(never)]
                unsafe fn run<C: Computation>(computation: C) -> C::Output {
                    unsafe { computation.run() }
                }
                unsafe { run(computation) }
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                Self(unsafe { $blend::<1>($up(self.0), first.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                Self(unsafe { $blend::<{ 1 << ($count - 1) }>($down(self.0), last.0) })
            }

            #[inline(always)]
            fn select(self, mask: Self, other: Self) -> Self {
                Self(unsafe { $blendv(self.0, other.0, mask.0) })
            }

            #[inline(always)]
            fn transpose(mut block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
                // First within the halves of a register, between adjacent rows; then the halves themselves.
                const SIDE: usize = $count / 2;
                let mut halves = block;
                for rows in (0..$count).step_by(SIDE) {
                    let square: &mut [Self] = &mut halves[rows..rows + SIDE];
                    unsafe { $within(square) }
                }
                for i in 0..SIDE {
                    let (a, b) = (halves[i].0, halves[i + SIDE].0);
                    unsafe {
                        block[i].0 = $halves::<0x20>(a, b);
                        block[i + SIDE].0 = $halves::<0x31>(a, b);
                    }
                }
                block
            }
        }
    };
}

avx2!(
    F64x4,
    f64,
    __m256d,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_stream_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_fmadd_pd,
    _mm256_fnmadd_pd,
    _mm256_max_pd,
    _mm256_min_pd,
    _mm256_cmp_pd,
    _mm256_or_pd,
    _mm256_andnot_pd,
    _mm256_blendv_pd,
    _mm256_blend_pd,
    within_f64,
    _mm256_permute2f128_pd,
    _mm256_permute4x64_pd::<0b10_01_00_00>,
    _mm256_permute4x64_pd::<0b11_11_10_01>
);
avx2!(
    F32x8,
    f32,
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_stream_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_cmp_ps,
    _mm256_or_ps,
    _mm256_andnot_ps,
    _mm256_blendv_ps,
    _mm256_blend_ps,
    within_f32,
    _mm256_permute2f128_ps,
    up32,
    down32
);

/// Transposes the 2 × 2 squares in the halves of two registers.
#[inline(always)]
unsafe fn within_f64(rows: &mut [F64x4]) {
    let (a, b) = (rows[0].0, rows[1].0);
    // SAFETY: called with values of `F64x4`, as all below.
    unsafe {
        rows[0].0 = _mm256_unpacklo_pd(a, b);
        rows[1].0 = _mm256_unpackhi_pd(a, b);
    }
}

/// Transposes the 4 × 4 squares in the halves of four registers.
#[inline(always)]
unsafe fn within_f32(rows: &mut [F32x8]) {
    let (a, b, c, d) = (rows[0].0, rows[1].0, rows[2].0, rows[3].0);
    // SAFETY: called with values of `F32x8`.
    unsafe {
        let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
        let (ab2, cd2) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
        let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
        let (ab2, cd2) = (_mm256_castps_pd(ab2), _mm256_castps_pd(cd2));
        rows[0].0 = _mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd));
        rows[1].0 = _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd));
        rows[2].0 = _mm256_castpd_ps(_mm256_unpacklo_pd(ab2, cd2));
        rows[3].0 = _mm256_castpd_ps(_mm256_unpackhi_pd(ab2, cd2));
    }
}

#[inline(always)]
unsafe fn up32(a: __m256) -> __m256 {
    // SAFETY: called on values of `F32x8` only.
    unsafe { _mm256_permutevar8x32_ps(a, _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6)) }
}

#[inline(always)]
unsafe fn down32(a: __m256) -> __m256 {
    // SAFETY: called on values of `F32x8` only.
    unsafe { _mm256_permutevar8x32_ps(a, _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 7)) }
}
