//! [`Destination`]: a name to be written, and the file that had it when it was examined.

use super::{
    files::leads_somewhere,
    system::{identity, rename_new},
};
use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

/// A name to be written, and the file that had it when it was examined. No other file is ever replaced.
#[derive(Debug, Clone)]
pub struct Destination {
    name: PathBuf,
    path: PathBuf,
    found: Option<Box<Metadata>>,
}

impl Destination {
    /// Examines a name. A symbolic link is followed.
    ///
    /// # Errors
    /// If a link leads nowhere, or the name cannot be examined.
    pub fn examine(path: &Path) -> io::Result<Self> {
        leads_somewhere(path)?;
        let name = path.to_owned();
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let status = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            status => Some(Box::new(status?)),
        };
        Ok(Self {
            name,
            path,
            found: status,
        })
    }

    /// The name that the caller gave.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The path to which the name leads, with links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The metadata of the file that had the name when it was examined.
    #[must_use]
    pub fn found(&self) -> Option<&Metadata> {
        self.found.as_deref()
    }

    /// Gives a file this name, in place of the file that was found.
    ///
    /// # Errors
    /// The error of the filesystem, or an error if another file has the name by now.
    pub(super) fn take(&self, from: &Path) -> io::Result<()> {
        match self.found {
            None => self.take_free(from),
            Some(_) => {
                self.check()?;
                fs::rename(from, &self.path)
            }
        }
    }

    /// Gives a file this name, which no file has.
    ///
    /// # Errors
    /// The error of the filesystem, or an error if a file has the name by now.
    pub(super) fn take_free(&self, from: &Path) -> io::Result<()> {
        rename_new(from, &self.path).map_err(appeared)
    }

    /// Removes the file that was found, if there was one.
    ///
    /// # Errors
    /// The error of the filesystem, or an error if another file has the name by now.
    pub fn remove_found(&self) -> io::Result<()> {
        self.check()?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Gives the file that was found another name, in place of a file that has it, and returns whether there was one.
    ///
    /// # Errors
    /// The error of the filesystem, or an error if another file has the name by now.
    pub(super) fn move_found(&self, to: &Path) -> io::Result<bool> {
        self.check()?;
        match fs::rename(&self.path, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            moved => moved.map(|()| true),
        }
    }

    /// Fails if the name now belongs to another file than before.
    pub(super) fn check(&self) -> io::Result<()> {
        match (fs::metadata(&self.path), self.found()) {
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            (Err(error), _) => Err(error),
            (Ok(status), Some(found)) if state(&status) == state(found) => Ok(()),
            (Ok(_), _) => Err(io::Error::other(OTHER)),
        }
    }
}

/// The properties by which a file is distinguished from another one, and from itself after a change.
fn state(status: &Metadata) -> ((u64, u64), u64, Option<std::time::SystemTime>) {
    (identity(status), status.len(), status.modified().ok())
}

const OTHER: &str = "another file has appeared under that name meanwhile, and is not replaced";

fn appeared(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::other(OTHER),
        _ => error,
    }
}
