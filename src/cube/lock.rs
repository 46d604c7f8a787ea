//! Opens, creates and locks the journal of a cube that is to be written.

use super::{error::CubeError, paths::Paths};
use crate::fault::Fault;
use diff2d_sys::{self as sys, LockedFile, Turn};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    ops::Range,
    thread,
    time::{Duration, Instant},
};

/// How long a resumed run waits for the lock: a process that was killed holds it until the system has taken its memory back.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Opens and locks the journal, creating an empty one where neither it nor the cube exists. Waits up to `patience` for another
/// process that holds the lock.
pub(super) fn open_journal(
    paths: &Paths,
    no_lock: bool,
    patience: Duration,
) -> Result<LockedFile, CubeError> {
    let start = Instant::now();
    loop {
        match try_journal(paths, no_lock) {
            Err(CubeError::Locked { .. }) if start.elapsed() < patience => {
                thread::sleep(Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
}

/// Opens and locks the journal once.
fn try_journal(paths: &Paths, no_lock: bool) -> Result<LockedFile, CubeError> {
    let (journal, _) = open_locked(paths, |journal| {
        if no_lock {
            Ok(LockedFile::without_lock(journal))
        } else {
            LockedFile::try_new(journal).map_err(|error| match error {
                TryLockError::WouldBlock => CubeError::Locked {
                    journal: paths.journal.clone(),
                },
                TryLockError::Error(error) => Fault::failed(format!(
                    "{} cannot be locked ({error}); if you are sure that no other run writes it, add --no-lock",
                    paths.journal.display()
                ))
                .into(),
            })
        }
    })?;
    Ok(journal)
}

/// Opens and locks the journal for a process that computes some scenarios of a sweep while other processes compute others.
/// The process begins with its turn to write.
pub(super) fn open_part(
    paths: &Paths,
    scenarios: Range<u64>,
) -> Result<(LockedFile, Option<Turn>), CubeError> {
    open_locked(paths, |journal| {
        LockedFile::try_part(journal, scenarios.clone()).map_err(|error| {
            let journal = paths.journal.display();
            let sentence = match error {
                TryLockError::WouldBlock => format!(
                    "another process computes some of these scenarios, or the whole sweep (it holds a lock on {journal}): wait for it, or choose others with --scenarios"
                ),
                TryLockError::Error(error) => format!(
                    "{journal} cannot be locked for some scenarios alone ({error}): leave --scenarios out and compute all of them in one process"
                ),
            };
            Fault::failed(sentence).into()
        })
    })
}

fn open_locked(
    paths: &Paths,
    lock: impl Fn(File) -> Result<LockedFile, CubeError>,
) -> Result<(LockedFile, Option<Turn>), CubeError> {
    /// The number of attempts to open the journal, which other processes may create and remove meanwhile.
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
                    return Err(CubeError::foreign(&paths.cube));
                }
                options.clone().create_new(true).open(&paths.journal)
            }
            opened => opened,
        };
        let journal = match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened.map_err(CubeError::io("open", &paths.journal))?,
        };
        let journal = lock(journal)?;
        let turn = journal.in_turn();
        let turn = turn.map_err(CubeError::io("lock", &paths.journal))?;
        // Whoever had the turn before may have removed it.
        if sys::is_still_at(&journal, &paths.journal) {
            return Ok((journal, turn));
        }
    }
    Err(CubeError::Locked {
        journal: paths.journal.clone(),
    })
}
