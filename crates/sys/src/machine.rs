//! The machine: its threads, caches and pages.

use nix::unistd::{SysconfVar, sysconf};
use std::{sync::OnceLock, thread};

/// The number of threads that can run at once, as far as this process may use them.
#[must_use]
pub fn threads() -> usize {
    // The system reads several files for the answer.
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// The sizes in bytes of the data caches. The first two levels belong to one core; the last level is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// Size of the first level.
    pub l1: usize,
    /// Size of the second level.
    pub l2: usize,
    /// Size of the whole last level; of the second level if there is no third.
    pub last: usize,
}

impl Caches {
    /// Sizes that most processors of the last ten years reach.
    pub const TYPICAL: Self = Self {
        l1: 32 << 10,
        l2: 512 << 10,
        last: 8 << 20,
    };
}

/// The alignment in bytes of positions in files and in memory for direct reads and writes: the largest block of the
/// disks and filesystems in use, which is not the page size.
pub const DIRECT_ALIGNMENT: usize = 4096;

/// Bytes of a page of memory.
#[must_use]
pub fn page_size() -> usize {
    let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok())
        .unwrap_or(4096)
}
