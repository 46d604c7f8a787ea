//! [`Capture`]: what a command that another program calls would have printed.

use crate::error::Error;
use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

/// What a command of [`call`](super::call) prints, and whether it shall stop.
#[derive(Debug, Default)]
pub(super) struct Capture {
    printed: Mutex<Called>,
    stop: Arc<AtomicBool>,
}

/// What a command that was [called](super::call) has told.
#[derive(Debug, Default)]
pub struct Called {
    /// What it would have printed on stdout.
    pub results: Vec<u8>,
    /// The sentences that it would have printed on stderr, errors left out.
    pub notes: Vec<String>,
    /// Why it failed, and its exit code.
    pub error: Option<(String, u8)>,
}

impl Capture {
    /// Nothing yet, of a command that stops reading arrays once `stop` is set.
    pub(super) fn new(stop: Arc<AtomicBool>) -> Self {
        Self {
            printed: Mutex::default(),
            stop,
        }
    }

    /// The flag that stops the command.
    pub(super) fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    pub(super) fn note(&self, sentence: String) {
        self.printed().notes.push(sentence);
    }

    pub(super) fn result(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        write(&mut self.printed().results)
    }

    /// All of it, with the error that the command ended with.
    pub(super) fn finish(&self, error: Option<&Error>) -> Called {
        Called {
            error: error.map(|error| (error.to_string(), error.exit_code())),
            ..mem::take(&mut self.printed())
        }
    }

    fn printed(&self) -> MutexGuard<'_, Called> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
