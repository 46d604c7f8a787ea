//! What a person sees: results on stdout; notes, progress and errors on stderr.

use crate::error::Error;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};

/// The two streams, and how much to say on them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    quiet: bool,
    verbose: bool,
    silent: bool,
}

impl Terminal {
    pub(super) fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            silent: false,
        }
    }

    /// One that says nothing at all: another process speaks.
    pub(super) fn silent() -> Self {
        Self {
            quiet: true,
            verbose: false,
            silent: true,
        }
    }

    /// Prints a result.
    pub(super) fn result(&self, text: &str) -> Result<(), Error> {
        if self.silent {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}")
            .and_then(|()| stdout.flush())
            .map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => Error::ClosedPipe,
                _ => Error::System(format!("cannot write the results to stdout: {error}")),
            })
    }

    /// Says something the user should know.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// Says something the user must know, quiet or not.
    pub(super) fn urgent(&self, text: &str) {
        if !self.silent {
            say(text);
        }
    }

    /// Says something that only `--verbose` asks for.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            say(text);
        }
    }

    /// Says what went wrong.
    pub(super) fn error(&self, error: &Error) {
        if !self.silent && !matches!(error, Error::ClosedPipe) {
            say(&error.to_string());
        }
    }

    /// A bar of bytes read.
    pub(super) fn bytes_bar(&self, bytes: u64) -> ProgressBar {
        self.bar(
            bytes,
            "{wide_bar} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
        )
    }

    /// A bar of `length` units, drawn only for a person who did not ask for quiet.
    pub(super) fn bar(&self, length: u64, template: &str) -> ProgressBar {
        let target = if self.quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        ProgressBar::with_draw_target(Some(length), target).with_style(style)
    }
}

fn say(text: &str) {
    // In one piece: launchers mix the lines of many. Nobody is left to tell when stderr is gone.
    let _ = io::stderr().write_all(format!("diff2d: {text}\n").as_bytes());
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
