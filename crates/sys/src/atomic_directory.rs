//! [`AtomicDirectory`]: a directory that appears under its name complete and durable, or not at all.

use super::{
    destination::Destination,
    error::FileError,
    files::{directory_of, sync_directory},
    system::{exchange, mode, set_mode},
    temporary::{Temporary, entries, unused_name},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A directory that is filled under a temporary name next to its own.
///
/// [`commit`](Self::commit) syncs everything in it, renames it and syncs the directory around it, in this order. A
/// directory that is dropped without a commit is removed.
#[derive(Debug)]
pub struct AtomicDirectory {
    to: Destination,
    temporary: Temporary,
}

impl AtomicDirectory {
    /// Begins a directory. If it replaces another one, only its owner may enter it until it is complete.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be created.
    pub fn at(to: Destination) -> Result<Self, FileError> {
        let created = Temporary::create(to.path(), |name| fs::create_dir(name), |(), _| true);
        let ((), temporary) = created.map_err(FileError::of("create", to.path()))?;
        if to.found().is_some() {
            // A filesystem without permissions is no reason to fail.
            let _ = set_mode(temporary.name(), 0o700);
        }
        Ok(Self { to, temporary })
    }

    /// The temporary name. The process may remove the directory when it ends: code that creates directories below it
    /// must not create it again.
    #[must_use]
    pub fn name_so_far(&self) -> &Path {
        self.temporary.name()
    }

    /// Makes the directory durable under its name. An existing directory is replaced if `may_go` still allows its
    /// removal; its permissions are kept.
    ///
    /// # Errors
    /// [`FileError`]; before the rename, the name is unchanged.
    pub fn commit(self, may_go: impl Fn(&Path) -> io::Result<bool>) -> Result<(), FileError> {
        let Self { to, temporary } = self;
        let path = to.path();
        if to.found().is_some() {
            keep_permissions(path, temporary.name()).map_err(FileError::of("examine", path))?;
        }
        sync_tree(temporary.name()).map_err(FileError::of("sync", path))?;
        let write_error = FileError::of("write", path);
        let renamed = temporary.rename(|name| match to.found() {
            None => to.take(name).map(|()| None),
            Some(_) => {
                to.check()?;
                let replaced = replace(name, path)?;
                match may_go(&replaced) {
                    Ok(true) => Ok(Some(replaced)),
                    answer => {
                        let new_directory = replace(&replaced, path)?;
                        if new_directory != name {
                            // The directory is removed under its temporary name.
                            fs::rename(new_directory, name)?;
                        }
                        answer?;
                        Err(io::Error::other(
                            "other files have appeared in it meanwhile, and it is not replaced",
                        ))
                    }
                }
            }
        });
        let replaced = renamed.map_err(write_error)?;
        let parent = directory_of(path);
        sync_directory(parent).map_err(FileError::of("sync the directory", parent))?;
        match replaced {
            Some(replaced) => {
                fs::remove_dir_all(&replaced).map_err(FileError::of("remove", replaced))
            }
            None => Ok(()),
        }
    }
}

/// Creates a directory within the existing directory `root`, and the missing directories between them.
///
/// # Errors
/// The error of the filesystem.
pub fn create_within(root: &Path, name: &Path) -> io::Result<()> {
    let mut path = root.to_owned();
    for part in name {
        path.push(part);
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => created?,
        }
    }
    Ok(())
}

/// Gives a directory and everything in it the permissions of the older directory's entries with the same names. A file
/// or directory without a counterpart gets the most restrictive permissions of its kind.
fn keep_permissions(old: &Path, new: &Path) -> io::Result<()> {
    /// Removes from `modes` the permissions that some file, or some directory, does not have.
    fn least(directory: &Path, modes: &mut [u32; 2]) -> io::Result<()> {
        modes[1] &= mode_of(directory)?;
        for (path, kind) in entries(directory)? {
            if kind.is_dir() {
                least(&path, modes)?;
            } else {
                modes[0] &= mode_of(&path)?;
            }
        }
        Ok(())
    }
    fn mode_of(path: &Path) -> io::Result<u32> {
        Ok(mode(&fs::symlink_metadata(path)?))
    }
    fn give(old: &Path, new: &Path, modes: [u32; 2]) -> io::Result<()> {
        for (path, kind) in entries(new)? {
            let old_path = old.join(path.file_name().unwrap_or_default());
            let number = usize::from(kind.is_dir());
            if kind.is_dir() {
                give(&old_path, &path, modes)?;
            }
            let new_mode = mode_of(&old_path).unwrap_or(modes[number] & mode_of(&path)?);
            set_mode(&path, new_mode)?;
        }
        Ok(())
    }
    let mut modes = [0o777; 2];
    least(old, &mut modes)?;
    give(old, new, modes)?;
    set_mode(new, mode_of(old)?)
}

/// Moves a directory to the name of another, and returns the new name of the other.
fn replace(new: &Path, old: &Path) -> io::Result<PathBuf> {
    if exchange(new, old).is_ok() {
        return Ok(new.to_owned());
    }
    // The system or the filesystem cannot exchange names.
    let old_elsewhere = unused_name(old);
    fs::rename(old, &old_elsewhere)?;
    match fs::rename(new, old) {
        Ok(()) => Ok(old_elsewhere),
        Err(error) => {
            fs::rename(&old_elsewhere, old)?;
            Err(error)
        }
    }
}

/// Makes files and directories below a directory durable.
fn sync_tree(directory: &Path) -> io::Result<()> {
    for (path, kind) in entries(directory)? {
        if kind.is_dir() {
            sync_tree(&path)?;
        } else {
            fs::File::open(path)?.sync_all()?;
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
            let begun = AtomicDirectory::at(Destination::examine(&path).unwrap()).unwrap();
            fs::create_dir(begun.name_so_far().join("inner")).unwrap();
            fs::write(begun.name_so_far().join("inner/file"), new).unwrap();
            let read = || fs::read_to_string(path.join("inner/file")).unwrap_or_default();
            assert_eq!(read(), old);
            begun.commit(|_| Ok(true)).unwrap();
            assert_eq!(read(), new);
            assert_eq!(names(home.path()), ["a"]);
        }
        drop(AtomicDirectory::at(Destination::examine(&path).unwrap()).unwrap());
        assert_eq!(names(home.path()), ["a"]);
        assert_eq!(fs::read_to_string(path.join("inner/file")).unwrap(), "two");
        // One that has become another's meanwhile stays, and so does one that has appeared.
        let begun = AtomicDirectory::at(Destination::examine(&path).unwrap()).unwrap();
        assert!(begun.commit(|_| Ok(false)).is_err());
        assert_eq!(fs::read_to_string(path.join("inner/file")).unwrap(), "two");
        let new = home.path().join("b");
        let begun = AtomicDirectory::at(Destination::examine(&new).unwrap()).unwrap();
        fs::create_dir(&new).unwrap();
        assert!(begun.commit(|_| Ok(true)).is_err());
        assert_eq!(names(home.path()), ["a", "b"]);
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
