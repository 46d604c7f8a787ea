//! [`Agreement`]: whether a final state is that of `diff2d`.

use serde::Serialize;

/// Whether a final state is that of `diff2d`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// All bits are equal.
    pub equal: bool,
    /// The largest difference.
    pub largest_difference: f64,
    /// The largest difference that contraction explains; 0 where nothing was contracted.
    pub allowed: f64,
}

impl Agreement {
    /// `difference` is `None` where all bits are equal; `contraction` holds what a compiler that may have
    /// contracted explains.
    pub(super) fn new(difference: Option<f64>, contraction: Option<f64>) -> Self {
        Self {
            equal: difference.is_none(),
            largest_difference: difference.unwrap_or(0.0),
            allowed: contraction.unwrap_or(0.0),
        }
    }

    /// Whether the states agree as far as they have to.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.equal || (self.allowed > 0.0 && self.largest_difference <= self.allowed)
    }
}
