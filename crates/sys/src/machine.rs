//! The machine: its threads, caches and pages.

use nix::unistd::{SysconfVar, sysconf};
use std::{sync::OnceLock, thread};

/// Threads that can run at once, as far as this process is allowed to use them.
#[must_use]
pub fn threads() -> usize {
    // The system reads several files for the answer.
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

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

/// What places in a file and in memory must be multiples of when the page cache is passed by: the
/// largest block of the disks and filesystems in use, which is not the size of a page of memory.
pub const DIRECT_ALIGNMENT: usize = 4096;

/// Bytes of a page of memory.
#[must_use]
pub fn page_size() -> usize {
    let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok())
        .unwrap_or(4096)
}
