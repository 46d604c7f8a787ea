//! A file that is locked for as long as a value lives.

use super::system;
use std::{
    fs::{File, TryLockError},
    ops::{Deref, DerefMut},
};

/// A file that this process alone writes, until the value is dropped.
///
/// Dropping it unlocks the file instead of leaving that to `close`: a process that another thread
/// starts at this moment shares every open file until it executes its program, and with them their locks.
#[derive(Debug)]
pub struct LockedFile(File);

impl LockedFile {
    /// Locks a file, without waiting.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] when another process, or another part of this one, holds the lock;
    /// [`TryLockError::Error`] where the filesystem has no locks.
    pub fn try_new(file: File) -> Result<Self, TryLockError> {
        system::try_lock(&file)?;
        Ok(Self(file))
    }

    /// A file whose only writer this is by the word of the user.
    #[must_use]
    pub fn without_lock(file: File) -> Self {
        Self(file)
    }
}

impl Deref for LockedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockedFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        system::unlock(&self.0);
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
