//! AVX2 and FMA, registers of 32 bytes; AVX-512F, registers of 64 bytes.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the blocks of the macros share one comment, in `lanes!`"
)]

use super::{Computation, Lanes, MAX_LANES};
use std::arch::x86_64::{_CMP_EQ_OQ, _MM_HINT_T1, _mm_prefetch, _mm_sfence};

pub(crate) use self::{f32x8::F32x8, f32x16::F32x16, f64x4::F64x4, f64x8::F64x8};

/// The common part of AVX2 and AVX-512, written in the instructions of the calling module.
macro_rules! x86 {
    ($name:ident: $count:literal of $element:ty, $features:literal, $($own:tt)*) => {
        lanes! {
            $name: $count of $element, $features,

            #[inline(always)]
            unsafe fn stream(self, to: *mut $element) {
                unsafe { stream(to, self.0) }
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
            fn multiply_add(self, factor: Self, other: Self) -> Self {
                Self(unsafe { multiply_add(self.0, factor.0, other.0) })
            }

            #[inline(always)]
            fn sub_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { negative_multiply_add(four.0, centre.0, self.0) })
            }

            #[inline(always)]
            fn add_product(self, four: Self, centre: Self) -> Self {
                Self(unsafe { multiply_add(four.0, centre.0, self.0) })
            }

            #[inline(always)]
            fn replace_zeros(self, other: Self) -> Self {
                let zeros = unsafe { compare::<_CMP_EQ_OQ>(self.0, splat(0.0)) };
                self.select(zeros, other)
            }

            $($own)*
        }
    };
}

macro_rules! avx2 {
    ($name:ident: $count:literal of $element:ty) => {
        x86! {
            $name: $count of $element, "avx2,fma",

            const FUSED: usize = 1;
            const TWO_LEVELS: bool = cfg!(debug_assertions);

            #[inline(always)]
            unsafe fn lanes_from(first: usize) -> Mask {
                // Blending reads the sign bits only.
                let mut lanes = [0.0; $count];
                for lane in lanes.iter_mut().skip(first) {
                    *lane = -1.0;
                }
                unsafe { load(lanes.as_ptr()) }
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                Self(unsafe { and_not(splat(-0.0), self.0) })
            }

            #[inline(always)]
            fn signs(self, so_far: Self) -> Self {
                Self(unsafe { or(self.0, so_far.0) })
            }

            #[inline(always)]
            fn select(self, mask: Mask, other: Self) -> Self {
                Self(unsafe { blend_by(self.0, other.0, mask) })
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                Self(unsafe { blend::<1>(up(self.0), first.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                Self(unsafe { blend::<{ 1 << ($count - 1) }>(down(self.0), last.0) })
            }

            #[inline(always)]
            fn transpose(mut block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
                // First within the halves of a register, between adjacent rows; then the halves themselves.
                const SIDE: usize = $count / 2;
                let mut halves = block;
                for rows in (0..$count).step_by(SIDE) {
                    unsafe { transpose_squares(&mut halves[rows..rows + SIDE]) }
                }
                for i in 0..SIDE {
                    let (a, b) = (halves[i].0, halves[i + SIDE].0);
                    unsafe {
                        block[i].0 = permute_halves::<0x20>(a, b);
                        block[i + SIDE].0 = permute_halves::<0x31>(a, b);
                    }
                }
                block
            }
        }
    };
}

macro_rules! avx512 {
    ($name:ident: $count:literal of $element:ty) => {
        x86! {
            $name: $count of $element, "avx512f,fma",

            const FUSED: usize = 2;
            const TWO_LEVELS: bool = true;

            #[inline(always)]
            unsafe fn lanes_from(first: usize) -> Mask {
                Mask::MAX.checked_shl(first as u32).unwrap_or(0)
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                Self(unsafe { magnitude(self.0) })
            }

            #[inline(always)]
            fn signs(self, so_far: Self) -> Self {
                Self(unsafe { from_bits(or(to_bits(self.0), to_bits(so_far.0))) })
            }

            #[inline(always)]
            fn select(self, mask: Mask, other: Self) -> Self {
                Self(unsafe { blend_by(mask, self.0, other.0) })
            }

            #[inline(always)]
            fn shift_up(self, first: Self) -> Self {
                const INDEX: [i64; 8] = index(-1);
                let index = unsafe { load_index(INDEX.as_ptr().cast()) };
                Self(unsafe { permute_by(first.0, Mask::MAX << 1, index, self.0) })
            }

            #[inline(always)]
            fn shift_down(self, last: Self) -> Self {
                const INDEX: [i64; 8] = index(1);
                let index = unsafe { load_index(INDEX.as_ptr().cast()) };
                Self(unsafe { permute_by(last.0, Mask::MAX >> 1, index, self.0) })
            }

            #[inline(always)]
            fn transpose(mut block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
                // First within the 16-byte quarters of a register, between
                // adjacent rows; then the quarters themselves.
                const SIDE: usize = $count / 4;
                let mut quarters = block;
                for rows in (0..$count).step_by(SIDE) {
                    unsafe { transpose_squares(&mut quarters[rows..rows + SIDE]) }
                }
                for i in 0..SIDE {
                    let [a, b, c, d] = [0, 1, 2, 3].map(|k| quarters[i + k * SIDE].0);
                    unsafe {
                        let (lower, upper) = (shuffle::<0x44>(a, b), shuffle::<0x44>(c, d));
                        block[i].0 = shuffle::<0x88>(lower, upper);
                        block[i + SIDE].0 = shuffle::<0xDD>(lower, upper);
                        let (lower, upper) = (shuffle::<0xEE>(a, b), shuffle::<0xEE>(c, d));
                        block[i + 2 * SIDE].0 = shuffle::<0x88>(lower, upper);
                        block[i + 3 * SIDE].0 = shuffle::<0xDD>(lower, upper);
                    }
                }
                block
            }
        }
    };
}

/// Transposes the 2 × 2 squares of `f64` in the 16-byte parts of two registers.
macro_rules! squares_of_two {
    ($name:ident) => {
        #[inline(always)]
        unsafe fn transpose_squares(rows: &mut [$name]) {
            let (a, b) = (rows[0].0, rows[1].0);
            unsafe {
                rows[0].0 = unpack_low(a, b);
                rows[1].0 = unpack_high(a, b);
            }
        }
    };
}

/// Transposes the 4 × 4 squares of `f32` in the 16-byte parts of four registers.
macro_rules! squares_of_four {
    ($name:ident) => {
        #[inline(always)]
        unsafe fn transpose_squares(rows: &mut [$name]) {
            let (a, b, c, d) = (rows[0].0, rows[1].0, rows[2].0, rows[3].0);
            unsafe {
                let low = [unpack_low(a, b), unpack_low(c, d)].map(|both| pairs(both));
                let high = [unpack_high(a, b), unpack_high(c, d)].map(|both| pairs(both));
                rows[0].0 = singles(unpack_low_pairs(low[0], low[1]));
                rows[1].0 = singles(unpack_high_pairs(low[0], low[1]));
                rows[2].0 = singles(unpack_low_pairs(high[0], high[1]));
                rows[3].0 = singles(unpack_high_pairs(high[0], high[1]));
            }
        }
    };
}

mod f64x4 {
    use super::*;
    use std::arch::x86_64::{
        __m256d as Register, __m256d as Mask, _mm256_add_pd as add, _mm256_andnot_pd as and_not,
        _mm256_blend_pd as blend, _mm256_blendv_pd as blend_by, _mm256_cmp_pd as compare,
        _mm256_fmadd_pd as multiply_add, _mm256_fnmadd_pd as negative_multiply_add,
        _mm256_loadu_pd as load, _mm256_max_pd as max, _mm256_min_pd as min,
        _mm256_mul_pd as multiply, _mm256_or_pd as or, _mm256_permute2f128_pd as permute_halves,
        _mm256_permute4x64_pd as permute, _mm256_set1_pd as splat, _mm256_storeu_pd as store,
        _mm256_stream_pd as stream, _mm256_sub_pd as subtract, _mm256_unpackhi_pd as unpack_high,
        _mm256_unpacklo_pd as unpack_low,
    };

    avx2!(F64x4: 4 of f64);
    squares_of_two!(F64x4);

    #[inline(always)]
    unsafe fn up(register: Register) -> Register {
        unsafe { permute::<0b10_01_00_00>(register) }
    }

    #[inline(always)]
    unsafe fn down(register: Register) -> Register {
        unsafe { permute::<0b11_11_10_01>(register) }
    }
}

mod f32x8 {
    use super::*;
    use std::arch::x86_64::{
        __m256 as Register, __m256 as Mask, _mm256_add_ps as add, _mm256_andnot_ps as and_not,
        _mm256_blend_ps as blend, _mm256_blendv_ps as blend_by, _mm256_castpd_ps as singles,
        _mm256_castps_pd as pairs, _mm256_cmp_ps as compare, _mm256_fmadd_ps as multiply_add,
        _mm256_fnmadd_ps as negative_multiply_add, _mm256_loadu_ps as load, _mm256_max_ps as max,
        _mm256_min_ps as min, _mm256_mul_ps as multiply, _mm256_or_ps as or,
        _mm256_permute2f128_ps as permute_halves, _mm256_permutevar8x32_ps as permute,
        _mm256_set1_ps as splat, _mm256_setr_epi32 as index, _mm256_storeu_ps as store,
        _mm256_stream_ps as stream, _mm256_sub_ps as subtract,
        _mm256_unpackhi_pd as unpack_high_pairs, _mm256_unpackhi_ps as unpack_high,
        _mm256_unpacklo_pd as unpack_low_pairs, _mm256_unpacklo_ps as unpack_low,
    };

    avx2!(F32x8: 8 of f32);
    squares_of_four!(F32x8);

    #[inline(always)]
    unsafe fn up(register: Register) -> Register {
        unsafe { permute(register, index(0, 0, 1, 2, 3, 4, 5, 6)) }
    }

    #[inline(always)]
    unsafe fn down(register: Register) -> Register {
        unsafe { permute(register, index(1, 2, 3, 4, 5, 6, 7, 7)) }
    }
}

mod f64x8 {
    use super::*;
    use std::arch::x86_64::{
        __m512d as Register, __mmask8 as Mask, _mm512_abs_pd as magnitude, _mm512_add_pd as add,
        _mm512_castpd_si512 as to_bits, _mm512_castsi512_pd as from_bits,
        _mm512_cmp_pd_mask as compare, _mm512_fmadd_pd as multiply_add,
        _mm512_fnmadd_pd as negative_multiply_add, _mm512_loadu_pd as load,
        _mm512_loadu_si512 as load_index, _mm512_mask_blend_pd as blend_by,
        _mm512_mask_permutexvar_pd as permute_by, _mm512_max_pd as max, _mm512_min_pd as min,
        _mm512_mul_pd as multiply, _mm512_or_si512 as or, _mm512_set1_pd as splat,
        _mm512_shuffle_f64x2 as shuffle, _mm512_storeu_pd as store, _mm512_stream_pd as stream,
        _mm512_sub_pd as subtract, _mm512_unpackhi_pd as unpack_high,
        _mm512_unpacklo_pd as unpack_low,
    };

    avx512!(F64x8: 8 of f64);
    squares_of_two!(F64x8);

    /// The source lane of each lane when all elements move by one lane: `by = -1` moves them up, `by = 1` down.
    const fn index(by: i64) -> [i64; 8] {
        let mut index = [0; 8];
        let mut l = 0;
        while l < 8 {
            index[l] = (l as i64 + by) & 7;
            l += 1;
        }
        index
    }
}

mod f32x16 {
    use super::*;
    use std::arch::x86_64::{
        __m512 as Register, __mmask16 as Mask, _mm512_abs_ps as magnitude, _mm512_add_ps as add,
        _mm512_castpd_ps as singles, _mm512_castps_pd as pairs, _mm512_castps_si512 as to_bits,
        _mm512_castsi512_ps as from_bits, _mm512_cmp_ps_mask as compare,
        _mm512_fmadd_ps as multiply_add, _mm512_fnmadd_ps as negative_multiply_add,
        _mm512_loadu_ps as load, _mm512_loadu_si512 as load_index,
        _mm512_mask_blend_ps as blend_by, _mm512_mask_permutexvar_ps as permute_by,
        _mm512_max_ps as max, _mm512_min_ps as min, _mm512_mul_ps as multiply,
        _mm512_or_si512 as or, _mm512_set1_ps as splat, _mm512_shuffle_f32x4 as shuffle,
        _mm512_storeu_ps as store, _mm512_stream_ps as stream, _mm512_sub_ps as subtract,
        _mm512_unpackhi_pd as unpack_high_pairs, _mm512_unpackhi_ps as unpack_high,
        _mm512_unpacklo_pd as unpack_low_pairs, _mm512_unpacklo_ps as unpack_low,
    };

    avx512!(F32x16: 16 of f32);
    squares_of_four!(F32x16);

    /// The indices for eight lanes; each `i64` holds two lanes of 32 bits.
    const fn index(by: i64) -> [i64; 8] {
        let mut index = [0; 8];
        let mut l = 0;
        while l < 8 {
            let (low, high) = ((2 * l as i64 + by) & 15, (2 * l as i64 + 1 + by) & 15);
            index[l] = low | high << 32;
            l += 1;
        }
        index
    }
}
