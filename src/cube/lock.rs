//! The journal of a cube that is written: opened, created where there is none, and locked.

use super::{error::CubeError, paths::Paths};
use diff2d_sys::{self as sys, LockedFile};
use std::{
    fs::{OpenOptions, TryLockError},
    io,
};

/// Opens and locks the journal, creating an empty one where neither it nor the cube exists.
pub(super) fn open_journal(paths: &Paths, no_lock: bool) -> Result<LockedFile, CubeError> {
    /// Other processes may create and remove the journal meanwhile, but not so often.
    const ATTEMPTS: usize = 1000;
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    for _ in 0..ATTEMPTS {
        let opened = match sys::open_file(&options, &paths.journal) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                sys::leads_somewhere(&paths.journal)
                    .map_err(CubeError::io("open", &paths.journal))?;
                // A run creates the journal before the cube and removes it after the cube.
                if paths.cube.exists() && !paths.journal.exists() && paths.cube.exists() {
                    return Err(CubeError::Foreign {
                        cube: paths.cube.clone(),
                    });
                }
                options.clone().create_new(true).open(&paths.journal)
            }
            opened => opened,
        };
        let journal = match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened.map_err(CubeError::io("open", &paths.journal))?,
        };
        let journal = match no_lock {
            true => LockedFile::without_lock(journal),
            false => LockedFile::try_new(journal).map_err(|error| match error {
                TryLockError::WouldBlock => CubeError::Locked {
                    journal: paths.journal.clone(),
                },
                TryLockError::Error(source) => CubeError::NoLocks {
                    journal: paths.journal.clone(),
                    source,
                },
            })?,
        };
        if sys::is_still_at(&journal, &paths.journal) {
            return Ok(journal);
        }
    }
    Err(CubeError::Locked {
        journal: paths.journal.clone(),
    })
}
