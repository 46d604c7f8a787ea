//! [`Temporary`]: the name of a file or a directory until it is complete.

use super::{
    files::is_still_at,
    system::{beginning_of_name, open_privately, rename_new},
};
use std::{
    ffi::OsString,
    fs::{self, DirEntry, File, FileType, OpenOptions, TryLockError},
    io::{self, Write},
    mem,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The names of everything that is not committed.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporaries() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all files and directories that are not committed, and lets none be committed or begun any more. A process
/// calls this function just before it ends.
pub fn remove_temporaries() {
    let temporaries = temporaries();
    for temporary in temporaries.iter() {
        // Nothing depends on what cannot be removed, and there is nobody to tell.
        let _ = fs::remove_file(temporary).or_else(|_| remove_directory(temporary));
    }
    mem::forget(temporaries);
}

/// Removes a directory in which other threads may be creating files, by first giving it a name that they do not know.
fn remove_directory(directory: &Path) -> io::Result<()> {
    let new_name = unused_name(directory);
    fs::rename(directory, &new_name)?;
    // Another thread may have been creating a file.
    fs::remove_dir_all(&new_name).or_else(|_| remove_tree(&new_name))
}

/// Removes a directory with one file descriptor at a time, because there may be no more of them.
fn remove_tree(directory: &Path) -> io::Result<()> {
    for (path, kind) in entries(directory)? {
        if kind.is_dir() {
            remove_tree(&path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    fs::remove_dir(directory)
}

/// All entries of a directory. The directory is closed again, whereas an iterator over entries would keep it open.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, FileType)>> {
    fs::read_dir(directory)?
        .map(|entry: io::Result<DirEntry>| {
            let entry = entry?;
            Ok((entry.path(), entry.file_type()?))
        })
        .collect()
}

/// A name beside `path` that no other process uses, for the file that had the name `path`.
pub(super) fn unused_name(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".diff2d-{}-{number}.part", process::id()))
}

/// The temporary name beside `path` of process number `number` among those that write it at the same time.
fn temporary_name(path: &Path, number: usize) -> PathBuf {
    /// The largest number of bytes taken from a name, to leave room for the rest within the 255 bytes of filesystems.
    const MOST: usize = 200;
    let mut name = OsString::from(".diff2d-");
    name.push(beginning_of_name(
        path.file_name().unwrap_or_default(),
        MOST,
    ));
    name.push(format!("-{number}.part"));
    path.with_file_name(name)
}

/// A temporary name. If it is dropped before it is renamed, the file or directory that has it is removed.
///
/// The file or directory is locked meanwhile, if the filesystem has locks for both. A temporary file without a lock was
/// left by a killed process; the next process that writes the same file removes it.
#[derive(Debug)]
pub struct Temporary {
    name: PathBuf,
    lock: Option<File>,
}

impl Temporary {
    /// Creates a file without a name in a directory, for this user alone: it disappears when it is closed.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn file(parent: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let create = |name: &Path| open_privately(&options, name);
        Ok(Self::create(&parent.join("file"), create, is_still_at)?.0)
    }

    /// Creates a file or directory beside `path`, under a name that no other process uses. `is_at` tells whether it
    /// still has a name.
    pub(super) fn create<T>(
        path: &Path,
        create: impl Fn(&Path) -> io::Result<T>,
        is_at: impl Fn(&T, &Path) -> bool,
    ) -> io::Result<(T, Self)> {
        for number in 0.. {
            let name = temporary_name(path, number);
            let created = match create(&name) {
                Err(error) if is_taken(&error) && was_left(&name) => create(&name),
                created => created,
            };
            let created = match created {
                Err(error) if is_taken(&error) => continue,
                created => created?,
            };
            // Before it was locked, another process may have taken it for something left by a killed one.
            match lock(&name) {
                Ok(lock) if is_at(&created, &name) => {
                    return Ok((created, Self::remember(name, Some(lock))));
                }
                // That process has begun a file of its own under this name, finds it locked, and chooses another name.
                Ok(_lock) => drop(fs::remove_file(&name)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(_)) => return Ok((created, Self::remember(name, None))),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Records a file or directory that the caller has created; `lock` holds its lock, if it has one.
    pub(super) fn remember(name: PathBuf, lock: Option<File>) -> Self {
        temporaries().push(name.clone());
        Self { name, lock }
    }

    /// The temporary name.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Unlocks the file, so that a library can lock it itself.
    #[cfg(feature = "hdf5")]
    pub(super) fn unlock(&mut self) {
        self.lock = None;
    }

    /// Ends the temporary name by `rename`. The end of the process does not interrupt this.
    pub(super) fn rename<T>(
        mut self,
        rename: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        Uninterrupted::begin().rename(&mut self, rename)
    }
}

/// Changes of several names that the end of the process does not interrupt. No temporary name may be dropped meanwhile.
pub(super) struct Uninterrupted(MutexGuard<'static, Vec<PathBuf>>);

impl Uninterrupted {
    pub(super) fn begin() -> Self {
        Self(temporaries())
    }

    /// Ends a temporary name by `rename`.
    pub(super) fn rename<T>(
        &mut self,
        temporary: &mut Temporary,
        rename: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let renamed = rename(&temporary.name)?;
        let name = mem::take(&mut temporary.name);
        self.0.retain(|known| *known != name);
        Ok(renamed)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.name.as_os_str().is_empty() {
            // Nothing depends on what cannot be removed, and there is nobody to tell. A file is locked until its name is
            // gone: otherwise another process would begin its own file under the name, and lose it.
            let _ = fs::remove_file(&self.name).or_else(|_| {
                // Removing a directory may need the descriptor.
                self.lock = None;
                fs::remove_dir_all(&self.name).or_else(|_| remove_tree(&self.name))
            });
            temporaries().retain(|known| *known != self.name);
        }
    }
}

/// Creates a file that this user alone may read and write. It gets its name only once its first bytes are durable.
///
/// # Errors
/// The error of the filesystem, also where the name is taken.
pub fn create_private(path: &Path, beginning: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let create = |name: &Path| open_privately(&options, name);
    let (mut file, temporary) = Temporary::create(path, create, is_still_at)?;
    file.write_all(beginning)?;
    file.sync_all()?;
    temporary.rename(|name| rename_new(name, path))?;
    Ok(file)
}

/// Removes the remains that a killed process has left of a file that was to be `path`.
pub fn remove_left(path: &Path) {
    was_left(&temporary_name(path, 0));
}

/// Whether a killed process has left bytes of a file that was to be `path`.
#[must_use]
pub fn is_left(path: &Path) -> bool {
    let name = temporary_name(path, 0);
    let has_bytes =
        fs::symlink_metadata(&name).is_ok_and(|status| status.is_file() && status.len() > 0);
    has_bytes && lock(&name).is_ok()
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AlreadyExists
}

/// Locks a file or a directory. If it is gone, or was replaced, it counts as locked by another process.
fn lock(name: &Path) -> Result<File, TryLockError> {
    let file = match File::open(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(TryLockError::WouldBlock);
        }
        file => file.map_err(TryLockError::Error)?,
    };
    file.try_lock()?;
    if is_still_at(&file, name) {
        Ok(file)
    } else {
        Err(TryLockError::WouldBlock)
    }
}

/// Removes the remains that a killed process has left under a name, and returns whether they are gone.
fn was_left(name: &Path) -> bool {
    let is_plain =
        fs::symlink_metadata(name).is_ok_and(|status| status.is_file() || status.is_dir());
    if !is_plain {
        return false;
    }
    match lock(name) {
        // A directory stays under its name until it is empty, so that what a kill leaves of it now is found again.
        Ok(_lock) => fs::remove_file(name)
            .or_else(|_| fs::remove_dir_all(name))
            .or_else(|_| remove_tree(name))
            .is_ok(),
        Err(_) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
mod tests {
    use super::*;
    use crate::{AtomicDirectory, Destination, files::names, write_file};

    /// Another process may take one that is not locked yet for something left, and begin its own there.
    #[test]
    fn what_another_process_has_begun_under_a_name_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let is_first = std::cell::Cell::new(true);
        let create = |name: &Path| {
            let file = File::create_new(name)?;
            if is_first.replace(false) {
                fs::remove_file(name)?;
                File::create_new(name)?;
            }
            Ok(file)
        };
        let created = Temporary::create(&home.path().join("file"), create, is_still_at);
        let (file, temporary) = created.unwrap();
        assert!(is_still_at(&file, temporary.name()));
    }

    /// Many processes begin a file and give it up again at once: none removes the file of another.
    #[test]
    fn what_is_given_up_is_not_that_of_another() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..3_000 {
                        let create = |name: &Path| File::create_new(name);
                        let (file, temporary) =
                            Temporary::create(&path, create, is_still_at).unwrap();
                        std::thread::yield_now();
                        assert!(is_still_at(&file, temporary.name()));
                    }
                });
            }
        });
        assert_eq!(names(home.path()), Vec::<String>::new());
    }

    #[test]
    fn what_a_killed_process_left_is_taken_over_and_what_is_written_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        fs::write(temporary_name(&path, 0), "half").unwrap();
        write_file(&path, b"whole").unwrap();
        assert_eq!(names(home.path()), ["a"]);

        let (_, written) =
            Temporary::create(&path, |name| File::create_new(name), is_still_at).unwrap();
        write_file(&path, b"another").unwrap();
        assert!(written.name().exists());
        drop(written);
        assert_eq!(names(home.path()), ["a"]);

        let path = home.path().join("d");
        fs::create_dir_all(temporary_name(&path, 0).join("p/c")).unwrap();
        let begun = AtomicDirectory::at(Destination::examine(&path).unwrap());
        begun.unwrap().commit(|_| Ok(true)).unwrap();
        assert_eq!(names(home.path()), ["a", "d"]);
        let long = home.path().join("l".repeat(255));
        write_file(&long, b"whole").unwrap();
    }
}
