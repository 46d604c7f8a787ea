//! Waiting for the snapshots of a run that is going on.

use super::terminal::Terminal;
use crate::{cube::JournalledArray, error::Error};
use std::{ops::Range, thread, time::Duration};

/// How often the journal is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Refuses an array of which nothing more will come.
pub(super) fn can_follow(array: &JournalledArray) -> Result<(), Error> {
    if array.journal.is_some() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--follow: {} is no cube with a journal, so nothing more will come",
        array.path.display()
    )))
}

/// Hands over the snapshots that are committed, then those that come, until the run is complete or
/// nobody is at work on it any more.
pub(super) fn follow(
    array: &mut JournalledArray,
    terminal: &Terminal,
    mut take: impl FnMut(&JournalledArray, Range<u64>) -> Result<(), Error>,
) -> Result<(), Error> {
    can_follow(array)?;
    let mut taken = 0;
    loop {
        // Asked before the journal is read: what a run commits last is not missed.
        let last = array.is_final()?;
        array.refresh()?;
        let available = array.available();
        if available > taken {
            take(array, taken..available)?;
            taken = available;
        }
        if last {
            break;
        }
        thread::sleep(PAUSE);
    }
    let all = array.npy.shape.first().copied().unwrap_or(0);
    if taken < all {
        terminal.urgent(&format!(
            "nobody is at work on {} any more, and it holds {taken} of {all}: this is where it ends; `diff2d run --resume` continues it",
            array.path.display()
        ));
    }
    Ok(())
}
