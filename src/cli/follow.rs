//! Following a run: its snapshots as they are committed.

use crate::cli::error::Error;
use diff2d::{Header, JournalledArray};
use std::{ops::Range, thread, time::Duration};

/// Time between two reads of the journal.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Refuses an array that does not grow.
pub(super) fn can_follow(array: &JournalledArray) -> Result<(), Error> {
    if array.journal.is_some() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--follow: {} is no cube with a journal, so no snapshots will follow",
        array.path.display()
    )))
}

/// Passes the committed snapshots to `take`, then those that follow, until the run is complete or no
/// process runs it any more. The inner result is an error unless the run is complete; commands return it once they have dealt
/// with the snapshots that there are.
pub(super) fn follow(
    array: &mut JournalledArray,
    mut take: impl FnMut(&JournalledArray, Range<u64>) -> Result<(), Error>,
) -> Result<Result<(), Error>, Error> {
    can_follow(array)?;
    let mut passed_count = 0;
    loop {
        // Asked before the journal is read, so that the last commits are not missed.
        let is_last_read = array.is_final();
        array.refresh()?;
        let available = array.available();
        if available > passed_count {
            take(array, passed_count..available)?;
            passed_count = available;
        }
        if is_last_read {
            break;
        }
        thread::sleep(POLL_INTERVAL);
    }
    // A run may have ended early.
    let snapshot_count = array
        .header()
        .and_then(|header| header.shape().first().copied());
    let snapshot_count = snapshot_count.unwrap_or(0);
    let (what, command) = match array.header().is_some_and(Header::is_sweep) {
        true => ("scenarios without a gap", "sweep"),
        false => ("snapshots", "run"),
    };
    if passed_count >= snapshot_count {
        return Ok(Ok(()));
    }
    Ok(Err(Error::System(format!(
        "no process writes {} any more, which holds {passed_count} of {snapshot_count} {what}: `diff2d {command} --resume` continues it",
        array.path.display()
    ))))
}
