//! [`Caches`]: the sizes of a core's data caches.

/// Sizes in bytes of the data caches that one core has to itself; the last level is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// First level.
    pub l1: usize,
    /// Second level.
    pub l2: usize,
    /// Last level, whole; the second level if there is no third.
    pub last: usize,
}

impl Caches {
    /// Sizes that few processors of the last ten years fall short of.
    pub const TYPICAL: Self = Self {
        l1: 32 << 10,
        l2: 512 << 10,
        last: 8 << 20,
    };
}
