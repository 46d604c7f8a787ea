//! Reads array and journal of one and the same run, even if `run --force` starts the cube over in between.
//!
//! A run creates its array before line 1 of its journal is written, and removes it before the journal is emptied. So if
//! the same array bears the name of the cube before and after the journal is read, array and journal belong to the same
//! run. A run that starts over cuts the lines behind line 1 before it removes the array: such a journal lists nothing, or
//! less than it did before. The streams of a run are created after line 1, and removed after the last line behind it is cut off. So if the
//! journal has the same line 1 and no fewer commits after a stream was opened than before, they belong to the same run.

use super::{
    error::CubeError,
    found::{is_held, open_beside_journal, read_journal},
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

/// The number of attempts. They take longer than a run needs to start a cube over, unless its disk is slow.
const ATTEMPTS: u32 = 200;

/// The time between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// Opens an array and reads what is beside it, until both belong to one run.
///
/// # Errors
/// Errors of opening and of `read`, if the files did not change meanwhile; [`CubeError::StartedOver`] if new runs keep
/// starting the cube over.
pub(super) fn open<T>(
    cube: &Path,
    mut read: impl FnMut(&File) -> Result<T, CubeError>,
) -> Result<(File, T), CubeError> {
    let mut last_error = None;
    for _ in 0..ATTEMPTS {
        let renewal_before = Renewal::of(cube);
        let opened = open_beside_journal(cube, npy::open_file(cube));
        match opened.and_then(|file| Ok((read(&file)?, file))) {
            Ok((content, file)) if sys::is_still_at(&file, cube) => return Ok((file, content)),
            Ok(_) => last_error = None,
            Err(error @ CubeError::StartedOver { .. }) => last_error = Some(error),
            // A run has removed it, and is about to empty the journal; or somebody has.
            Err(error @ CubeError::Gone { .. }) if is_beside_a_run(cube) => {
                last_error = Some(error);
            }
            Err(error) if Renewal::of(cube) == renewal_before => return Err(error),
            Err(error) => last_error = Some(error),
        }
        thread::sleep(PAUSE);
    }
    Err(last_error.unwrap_or_else(|| CubeError::started_over(cube)))
}

/// Reads streams beside a journal, until all belong to one run; `None` if there is no journal.
///
/// # Errors
/// Errors of the journal; errors of `read`, if the journal did not change meanwhile; [`CubeError::StartedOver`] if new
/// runs keep starting the cube over.
pub(super) fn read_streams<T>(
    paths: &Paths,
    mut read: impl FnMut(&Journal) -> Result<T, CubeError>,
) -> Result<Option<T>, CubeError> {
    for _ in 0..ATTEMPTS {
        let Some(journal) = read_journal(paths)? else {
            return Ok(None);
        };
        let streams = read(&journal);
        let later_journal = read_journal(paths)?;
        let later_run = run_id(later_journal.as_ref());
        let [committed, later_committed] = [Some(&journal), later_journal.as_ref()]
            .map(|journal| journal.map_or(0, |journal| journal.committed.total()));
        let is_one_run = later_run == run_id(Some(&journal)) && later_committed >= committed;
        match streams {
            Ok(streams) if is_one_run => return Ok(Some(streams)),
            Err(error) if is_one_run && later_committed == committed => return Err(error),
            _ => thread::sleep(PAUSE),
        }
    }
    Err(CubeError::started_over(&paths.cube))
}

/// Whether a process holds the lock on the journal beside a cube.
pub(super) fn is_beside_a_run(cube: &Path) -> bool {
    Paths::of(cube).is_ok_and(|paths| is_held(&paths.journal))
}

/// The run id in a journal, if its line 1 is written.
pub(super) fn run_id(journal: Option<&Journal>) -> Option<&str> {
    let header = journal?.header.as_ref()?;
    Some(&header.run_id)
}

/// The properties of the files that change when a cube is started over.
#[derive(PartialEq)]
struct Renewal {
    cube: Option<(u64, u64)>,
    journal: Option<(u64, SystemTime)>,
}

impl Renewal {
    fn of(cube: &Path) -> Self {
        Self {
            cube: fs::metadata(cube).ok().map(|status| sys::identity(&status)),
            journal: journal_status(cube).ok(),
        }
    }
}

/// The length of the journal beside a cube, and its time of change.
fn journal_status(cube: &Path) -> io::Result<(u64, SystemTime)> {
    let paths = Paths::of_existing(cube).map_err(io::Error::other)?;
    let status = fs::metadata(&paths.journal)?;
    Ok((status.len(), status.modified()?))
}
