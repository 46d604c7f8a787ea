//! [`Rounding`]: rounds copied elements to fewer bits of their mantissa.

use diff2d_arrays::{mantissa, npy::Dtype};
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicU64, Ordering};

/// Rounds elements as they are read.
#[derive(Debug)]
pub struct Rounding {
    /// The number of bits of the mantissa that are kept.
    pub kept: u32,
    /// The largest change of an element so far, as the bits of a float; for floats that are not negative, bits and
    /// numbers have the same order.
    largest: AtomicU64,
}

/// The name of the variable that describes the algorithm, by the CF conventions.
pub(super) const ALGORITHM: &str = "quantization_info";

impl Rounding {
    /// Rounding to `kept` bits.
    #[must_use]
    pub fn to(kept: u32) -> Self {
        Self {
            kept,
            largest: AtomicU64::new(0),
        }
    }

    /// Rounds elements of the type `dtype`.
    pub(super) fn round(&self, dtype: Dtype, bytes: &mut [u8]) {
        let largest = mantissa::round(dtype, bytes, self.kept);
        self.largest.fetch_max(largest.to_bits(), Ordering::Relaxed);
    }

    /// The largest change of an element so far.
    #[must_use]
    pub fn largest_error(&self) -> f64 {
        f64::from_bits(self.largest.load(Ordering::Relaxed))
    }

    /// The largest possible relative change of an element.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        0.5_f64.powi(self.kept.cast_signed() + 1)
    }

    /// Attributes of the variable, after all its elements have been read.
    ///
    /// Source: the CF conventions 1.12, section 8.4.
    pub(super) fn attributes(&self) -> Map<String, Value> {
        let attributes: [(&str, Value); 4] = [
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
        attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// Attributes that describe the algorithm.
    pub(super) fn algorithm() -> Map<String, Value> {
        let program = concat!("diff2d version ", env!("CARGO_PKG_VERSION"));
        let attributes = [("algorithm", "bitround"), ("implementation", program)];
        attributes
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into_iter()
            .collect()
    }
}
