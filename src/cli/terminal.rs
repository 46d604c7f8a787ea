//! Results on stdout; notes, progress and errors on stderr.

use super::{capture::Capture, number};
use crate::error::Error;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use diff2d_arrays::npy::Scalar;
use diff2d_arrays::progress::Progress;
use diff2d_arrays::wording::excerpt;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{self, BufWriter, IsTerminal, Write},
    sync::{Arc, atomic::AtomicBool},
    thread::{self, JoinHandle},
    time::Duration,
};

/// The two streams, and what is printed on them.
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    quiet: bool,
    verbose: bool,
    silent: bool,
    /// Who gets what would be printed, if another program has called the command.
    captured: Option<Arc<Capture>>,
}

impl Terminal {
    pub(super) fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            silent: false,
            captured: None,
        }
    }

    /// A terminal on which nothing is printed, for ranks other than 0.
    pub(super) fn silent() -> Self {
        Self {
            quiet: true,
            verbose: false,
            silent: true,
            captured: None,
        }
    }

    /// A terminal whose prints another program takes.
    pub(super) fn captured(capture: &Arc<Capture>) -> Self {
        Self {
            captured: Some(Arc::clone(capture)),
            ..Self::new(false, false)
        }
    }

    /// The flag that stops what is read for a program that called the command.
    pub(super) fn stop(&self) -> Option<Arc<AtomicBool>> {
        let capture = self.captured.as_ref();
        capture.map(|capture| Arc::clone(capture.stop()))
    }

    /// A number in JSON. Infinities and NaN, which JSON lacks, are null; for a program that called the
    /// command they are what Python writes and reads.
    pub(super) fn json(&self, value: Scalar) -> String {
        match (&self.captured, value) {
            (Some(_), Scalar::Float(value)) if value.is_nan() => "NaN".to_owned(),
            (Some(_), Scalar::Float(f64::INFINITY)) => "Infinity".to_owned(),
            (Some(_), Scalar::Float(f64::NEG_INFINITY)) => "-Infinity".to_owned(),
            (_, value) => number::json(value),
        }
    }

    /// Prints a result.
    pub(super) fn result(&self, text: &str) -> Result<(), Error> {
        self.write_result(|stdout| writeln!(stdout, "{text}"))
    }

    /// Prints a result that may be long, piece by piece.
    pub(super) fn write_result(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        if self.silent {
            return Ok(());
        }
        if let Some(capture) = &self.captured {
            return capture.result(write).map_err(|error| no_results(&error));
        }
        let mut stdout = BufWriter::new(io::stdout().lock());
        write(&mut stdout)
            .and_then(|()| stdout.flush())
            .map_err(|error| no_results(&error))
    }

    /// Prints a sentence unless `--quiet` is given.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Prints a sentence in any case.
    pub(super) fn urgent(&self, text: &str) {
        if !self.silent {
            self.say(text);
        }
    }

    /// Prints a sentence if `--verbose` is given.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            self.say(text);
        }
    }

    /// Prints an error.
    pub(super) fn error(&self, error: &Error) {
        if !self.silent && !matches!(error, Error::ClosedPipe) {
            self.say(&error.to_string());
        }
    }

    fn say(&self, text: &str) {
        if let Some(capture) = &self.captured {
            return capture.note(text.to_owned());
        }
        // Names of files and what was typed may hold what a terminal would obey.
        let text = escaped(text.chars());
        // In one write: launchers mix the output of ranks. Errors cannot be reported without stderr.
        let _ = io::stderr().write_all(format!("diff2d: {text}\n").as_bytes());
    }

    /// Prints how the program is used, to somebody who has not said what it is to do.
    pub(super) fn usage(&self, text: &str) {
        if !self.silent {
            // There is nobody else to tell.
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }

    /// A progress bar, drawn until it is dropped; only on a terminal, and not if `--quiet` is given.
    pub(super) fn bar(&self, total: u64, unit: Unit) -> Bar {
        let is_seen = !self.quiet && self.captured.is_none() && io::stderr().is_terminal();
        let drawn = is_seen.then(|| {
            let style = ProgressStyle::with_template(unit.template())
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─");
            ProgressBar::new(total).with_style(style)
        });
        Bar::start(drawn.unwrap_or_else(ProgressBar::hidden))
    }
}

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Steps,
    Snapshots,
    Pictures,
    /// With names, see [`Bar::describe`].
    Tasks,
}

impl Unit {
    fn template(self) -> &'static str {
        match self {
            Self::Bytes => {
                "{wide_bar} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
            }
            Self::Steps => "{wide_bar} step {human_pos}/{human_len}, {eta} left",
            Self::Snapshots => "{wide_bar} snapshot {human_pos}/{human_len}, {eta} left",
            Self::Pictures => "{wide_bar} picture {pos}/{len}, {eta} left",
            Self::Tasks => "{wide_bar} {pos}/{len}  {msg:<40}  {eta}",
        }
    }
}

/// A progress bar, drawn by a thread of its own from a [`Progress`]; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Bar {
    drawn: ProgressBar,
    progress: Progress,
    /// The thread that draws, which ends when the sender is dropped.
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    fn start(drawn: ProgressBar) -> Self {
        const FRAME: Duration = Duration::from_millis(100);
        let progress = Progress::default();
        let (sender, ended) = bounded(0);
        let drawing = (!drawn.is_hidden()).then(|| {
            let (drawn, progress) = (drawn.clone(), progress.clone());
            let draw = move || {
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(FRAME) {
                    drawn.set_position(progress.done());
                }
            };
            thread::Builder::new().spawn(draw)
        });
        Self {
            drawn,
            progress,
            // Without a thread there is no bar, which is no reason to fail.
            drawing: drawing.and_then(Result::ok).map(|thread| (sender, thread)),
        }
    }

    /// The bar itself, for another thread that prints beside it.
    pub(super) fn handle(&self) -> ProgressBar {
        self.drawn.clone()
    }

    /// The counter that the bar shows.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Names the task that is at work.
    pub(super) fn describe(&self, task: String) {
        self.drawn.set_message(task);
    }

    /// Prints without the bar in the way.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.drawn.suspend(print)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((sender, drawing)) = self.drawing.take() {
            drop(sender);
            // A thread that panicked has printed why.
            let _ = drawing.join();
        }
        self.drawn.finish_and_clear();
    }
}

fn no_results(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::ClosedPipe,
        _ => Error::System(format!("cannot write the results to stdout: {error}")),
    }
}

/// What was typed, for an error: cut short, and without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    excerpt(text, 60)
}

/// Without control characters other than ends of lines.
fn escaped(letters: impl Iterator<Item = char>) -> String {
    let plain = |letter: &char| !letter.is_control() || *letter == '\n';
    letters
        .flat_map(|letter| {
            let (plain, escaped) = match plain(&letter) {
                true => (Some(letter), None),
                false => (None, Some(letter.escape_default())),
            };
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// A word quoted for a shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
