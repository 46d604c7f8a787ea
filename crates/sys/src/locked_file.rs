//! [`LockedFile`]: a file that is locked for the lifetime of a value.

use super::system;
use std::{
    fs::{File, TryLockError},
    io,
    ops::{Deref, DerefMut, Range},
};

/// The first byte of the locks on parts of a file, behind all bytes of a file.
const PARTS: u64 = 1 << 62;
/// The byte whose lock gives the turn to write.
const TURN: Range<u64> = PARTS..PARTS + 1;

/// A file that this process alone writes, until the value is dropped.
///
/// Dropping the value unlocks the file explicitly instead of relying on `close`: a process that another thread is just
/// starting shares every open file, with its locks, until it executes its program.
#[derive(Debug)]
pub struct LockedFile {
    file: File,
    /// Whether other processes take turns with this one in writing the file.
    is_shared: bool,
}

/// The turn of one process among those that have locked parts of a file; it ends when the value is dropped.
#[derive(Debug)]
pub struct Turn(File);

impl Drop for Turn {
    fn drop(&mut self) {
        system::unlock_range(&self.0, TURN);
    }
}

impl LockedFile {
    /// Locks a file, without waiting.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] if another process, or another part of this one, holds the lock;
    /// [`TryLockError::Error`] if the filesystem has no locks.
    pub fn try_new(file: File) -> Result<Self, TryLockError> {
        system::try_lock(&file)?;
        Ok(Self::without_lock(file))
    }

    /// Locks a range of the numbered parts for which a file stands, without waiting. Others may lock other parts, but
    /// not the whole.
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new).
    pub fn try_part(file: File, part: Range<u64>) -> Result<Self, TryLockError> {
        let bytes = TURN.end.saturating_add(part.start)..TURN.end.saturating_add(part.end);
        system::try_lock_range(&file, bytes)?;
        Ok(Self {
            file,
            is_shared: true,
        })
    }

    /// Waits for the turn to write the file; `None` if no other process writes it.
    ///
    /// # Errors
    /// The error of the filesystem.
    pub fn in_turn(&self) -> io::Result<Option<Turn>> {
        if !self.is_shared {
            return Ok(None);
        }
        // Both handles of the file have the lock.
        let file = self.file.try_clone()?;
        system::lock_range(&file, TURN)?;
        Ok(Some(Turn(file)))
    }

    /// Whether other processes take turns with this one in writing the file.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// A file without a lock, because the user guarantees that no other process writes it.
    #[must_use]
    pub fn without_lock(file: File) -> Self {
        Self {
            file,
            is_shared: false,
        }
    }
}

impl Deref for LockedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl DerefMut for LockedFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        system::unlock(&self.file);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;
    use std::{
        process::Command,
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    #[cfg(not(diff2d_portable))]
    #[test]
    fn parts_are_locked_beside_one_another_and_never_beside_the_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let open = || File::create(&path).unwrap();
        let whole = || LockedFile::try_new(open());
        let part = |range| LockedFile::try_part(open(), range);
        let one = part(0..5).unwrap();
        let other = part(5..6).unwrap();
        assert!(part(4..5).is_err() && part(0..9).is_err() && whole().is_err());
        let turn = one.in_turn().unwrap().unwrap();
        let waited = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let turn = other.in_turn().unwrap();
                assert!(waited.load(Ordering::SeqCst));
                drop(turn);
            });
            waited.store(true, Ordering::SeqCst);
            drop(turn);
        });
        drop(one);
        assert!(part(0..5).is_ok() && whole().is_err());
        drop(other);
        let whole = whole().unwrap();
        assert!(part(7..8).is_err() && whole.in_turn().unwrap().is_none());
        drop(whole);
        assert!(part(7..8).is_ok());
    }

    /// Opens and locks a file again and again while another thread starts processes.
    #[test]
    fn a_lock_ends_with_its_value_even_while_processes_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let is_over = AtomicBool::new(false);
        let refused = thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..200 {
                    Command::new("true").status().unwrap();
                }
                is_over.store(true, Ordering::Relaxed);
            });
            let mut refused = 0;
            while !is_over.load(Ordering::Relaxed) {
                let file = File::create(&path).unwrap();
                refused += u32::from(LockedFile::try_new(file).is_err());
            }
            refused
        });
        assert_eq!(refused, 0);
    }
}
