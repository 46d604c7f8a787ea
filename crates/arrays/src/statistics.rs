//! [`Statistics`]: count, sum, mean, standard deviation, minimum and maximum.

use crate::npy::Scalar;

/// The statistics of an array, or of a column of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Number of values.
    pub count: u64,
    /// Number of NaN, whether or not they are left out.
    pub nan: u64,
    /// Number of values above the limit; 0 without a limit.
    pub above: u64,
    /// Sum of the values, exact for integers.
    pub sum: Scalar,
    /// `sum / count`
    pub mean: f64,
    /// `sqrt(Σ(x - mean)² / count)`
    pub std: f64,
    /// Minimum and maximum; `None` without values.
    pub range: Option<(Scalar, Scalar)>,
}

impl Statistics {
    /// The names of the six [`scalars`](Self::scalars).
    pub const NAMES: [&'static str; 6] = ["count", "sum", "mean", "std", "min", "max"];

    /// The six statistics in the order of [`NAMES`](Self::NAMES), with all their digits. Without values minimum and
    /// maximum are NaN.
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
