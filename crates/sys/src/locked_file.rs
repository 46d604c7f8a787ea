//! A file that is locked for as long as a value lives.

use super::system;
use std::{
    fs::{File, TryLockError},
    io,
    ops::{Deref, DerefMut, Range},
};

/// Where the locks on parts of a file begin, behind all bytes that a file has. The first is for what is done in turn.
const PARTS: u64 = 1 << 62;
const TURN: Range<u64> = PARTS..PARTS + 1;

/// A file that this process alone writes, until the value is dropped.
///
/// Dropping it unlocks the file instead of leaving that to `close`: a process that another thread
/// starts at this moment shares every open file until it executes its program, and with them their locks.
#[derive(Debug)]
pub struct LockedFile {
    file: File,
    /// Whether other processes write the file, too, in turn.
    is_shared: bool,
}

/// A turn among the processes that have parts of a file, until it is dropped.
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
    /// [`TryLockError::WouldBlock`] when another process, or another part of this one, holds the lock;
    /// [`TryLockError::Error`] where the filesystem has no locks.
    pub fn try_new(file: File) -> Result<Self, TryLockError> {
        system::try_lock(&file)?;
        Ok(Self::without_lock(file))
    }

    /// Locks a part of what a file stands for, without waiting; parts are numbered. Others may have other parts, but
    /// nobody the whole.
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new).
    pub fn try_part(file: File, part: Range<u64>) -> Result<Self, TryLockError> {
        let place = |number: u64| TURN.end.saturating_add(number);
        system::try_lock_range(&file, place(part.start)..place(part.end))?;
        Ok(Self {
            file,
            is_shared: true,
        })
    }

    /// Waits for the turn to write the file; `None` where nobody else does.
    ///
    /// # Errors
    /// Of the filesystem.
    pub fn in_turn(&self) -> io::Result<Option<Turn>> {
        if !self.is_shared {
            return Ok(None);
        }
        // The lock is that of both.
        let file = self.file.try_clone()?;
        system::lock_range(&file, TURN)?;
        Ok(Some(Turn(file)))
    }

    /// Whether other processes write the file, too, in turn.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// A file whose only writer this is by the word of the user.
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

    #[cfg(all(target_os = "linux", not(diff2d_portable)))]
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
