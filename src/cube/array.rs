//! [`JournalledArray`]: any array file, with the journal next to it if it is a cube.

use super::{
    error::CubeError,
    file::{matches_journal, read_journal},
    journal::{Journal, Scenario},
    paths::Paths,
};
use crate::{
    npy::{self, ArrayFile},
    sys,
};
use std::{fs::File, ops::Deref, path::Path};

/// An array file, and its journal if it has one: then only the committed snapshots of a run, or the
/// complete scenarios of a sweep, are data.
#[derive(Debug)]
pub struct JournalledArray {
    array: ArrayFile,
    /// Its journal, if it is a cube.
    pub journal: Option<Journal>,
}

impl JournalledArray {
    /// Opens an array file and reads the journal next to it.
    ///
    /// # Errors
    /// [`CubeError`] when one of them cannot be read, is damaged, or does not match the other.
    pub fn open(path: &Path) -> Result<Self, CubeError> {
        let file = npy::open_file(path)?;
        let journal = journal_of(path)?;
        if let Some(header) = journal.as_ref().and_then(|journal| journal.header.as_ref()) {
            matches_journal(&file, header, path)?;
        }
        let mut array = Self {
            array: ArrayFile::of_file(file, path)?,
            journal,
        };
        array.limit();
        Ok(array)
    }

    /// Reads the journal again: the run may have committed more.
    ///
    /// # Errors
    /// [`CubeError`] as for [`open`](Self::open).
    pub fn refresh(&mut self) -> Result<(), CubeError> {
        self.journal = journal_of(&self.array.path)?;
        self.limit();
        Ok(())
    }

    fn limit(&mut self) {
        let available = self.journal.as_ref().map_or(u64::MAX, Journal::available);
        self.array.limit(available);
    }

    /// What was run, if this is the cube of a run.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        self.journal.as_ref()?.header.as_ref()?.run()
    }

    /// Whether no more data will come: there is no journal, or the run is complete, or no process
    /// holds the lock on the journal.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the journal cannot be opened.
    pub fn is_final(&self) -> Result<bool, CubeError> {
        if self.journal.as_ref().is_none_or(Journal::is_complete) {
            return Ok(true);
        }
        let journal = Paths::of(&self.array.path)?.journal;
        let file = File::open(&journal).map_err(CubeError::io("open", &journal))?;
        Ok(!sys::is_locked(&file))
    }
}

impl Deref for JournalledArray {
    type Target = ArrayFile;

    fn deref(&self) -> &ArrayFile {
        &self.array
    }
}

/// The journal of an array; `None` where it has none, also by its name.
fn journal_of(array: &Path) -> Result<Option<Journal>, CubeError> {
    Paths::of(array).map_or(Ok(None), |paths| read_journal(&paths))
}
