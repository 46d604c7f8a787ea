//! What two problems differ by, relative to the sizes of their values.

/// The error, relative to the size of a quantity, below which it is invisible.
const SEEN: f64 = 1e-3;

/// What a problem and another one differ by in their snapshots and rows.
#[derive(Debug, Clone)]
pub(crate) struct Differences {
    /// The largest difference of p, and of each number of a row, in the order of their columns.
    pub(super) all: Vec<Difference>,
    /// Whether all was compared that was to be.
    pub(super) is_whole: bool,
}

impl Differences {
    /// Whether p and the numbers of rows are visibly the same.
    pub(crate) fn are_unseen(&self) -> bool {
        self.all.iter().all(|difference| difference.share <= SEEN)
    }

    /// The differences relative to the larger ones of two sizes.
    pub(super) fn in_larger_sizes(&self, other_sizes: &[f64]) -> Self {
        let pairs = self.all.iter().zip(other_sizes);
        let differences = pairs.map(|(difference, other_size)| {
            let size = difference.size.max(*other_size);
            Difference::of(difference.largest, size, difference.step)
        });
        Self {
            all: differences.collect(),
            is_whole: self.is_whole,
        }
    }
}

/// The largest difference of a quantity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference {
    largest: f64,
    /// The difference, relative to the size of the quantity.
    pub(super) share: f64,
    pub(super) size: f64,
    /// The step of the first problem with the largest difference.
    pub(super) step: u64,
}

impl Difference {
    /// The largest difference of values of some size, after a step.
    pub(super) fn of(largest: f64, size: f64, step: u64) -> Self {
        Self {
            largest,
            share: if largest > 0.0 && size.is_finite() {
                largest / size
            } else {
                0.0
            },
            size,
            step,
        }
    }

    /// The order at which this difference falls to that of two grids with half the spacing; the lowest for one that does not
    /// fall, or for none.
    pub(super) fn order(&self, finer: &Self) -> f64 {
        let ratio = self.largest / finer.largest;
        if ratio > 1.0 { ratio.log2() } else { 0.0 }
    }

    /// The error of the first problem relative to the size, if the error of the second one is smaller by the factor
    /// `remainder`.
    pub(super) fn error_by(&self, remainder: f64) -> f64 {
        self.share / (1.0 - remainder)
    }
}
