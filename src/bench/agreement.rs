//! [`Agreement`]: how far a final state may differ from that of `diff2d`, and how far it does.

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
    pub(super) fn equal() -> Self {
        Self::new(None, None)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_contraction_allows_a_difference() {
        assert!(Agreement::new(None, None).holds());
        assert!(!Agreement::new(Some(1e-18), None).holds());
        assert!(!Agreement::new(Some(0.0), None).holds(), "-0.0 is not 0.0");
        assert!(Agreement::new(Some(4e-14), Some(4.4e-14)).holds());
        assert!(!Agreement::new(Some(5e-14), Some(4.4e-14)).holds());
        assert!(!Agreement::new(Some(f64::INFINITY), Some(1.0)).holds());
    }
}
