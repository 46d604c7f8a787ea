//! Following a run: its snapshots as they are committed.

use crate::{cube::JournalledArray, error::Error};
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
/// process runs it any more.
pub(super) fn follow(
    array: &mut JournalledArray,
    mut take: impl FnMut(&JournalledArray, Range<u64>) -> Result<(), Error>,
) -> Result<Ending, Error> {
    can_follow(array)?;
    let mut taken = 0;
    loop {
        // Asked before the journal is read, so that the last commits are not missed.
        let last = array.is_final();
        array.refresh()?;
        let available = array.available();
        if available > taken {
            take(array, taken..available)?;
            taken = available;
        }
        if last {
            break;
        }
        thread::sleep(POLL_INTERVAL);
    }
    // A run may have ended early.
    let all = array
        .header()
        .and_then(|header| header.shape().first().copied());
    let all = all.unwrap_or(0);
    Ok(Ending((taken < all).then(|| {
        format!(
            "no process writes {} any more, which holds {taken} of {all} snapshots: `diff2d run --resume` continues it",
            array.path.display()
        )
    })))
}

/// How it ended: complete, or with the sentence that it is not.
#[must_use]
pub(super) struct Ending(Option<String>);

impl Ending {
    /// An error unless the run is complete; to be asked once what there is has been dealt with.
    pub(super) fn conclude(self) -> Result<(), Error> {
        match self.0 {
            Some(sentence) => Err(Error::System(sentence)),
            None => Ok(()),
        }
    }
}
