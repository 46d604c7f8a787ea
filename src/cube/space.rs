//! Space for a file, reserved before it is needed: a sparse file under a writable map dies of a
//! full disk in the middle of a step.

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, PosixFadviseAdvice, fallocate, posix_fadvise},
    sys::{
        statfs::{self, fstatfs},
        statvfs::statvfs,
    },
};
use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, path::Path};

/// How the space of a file came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The filesystem set the blocks aside.
    Reserved,
    /// The filesystem cannot; zeros were written.
    Zeros,
}

/// Makes `file` `len` bytes long with its blocks set aside, and zero where nothing was written.
///
/// # Errors
/// Of the filesystem: no space, a quota, a limit of the file size.
pub fn reserve(file: &File, len: u64) -> io::Result<Reservation> {
    match allocate(file, FallocateFlags::empty(), len) {
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => {
            write_zeros(file, len)?;
            Ok(Reservation::Zeros)
        }
        result => Ok(result.map(|()| Reservation::Reserved)?),
    }
}

/// Sets blocks aside behind the end of `file`, for lines to come; without effect where the
/// filesystem cannot.
///
/// # Errors
/// When there is no space.
pub fn reserve_ahead(file: &File, len: u64) -> io::Result<()> {
    match allocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, len) {
        Err(Errno::ENOSPC) => Err(Errno::ENOSPC.into()),
        _ => Ok(()),
    }
}

/// fallocate(2) itself: glibc's emulation would write to blocks that the filesystem may lose again.
fn allocate(file: &File, flags: FallocateFlags, len: u64) -> Result<(), Errno> {
    let len = i64::try_from(len).map_err(|_| Errno::EFBIG)?;
    loop {
        match fallocate(file, flags, 0, len) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

fn write_zeros(file: &File, len: u64) -> io::Result<()> {
    let zeros = vec![0; 8 << 20];
    let mut at = 0;
    while at < len {
        let piece = (len - at).min(zeros.len() as u64);
        #[expect(clippy::cast_possible_truncation, reason = "at most 8 MiB")]
        file.write_all_at(&zeros[..piece as usize], at)?;
        at += piece;
    }
    Ok(())
}

/// Bytes that the filesystem of `directory` has left for us, where it tells.
#[must_use]
pub fn free(directory: &Path) -> Option<u64> {
    let status = statvfs(directory).ok()?;
    Some(status.blocks_available() as u64 * status.fragment_size() as u64)
}

/// Tells the system that a range will not be read again soon: what of it is not on the disk begins to
/// be written, and the rest leaves the cache. Without effect where it cannot.
pub fn drop_cache(file: &File, range: Range<u64>) {
    if let (Ok(start), Ok(len)) = (
        i64::try_from(range.start),
        i64::try_from(range.end - range.start),
    ) {
        let _ = posix_fadvise(file, start, len, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    }
}

/// Tells the system that reads will be small and far apart, so that it reads nothing ahead; without
/// effect where it cannot.
pub fn expect_random_reads(file: &File) {
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM);
}

/// Whether `file` lies on a filesystem whose clients cache pages without telling each other.
#[must_use]
pub fn caches_apart(file: &File) -> bool {
    const APART: [statfs::FsType; 2] = [statfs::NFS_SUPER_MAGIC, statfs::SMB_SUPER_MAGIC];
    /// Of cifs and of its second version.
    const CIFS: [i64; 2] = [0xFF53_4D42, 0xFE53_4D42];
    fstatfs(file).is_ok_and(|status| {
        let found = status.filesystem_type();
        APART.contains(&found) || CIFS.contains(&(found.0 & 0xFFFF_FFFF))
    })
}
