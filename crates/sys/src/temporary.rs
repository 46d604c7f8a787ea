//! [`Temporary`]: the name of a file or a directory until it is whole.

use super::{files::is_still_at, system::rename_new};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, DirEntry, File, FileType, OpenOptions, TryLockError},
    io::{self, Write},
    mem,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The names of all that is not committed yet.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporaries() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all files and directories that are not committed, and lets none be committed or begun any more: for a
/// process that ends at once.
pub fn remove_temporaries() {
    let temporaries = temporaries();
    for temporary in temporaries.iter() {
        // Nothing depends on what is left, and there is nobody to tell.
        let _ = fs::remove_file(temporary).or_else(|_| remove_directory(temporary));
    }
    mem::forget(temporaries);
}

/// Removes a directory in which other threads create files: under a name that they do not know.
fn remove_directory(directory: &Path) -> io::Result<()> {
    let aside = unused_name(directory);
    fs::rename(directory, &aside)?;
    // A file may have been on its way.
    fs::remove_dir_all(&aside).or_else(|_| remove_tree(&aside))
}

/// Removes a directory with one file descriptor at a time: there may be no more.
fn remove_tree(directory: &Path) -> io::Result<()> {
    for (path, kind) in entries(directory)? {
        match kind.is_dir() {
            true => remove_tree(&path)?,
            false => fs::remove_file(path)?,
        }
    }
    fs::remove_dir(directory)
}

/// All that is in a directory, which is closed again: entries themselves would keep it open.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, FileType)>> {
    let named = |entry: io::Result<DirEntry>| {
        let entry = entry?;
        Ok((entry.path(), entry.file_type()?))
    };
    fs::read_dir(directory)?.map(named).collect()
}

/// A name beside `path` that no other process uses, for what was `path`.
pub(super) fn unused_name(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".diff2d-{}-{number}.part", process::id()))
}

/// The name beside `path` of the `number`th process that writes it at the same time.
fn temporary_name(path: &Path, number: usize) -> PathBuf {
    /// Bytes of a name that leave room for more in the 255 that filesystems have.
    const MOST: usize = 200;
    let whole = path.file_name().unwrap_or_default().as_bytes();
    let mut name = OsString::from(".diff2d-");
    name.push(OsStr::from_bytes(&whole[..whole.len().min(MOST)]));
    name.push(format!("-{number}.part"));
    path.with_file_name(name)
}

/// A name that is not the last one. Dropped before it is renamed, what bears it is removed.
///
/// What bears it is locked meanwhile, where the filesystem has locks for files and directories alike: what is not was
/// left by a process that was killed, and is removed by the next that writes the same.
#[derive(Debug)]
pub struct Temporary {
    name: PathBuf,
    lock: Option<File>,
}

impl Temporary {
    /// A directory in another one, for this user alone.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn directory(parent: &Path) -> io::Result<Self> {
        let create = |name: &Path| DirBuilder::new().mode(0o700).create(name);
        Ok(Self::create(&parent.join("directory"), create, |(), _| true)?.1)
    }

    /// A file in a directory, for this user alone and without a name: it is gone when it is closed.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn file(parent: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        Ok(Self::create(&parent.join("file"), |name| options.open(name), is_still_at)?.0)
    }

    /// Creates something beside `path`, under a name that no other process uses. `is_at` says whether it still bears a name.
    pub(super) fn create<T>(
        path: &Path,
        create: impl Fn(&Path) -> io::Result<T>,
        is_at: impl Fn(&T, &Path) -> bool,
    ) -> io::Result<(T, Self)> {
        let is_there = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
        for number in 0.. {
            let name = temporary_name(path, number);
            let created = match create(&name) {
                Err(error) if is_there(&error) && was_left(&name) => create(&name),
                created => created,
            };
            let created = match created {
                Err(error) if is_there(&error) => continue,
                created => created?,
            };
            // It may have been taken for something that was left before it was locked.
            match lock(&name) {
                Ok(lock) if is_at(&created, &name) => {
                    return Ok((created, Self::remember(name, Some(lock))));
                }
                // Who took it for left has begun another one there, does not get its lock, and goes on to another name.
                Ok(_lock) => drop(fs::remove_file(&name)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(_)) => return Ok((created, Self::remember(name, None))),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Something that the caller has created; `lock` holds its lock, if it has one.
    pub(super) fn remember(name: PathBuf, lock: Option<File>) -> Self {
        temporaries().push(name.clone());
        Self { name, lock }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Leaves the locking to somebody else.
    #[cfg(feature = "hdf5")]
    pub(super) fn unlock(&mut self) {
        self.lock = None;
    }

    /// Ends the name by `rename`, which an end of the process does not interrupt.
    pub(super) fn rename<T>(
        mut self,
        rename: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut temporaries = temporaries();
        let renamed = rename(&self.name)?;
        let name = mem::take(&mut self.name);
        temporaries.retain(|known| *known != name);
        Ok(renamed)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.name.as_os_str().is_empty() {
            // Nothing depends on what is left, and there is nobody to tell. A file is locked until its name is gone: another
            // process would begin its own there, and lose it.
            let _ = fs::remove_file(&self.name).or_else(|_| {
                // Removing a directory may need the descriptor.
                self.lock = None;
                fs::remove_dir_all(&self.name).or_else(|_| remove_tree(&self.name))
            });
            temporaries().retain(|known| *known != self.name);
        }
    }
}

/// Creates a file that this user alone may read and write. It has its name only once it has its first bytes, durably.
///
/// # Errors
/// Of the filesystem, where the name is taken, too.
pub fn create_private(path: &Path, beginning: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let (mut file, temporary) = Temporary::create(path, |name| options.open(name), is_still_at)?;
    file.write_all(beginning)?;
    file.sync_all()?;
    temporary.rename(|name| rename_new(name, path))?;
    Ok(file)
}

/// Removes what a process that was killed has left of something that was to be `path`.
pub fn remove_left(path: &Path) {
    was_left(&temporary_name(path, 0));
}

/// Locks a file or a directory. One that is gone, or has been replaced, counts as locked by another process.
fn lock(name: &Path) -> Result<File, TryLockError> {
    let file = match File::open(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(TryLockError::WouldBlock);
        }
        file => file.map_err(TryLockError::Error)?,
    };
    file.try_lock()?;
    match is_still_at(&file, name) {
        true => Ok(file),
        false => Err(TryLockError::WouldBlock),
    }
}

/// Removes what a process that was killed has left under a name; whether it is gone.
fn was_left(name: &Path) -> bool {
    let is_plain = fs::symlink_metadata(name).is_ok_and(|found| found.is_file() || found.is_dir());
    if !is_plain {
        return false;
    }
    match lock(name) {
        // A directory stays under its name until it is empty: what a kill leaves of it now is found again.
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

    /// Many begin a file and give it up again at once: nobody removes that of another.
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
