//! [`Temporary`]: the name of a file or a directory until it is whole.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io, mem,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
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
    let aside = temporary_name(directory);
    fs::rename(directory, &aside)?;
    // A file may have been on its way.
    fs::remove_dir_all(&aside).or_else(|_| fs::remove_dir_all(&aside))
}

/// A name beside `path` that no other process uses, for what is to become `path`.
pub(super) fn temporary_name(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".diff2d-{}-{number}.part", process::id()))
}

/// A name that is not the last one. Dropped before it is [renamed](Self::rename), what bears it is removed.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// A directory in another one, for this user alone.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn directory(parent: &Path) -> io::Result<Self> {
        let create = |name: &Path| DirBuilder::new().mode(0o700).create(name);
        Ok(Self::create(&parent.join("directory"), create)?.1)
    }

    /// A file in a directory, for this user alone and without a name: it is gone when it is closed.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn file(parent: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        Ok(Self::create(&parent.join("file"), |name| options.open(name))?.0)
    }

    /// Creates something beside `path`, under a name that no other process uses.
    pub(super) fn create<T>(
        path: &Path,
        create: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        loop {
            let name = temporary_name(path);
            match create(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return Ok((created?, Self::remember(name))),
            }
        }
    }

    /// The name of something that the caller has created.
    pub(super) fn remember(name: PathBuf) -> Self {
        temporaries().push(name.clone());
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.0
    }

    /// Ends the name by `rename`, which an end of the process does not interrupt.
    pub(super) fn rename<T>(
        mut self,
        rename: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut temporaries = temporaries();
        let renamed = rename(&self.0)?;
        let name = mem::take(&mut self.0);
        temporaries.retain(|known| *known != name);
        Ok(renamed)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // Nothing depends on what is left, and there is nobody to tell.
            let _ = fs::remove_file(&self.0).or_else(|_| fs::remove_dir_all(&self.0));
            temporaries().retain(|known| *known != self.0);
        }
    }
}
