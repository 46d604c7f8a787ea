//! What is asked for, and answered.

use crate::{moments::Counted, statistics::Statistics};
use std::ops::Range;

/// How to treat NaN, what to count beside, and how much memory to use.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Leave NaN out. Otherwise a NaN makes every result but the count NaN.
    pub skip_nan: bool,
    /// Count the values above this one, too.
    pub above: Option<f64>,
    /// Bytes of memory that may be used.
    pub memory: u64,
}

impl Options {
    pub(super) fn counted(self) -> Counted {
        Counted {
            skip_nan: self.skip_nan,
            above: self.above,
        }
    }
}

/// A box of an array: a range for every axis of the array, in the order of its axes.
pub type Select = Vec<Range<u64>>;

/// The statistics of a box.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Its statistics.
    pub statistics: Statistics,
    /// The indices of the first minimum and of the first maximum, in the order of indices; of the first NaN
    /// where they are NaN.
    pub places: Option<[Vec<u64>; 2]>,
}
