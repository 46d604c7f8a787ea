//! Pages of memory, and blocks of disks.

use nix::unistd::{SysconfVar, sysconf};

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
