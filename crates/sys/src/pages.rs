//! Blocks of disks.

/// The alignment in bytes of positions in files and in memory for direct reads and writes: the largest block of the
/// disks and filesystems in use, which is not the page size.
pub const DIRECT_ALIGNMENT: usize = 4096;
