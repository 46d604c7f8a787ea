//! [`Observer`]: what a run tells while it goes on, and where it looks whether to stop.

use crate::cube::Record;
use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use diff2d_arrays::progress::Progress;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A function that is called with every committed snapshot.
pub(super) type OnCommit<'a> = Box<dyn FnMut(&Record) + Send + 'a>;
/// A function that is called with sentences on what the run decides.
pub(super) type OnNote<'a> = Box<dyn FnMut(&str) + Send + 'a>;

/// The run's ends of the connections to its observers.
#[derive(Debug, Clone)]
pub(crate) struct Observer {
    committed: Sender<Record>,
    notes: Sender<String>,
    progress: Progress,
    stop: Arc<AtomicUsize>,
}

/// The other ends.
pub(super) struct Observations {
    committed: Receiver<Record>,
    notes: Receiver<String>,
}

impl Observer {
    pub(super) fn new(progress: Progress, stop: Arc<AtomicUsize>) -> (Self, Observations) {
        let (committed, commits) = unbounded();
        let (notes, sentences) = unbounded();
        let observer = Self {
            committed,
            notes,
            progress,
            stop,
        };
        let observations = Observations {
            committed: commits,
            notes: sentences,
        };
        (observer, observations)
    }

    /// The same with a counter of its own, for one of several runs.
    pub(crate) fn with_progress(&self, progress: Progress) -> Self {
        Self {
            progress,
            ..self.clone()
        }
    }

    /// Where records go once they are committed.
    pub(crate) fn committed(&self) -> &Sender<Record> {
        &self.committed
    }

    pub(crate) fn note(&self, sentence: String) {
        // Without an observer there is no receiver.
        let _ = self.notes.send(sentence);
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The number in the stop flag, if it asks to stop.
    pub(crate) fn stop_requested(&self) -> Option<usize> {
        Some(self.stop.load(Ordering::Relaxed)).filter(|&number| number != 0)
    }

    /// Asks the run, and all others with the same flag, to stop.
    pub(crate) fn request_stop(&self, number: usize) {
        self.stop.store(number, Ordering::Relaxed);
    }
}

impl Observations {
    /// Calls the functions until the run has dropped its ends.
    pub(super) fn pass_on(self, mut on_commit: OnCommit<'_>, mut on_note: OnNote<'_>) {
        let (mut committed, mut notes) = (self.committed, self.notes);
        let mut open = 2;
        while open > 0 {
            select! {
                recv(committed) -> record => match record {
                    Ok(record) => on_commit(&record),
                    Err(_) => (committed, open) = (never(), open - 1),
                },
                recv(notes) -> sentence => match sentence {
                    Ok(sentence) => on_note(&sentence),
                    Err(_) => (notes, open) = (never(), open - 1),
                },
            }
        }
    }
}
