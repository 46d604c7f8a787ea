//! Rounds floats to fewer bits of their mantissa, so that they compress well.
//!
//! Only stored bits count, not the implicit leading one. A value is rounded to the nearest value with the wanted number
//! of bits, half way to the even one, as in IEEE 754. NaN and infinities stay, and no finite value becomes infinite:
//! the largest values are truncated.
//!
//! Sources: C. S. Zender, Geosci. Model Dev. 9, 3199, 2016; M. Klöwer et al., Nature Computational Science 1, 713, 2021;
//! R. Kouznetsov, Geosci. Model Dev. 14, 377, 2021.

use crate::npy::{Dtype, Kind};
use half::f16;

/// Checks that elements of a type can be [rounded](round) to so many bits.
///
/// # Errors
/// A sentence on the bits that the type has.
pub fn check(dtype: Dtype, kept: u32) -> Result<(), String> {
    let stored = match (dtype.kind, dtype.bytes) {
        (Kind::Float, 2) => f16::MANTISSA_DIGITS - 1,
        (Kind::Float, 4) => f32::MANTISSA_DIGITS - 1,
        (Kind::Float, _) => f64::MANTISSA_DIGITS - 1,
        _ => {
            return Err(format!(
                "the type of the elements is {dtype}, which has no mantissa to round; f2, f4 and f8 have one"
            ));
        }
    };
    if (1..=stored).contains(&kept) {
        Ok(())
    } else {
        Err(format!(
            "the type of the elements is {dtype}, whose mantissa has 1 to {stored} bits, and not {kept}"
        ))
    }
}

/// Rounds floats in native byte order to at most `kept` bits, and returns the largest change of a value.
#[must_use]
pub fn round(dtype: Dtype, bytes: &mut [u8], kept: u32) -> f64 {
    match dtype.bytes {
        2 => half_precision::round(bytes, kept),
        4 => single_precision::round(bytes, kept),
        _ => double_precision::round(bytes, kept),
    }
}

/// The smallest number of bits, at least `least`, to which floats can be [rounded](round) so that no value changes by
/// more than `error`.
#[must_use]
pub fn bits_within(dtype: Dtype, bytes: &[u8], error: f64, least: u32) -> u32 {
    match dtype.bytes {
        2 => half_precision::bits_within(bytes, error, least),
        4 => single_precision::bits_within(bytes, error, least),
        _ => double_precision::bits_within(bytes, error, least),
    }
}

macro_rules! precision {
    ($name:ident, $float:ty, $bits:ty) => {
        mod $name {
            #[allow(unused_imports, reason = "one of the three types is not in scope")]
            use half::f16;

            const STORED: u32 = <$float>::MANTISSA_DIGITS - 1;

            fn rounded(value: $float, kept: u32) -> $float {
                let dropped = STORED.saturating_sub(kept);
                if dropped == 0 || !value.is_finite() {
                    return value;
                }
                let bits = value.to_bits();
                let odd = (bits >> dropped) & 1;
                let mask = <$bits>::MAX << dropped;
                let half = (1 << (dropped - 1)) - 1 + odd;
                match <$float>::from_bits((bits + half) & mask) {
                    nearest if nearest.is_finite() => nearest,
                    _ => <$float>::from_bits(bits & mask),
                }
            }

            /// The distance of a value from its rounded value; NaN if the value is not finite.
            fn change(value: $float, rounded: $float) -> f64 {
                #[allow(clippy::useless_conversion, reason = "double precision is f64 already")]
                (f64::from(value) - f64::from(rounded)).abs()
            }

            pub(super) fn round(bytes: &mut [u8], kept: u32) -> f64 {
                bytes
                    .as_chunks_mut()
                    .0
                    .iter_mut()
                    .fold(0.0, |largest, raw| {
                        let value = <$float>::from_ne_bytes(*raw);
                        let rounded = rounded(value, kept);
                        *raw = rounded.to_ne_bytes();
                        f64::max(largest, change(value, rounded))
                    })
            }

            pub(super) fn bits_within(bytes: &[u8], error: f64, least: u32) -> u32 {
                bytes.as_chunks().0.iter().fold(least, |mut kept, raw| {
                    let value = <$float>::from_ne_bytes(*raw);
                    while kept < STORED && change(value, rounded(value, kept)) > error {
                        kept += 1;
                    }
                    kept
                })
            }
        }
    };
}

precision!(half_precision, f16, u16);
precision!(single_precision, f32, u32);
precision!(double_precision, f64, u64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(value: f64, kept: u32) -> (f64, f64) {
        let mut bytes = value.to_ne_bytes();
        let change = round(Dtype::F64, &mut bytes, kept);
        (f64::from_ne_bytes(bytes), change)
    }

    #[test]
    fn middles_go_to_even_and_what_is_not_finite_stays() {
        for (value, kept, expected) in [
            (1.0, 1, 1.0),
            (1.25, 1, 1.0),
            (1.75, 1, 2.0),
            (-1.75, 1, -2.0),
            (1.26, 1, 1.5),
            (1.999, 3, 2.0),
            (0.1, 52, 0.1),
            (0.1, 60, 0.1),
            (-0.0, 4, -0.0),
            (5e-324, 4, 0.0),
            (f64::INFINITY, 4, f64::INFINITY),
            (f64::NEG_INFINITY, 4, f64::NEG_INFINITY),
            (f64::MAX, 1, 1.5 * 2_f64.powi(1023)),
            (f64::MIN, 1, -1.5 * 2_f64.powi(1023)),
        ] {
            let (rounded, change) = one(value, kept);
            assert_eq!(rounded.to_bits(), f64::to_bits(expected), "{value} {kept}");
            let exact = if value.is_finite() {
                (value - expected).abs()
            } else {
                0.0
            };
            assert_eq!(change, exact, "{value} {kept}");
        }
        for nan in [
            f64::NAN,
            f64::from_bits(u64::MAX),
            f64::from_bits(0x7ff0_0000_0000_0001),
        ] {
            let (rounded, change) = one(nan, 3);
            assert_eq!((rounded.to_bits(), change), (nan.to_bits(), 0.0));
        }
        let half = f16::from_f64(1.0 + 1.0 / 1024.0);
        let mut bytes = half.to_ne_bytes();
        let change = round(
            Dtype {
                bytes: 2,
                ..Dtype::F64
            },
            &mut bytes,
            9,
        );
        assert_eq!(
            (f16::from_ne_bytes(bytes), change),
            (f16::ONE, 1.0 / 1024.0)
        );
    }

    proptest! {
        /// The definition of rounding: scale by a power of two, and round to an integer, half to even.
        #[test]
        fn rounding_is_that_of_the_definition(bits in any::<u32>(), kept in 1_u32..24) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_normal() && value.abs() < f32::MAX / 2.0);
            let mut bytes = value.to_ne_bytes();
            let change = round(Dtype::F32, &mut bytes, kept);
            let wide = f64::from(value);
            let step = 2_f64.powi(wide.abs().log2().floor() as i32 - kept as i32);
            let expected = (wide / step).round_ties_even() * step;
            prop_assert_eq!(f64::from(f32::from_ne_bytes(bytes)), expected);
            prop_assert_eq!(change, (wide - expected).abs());
        }

        #[test]
        fn no_fewer_bits_are_within_an_error(values in prop::collection::vec(-10.0_f64..10.0, 1..20), digits in 0_i32..18) {
            let error = 10_f64.powi(-digits);
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
            let kept = bits_within(Dtype::F64, &bytes, error, 1);
            let change = |kept| round(Dtype::F64, &mut bytes.clone(), kept);
            prop_assert!(change(kept) <= error);
            prop_assert!(kept == 1 || change(kept - 1) > error);
        }
    }
}
