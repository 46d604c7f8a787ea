//! How commands open the arrays that they read.

use super::terminal::Terminal;
use crate::{cube::JournalledArray, error::Error};
use std::path::Path;

/// Opens an array with the journal beside it, and says where that is not its own.
pub(super) fn open(path: &Path, terminal: &Terminal) -> Result<JournalledArray, Error> {
    let array = JournalledArray::open(path)?;
    if let Some(note) = &array.note {
        terminal.note(note);
    }
    Ok(array)
}
