//! [`Input`]: a file that parameters name, with its digest.

use crate::params::{InputPlace, ParamsError};
use diff2d_arrays::npy::{self, ArrayFile, HeaderError, NpyError};
use diff2d_arrays::wording::hex;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// What is known of files before a problem reads them.
#[derive(Debug, Clone)]
pub struct Digests {
    /// The digests of files that were read already: the scenarios of a sweep share theirs.
    known: BTreeMap<PathBuf, Arc<Known>>,
    /// Arrays have so many times the spacings of the grid, which takes every so many-th of their nodes.
    pub every: usize,
}

impl Default for Digests {
    fn default() -> Self {
        Self::of_every(1)
    }
}

impl Digests {
    /// No digest yet; a grid that takes every so many-th node of arrays.
    #[must_use]
    pub fn of_every(every: usize) -> Self {
        Self {
            known: BTreeMap::new(),
            every,
        }
    }
}

/// What is known of a file that was read.
#[derive(Debug, PartialEq)]
struct Known {
    /// SHA-256 of its bytes, in hexadecimal.
    sha256: String,
    length: u64,
    modified: Option<SystemTime>,
}

impl Known {
    fn is_of(&self, status: &Metadata) -> bool {
        (self.length, self.modified) == (status.len(), status.modified().ok())
    }
}

/// A file that parameters name. It is opened again whenever its content is needed, and must be the same
/// then.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    place: InputPlace,
    known: Arc<Known>,
}

impl Input {
    /// Reads a file once, for its digest.
    ///
    /// # Errors
    /// [`ParamsError::Input`] for a file that cannot be read.
    pub fn open(place: InputPlace, digests: &mut Digests) -> Result<Self, ParamsError> {
        let path = place.path().to_owned();
        let known = match digests.known.get(&path) {
            Some(known) => Arc::clone(known),
            None => {
                let known = npy::open_file(&path).map_err(|error| unusable(&place, &error))?;
                let known = Arc::new(digest(known).map_err(|error| {
                    place.unusable(format!("it cannot be read: {error}"), false)
                })?);
                digests.known.insert(path, Arc::clone(&known));
                known
            }
        };
        Ok(Self { place, known })
    }

    /// Its name, and the SHA-256 of its bytes in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> (String, String) {
        let name = self.place.path().to_string_lossy().into_owned();
        (name, self.known.sha256.clone())
    }

    /// Its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// The file, to read.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if it cannot be opened, or has changed since its digest was taken.
    pub fn file(&self) -> Result<File, ParamsError> {
        let file = npy::open_file(self.path()).map_err(|error| unusable(&self.place, &error))?;
        let status = file.metadata().map_err(|error| self.unreadable(&error))?;
        if !self.known.is_of(&status) {
            let reason = "it was changed while the run was prepared; start the run again";
            return Err(self.place.unusable(reason.to_owned(), false));
        }
        Ok(file)
    }

    /// The file as an array.
    ///
    /// # Errors
    /// As [`file`](Self::file), and for a file that is no array of plain numbers.
    pub fn array(&self) -> Result<ArrayFile, ParamsError> {
        let array = ArrayFile::of_file(self.file()?, self.path());
        array.map_err(|error| self.npy_error(&error))
    }

    /// The error for an array that cannot be read.
    pub fn npy_error(&self, error: &NpyError) -> ParamsError {
        unusable(&self.place, error)
    }

    /// The error for a file that cannot be read.
    pub fn unreadable(&self, error: &io::Error) -> ParamsError {
        let reason = format!("it cannot be read: {error}");
        self.place.unusable(reason, false)
    }

    /// The error for a file whose bytes are not what they should be.
    pub fn damaged(&self, reason: String) -> ParamsError {
        self.place.unusable(reason, true)
    }

    /// The error for a file that is sound and does not fit the other parameters.
    pub fn refuse(&self, reason: &str) -> ParamsError {
        self.place.refuse(reason)
    }
}

/// The error for an array file that cannot be used.
fn unusable(place: &InputPlace, error: &NpyError) -> ParamsError {
    match error {
        NpyError::Header {
            source: source @ HeaderError::Dtype(_),
            ..
        } => place.refuse(&source.to_string()),
        NpyError::Header { source, .. } => place.unusable(source.to_string(), true),
        error => place.unusable(error.to_string(), false),
    }
}

/// Reads a file to its end.
fn digest(mut file: File) -> io::Result<Known> {
    const READ_AT_ONCE: usize = 1 << 20;
    let status = file.metadata()?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; READ_AT_ONCE]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            count => hash.update(&piece[..count]),
        }
    }
    Ok(Known {
        sha256: hex(&hash.finalize()),
        length: status.len(),
        modified: status.modified().ok(),
    })
}
