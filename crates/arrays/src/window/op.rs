//! [`Op`]: the reductions by name.

use crate::npy::{Dtype, Kind};
use std::str::FromStr;

/// The reduction of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    /// The sum: `Σx`.
    Sum,
    /// The mean: `Σx / n`.
    Mean,
    /// The minimum.
    Min,
    /// The maximum.
    Max,
    /// The standard deviation: `sqrt(Σ(x - mean)² / n)`.
    Std,
    /// The variance: `Σ(x - mean)² / n`.
    Var,
    /// The range: `max - min`.
    Ptp,
    /// The middle one of the sorted elements, or the mean of the two in the middle.
    Median,
    /// The quantile `q`, from 0 to 1, interpolated as by NumPy's `linear`.
    Quantile(f64),
    /// `Σwx` with the weights of a normal distribution, whose sum is 1.
    Gaussian,
    /// `Σwx` with any weights.
    Weights,
}

impl Op {
    /// The names of all reductions that have no parameter.
    pub const ALL: [(&'static str, Self); 10] = [
        ("sum", Self::Sum),
        ("mean", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("std", Self::Std),
        ("var", Self::Var),
        ("ptp", Self::Ptp),
        ("median", Self::Median),
        ("gaussian", Self::Gaussian),
        ("weights", Self::Weights),
    ];

    /// The dtype of the results; `None` if NumPy has none.
    #[must_use]
    pub fn dtype(self, of: Dtype) -> Option<Dtype> {
        match (self, of.kind) {
            (Self::Min | Self::Max, _) => Some(of.native()),
            (Self::Ptp, Kind::Bool) => None,
            (Self::Sum | Self::Ptp, Kind::Signed | Kind::Bool) => Some(Dtype::I64),
            (Self::Sum | Self::Ptp, Kind::Unsigned) => Some(Dtype::U64),
            _ => Some(Dtype::F64),
        }
    }

    /// Whether elements have weights.
    #[must_use]
    pub fn is_weighted(self) -> bool {
        matches!(self, Self::Gaussian | Self::Weights)
    }
}

impl FromStr for Op {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(q) = text.strip_prefix("quantile:") {
            return q
                .trim()
                .parse()
                .ok()
                .filter(|q| (0.0..=1.0).contains(q))
                .map(Self::Quantile)
                .ok_or_else(|| "expected a quantile from 0 to 1, such as quantile:0.9".to_owned());
        }
        Self::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|&(_, op)| op)
            .ok_or_else(|| {
                "expected sum, mean, min, max, std, var, ptp, median, quantile:q, gaussian or weights"
                    .to_owned()
            })
    }
}
