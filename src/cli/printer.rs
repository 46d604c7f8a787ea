//! [`Printer`]: results printed on a thread of their own.

use super::{bar::Bar, terminal::Terminal};
use crate::cli::error::Error;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use std::{
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a reader of the results may pause once everything else is done.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints lines on a thread of its own: a reader who has stopped reading keeps nothing else waiting.
#[derive(Debug)]
pub(super) struct Printer {
    lines: Sender<String>,
    ended: Receiver<Result<(), Error>>,
    printed: Arc<AtomicU64>,
}

impl Printer {
    /// Starts the thread, which prints beside `bar`.
    pub(super) fn start(terminal: Terminal, bar: &Bar) -> Result<Self, Error> {
        let (lines, to_print) = unbounded::<String>();
        let (result, ended) = bounded(1);
        let printed = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&printed);
        // A bar is in the way of results on the same terminal only, and whoever holds it waits for nobody.
        let bar = io::stdout().is_terminal().then(|| bar.drawn.clone());
        let thread = thread::Builder::new().name("printer".to_owned());
        let started = thread.spawn(move || {
            let mut outcome = Ok(());
            for line in to_print {
                if outcome.is_ok() {
                    outcome = match &bar {
                        Some(bar) => bar.suspend(|| terminal.result(&line)),
                        None => terminal.result(&line),
                    };
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            // Nobody may be left who waits for the end.
            let _ = result.send(outcome);
        });
        started.map_err(|error| Error::System(format!("the system refuses a thread: {error}")))?;
        Ok(Self {
            lines,
            ended,
            printed,
        })
    }

    /// Prints a line, sooner or later.
    pub(super) fn print(&self, line: String) {
        // The thread takes lines until this is dropped.
        let _ = self.lines.send(line);
    }

    /// Waits until everything is printed; not for a reader who has stopped reading, nor for any reader
    /// once `is_stopped`.
    ///
    /// # Errors
    /// The error of the stream, or that nobody reads it.
    pub(super) fn finish(self, is_stopped: impl Fn() -> bool) -> Result<(), Error> {
        const LOOK: Duration = Duration::from_millis(100);
        drop(self.lines);
        let (mut count_before, mut last_progress) =
            (self.printed.load(Ordering::Relaxed), Instant::now());
        loop {
            match self.ended.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            let printed = self.printed.load(Ordering::Relaxed);
            if printed != count_before {
                (count_before, last_progress) = (printed, Instant::now());
            }
            if is_stopped() || last_progress.elapsed() > PATIENCE {
                return Err(Error::System(
                    "the results on stdout are incomplete, since nobody reads them; the journal has them all".to_owned(),
                ));
            }
        }
    }
}
