//! [`AtomicFile`]: a file that appears under its name whole and durable, or not at all.

use super::{
    error::FileError,
    files::{copy_permissions, directory_of, leads_somewhere, sync_directory},
    temporary::Temporary,
};
use nix::{fcntl, libc};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A file that is written under a temporary name next to its own.
///
/// [`commit`](Self::commit) syncs it, renames it and syncs the directory, in this order: at any moment,
/// a power cut included, its name means what it meant before or the whole new file. Dropped before, it
/// is removed.
///
/// Source: T. S. Pillai et al., All File Systems Are Not Created Equal, OSDI 2014 (atomic replace via
/// rename).
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    path: PathBuf,
    /// Its name so far; `None` for what is written in place, or has its name.
    temporary: Option<Temporary>,
}

impl AtomicFile {
    /// Begins a file that is to be `path`, under a temporary name that no other process has.
    ///
    /// A symbolic link is followed, and permissions of a file that is replaced are kept. What is no
    /// file, such as a terminal or a pipe, is written in place; a pipe that nobody reads is an error.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be created.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let failed = FileError::of("create", path);
        if let Err(dangling) = leads_somewhere(path) {
            return Err(failed(dangling));
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let replaced = fs::metadata(&path).ok();
        if replaced.as_ref().is_some_and(|status| !status.is_file()) {
            let file = open_in_place(&path).map_err(failed)?;
            return Ok(Self {
                file,
                path,
                temporary: None,
            });
        }
        let (file, temporary) =
            Temporary::create(&path, |name| File::create_new(name)).map_err(failed)?;
        if let Some(replaced) = replaced {
            // A filesystem without permissions is no reason to fail.
            let _ = copy_permissions(&replaced, &file);
        }
        Ok(Self {
            file,
            path,
            temporary: Some(temporary),
        })
    }

    /// A file that is to be `path` and was opened as `temporary`, which the caller keeps other
    /// processes from.
    #[must_use]
    pub fn of_file(file: File, temporary: PathBuf, path: PathBuf) -> Self {
        Self {
            file,
            path,
            temporary: Some(Temporary::remember(temporary, None)),
        }
    }

    /// The file, to be written.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The name that it has so far, for a library that opens files by name and locks them itself.
    #[cfg(feature = "hdf5")]
    #[must_use]
    pub fn unlocked_name(&mut self) -> &Path {
        match &mut self.temporary {
            Some(temporary) => {
                temporary.unlock();
                temporary.name()
            }
            None => &self.path,
        }
    }

    /// Makes the file durable under its name.
    ///
    /// # Errors
    /// [`FileError`]; before the rename, the name means what it meant before.
    pub fn commit(mut self) -> Result<(), FileError> {
        if self.temporary.is_none() {
            return Ok(());
        }
        let synced = self.file.sync_all();
        synced.map_err(FileError::of("write", &self.path))?;
        self.rename()?;
        let directory = directory_of(&self.path);
        sync_directory(directory).map_err(FileError::of("sync the directory", directory))
    }

    /// Gives the file its name without waiting for the disk: whole for every process, but after a power
    /// cut it may be gone or incomplete. For what is quickly made again.
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
        let failed = FileError::of("rename", temporary.name().to_owned());
        temporary
            .rename(|name| fs::rename(name, &self.path))
            .map_err(failed)
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

/// Opens what is no file, without waiting for a reader of a pipe.
fn open_in_place(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path)?;
    // Writes wait for the reader as usual.
    let flags = fcntl::OFlag::from_bits_retain(fcntl::fcntl(&file, fcntl::FcntlArg::F_GETFL)?);
    let waiting = flags.difference(fcntl::OFlag::O_NONBLOCK);
    fcntl::fcntl(&file, fcntl::FcntlArg::F_SETFL(waiting))?;
    Ok(file)
}

/// Writes a small file that appears whole and durable, or not at all.
///
/// # Errors
/// [`FileError`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)
        .map_err(FileError::of("write", path))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::names;
    use std::os::unix::fs::{PermissionsExt, symlink};

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
