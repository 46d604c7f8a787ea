//! AVX-512F: registers of 64 bytes, 8 `f64` or 16 `f32`.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the blocks of the macro share one comment"
)]

use std::arch::x86_64::*;

use super::lanes::{Computation, Lanes, MAX_LANES};

/// A 64-byte register of `$element`s.
macro_rules! avx512 {
    ($name:ident, $element:ty, $register:ty, $count:literal, $mask:ty,
     $index:ident, $within:ident,
     $set1:ident, $load:ident, $store:ident, $stream:ident,
     $add:ident, $sub:ident, $mul:ident, $fma:ident, $fnmadd:ident,
     $max:ident, $min:ident, $abs:ident, $compare:ident, $bits:ident, $from_bits:ident, $blend:ident,
     $permute:ident, $shuffle:ident) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        // SAFETY, for every block below: loads and stores pass on what the trait
        // asks of its caller. The other operations work on registers, and a
        // value of this type exists only if the processor has AVX-512F.
        impl Lanes for $name {
            type Element = $element;
            type Mask = $mask;

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
            unsafe fn lanes_from(first: usize) -> $mask {
                (<$mask>::MAX).checked_shl(first as u32).unwrap_or(0)
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
                Self(unsafe { $abs(self.0) })
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
                let zeros = unsafe { $compare::<_CMP_EQ_OQ>(self.0, $set1(0.0)) };
                self.select(zeros, other)
            }

            #[inline(always)]
            fn signs(self, so_far: Self) -> Self {
                let bits = unsafe { _mm512_or_si512($bits(self.0), $bits(so_far.0)) };
                Self(unsafe { $from_bits(bits) })
            }

            #[inline(always)]
            unsafe fn compiled<C: Computation>(computation: C) -> C::Output {
                #[target_feature(enable = "avx512f,fma")]
                #[inline(never)]
                unsafe fn run<C: Computation>(computation: C) -> C::Output {
                    unsafe { computation.run() }
                }
                unsafe { run(computation) }
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                const INDEX: [i64; 8] = $index(-1);
                let index = unsafe { _mm512_loadu_si512(INDEX.as_ptr().cast()) };
                Self(unsafe { $permute(first.0, <$mask>::MAX << 1, index, self.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                const INDEX: [i64; 8] = $index(1);
                let index = unsafe { _mm512_loadu_si512(INDEX.as_ptr().cast()) };
                Self(unsafe { $permute(last.0, <$mask>::MAX >> 1, index, self.0) })
            }

            #[inline(always)]
            fn select(self, mask: $mask, other: Self) -> Self {
                Self(unsafe { $blend(mask, self.0, other.0) })
            }

            #[inline(always)]
            fn transpose(mut block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
                // First within the 16-byte quarters of a register, between
                // adjacent rows; then the quarters themselves.
                const SIDE: usize = $count / 4;
                let mut quarters = block;
                for rows in (0..$count).step_by(SIDE) {
                    let square: &mut [Self] = &mut quarters[rows..rows + SIDE];
                    unsafe { $within(square) }
                }
                for i in 0..SIDE {
                    let at = |k: usize| quarters[i + k * SIDE].0;
                    unsafe {
                        let (a, b) = (
                            $shuffle::<0x44>(at(0), at(1)),
                            $shuffle::<0x44>(at(2), at(3)),
                        );
                        block[i].0 = $shuffle::<0x88>(a, b);
                        block[i + SIDE].0 = $shuffle::<0xDD>(a, b);
                        let (a, b) = (
                            $shuffle::<0xEE>(at(0), at(1)),
                            $shuffle::<0xEE>(at(2), at(3)),
                        );
                        block[i + 2 * SIDE].0 = $shuffle::<0x88>(a, b);
                        block[i + 3 * SIDE].0 = $shuffle::<0xDD>(a, b);
                    }
                }
                block
            }
        }
    };
}

/// Transposes the 2 × 2 squares in the quarters of two registers.
#[inline(always)]
unsafe fn within_f64(rows: &mut [F64x8]) {
    let (a, b) = (rows[0].0, rows[1].0);
    // SAFETY: called with values of `F64x8`, as all below.
    unsafe {
        rows[0].0 = _mm512_unpacklo_pd(a, b);
        rows[1].0 = _mm512_unpackhi_pd(a, b);
    }
}

/// Transposes the 4 × 4 squares in the quarters of four registers.
#[inline(always)]
unsafe fn within_f32(rows: &mut [F32x16]) {
    let (a, b, c, d) = (rows[0].0, rows[1].0, rows[2].0, rows[3].0);
    // SAFETY: called with values of `F32x16`.
    unsafe {
        let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
        let (ab2, cd2) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
        let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
        let (ab2, cd2) = (_mm512_castps_pd(ab2), _mm512_castps_pd(cd2));
        rows[0].0 = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
        rows[1].0 = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
        rows[2].0 = _mm512_castpd_ps(_mm512_unpacklo_pd(ab2, cd2));
        rows[3].0 = _mm512_castpd_ps(_mm512_unpackhi_pd(ab2, cd2));
    }
}

/// Source lane of each lane when all elements move by one lane: `by = -1`
/// moves them up, `by = 1` down. Eight indices of 64 bits.
const fn index64(by: i64) -> [i64; 8] {
    let mut index = [0; 8];
    let mut l = 0;
    while l < 8 {
        index[l] = (l as i64 + by) & 7;
        l += 1;
    }
    index
}

/// The same for sixteen lanes: indices of 32 bits, two in each `i64`.
const fn index32(by: i64) -> [i64; 8] {
    let mut index = [0; 8];
    let mut l = 0;
    while l < 8 {
        let (even, odd) = ((2 * l as i64 + by) & 15, (2 * l as i64 + 1 + by) & 15);
        index[l] = even | odd << 32;
        l += 1;
    }
    index
}

avx512!(
    F64x8,
    f64,
    __m512d,
    8,
    __mmask8,
    index64,
    within_f64,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_stream_pd,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_fmadd_pd,
    _mm512_fnmadd_pd,
    _mm512_max_pd,
    _mm512_min_pd,
    _mm512_abs_pd,
    _mm512_cmp_pd_mask,
    _mm512_castpd_si512,
    _mm512_castsi512_pd,
    _mm512_mask_blend_pd,
    _mm512_mask_permutexvar_pd,
    _mm512_shuffle_f64x2
);
avx512!(
    F32x16,
    f32,
    __m512,
    16,
    __mmask16,
    index32,
    within_f32,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_stream_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_abs_ps,
    _mm512_cmp_ps_mask,
    _mm512_castps_si512,
    _mm512_castsi512_ps,
    _mm512_mask_blend_ps,
    _mm512_mask_permutexvar_ps,
    _mm512_shuffle_f32x4
);
