//! [`Order`]: an order statistic of windows.

use crate::rank::Rank;

/// Medians or quantiles of windows.
pub(in super::super) struct Order {
    pub(super) rank: Rank,
    /// Leave NaN out, and make a window with fewer elements than this number NaN.
    skip: Option<u64>,
    /// The number of elements in a window.
    pub(super) elements: usize,
}

impl Order {
    pub(in super::super) fn median(skip: Option<u64>, elements: u64) -> Self {
        Self::new(Rank::Median, skip, elements)
    }

    pub(in super::super) fn quantile(q: f64, skip: Option<u64>, elements: u64) -> Self {
        Self::new(Rank::Quantile(q), skip, elements)
    }

    fn new(rank: Rank, skip: Option<u64>, elements: u64) -> Self {
        Self {
            rank,
            skip,
            elements: usize::try_from(elements).unwrap_or(usize::MAX),
        }
    }

    /// Whether a window with `there` elements that are not NaN has a result.
    #[inline]
    pub(super) fn has_result(&self, there: usize) -> bool {
        match self.skip {
            None => there == self.elements,
            Some(least) => there > 0 && there as u64 >= least,
        }
    }
}
