//! [`Destination`]: a name that is to be written, and what bore it when it was examined.

use super::{
    files::{identity, leads_somewhere},
    system::rename_new,
};
use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

/// A name that is to be written, and what bore it when it was examined: nothing else is ever replaced.
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
    /// When the name leads nowhere, or cannot be examined.
    pub fn examine(path: &Path) -> io::Result<Self> {
        leads_somewhere(path)?;
        let name = path.to_owned();
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let found = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            found => Some(Box::new(found?)),
        };
        Ok(Self { name, path, found })
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The name to which links lead.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What bore it.
    #[must_use]
    pub fn found(&self) -> Option<&Metadata> {
        self.found.as_deref()
    }

    /// Gives a file this name, in place of what was found.
    ///
    /// # Errors
    /// Of the filesystem; that something else bears the name by now.
    pub(super) fn take(&self, from: &Path) -> io::Result<()> {
        match self.found {
            None => rename_new(from, &self.path).map_err(appeared),
            Some(_) => {
                self.check()?;
                fs::rename(from, &self.path)
            }
        }
    }

    /// Refuses what bears the name by now, unless it is what was found, or gone.
    pub(super) fn check(&self) -> io::Result<()> {
        let state = |found: &Metadata| (identity(found), found.len(), found.modified().ok());
        match (fs::metadata(&self.path), self.found()) {
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            (Err(error), _) => Err(error),
            (Ok(now), Some(found)) if state(&now) == state(found) => Ok(()),
            (Ok(_), _) => Err(io::Error::other(OTHER)),
        }
    }
}

const OTHER: &str = "another file has appeared under that name meanwhile, and is not replaced";

fn appeared(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::other(OTHER),
        _ => error,
    }
}
