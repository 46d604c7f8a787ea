//! [`Op`]: the reductions by name.

use crate::npy::{Dtype, Kind};
use std::str::FromStr;

/// How a window is reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// `Σx`
    Sum,
    /// `Σx / n`
    Mean,
    /// The minimum.
    Min,
    /// The maximum.
    Max,
    /// `sqrt(Σ(x - mean)² / n)`
    Std,
    /// `Σ(x - mean)² / n`
    Var,
    /// `max - min`
    Ptp,
}

impl Op {
    /// Every reduction and its name.
    pub const ALL: [(&'static str, Self); 7] = [
        ("sum", Self::Sum),
        ("mean", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("std", Self::Std),
        ("var", Self::Var),
        ("ptp", Self::Ptp),
    ];

    /// The dtype of the results, `None` where NumPy has none.
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
}

impl FromStr for Op {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|&(_, op)| op)
            .ok_or_else(|| "expected sum, mean, min, max, std, var or ptp".to_owned())
    }
}
