//! Handles files of a cube that somebody removes, moves or truncates while a process writes them.

use super::{checkpoint, error::CubeError, store::Store};
use diff2d_sys::{self as sys, Fate, FileExt};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

impl Store {
    /// Refuses to go on where the cube or the journal no longer has its name.
    ///
    /// # Errors
    /// [`CubeError::Lost`], which says what is left. A journal that was deleted is written again if its name is free
    /// and the cube is there, so that the run can be resumed.
    pub(super) fn check_names(&self) -> Result<(), CubeError> {
        let (cube, journal) = (&self.paths.cube, &self.paths.journal);
        let of_cube = sys::fate(self.cube.file(), cube);
        let of_journal = sys::fate(&self.journal, journal);
        let (path, fate) = match (of_cube, of_journal) {
            (Fate::Stays, Fate::Stays) => return self.mend_journal(),
            (Fate::Stays, fate) | (Fate::Moved, fate @ Fate::Deleted) => (journal, fate),
            (fate, _) => (cube, fate),
        };
        let event = match (fate, is_there(path)) {
            (_, true) => "replaced",
            (Fate::Deleted, false) => "deleted",
            (_, false) => "moved away",
        };
        let (name, total) = (cube.display(), self.committed.total());
        let way_out = match (of_cube, of_journal) {
            (Fate::Deleted, _) => {
                "its snapshots are lost, start the run over with --force".to_owned()
            }
            (Fate::Moved, Fate::Deleted) => format!(
                "{name} was moved away as well, and its content is no longer known: start the run over"
            ),
            (Fate::Moved, Fate::Moved) => format!(
                "{total} snapshots are committed in it; so was its journal, move both back to their place and continue with --resume"
            ),
            (Fate::Moved, Fate::Stays) => format!(
                "{total} snapshots are committed in it, move it back to its place and continue with --resume"
            ),
            (Fate::Stays, Fate::Deleted) => match self.write_journal_again() {
                Ok(()) => "it has been written again, continue with --resume".to_owned(),
                Err(error) => format!(
                    "it cannot be written again ({error}), so the content of {name} is no longer known: start the run over"
                ),
            },
            (Fate::Stays, _) => "move it back to its place and continue with --resume".to_owned(),
        };
        Err(CubeError::Lost {
            path: path.clone(),
            what: event,
            kept: way_out,
        })
    }

    /// Writes the journal again if somebody has truncated it: further lines would otherwise follow a hole.
    ///
    /// # Errors
    /// [`CubeError::Lost`] if its lines are not in memory; [`CubeError::Io`].
    pub(super) fn mend_journal(&self) -> Result<(), CubeError> {
        let path = &self.paths.journal;
        let failed = CubeError::io("write", path);
        let mut journal: &File = &self.journal;
        let status = journal.metadata().map_err(CubeError::io("examine", path))?;
        if status.len() >= self.lines.bytes {
            return Ok(());
        }
        let Some(text) = &self.lines.text else {
            return Err(CubeError::Lost {
                path: path.clone(),
                what: "cut short",
                kept: format!(
                    "the content of {} is no longer known: start the run over with --force",
                    self.paths.cube.display()
                ),
            });
        };
        // What is left of its lines stays as it is, whatever happens meanwhile.
        journal
            .write_all_at(text, 0)
            .and_then(|()| journal.seek(SeekFrom::Start(self.lines.bytes)))
            .and_then(|_| journal.sync_all())
            .map_err(failed)
    }

    /// Removes the checkpoint of a cube that was deleted.
    pub(super) fn remove_useless_checkpoint(&self) {
        if sys::fate(self.cube.file(), &self.paths.cube) == Fate::Deleted {
            // The run ends with an error that tells more.
            let _ = checkpoint::remove(&self.paths);
        }
    }

    /// Writes a deleted journal again, if its name is free. The file appears with all lines at once: an empty journal
    /// beside the cube would invalidate the cube.
    fn write_journal_again(&self) -> io::Result<()> {
        let mut deleted: &File = &self.journal;
        let mut lines = Vec::new();
        deleted.rewind()?;
        deleted.read_to_end(&mut lines)?;
        let journal = sys::create_private(&self.paths.journal, &lines)?;
        // A filesystem without permissions is no reason to fail.
        let _ = sys::copy_permissions(&deleted.metadata()?, &journal);
        sys::sync_directory(self.paths.directory())
    }
}

/// Whether a file with the name exists, or the system cannot tell.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}
