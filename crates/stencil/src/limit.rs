//! Upper limits of a processor: the arithmetic of the step on registers only, and the triad
//! `a = b + s c`, which measures the bandwidth of caches and memory.
//!
//! Both are for comparison; no result of a run depends on them.

/// The rows of a group, as in a vector kernel.
const ROWS: u64 = 4;

/// The arithmetic of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// The six operations of the definition: `s = ((n + s) + e) + w`, `lapl = -4 c + s` fused, `r*lapl`,
    /// `c + r*lapl`.
    Six,
    /// The three additions of a smooth field: `s`.
    Three,
}

/// Computes the arithmetic of a step `passes` times on registers, without loads or stores. Returns the
/// number of node updates.
///
/// As in a step, updates do not depend on each other. `balanced` is for processors with separate units for additions and for
/// multiplications, which are to have equally many operations. One of [six operations](Arithmetic::Six), and three of the six
/// additions of two updates of [three](Arithmetic::Three), are then the fused `w*1 + s`, which has the same result.
#[must_use]
pub fn arithmetic(passes: u64, arithmetic: Arithmetic, balanced: bool) -> u64 {
    passes * ROWS * run(passes, arithmetic, balanced)
}

/// The instruction set of [`arithmetic`]: the one with the widest registers.
#[must_use]
pub fn vectors() -> &'static str {
    imp::vectors()
}

fn run(passes: u64, arithmetic: Arithmetic, balanced: bool) -> u64 {
    match (arithmetic, balanced) {
        (Arithmetic::Six, true) => imp::run::<true, true>(passes),
        (Arithmetic::Six, false) => imp::run::<true, false>(passes),
        (Arithmetic::Three, true) => imp::run::<false, true>(passes),
        (Arithmetic::Three, false) => imp::run::<false, false>(passes),
    }
}

/// The triad `a = b + s c` on slices of equal length, 24 bytes an element.
///
/// # Panics
/// If the lengths differ.
pub fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
    assert!(a.len() == b.len() && a.len() == c.len());
    imp::triad(a, b, c, s);
}

#[inline(always)]
fn triad_loop(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        *a = b + s * c;
    }
}

/// The passes for one instruction set.
///
/// The empty assembly at the start of a pass tells the compiler that the values may have changed, so
/// that it computes them again; the one at the end tells it that the results are used. Neither adds an
/// instruction. Its comment names the registers, as `$shown` has them formatted.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! passes {
    ($feature:literal, $class:ident, $shown:literal, $lanes:literal, $all:ident, $add:path, $mul:path,
     |$x:ident, $y:ident, $z:ident| $fma:expr, $minus_four:expr) => {
        /// Returns the number of lanes of a register.
        #[target_feature(enable = $feature)]
        pub(super) fn passes<const SIX: bool, const BALANCED: bool>(passes: u64) -> u64 {
            let (mut one, four, r) = ($all(1.0), $all($minus_four), $all(0.25));
            // SAFETY: no instruction, no memory; the compiler would make use of knowing 1.
            unsafe {
                asm!(concat!("/* {0", $shown, "} */"), inout($class) one, options(nomem, nostack, preserves_flags));
            }
            let mut rows = [$all(0.5); 6];
            let (mut east, mut west) = ($all(0.5), $all(0.5));
            for _ in 0..passes {
                // SAFETY: no instruction, no memory; the values stay what they are.
                unsafe {
                    asm!(concat!("/* {0", $shown, "}{1", $shown, "}{2", $shown, "}{3", $shown,
                                 "}{4", $shown, "}{5", $shown, "}{6", $shown, "}{7", $shown, "} */"),
                        inout($class) rows[0], inout($class) rows[1], inout($class) rows[2],
                        inout($class) rows[3], inout($class) rows[4], inout($class) rows[5],
                        inout($class) east, inout($class) west,
                        options(nomem, nostack, preserves_flags));
                }
                let step = |row: usize| {
                    let fma = |$x, $y, $z| $fma;
                    let centre = rows[row];
                    let ends = $add(rows[row + 1], rows[row - 1]);
                    let ends = match BALANCED && !SIX && row % 2 == 0 {
                        true => fma(east, one, ends),
                        false => $add(ends, east),
                    };
                    let ends = if BALANCED { fma(west, one, ends) } else { $add(ends, west) };
                    if !SIX {
                        return ends;
                    }
                    let laplacian = fma(centre, four, ends);
                    $add(centre, $mul(r, laplacian))
                };
                let new = [step(1), step(2), step(3), step(4)];
                // SAFETY: no instruction, no memory.
                unsafe {
                    asm!(concat!("/* {0", $shown, "}{1", $shown, "}{2", $shown, "}{3", $shown, "} */"),
                        in($class) new[0], in($class) new[1], in($class) new[2], in($class) new[3],
                        options(nomem, nostack, preserves_flags));
                }
            }
            $lanes
        }

        #[target_feature(enable = $feature)]
        pub(super) fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
            crate::limit::triad_loop(a, b, c, s);
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod imp {
    use super::portable;

    mod avx512 {
        use std::arch::{asm, x86_64::*};
        passes!(
            "avx512f",
            zmm_reg,
            "",
            8,
            _mm512_set1_pd,
            _mm512_add_pd,
            _mm512_mul_pd,
            |x, y, z| _mm512_fmadd_pd(x, y, z),
            -4.0
        );
    }

    mod avx2 {
        use std::arch::{asm, x86_64::*};
        passes!(
            "avx2,fma",
            ymm_reg,
            "",
            4,
            _mm256_set1_pd,
            _mm256_add_pd,
            _mm256_mul_pd,
            |x, y, z| _mm256_fmadd_pd(x, y, z),
            -4.0
        );
    }

    fn has_avx512() -> bool {
        is_x86_feature_detected!("avx512f")
    }

    fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    pub(super) fn vectors() -> &'static str {
        match (has_avx512(), has_avx2()) {
            (true, _) => "AVX-512",
            (false, true) => "AVX2",
            _ => portable::NAME,
        }
    }

    pub(super) fn run<const SIX: bool, const BALANCED: bool>(passes: u64) -> u64 {
        match (has_avx512(), has_avx2()) {
            // SAFETY: the processor has what the function needs.
            (true, _) => unsafe { avx512::passes::<SIX, BALANCED>(passes) },
            // SAFETY: as above.
            (false, true) => unsafe { avx2::passes::<SIX, BALANCED>(passes) },
            _ => portable::passes::<SIX>(passes),
        }
    }

    pub(super) fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
        match (has_avx512(), has_avx2()) {
            // SAFETY: the processor has what the function needs.
            (true, _) => unsafe { avx512::triad(a, b, c, s) },
            // SAFETY: as above.
            (false, true) => unsafe { avx2::triad(a, b, c, s) },
            _ => super::triad_loop(a, b, c, s),
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod imp {
    mod neon {
        use std::arch::{aarch64::*, asm};
        passes!(
            "neon",
            vreg,
            ":v",
            2,
            vdupq_n_f64,
            vaddq_f64,
            vmulq_f64,
            |x, y, z| vfmaq_f64(z, x, y),
            -4.0
        );
    }

    pub(super) fn vectors() -> &'static str {
        "NEON"
    }

    pub(super) fn run<const SIX: bool, const BALANCED: bool>(passes: u64) -> u64 {
        // SAFETY: every processor of this kind has NEON.
        unsafe { neon::passes::<SIX, BALANCED>(passes) }
    }

    pub(super) fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
        // SAFETY: as above.
        unsafe { neon::triad(a, b, c, s) }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod imp {
    use super::portable;

    pub(super) fn vectors() -> &'static str {
        portable::NAME
    }

    pub(super) fn run<const SIX: bool, const BALANCED: bool>(passes: u64) -> u64 {
        portable::passes::<SIX>(passes)
    }

    pub(super) fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
        super::triad_loop(a, b, c, s);
    }
}

/// Without intrinsics. Values pass through memory in the first-level cache, so this limit is a little
/// low.
#[cfg(not(target_arch = "aarch64"))]
mod portable {
    use std::hint::black_box;

    pub(super) const NAME: &str = "portable";
    const LANES: usize = 4;

    pub(super) fn passes<const SIX: bool>(passes: u64) -> u64 {
        let mut rows = [[0.5; LANES]; 8];
        for _ in 0..passes {
            rows = black_box(rows);
            let [east, west] = [rows[6], rows[7]];
            let mut new = [[0.0; LANES]; super::ROWS as usize];
            for (row, new) in new.iter_mut().enumerate() {
                for (lane, new) in new.iter_mut().enumerate() {
                    let [south, centre, north] = [row, row + 1, row + 2].map(|row| rows[row][lane]);
                    let sum = ((north + south) + east[lane]) + west[lane];
                    *new = match SIX {
                        true => centre + 0.25 * (sum - 4.0 * centre),
                        false => sum,
                    };
                }
            }
            black_box(new);
        }
        LANES as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_counted_by_passes_rows_and_lanes() {
        for kind in [Arithmetic::Six, Arithmetic::Three] {
            for balanced in [false, true] {
                let one = arithmetic(1, kind, balanced);
                assert!(one >= ROWS && one.is_multiple_of(ROWS));
                assert_eq!(arithmetic(3, kind, balanced), 3 * one);
            }
        }
    }

    #[test]
    fn the_triad_computes_b_plus_s_c() {
        let mut a = [0.0; 5];
        triad(&mut a, &[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0; 5], 0.5);
        assert_eq!(a, [1.5, 2.5, 3.5, 4.5, 5.5]);
    }
}
