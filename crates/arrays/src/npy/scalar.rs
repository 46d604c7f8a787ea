//! [`Scalar`]: one element of an array, to show to people.

use super::dtype::{Dtype, Kind};
use serde::Serialize;
use std::fmt;

/// One element, with all its digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Of any float type.
    Float(f64),
    /// Of any integer type, or a boolean.
    Integer(i128),
}

impl Scalar {
    /// Reads one element from its bytes.
    ///
    /// # Panics
    /// When there are fewer bytes than the dtype has.
    #[must_use]
    pub fn decode(dtype: Dtype, bytes: &[u8]) -> Self {
        Self::of_bits(dtype, bits(dtype, bytes))
    }

    /// The element whose bits are the lowest of `bits`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a dtype's own bits, and at most 8 bytes"
    )]
    pub fn of_bits(dtype: Dtype, bits: u64) -> Self {
        let unused = 64 - 8 * dtype.bytes as u32;
        match (dtype.kind, dtype.bytes) {
            (Kind::Float, 2) => Self::Float(half::f16::from_bits(bits as u16).to_f64()),
            (Kind::Float, 4) => Self::Float(f32::from_bits(bits as u32).into()),
            (Kind::Float, _) => Self::Float(f64::from_bits(bits)),
            (Kind::Signed, _) => Self::Integer((bits.cast_signed() << unused >> unused).into()),
            (Kind::Unsigned | Kind::Bool, _) => Self::Integer(bits.into()),
        }
    }

    /// The nearest double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rounding is what it is for")]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Integer(value) => write!(f, "{value}"),
        }
    }
}

/// The bits of an element, the rest zero.
pub(super) fn bits(dtype: Dtype, bytes: &[u8]) -> u64 {
    let mut raw = [0; 8];
    raw[..dtype.bytes].copy_from_slice(&bytes[..dtype.bytes]);
    if dtype.big_endian {
        raw[..dtype.bytes].reverse();
    }
    u64::from_le_bytes(raw)
}
