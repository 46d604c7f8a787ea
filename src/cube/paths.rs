//! [`Paths`]: the names of the files of a run.

use super::error::CubeError;
use std::{
    fs::File,
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

    /// The directory they lie in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self.cube.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Makes names of files durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), CubeError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(CubeError::io("sync the directory", directory))
}
