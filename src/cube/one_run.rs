//! Array and journal of one run, though `run --force` may start the cube over between the opening of one and the other.
//!
//! A run creates its array before line 1 of its journal is written, and removes it before the journal is emptied. So an
//! array that bears the name of the cube before and after a journal was read is that of the journal's run.

use super::{
    error::CubeError,
    found::{is_held, open_beside_journal},
    journal::Journal,
    paths::Paths,
};
use diff2d_arrays::npy;
use diff2d_sys as sys;
use std::{
    fs::{self, File},
    io,
    path::Path,
    thread,
    time::{Duration, SystemTime},
};

/// Opens an array and reads what is beside it, until both are of one run.
///
/// # Errors
/// Those of opening and of `read`, where the files did not change meanwhile; [`CubeError::StartedOver`] when one run
/// follows the other for too long.
pub(super) fn open<T>(
    cube: &Path,
    mut read: impl FnMut(&File) -> Result<T, CubeError>,
) -> Result<(File, T), CubeError> {
    /// A run that is started over begins in less time, if its disk is not slow.
    const ATTEMPTS: u32 = 200;
    const PAUSE: Duration = Duration::from_millis(5);
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let before = Renewal::of(cube);
        let opened = open_beside_journal(cube, npy::open_file(cube));
        match opened.and_then(|file| Ok((read(&file)?, file))) {
            Ok((content, file)) if sys::is_still_at(&file, cube) => return Ok((file, content)),
            Ok(_) => last = None,
            Err(error @ CubeError::StartedOver { .. }) => last = Some(error),
            // A run has removed it, and is about to empty the journal; or somebody has.
            Err(error @ CubeError::Gone { .. }) if is_beside_a_run(cube) => last = Some(error),
            Err(error) if Renewal::of(cube) == before => return Err(error),
            Err(error) => last = Some(error),
        }
        thread::sleep(PAUSE);
    }
    Err(last.unwrap_or_else(|| CubeError::started_over(cube)))
}

/// Whether a process holds the lock on the journal beside a cube.
fn is_beside_a_run(cube: &Path) -> bool {
    Paths::of(cube).is_ok_and(|paths| is_held(&paths.journal))
}

/// The run of which a journal is, if it got that far.
pub(super) fn run_id(journal: Option<&Journal>) -> Option<&str> {
    let header = journal?.header.as_ref()?;
    Some(&header.run_id)
}

/// What changes when a cube is started over.
#[derive(PartialEq)]
struct Renewal {
    cube: Option<(u64, u64)>,
    journal: Option<(u64, SystemTime)>,
}

impl Renewal {
    fn of(cube: &Path) -> Self {
        let journal = || -> io::Result<_> {
            let paths = Paths::of_existing(cube).map_err(io::Error::other)?;
            let status = fs::metadata(&paths.journal)?;
            Ok((status.len(), status.modified()?))
        };
        Self {
            cube: fs::metadata(cube).ok().map(|status| sys::identity(&status)),
            journal: journal().ok(),
        }
    }
}
