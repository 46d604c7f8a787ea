//! Files of a cube that somebody removes, moves or cuts under the process that writes them.

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
    /// [`CubeError::Lost`], with what is left. A journal that was deleted is written again if its name is
    /// free and the cube is there, so that the run can be resumed.
    pub(super) fn check_names(&self) -> Result<(), CubeError> {
        let (cube, journal) = (&self.paths.cube, &self.paths.journal);
        let of_cube = sys::fate(self.cube.file(), cube);
        let of_journal = sys::fate(&self.journal, journal);
        let (path, fate) = match (of_cube, of_journal) {
            (Fate::Stays, Fate::Stays) => return self.mend_journal(),
            (Fate::Stays, fate) | (Fate::Moved, fate @ Fate::Deleted) => (journal, fate),
            (fate, _) => (cube, fate),
        };
        let what = match (fate, is_there(path)) {
            (_, true) => "replaced",
            (Fate::Deleted, false) => "deleted",
            (_, false) => "moved away",
        };
        let (name, total) = (cube.display(), self.committed.total());
        let kept = match (of_cube, of_journal) {
            (Fate::Deleted, _) => {
                "its snapshots are lost, start the run over with --force".to_owned()
            }
            (Fate::Moved, Fate::Deleted) => format!(
                "{name} was moved away as well, and nothing says any more what it holds: start the run over"
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
                    "it cannot be written again ({error}), so nothing says any more what {name} holds: start the run over"
                ),
            },
            (Fate::Stays, _) => "move it back to its place and continue with --resume".to_owned(),
        };
        Err(CubeError::Lost {
            path: path.clone(),
            what,
            kept,
        })
    }

    /// Writes the journal again if somebody has cut it: lines that follow would lie behind a hole.
    ///
    /// # Errors
    /// [`CubeError::Lost`] where its lines are not held; [`CubeError::Io`].
    pub(super) fn mend_journal(&self) -> Result<(), CubeError> {
        let path = &self.paths.journal;
        let failed = CubeError::io("write", path);
        let mut journal: &File = &self.journal;
        let found = journal.metadata().map_err(CubeError::io("examine", path))?;
        if found.len() >= self.lines.bytes {
            return Ok(());
        }
        let Some(text) = &self.lines.text else {
            return Err(CubeError::Lost {
                path: path.clone(),
                what: "cut short",
                kept: format!(
                    "nothing says any more what {} holds: start the run over with --force",
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

    /// Writes a journal that was deleted under its name, if that is free. It appears whole: an empty one beside the cube
    /// would be nobody's.
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

/// Whether something bears the name, or the system does not tell.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}
