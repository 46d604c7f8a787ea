//! [`Statistics`]: count, sum, mean, standard deviation, minimum and maximum.

use crate::npy::Scalar;

/// The statistics of an array, or of a column of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Number of values.
    pub count: u64,
    /// How many NaN there are, counted or left out.
    pub nan: u64,
    /// How many lie above the limit, where one was given.
    pub above: u64,
    /// Their sum, exact for integers.
    pub sum: Scalar,
    /// `sum / count`
    pub mean: f64,
    /// `sqrt(Σ(x - mean)² / count)`
    pub std: f64,
    /// Minimum and maximum, of at least one value.
    pub range: Option<(Scalar, Scalar)>,
}

impl Statistics {
    /// Their names.
    pub const NAMES: [&'static str; 6] = ["count", "sum", "mean", "std", "min", "max"];

    /// All six in the order of [`NAMES`](Self::NAMES), with all their digits; the range of no values is
    /// NaN.
    #[must_use]
    pub fn scalars(&self) -> [Scalar; 6] {
        let (low, high) = self
            .range
            .unwrap_or((Scalar::Float(f64::NAN), Scalar::Float(f64::NAN)));
        [
            Scalar::Integer(self.count.into()),
            self.sum,
            Scalar::Float(self.mean),
            Scalar::Float(self.std),
            low,
            high,
        ]
    }
}
