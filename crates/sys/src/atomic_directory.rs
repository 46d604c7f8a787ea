//! [`AtomicDirectory`]: a directory that appears under its name whole and durable, or not at all.

use super::{
    error::FileError,
    files::{directory_of, sync_directory},
    system::exchange,
    temporary::{Temporary, entries, unused_name},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A directory that is filled under a temporary name next to its own.
///
/// [`commit`](Self::commit) syncs all that is in it, renames it and syncs the directory around it, in this
/// order. Dropped before, it is removed.
#[derive(Debug)]
pub struct AtomicDirectory {
    path: PathBuf,
    temporary: Temporary,
}

impl AtomicDirectory {
    /// Begins a directory that is to be `path`. A symbolic link is followed.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be created.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let created = Temporary::create(&path, |name| fs::create_dir(name));
        let ((), temporary) = created.map_err(FileError::of("create", &path))?;
        Ok(Self { path, temporary })
    }

    /// The name that it has so far. Once the process is about to end nothing has it any more: what creates
    /// directories below it must not create this one, too.
    #[must_use]
    pub fn name_so_far(&self) -> &Path {
        self.temporary.name()
    }

    /// Creates a directory in it, and those around that one, as far as they are not there.
    ///
    /// # Errors
    /// Of the filesystem.
    pub fn create_within(&self, name: &Path) -> io::Result<()> {
        let mut path = self.name_so_far().to_owned();
        for part in name {
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        Ok(())
    }

    /// Makes the directory durable under its name, in place of one that is there.
    ///
    /// # Errors
    /// [`FileError`]; before the rename, the name means what it meant before.
    pub fn commit(self) -> Result<(), FileError> {
        let Self { path, temporary } = self;
        sync_tree(temporary.name()).map_err(FileError::of("sync", &path))?;
        let failed = FileError::of("rename", temporary.name().to_owned());
        let replaced = path.is_dir();
        let renamed = temporary.rename(|name| match replaced {
            false => fs::rename(name, &path).map(|()| None),
            true => replace(name, &path).map(Some),
        });
        let left = renamed.map_err(failed)?;
        let around = directory_of(&path);
        sync_directory(around).map_err(FileError::of("sync the directory", around))?;
        match left {
            Some(left) => fs::remove_dir_all(&left).map_err(FileError::of("remove", left)),
            None => Ok(()),
        }
    }
}

/// Gives a directory the name of another; returns the name that the other has now.
fn replace(new: &Path, old: &Path) -> io::Result<PathBuf> {
    if exchange(new, old).is_ok() {
        return Ok(new.to_owned());
    }
    // The system or the filesystem cannot exchange names.
    let aside = unused_name(old);
    fs::rename(old, &aside)?;
    match fs::rename(new, old) {
        Ok(()) => Ok(aside),
        Err(error) => {
            fs::rename(&aside, old)?;
            Err(error)
        }
    }
}

/// Makes files and directories below a directory durable.
fn sync_tree(directory: &Path) -> io::Result<()> {
    for (path, kind) in entries(directory)? {
        match kind.is_dir() {
            true => sync_tree(&path)?,
            false => fs::File::open(path)?.sync_all()?,
        }
    }
    sync_directory(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::names;

    #[test]
    fn the_old_directory_stays_until_the_new_one_is_committed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        for (old, new) in [("", "one"), ("one", "two")] {
            let begun = AtomicDirectory::create(&path).unwrap();
            fs::create_dir(begun.name_so_far().join("inner")).unwrap();
            fs::write(begun.name_so_far().join("inner/file"), new).unwrap();
            let read = || fs::read_to_string(path.join("inner/file")).unwrap_or_default();
            assert_eq!(read(), old);
            begun.commit().unwrap();
            assert_eq!(read(), new);
            assert_eq!(names(home.path()), ["a"]);
        }
        drop(AtomicDirectory::create(&path).unwrap());
        assert_eq!(names(home.path()), ["a"]);
        assert_eq!(fs::read_to_string(path.join("inner/file")).unwrap(), "two");
    }

    #[test]
    fn without_an_exchange_the_old_directory_gets_another_name() {
        let home = tempfile::tempdir().unwrap();
        let [new, old] = ["new", "old"].map(|name| home.path().join(name));
        for (directory, file) in [(&new, "n"), (&old, "o")] {
            fs::create_dir(directory).unwrap();
            fs::write(directory.join(file), "").unwrap();
        }
        let left = replace(&new, &old).unwrap();
        assert_eq!(
            (names(&old), names(&left)),
            (vec!["n".into()], vec!["o".into()])
        );
    }
}
