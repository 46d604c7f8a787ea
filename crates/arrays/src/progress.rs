//! [`Progress`]: the amount of work done in a long task.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A counter of work done. Any number of threads may add to it while others read it.
///
/// Clones share one counter. The unit depends on the task: bytes, steps or snapshots.
///
/// ```
/// use diff2d_arrays::progress::Progress;
///
/// let progress = Progress::default();
/// let seen_elsewhere = progress.clone();
/// progress.add(3);
/// progress.add(4);
/// assert_eq!(seen_elsewhere.done(), 7);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Adds work that has just been done.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Work done so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
