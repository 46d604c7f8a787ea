//! [`AtomicFile`]: a file that appears under its name complete and durable, or not at all.

use super::{
    destination::Destination,
    error::FileError,
    files::{copy_permissions, directory_of, is_still_at, sync_directory},
    system::{open_without_waiting, wait_from_now_on},
    temporary::{Temporary, Uninterrupted},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A file that is written under a temporary name next to its own.
///
/// [`commit`](Self::commit) syncs it, renames it and syncs the directory, in this order: at any moment, even after a
/// power cut, its name refers to the old file or to the complete new one. A file that is dropped without a commit is
/// removed.
///
/// Source: T. S. Pillai et al., All File Systems Are Not Created Equal, OSDI 2014 (atomic replace via
/// rename).
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    to: Destination,
    /// The temporary name; `None` for a file that is written in place, or already has its name.
    temporary: Option<Temporary>,
}

impl AtomicFile {
    /// Begins a file that will replace whatever has the name `path` now.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub fn create(path: &Path) -> Result<Self, FileError> {
        Self::at(Destination::examine(path).map_err(FileError::of("create", path))?)
    }

    /// Begins a file under a temporary name that no other process has.
    ///
    /// A symbolic link is followed, and the permissions of a replaced file are kept. Anything other than a file, such
    /// as a terminal or a pipe, is written in place; a pipe without a reader is an error.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be created.
    pub fn at(to: Destination) -> Result<Self, FileError> {
        let failed = FileError::of("create", to.path());
        if to.found().is_some_and(|found| !found.is_file()) {
            let file = open_in_place(to.path()).map_err(failed)?;
            return Ok(Self {
                file,
                to,
                temporary: None,
            });
        }
        let (file, temporary) =
            Temporary::create(to.path(), |name| File::create_new(name), is_still_at)
                .map_err(failed)?;
        Ok(Self::of(file, temporary, to))
    }

    /// Wraps a file that was opened as `temporary`; the caller keeps other processes away from it.
    #[must_use]
    pub fn of_file(file: File, temporary: PathBuf, to: Destination) -> Self {
        Self::of(file, Temporary::remember(temporary, None), to)
    }

    fn of(file: File, temporary: Temporary, to: Destination) -> Self {
        if let Some(replaced) = to.found() {
            // A filesystem without permissions is no reason to fail.
            let _ = copy_permissions(replaced, &file);
        }
        Self {
            file,
            to,
            temporary: Some(temporary),
        }
    }

    /// The file to write.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The temporary name, for a library that opens files by name and locks them itself.
    #[cfg(feature = "hdf5")]
    #[must_use]
    pub fn unlocked_name(&mut self) -> &Path {
        match &mut self.temporary {
            Some(temporary) => {
                temporary.unlock();
                temporary.name()
            }
            None => self.to.path(),
        }
    }

    /// Makes the file durable under its name.
    ///
    /// # Errors
    /// [`FileError`]; before the rename, the name is unchanged.
    pub fn commit(mut self) -> Result<(), FileError> {
        if !self.is_aside() {
            return Ok(());
        }
        self.sync()?;
        self.rename()?;
        let directory = directory_of(self.to.path());
        sync_directory(directory).map_err(FileError::of("sync the directory", directory))
    }

    /// Gives the file its name without waiting for the disk. Every process sees the complete file, but after a power
    /// cut it may be missing or incomplete: for files that are easily made again.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn commit_unsynced(mut self) -> Result<(), FileError> {
        self.rename()
    }

    fn rename(&mut self) -> Result<(), FileError> {
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        let failed = FileError::of("write", self.to.path());
        temporary.rename(|name| self.to.take(name)).map_err(failed)
    }

    /// Whether it has a temporary name.
    pub(super) fn is_aside(&self) -> bool {
        self.temporary.is_some()
    }

    /// The path of its name, with links resolved.
    pub(super) fn path(&self) -> &Path {
        self.to.path()
    }

    /// Makes its bytes durable.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        let synced = self.file.sync_all();
        synced.map_err(FileError::of("write", self.to.path()))
    }

    /// Fails if its name now belongs to another file than when it was examined.
    pub(super) fn check_name(&self) -> Result<(), FileError> {
        let checked = self.to.check();
        checked.map_err(FileError::of("write", self.to.path()))
    }

    /// Gives the file that it replaces another name, and returns whether there was one.
    pub(super) fn move_replaced(&self, aside: &Path) -> Result<bool, FileError> {
        let moved = self.to.move_found(aside);
        moved.map_err(FileError::of("replace", self.to.path()))
    }

    /// Gives the file its name, which no file has.
    pub(super) fn take_free_name(
        &mut self,
        uninterrupted: &mut Uninterrupted,
    ) -> Result<(), FileError> {
        let Some(temporary) = &mut self.temporary else {
            return Ok(());
        };
        let renamed = uninterrupted.rename(temporary, |name| self.to.take_free(name));
        renamed.map_err(FileError::of("write", self.to.path()))
    }

    /// Removes the file, which has its name.
    pub(super) fn remove(&self) {
        // Nothing depends on what cannot be removed, and there is nobody to tell.
        let _ = fs::remove_file(self.to.path());
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens something other than a file, without waiting for the reader of a pipe.
fn open_in_place(path: &Path) -> io::Result<File> {
    let file = open_without_waiting(OpenOptions::new().write(true), path)?;
    if file.metadata()?.is_file() {
        return Err(io::Error::other("a file has appeared under that name"));
    }
    // Writes wait for the reader as usual.
    wait_from_now_on(&file)?;
    Ok(file)
}

/// Writes a small file that appears complete and durable, or not at all.
///
/// # Errors
/// [`FileError`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_file_at(
        Destination::examine(path).map_err(FileError::of("create", path))?,
        bytes,
    )
}

/// Writes a small file like [`write_file`], at a destination that was examined.
///
/// # Errors
/// [`FileError`].
pub fn write_file_at(to: Destination, bytes: &[u8]) -> Result<(), FileError> {
    let path = to.path().to_owned();
    let mut file = AtomicFile::at(to)?;
    file.write_all(bytes)
        .map_err(FileError::of("write", path))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::names;
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    #[test]
    fn the_old_file_stays_until_the_new_one_is_committed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(home.path()), ["a"]);
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(home.path()), ["a"]);
    }

    #[test]
    fn links_are_followed_and_permissions_kept() {
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn only_what_was_examined_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        for is_there in [false, true] {
            if is_there {
                fs::write(&path, "examined").unwrap();
            }
            let mut file = AtomicFile::create(&path).unwrap();
            file.write_all(b"new").unwrap();
            let other = home.path().join("b");
            fs::write(&other, "of another").unwrap();
            fs::rename(&other, &path).unwrap();
            let error = file.commit().unwrap_err().to_string();
            assert!(error.contains("has appeared"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), b"of another");
            assert_eq!(names(home.path()), ["a"]);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_device_is_written_and_not_replaced() {
        write_file(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn what_cannot_be_written_is_named_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("missing").join("a");
        let error = write_file(&path, b"new").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot create {}: there is no such file or directory",
                path.display()
            )
        );
        assert!(write_file(home.path(), b"new").is_err());
        assert_eq!(names(home.path()), Vec::<String>::new());
    }
}
