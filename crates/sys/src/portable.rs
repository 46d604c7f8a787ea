//! What the standard library offers on any Unix. `linux.rs` has the same functions.
//!
//! What the system does not tell is `None`, or the assumption under which nothing goes wrong.

use super::{
    files::rename_by_link,
    machine::Caches,
    reservation::{Reservation, write_zeros},
};
use memmap2::Mmap;
use std::{
    fs::{File, TryLockError},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Takes the lock on a file, without waiting; the system releases it with its holder.
///
/// # Errors
/// [`TryLockError::WouldBlock`] when another process holds it, [`TryLockError::Error`] where the
/// filesystem has no locks.
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

/// As [`try_lock_range`].
///
/// # Errors
/// Always.
pub fn lock_range(_: &File, _: Range<u64>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing: no range is locked.
pub fn unlock_range(_: &File, _: Range<u64>) {}

/// Gives the lock on a file back, if this process has it.
pub fn unlock(file: &File) {
    // An error means that there are no locks.
    let _ = file.unlock();
}

/// Whether another holds the lock on a file, as far as the filesystem tells.
///
/// The standard library cannot look without touching: a shared lock is tried and released at once. A
/// process that asks for the lock in this moment is refused.
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
/// Of the filesystem: no space, a quota, a limit of the file size.
pub fn reserve(file: &File, len: u64) -> io::Result<Reservation> {
    write_zeros(file, len)
}

/// Sets nothing aside.
///
/// # Errors
/// None.
pub fn reserve_ahead(_file: &File, _len: u64) -> io::Result<()> {
    Ok(())
}

/// Exchanges two names of one filesystem, at once: that cannot be done.
///
/// # Errors
/// Always.
pub fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives a file or a directory another name, which nothing has.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where something has it; others of the filesystem.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_by_link(from, to)
}

/// Whether every host sees at once what another one writes to this file: not as far as is known.
#[must_use]
pub fn is_coherent_between_hosts(_file: &File) -> bool {
    false
}

/// Opens a file to be read past the page cache: it cannot be.
#[must_use]
pub fn open_direct(_path: &Path) -> Option<File> {
    None
}

/// As [`open_direct`], to write.
#[must_use]
pub fn open_direct_to_write(_path: &Path) -> Option<File> {
    None
}

/// As on Linux; here the allocator is not told.
pub fn give_back_memory() {}

/// A name under which an open file can be opened again: there is none.
#[must_use]
pub fn path_of(_file: &File) -> PathBuf {
    PathBuf::new()
}

/// Reads from byte `start` on, and returns how much that was: all of it but for the end of the file
/// and errors, as if the page cache held everything.
#[must_use]
pub fn read_cached(file: &File, start: u64, bytes: &mut [u8]) -> usize {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(&mut bytes[done..], start + done as u64) {
            Ok(0) => break,
            Ok(some) => done += some,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    done
}

/// Advice that is not given.
pub fn drop_cached(_file: &File, _range: Range<u64>) {}

/// Advice that is not given.
pub fn expect_random_reads(_file: &File) {}

/// Which pages of a map are in memory: unknown.
#[must_use]
pub fn resident_pages(_map: &Mmap) -> Option<Vec<bool>> {
    None
}

/// Advice that is not given.
pub fn advise_huge_pages(_memory: *mut u8, _len: usize, _are_wanted: bool) {}

/// Bytes of memory that a process may still take: unknown.
#[must_use]
pub fn available_memory() -> Option<u64> {
    None
}

/// The processors that this process may run on: unknown, so the same for all processes.
#[must_use]
pub fn allowed_processors() -> String {
    String::new()
}

/// The processor's name: unknown.
#[must_use]
pub fn processor_name() -> Option<String> {
    None
}

/// Processes that wanted to run in the last minute: unknown.
#[must_use]
pub fn load() -> Option<f64> {
    None
}

/// The sizes of the caches: unknown, so typical ones.
#[must_use]
pub fn caches() -> Caches {
    Caches::TYPICAL
}
