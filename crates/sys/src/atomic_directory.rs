//! [`AtomicDirectory`]: a directory that appears under its name whole and durable, or not at all.

use super::{
    destination::Destination,
    error::FileError,
    files::{directory_of, sync_directory},
    system::exchange,
    temporary::{Temporary, entries, unused_name},
};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A directory that is filled under a temporary name next to its own.
///
/// [`commit`](Self::commit) syncs all that is in it, renames it and syncs the directory around it, in this
/// order. Dropped before, it is removed.
#[derive(Debug)]
pub struct AtomicDirectory {
    to: Destination,
    temporary: Temporary,
}

impl AtomicDirectory {
    /// Begins a directory, which only its owner may enter until it is whole where it replaces one.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be created.
    pub fn at(to: Destination) -> Result<Self, FileError> {
        let created = Temporary::create(to.path(), |name| fs::create_dir(name), |(), _| true);
        let ((), temporary) = created.map_err(FileError::of("create", to.path()))?;
        if to.found().is_some() {
            // A filesystem without permissions is no reason to fail.
            let _ = fs::set_permissions(temporary.name(), Permissions::from_mode(0o700));
        }
        Ok(Self { to, temporary })
    }

    /// The name that it has so far. Once the process is about to end nothing has it any more: what creates
    /// directories below it must not create this one, too.
    #[must_use]
    pub fn name_so_far(&self) -> &Path {
        self.temporary.name()
    }

    /// Makes the directory durable under its name, in place of the one that was found, if `may_go` still says so of that.
    /// The permissions of what is replaced are kept.
    ///
    /// # Errors
    /// [`FileError`]; before the rename, the name means what it meant before.
    pub fn commit(self, may_go: impl Fn(&Path) -> io::Result<bool>) -> Result<(), FileError> {
        let Self { to, temporary } = self;
        let path = to.path();
        if to.found().is_some() {
            keep_permissions(path, temporary.name()).map_err(FileError::of("examine", path))?;
        }
        sync_tree(temporary.name()).map_err(FileError::of("sync", path))?;
        let failed = FileError::of("write", path);
        let renamed = temporary.rename(|name| match to.found() {
            None => to.take(name).map(|()| None),
            Some(_) => {
                to.check()?;
                let left = replace(name, path)?;
                match may_go(&left) {
                    Ok(true) => Ok(Some(left)),
                    other => {
                        let ours = replace(&left, path)?;
                        if ours != name {
                            // It goes with its own name.
                            fs::rename(ours, name)?;
                        }
                        other?;
                        Err(io::Error::other(
                            "other files have appeared in it meanwhile, and it is not replaced",
                        ))
                    }
                }
            }
        });
        let left = renamed.map_err(failed)?;
        let around = directory_of(path);
        sync_directory(around).map_err(FileError::of("sync the directory", around))?;
        match left {
            Some(left) => fs::remove_dir_all(&left).map_err(FileError::of("remove", left)),
            None => Ok(()),
        }
    }
}

/// Creates a directory in another, and those between them, as far as they are not there; not that other one.
///
/// # Errors
/// Of the filesystem.
pub fn create_within(around: &Path, name: &Path) -> io::Result<()> {
    let mut path = around.to_owned();
    for part in name {
        path.push(part);
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => created?,
        }
    }
    Ok(())
}

/// Gives what is in a directory, and the directory itself, the permissions that the same has in an older one; what the
/// older one has not is as open as its file or directory that is least so.
fn keep_permissions(old: &Path, new: &Path) -> io::Result<()> {
    /// Those of the file and of the directory in which others may do least.
    fn least(directory: &Path, modes: &mut [u32; 2]) -> io::Result<()> {
        modes[1] &= mode(directory)?;
        for (path, kind) in entries(directory)? {
            match kind.is_dir() {
                true => least(&path, modes)?,
                false => modes[0] &= mode(&path)?,
            }
        }
        Ok(())
    }
    fn mode(path: &Path) -> io::Result<u32> {
        Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o777)
    }
    fn give(old: &Path, new: &Path, modes: [u32; 2]) -> io::Result<()> {
        for (path, kind) in entries(new)? {
            let before = old.join(path.file_name().unwrap_or_default());
            let number = usize::from(kind.is_dir());
            if kind.is_dir() {
                give(&before, &path, modes)?;
            }
            let kept = mode(&before).unwrap_or(modes[number] & mode(&path)?);
            fs::set_permissions(&path, Permissions::from_mode(kept))?;
        }
        Ok(())
    }
    let mut modes = [0o777; 2];
    least(old, &mut modes)?;
    give(old, new, modes)?;
    fs::set_permissions(new, Permissions::from_mode(mode(old)?))
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
