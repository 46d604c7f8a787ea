//! Fewer operations if `r` is a quarter: five, and three if the field is smooth. All bits equal those of the
//! definition.
//!
//! Notation: `s = ((south + north) + east) + west`, `c` the centre, `lapl = s - 4c`, `u` half the distance
//! from 1 to the next number (2⁻⁵³ in `f64`, 2⁻²⁴ in `f32`), `fl` rounding. The definition is
//! `p' = fl(c + fl(r lapl))`. All walls keep their values or are periodic.
//!
//! # Five operations: `r = 1/4` and numbers within a range
//!
//! If `r lapl` is exact, `c + r lapl` is one fused multiply-add. Let every source value that is not zero
//! have a magnitude of at least 2^a. Every value is then a multiple of g₀ = 2^(a-e), with e = 52 (`f64`) or
//! 23 (`f32`). Rounding a multiple of g gives a multiple of g, so values, sums and `lapl` of level k are
//! multiples of g_k, and `lapl / 4` is a multiple of g_k / 4 = g_(k+1). It is exact while g_(k+1) is a
//! number, down to 2⁻¹⁰⁷⁴ or 2⁻¹⁴⁹. For T levels that asks for `a ≥ 2T - 1022` or `a ≥ 2T - 126`. Signs do
//! not matter.
//!
//! # Three operations: smooth fields
//!
//! Claim: where `|lapl| ≤ c/2` and `|4r - 1| ≤ 2u`, the step gives `p' = s/4` exactly.
//!
//! 1. `s` lies between `4c/2` and `2 * 4c`, so the difference `d = s - 4c` is exact (Sterbenz's lemma).
//! 2. `c + d/4 = s/4`, which is a number.
//! 3. `fl(r d)` differs from `d/4` by at most `(2u + u) |d/4| ≤ 3u c/8`, to first order in u.
//! 4. The numbers next to `s/4 ≥ 7c/8` are at least `u 7c/8` away. Half of that, `7u c/16`, exceeds
//!    `6u c/16`. The nearest number to `c + fl(r d)` is therefore `s/4`.
//!
//! Claim: smoothness lasts. If all values are at least +0 and `(1-b) p ≤ p' ≤ (1+b) p` at every node, held
//! nodes included (b = 1/8), then the same holds one step later: every node's `s` is a sum of the
//! neighbours' values, and sums and roundings are monotone. Rounding widens b by no more than 7u a step.
//! One check of a level with a slack ([`SLACK`]) therefore covers all levels of a pass and of the passes
//! that follow, [`lasting`] levels in all. Nodes outside of the tile that are held constant while it is
//! advanced count as held nodes.
//!
//! A step with a smaller `r` is `(1 - f) p + f p'`, `f = 4r ≤ 1`, with which a step commutes: the same holds after it, too, and
//! its roundings widen `b` no more.
//!
//! If `c` is zero the check requires `s = 0`, and `p' = +0 = s/4` because -0 is refused.
//!
//! # Levels scaled by four
//!
//! `s/4` still takes four operations. Level k is stored as `q = 4^(k-h) p`, h being half the number of
//! levels; then `q' = s`, three additions. With five operations `q' = fma(4, c, lapl)`. Multiplying by a
//! power of four commutes with rounding as long as no number leaves the normal range, which bounds the
//! magnitudes of the source ([`range`]). A smooth field shrinks by no more than 7/8 a level, so passes that follow need not
//! look at them again for some hundred steps ([`in_range_for`]).
//!
//! Values beyond the range, or infinite: the tile starts again with six operations. A node that is not
//! smooth in the level that is checked: the tile goes on with five, from there on, if `r = 1/4` and the
//! range allows it; else it starts again, too. What was computed with three before depends on rows that
//! were checked before.

use crate::real::Real;

/// The part of the bound left to rounding: the check requires `|lapl| ≤ (1/2 - 2⁻⁷) c`.
pub(super) const SLACK: f64 = 1.0 / 128.0;

/// The number of levels for which a field is smooth after a checked level: `b` may grow by `SLACK / 4`, and grows by
/// less than 8u in each level.
pub(super) fn lasting<T: Real>() -> u64 {
    (SLACK / 4.0 / (4.0 * T::EPSILON.to_f64())) as u64
}

/// Whether `r` is close enough to a quarter that a step of a smooth field is a quarter of the sum.
pub(super) fn is_about_a_quarter<T: Real>(r: T) -> bool {
    (4.0 * r.to_f64() - 1.0).abs() <= T::EPSILON.to_f64()
}

/// The largest number of levels for which the range of magnitudes is wide enough.
pub(super) fn most_levels<T: Real>() -> usize {
    match size_of::<T>() {
        4 => 64,
        _ => 256,
    }
}

/// The least and the largest magnitude, except zero, that allow `steps` levels with three operations, and the least one
/// with five. All are powers of two.
pub(super) fn range<T: Real>(steps: usize) -> [f64; 3] {
    let steps = steps as i32;
    // The exponents of the least normal and the largest number.
    let (least_exponent, largest_exponent) = match size_of::<T>() {
        4 => (-126, 127),
        _ => (-1022, 1023),
    };
    let half = steps / 2;
    // Level 0 is stored as 4^-h p; smooth values shrink by (7/8)^k ≥ 2^(-k/5 - 1) while the scale grows by
    // 4^k. Unscaled, `r lapl` needs all the digits of c, and a few more.
    let digits = T::EPSILON.to_f64().log2() as i32;
    let three = (least_exponent + 2 * half + 8).max(least_exponent - digits + 8 + steps / 5);
    let five = (least_exponent + 2 * steps).max(three);
    // The last level is stored as 4^(T-h) p; a sum of four is 4 times, `lapl` 8 times as large.
    let upper_exponent = largest_exponent - 2 * (steps - half) - 4;
    [three, upper_exponent, five].map(|exponent| 2f64.powi(exponent))
}

/// The number of levels for which a smooth field with these magnitudes stays within the range of any pass. The largest
/// magnitude does not grow, because a step is a mean of four values; the least one, except zero, shrinks by at most 7/8
/// ≥ 2^(-1/5) in each level.
pub(super) fn in_range_for<T: Real>(least: f64, largest: f64) -> u64 {
    let [three, upper_bound, _] = range::<T>(most_levels::<T>());
    // Half of the least one is left to the rounding of logarithm and levels.
    match least >= three && largest <= upper_bound {
        true => (5.0 * ((least / three).log2() - 1.0)).max(0.0) as u64,
        false => 0,
    }
}

/// The power 4^exponent, a normal number.
#[inline(always)]
pub(super) fn power_of_four<T: Real>(exponent: i32) -> T {
    T::from_f64(f64::from_bits(((1023 + 2 * exponent) as u64) << 52))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The step by the definition, from the sum.
    fn step<T: Real>(r: T, sum: T, centre: T) -> T {
        centre + r * (sum - T::FOUR * centre)
    }

    /// Numbers of one binade: its ends with their neighbours, and some between.
    fn mantissas() -> impl Iterator<Item = f32> {
        let ends = (0..40).flat_map(|k| [k, (1 << 23) - 1 - k]);
        let between = (0..2000_u32).map(|k| k.wrapping_mul(2_654_435_761) >> 9);
        ends.chain(between)
            .map(|bits| f32::from_bits(0x3F80_0000 | bits))
    }

    #[test]
    fn a_smooth_step_is_a_quarter_of_the_sum_up_to_the_edges() {
        let quarter = 0.25_f32;
        for r in [
            quarter,
            quarter.next_down(),
            quarter.next_down().next_down(),
            quarter.next_up(),
        ] {
            assert!(is_about_a_quarter(r));
            for c in mantissas() {
                // All sums near both edges and near 4c, and the edges themselves.
                for factor in [3.5_f32, 4.0, 4.5] {
                    let mut sum = factor * c;
                    (0..20).for_each(|_| sum = sum.next_down());
                    for _ in 0..40 {
                        if (sum - 4.0 * c).abs() <= 0.5 * c {
                            assert_eq!(step(r, sum, c), sum / 4.0, "{r:e} {sum:e} {c:e}");
                        }
                        sum = sum.next_up();
                    }
                }
                for k in 0..64_u32 {
                    let sum = c * (3.5 + (k as f32 + c - 1.0) / 64.0);
                    if (sum - 4.0 * c).abs() <= 0.5 * c {
                        assert_eq!(step(r, sum, c), sum / 4.0, "{r:e} {sum:e} {c:e}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_conditions_are_needed() {
        let quarter = 0.25_f32;
        let further = quarter.next_up().next_up();
        let lower = quarter.next_down().next_down().next_down();
        assert!(![lower, further].into_iter().any(is_about_a_quarter));
        let differs = |r: f32, from: f32, to: f32| {
            mantissas().any(|c| {
                (0..64).any(|k| {
                    let sum = c * (from + (to - from) * k as f32 / 64.0);
                    step(r, sum, c) != sum / 4.0
                })
            })
        };
        assert!(differs(further, 3.5, 4.5));
        // Beyond the edges, where r is not exactly a quarter.
        assert!(differs(quarter.next_up(), 4.6, 6.0));
        assert!(differs(quarter.next_up(), 2.0, 3.4));
        // Beyond [2c, 8c] for a quarter itself.
        assert!(differs(quarter, 8.1, 16.0));
    }

    #[test]
    fn fields_stay_in_the_range_of_any_pass_for_so_many_levels() {
        fn check<T: Real>() {
            let [least, most, _] = range::<T>(most_levels::<T>());
            for steps in 1..=most_levels::<T>() {
                let [three, largest, _] = range::<T>(steps);
                assert!(three <= least && largest >= most, "{steps}");
            }
            for (factor, known_for) in [(1.0, 0), (1.99, 0), (4.0, 5), (1024.0, 45)] {
                assert_eq!(
                    in_range_for::<T>(factor * least, 1.0),
                    known_for,
                    "{factor}"
                );
                // As far as the smallest values of a smooth field can fall meanwhile.
                let fallen = factor * least * 0.875_f64.powf(known_for as f64);
                assert!(fallen >= least, "{factor}");
            }
            assert_eq!(in_range_for::<T>(least * 0.999, 1.0), 0);
            assert_eq!(in_range_for::<T>(1.0, most * 2.0), 0);
            assert_eq!(in_range_for::<T>(f64::NAN, 1.0), 0);
            assert_eq!(in_range_for::<T>(1.0, f64::NAN), 0);
            assert!(in_range_for::<T>(1.0, most) > 250);
            // All are zero.
            assert!(in_range_for::<T>(T::MAX.to_f64(), 0.0) > 250);
        }
        check::<f64>();
        check::<f32>();
    }

    #[test]
    fn the_range_holds_what_the_levels_need() {
        for steps in 1..=most_levels::<f64>() {
            let [three, most, five] = range::<f64>(steps);
            assert!(three < 1e-200 && most > 1e200 && five < 1e-140 && three <= five);
        }
        for steps in 1..=most_levels::<f32>() {
            let [three, most, five] = range::<f32>(steps);
            assert!(three < 1e-16 && most > 1e17 && three <= five);
            // Level 0 is normal, and the sum of four at the last level finite.
            let half = (steps / 2) as i32;
            assert!(three * 4f64.powi(-half) >= f64::from(f32::MIN_POSITIVE));
            let last = steps as i32 - half;
            assert!(8.0 * most * 4f64.powi(last) <= f64::from(f32::MAX));
        }
    }
}
