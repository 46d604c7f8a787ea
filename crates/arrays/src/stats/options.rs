//! [`Options`]: the treatment of NaN, the values to count, and the memory of statistics.

use crate::moments::Counted;

/// How to treat NaN, which values to count, and how much memory to use.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Leave NaN out. Otherwise a NaN makes every result except the counts NaN.
    pub skip_nan: bool,
    /// Also count the values above this limit.
    pub above: Option<f64>,
    /// A limit on the memory in bytes.
    pub memory: u64,
}

impl Options {
    /// The options in the form that moments need.
    pub(super) fn counted(self) -> Counted {
        Counted {
            skip_nan: self.skip_nan,
            above: self.above,
        }
    }
}
