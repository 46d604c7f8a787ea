//! Functions of the standard library on any Unix. `linux.rs` has the same functions.
//!
//! What the standard library does not know stands in `unknown.rs`.

use super::{
    files::rename_by_link,
    reservation::{Reservation, write_zeros},
    unix::FileExt,
};
use std::{
    fs::{File, TryLockError},
    io,
    ops::Range,
    path::Path,
};

/// Locks a file, without waiting; the system releases the lock when its holder ends.
///
/// # Errors
/// [`TryLockError::WouldBlock`] if another process holds the lock, [`TryLockError::Error`] if the filesystem has no
/// locks.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// Refuses to lock a range of bytes: only Linux has such locks that belong to an open file.
///
/// # Errors
/// Always.
pub fn try_lock_range(_: &File, _: Range<u64>) -> Result<(), TryLockError> {
    Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))
}

/// Refuses to lock a range of bytes, as [`try_lock_range`] does.
///
/// # Errors
/// Always.
pub fn lock_range(_: &File, _: Range<u64>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does nothing, because no range is locked.
pub fn unlock_range(_: &File, _: Range<u64>) {}

/// Unlocks a file, if this process has locked it.
pub fn unlock(file: &File) {
    // An error means that there are no locks.
    let _ = file.unlock();
}

/// Whether another process holds the lock on a file, as far as the filesystem reports it.
///
/// The standard library has no query: a shared lock is tried and released at once. A process that asks for the lock at
/// this moment is refused.
#[must_use]
pub fn is_locked(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = file.unlock();
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

/// Makes `file` `len` bytes long by writing zeros.
///
/// # Errors
/// The error of the filesystem, such as no space, a quota, or a limit of the file size.
pub fn reserve(file: &File, len: u64) -> io::Result<Reservation> {
    write_zeros(file, len)
}

/// Reserves nothing.
///
/// # Errors
/// Never fails.
pub fn reserve_ahead(_file: &File, _len: u64) -> io::Result<()> {
    Ok(())
}

/// Refuses to exchange two names of one filesystem atomically.
///
/// # Errors
/// Always.
pub fn exchange(_left: &Path, _right: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames a file or a directory to an unused name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is used; other errors of the filesystem.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_by_link(from, to)
}

/// Reads from byte `start` on up to the end of the file or the first error, as if the page cache held everything, and
/// returns the number of bytes.
#[must_use]
pub fn read_cached(file: &File, start: u64, bytes: &mut [u8]) -> usize {
    let mut total = 0;
    while total < bytes.len() {
        match file.read_at(&mut bytes[total..], start + total as u64) {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    total
}

/// Bytes of memory that a process may still take: unknown.
#[must_use]
pub fn available_memory() -> Option<u64> {
    None
}
