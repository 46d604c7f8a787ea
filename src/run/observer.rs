//! [`Observer`]: the messages of a run to its caller, and the requests to stop.

use crate::{cube::Commit, dynamics::Steadiness, schedule::Clock};
use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use diff2d_arrays::progress::Progress;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A function that is called with every committed snapshot.
pub(super) type OnCommit<'a> = Box<dyn FnMut(&Commit) + Send + 'a>;
/// A function that is called with messages.
pub(super) type OnMessage<'a> = Box<dyn FnMut(&Message) + Send + 'a>;

/// A message of a run, besides its results.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The run continues from a state on disk.
    Continues {
        /// The step and time of that state.
        from: Clock,
        /// The number of the last step.
        last_step: u64,
    },
    /// The solver for the initial steady state has come this near to its solution.
    Nears(Steadiness),
    /// A sentence on the accuracy of the results.
    Warning(String),
    /// A sentence on a decision of the run.
    Decision(String),
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continues {
                from: Clock { step, simtime },
                last_step,
            } => write!(
                f,
                "continuing after step {step} of {last_step}, at t = {simtime:?}"
            ),
            Self::Nears(steadiness) => steadiness.fmt(f),
            Self::Warning(sentence) | Self::Decision(sentence) => f.write_str(sentence),
        }
    }
}

/// The sending side of the channels to the functions that observe a run.
#[derive(Debug, Clone)]
pub(crate) struct Observer {
    committed: Sender<Commit>,
    messages: Sender<Message>,
    progress: Progress,
    stop: Arc<AtomicUsize>,
}

/// The receiving side of the channels of an [`Observer`].
pub(super) struct Observations {
    committed: Receiver<Commit>,
    messages: Receiver<Message>,
}

impl Observer {
    pub(super) fn new(progress: Progress, stop: Arc<AtomicUsize>) -> (Self, Observations) {
        let (committed, commits) = unbounded();
        let (messages, to_pass_on) = unbounded();
        let observer = Self {
            committed,
            messages,
            progress,
            stop,
        };
        let observations = Observations {
            committed: commits,
            messages: to_pass_on,
        };
        (observer, observations)
    }

    /// An observer whose messages nobody receives. The run stops once `stop` is set.
    pub(super) fn stopped_by(stop: &Arc<AtomicUsize>) -> Self {
        Self::new(Progress::default(), Arc::clone(stop)).0
    }

    /// This observer with another counter of steps, for one of several runs.
    pub(crate) fn with_progress(&self, progress: Progress) -> Self {
        Self {
            progress,
            ..self.clone()
        }
    }

    /// The channel for commits of committed snapshots.
    pub(crate) fn committed(&self) -> &Sender<Commit> {
        &self.committed
    }

    pub(crate) fn send(&self, message: Message) {
        // Without an observer there is no receiver.
        let _ = self.messages.send(message);
    }

    pub(crate) fn decided(&self, sentence: String) {
        self.send(Message::Decision(sentence));
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The number in the stop flag, if it is set.
    pub(crate) fn stop_requested(&self) -> Option<usize> {
        let number = self.stop.load(Ordering::Relaxed);
        Some(number).filter(|&number| number != 0)
    }

    /// Asks this run, and all others with the same flag, to stop.
    pub(crate) fn request_stop(&self, number: usize) {
        self.stop.store(number, Ordering::Relaxed);
    }
}

impl Observations {
    /// Calls the observing functions until the run has dropped its side of the channels.
    pub(super) fn pass_on(self, mut on_commit: OnCommit<'_>, mut on_message: OnMessage<'_>) {
        let (mut committed, mut messages) = (self.committed, self.messages);
        let mut open = 2;
        while open > 0 {
            select! {
                recv(committed) -> commit => match commit {
                    Ok(commit) => on_commit(&commit),
                    Err(_) => (committed, open) = (never(), open - 1),
                },
                recv(messages) -> message => match message {
                    Ok(message) => on_message(&message),
                    Err(_) => (messages, open) = (never(), open - 1),
                },
            }
        }
    }
}
