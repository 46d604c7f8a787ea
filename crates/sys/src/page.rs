//! Sizes that places in files and in memory are multiples of.

use nix::unistd::{SysconfVar, sysconf};

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
