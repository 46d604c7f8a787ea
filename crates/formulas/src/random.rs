//! Random numbers with direct access to any element.

/// Element `number` of the uniform random sequence of a seed, in `[0, 1)`.
///
/// Source: G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014 (SplitMix64): its n-th output is a function of n.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits")]
pub fn random(seed: u64, number: u64) -> f64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let seed_bits = mix(seed.wrapping_add(GOLDEN));
    let bits = mix(seed_bits.wrapping_add(number.wrapping_mul(GOLDEN)));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Spreads a change of any bit over all of them.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn random_numbers_have_the_mean_and_variance_of_the_uniform_distribution() {
        let values: Vec<f64> = (0..100_000).map(|n| random(7, n)).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 1e5;
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.002, "{variance}");
        assert!(values.iter().all(|v| (0.0..1.0).contains(v)));
    }

    #[test]
    fn random_numbers_are_the_same_on_every_machine() {
        assert_eq!(random(42, 0).to_bits(), 0x3fe6_53db_2a0f_0deb);
        assert_eq!(random(42, 1000).to_bits(), 0x3fb9_2be1_d4b7_3978);
    }
}
