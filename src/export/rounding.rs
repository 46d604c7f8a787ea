//! [`Rounding`]: elements that are copied with fewer bits of their mantissa.

use diff2d_arrays::{mantissa, npy::Dtype};
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicU64, Ordering};

/// Elements are rounded to so many bits as they are read.
#[derive(Debug)]
pub struct Rounding {
    /// Bits of the mantissa.
    pub kept: u32,
    /// By how much an element has changed at most, as the bits of a float: they are in the order of numbers.
    largest: AtomicU64,
}

/// The variable that tells of the algorithm, by the CF conventions.
pub(super) const ALGORITHM: &str = "quantization_info";

impl Rounding {
    /// To so many bits.
    #[must_use]
    pub fn to(kept: u32) -> Self {
        Self {
            kept,
            largest: AtomicU64::new(0),
        }
    }

    /// Rounds elements of a type.
    pub(super) fn round(&self, dtype: Dtype, bytes: &mut [u8]) {
        let largest = mantissa::round(dtype, bytes, self.kept);
        self.largest.fetch_max(largest.to_bits(), Ordering::Relaxed);
    }

    /// By how much an element that was read has changed at most.
    #[must_use]
    pub fn largest_error(&self) -> f64 {
        f64::from_bits(self.largest.load(Ordering::Relaxed))
    }

    /// Of the relative changes, the most that there can be.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        0.5_f64.powi(self.kept.cast_signed() + 1)
    }

    /// What is told of the variable once all of it has been read.
    ///
    /// Source: the CF conventions 1.12, section 8.4.
    pub(super) fn attributes(&self) -> Map<String, Value> {
        let told: [(&str, Value); 4] = [
            ("quantization", ALGORITHM.into()),
            ("quantization_nsb", self.kept.into()),
            (
                "quantization_maximum_absolute_error",
                self.largest_error().into(),
            ),
            (
                "quantization_maximum_relative_error",
                self.relative_error().into(),
            ),
        ];
        told.map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// What is told of the algorithm.
    pub(super) fn algorithm() -> Map<String, Value> {
        let program = concat!("diff2d version ", env!("CARGO_PKG_VERSION"));
        let told = [("algorithm", "bitround"), ("implementation", program)];
        told.map(|(name, value)| (name.to_owned(), value.into()))
            .into_iter()
            .collect()
    }
}
