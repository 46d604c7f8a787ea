//! [`Paths`]: the names of the files of a run.

use super::{error::CubeError, journal::JournalError};
use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Where the files of a run lie: all beside the cube, named after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `STEM.npy`
    pub cube: PathBuf,
    /// `STEM.journal`
    pub journal: PathBuf,
    /// `STEM.ckpt`
    pub checkpoint: PathBuf,
    /// `STEM/`
    pub pictures: PathBuf,
}

impl Paths {
    /// The files that go with a cube.
    ///
    /// # Errors
    /// [`CubeError::Name`] when the name does not end in `.npy`.
    pub fn of(cube: &Path) -> Result<Self, CubeError> {
        let named = cube.extension().is_some_and(|extension| extension == "npy");
        if !named {
            return Err(CubeError::Name {
                path: cube.to_owned(),
            });
        }
        Ok(Self {
            journal: cube.with_extension("journal"),
            checkpoint: cube.with_extension("ckpt"),
            pictures: cube.with_extension(""),
            cube: cube.to_owned(),
        })
    }

    /// The error of a journal, with the names of its files.
    #[must_use]
    pub fn journal_error(&self, error: JournalError) -> CubeError {
        let (journal, cube) = (self.journal.clone(), self.cube.clone());
        let lost = |reason: String| CubeError::LostHeader {
            journal: self.journal.clone(),
            cube: self.cube.clone(),
            reason,
        };
        match error {
            JournalError::Newer { format, program } => CubeError::NewerJournal {
                journal,
                format,
                program,
            },
            JournalError::Header { ours: true } => lost("is damaged".to_owned()),
            JournalError::Header { ours: false } => CubeError::ForeignJournal { journal, cube },
            JournalError::Contradiction(reason) => lost(format!("cannot be right ({reason})")),
            JournalError::Line(line) => CubeError::DamagedJournal {
                journal,
                cube,
                line,
            },
        }
    }

    /// The directory they lie in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self.cube.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Makes a directory and its parents, and makes their names durable.
///
/// The last name is synced even if the directory is there: whoever made it may have been killed.
pub(super) fn create_directory(directory: &Path) -> Result<(), CubeError> {
    let missing = directory
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .count();
    fs::create_dir_all(directory).map_err(CubeError::io("create the directory", directory))?;
    for path in directory.ancestors().take(missing.max(1)) {
        let parent = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => continue,
        };
        match sync_directory(parent) {
            // What nobody of ours may read, nobody of ours has made.
            Err(CubeError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

/// Makes names of files durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), CubeError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(CubeError::io("sync the directory", directory))
}
