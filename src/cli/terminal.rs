//! [`Terminal`]: where results, notes, progress and errors go.

use super::{
    answer::Answer,
    bar::{Bar, Unit},
    json::{self, Value},
    number,
};
use crate::cli::error::Error;
use diff2d_arrays::wording::excerpt;
use serde::Serialize;
use std::{
    fmt::{self, Display},
    io::{self, BufWriter, IsTerminal, Write},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

/// The place where a command prints, and how much it prints.
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    sink: Sink,
    quiet: bool,
    verbose: bool,
}

#[derive(Debug, Clone)]
enum Sink {
    /// Results on stdout; notes, progress and errors on stderr.
    Streams,
    /// Nothing is printed, as on ranks other than 0.
    Nowhere,
    /// A program that has [called](super::Call) the command takes it all.
    Caller(Arc<Caller>),
}

/// Takes answers.
pub(super) type Take = Box<dyn FnMut(&dyn erased_serde::Serialize) + Send>;

/// Who takes answers, the notes so far, and the flag that stops what is read.
struct Caller {
    take: Mutex<Take>,
    notes: Mutex<Vec<String>>,
    stop: Arc<AtomicUsize>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a caller")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terminal {
    pub(super) fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            sink: Sink::Streams,
            quiet,
            verbose,
        }
    }

    /// A terminal on which nothing is printed, for ranks other than 0.
    pub(super) fn silent() -> Self {
        Self {
            sink: Sink::Nowhere,
            ..Self::new(true, false)
        }
    }

    /// A terminal whose answers another program takes; `stop` stops what is read for it.
    pub(super) fn of_caller(stop: Arc<AtomicUsize>, take: Take) -> Self {
        let caller = Caller {
            take: Mutex::new(take),
            notes: Mutex::default(),
            stop,
        };
        Self {
            sink: Sink::Caller(Arc::new(caller)),
            ..Self::new(false, false)
        }
    }

    /// The notes that a caller gets beside the answers.
    pub(super) fn take_notes(&self) -> Vec<String> {
        match &self.sink {
            Sink::Caller(caller) => mem::take(&mut *locked(&caller.notes)),
            _ => Vec::new(),
        }
    }

    /// Gives a value to the program that has called the command; whether there is such a program.
    pub(super) fn gives(&self, answer: &impl Serialize) -> bool {
        match &self.sink {
            Sink::Caller(caller) => locked(&caller.take)(answer),
            _ => return false,
        }
        true
    }

    /// Whether a program has called the command, which takes answers as values.
    pub(super) fn has_caller(&self) -> bool {
        matches!(self.sink, Sink::Caller(_))
    }

    /// The flag that stops what is read for a program that called the command.
    pub(super) fn stop(&self) -> Option<Arc<AtomicUsize>> {
        match &self.sink {
            Sink::Caller(caller) => Some(Arc::clone(&caller.stop)),
            _ => None,
        }
    }

    /// Prints an answer: as text, or as one JSON object.
    pub(super) fn answer(&self, answer: Answer<'_>, is_json: bool) -> Result<(), Error> {
        let (value, text) = answer.into_parts();
        self.value(&value, &text, is_json)
    }

    /// Prints a text, or a value as JSON.
    pub(super) fn value(
        &self,
        value: &Value<'_>,
        text: &dyn Display,
        is_json: bool,
    ) -> Result<(), Error> {
        if self.gives(value) {
            return Ok(());
        }
        self.write_result(|stdout| {
            if is_json {
                json::write(&mut *stdout, value)?;
            } else {
                write!(stdout, "{text}")?;
            }
            writeln!(stdout)
        })
    }

    /// Prints a result.
    pub(super) fn result(&self, text: &str) -> Result<(), Error> {
        self.write_result(|stdout| writeln!(stdout, "{text}"))
    }

    /// Prints a result that may be long, piece by piece; on stdout without control characters, which names of
    /// files, axes and parameters may hold.
    pub(super) fn write_result(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        let written = match &self.sink {
            Sink::Nowhere => Ok(()),
            Sink::Caller(_) => {
                let mut text = Vec::new();
                write(&mut text).map(|()| {
                    self.gives(&String::from_utf8_lossy(&text).trim_end_matches('\n'));
                })
            }
            Sink::Streams => {
                let mut stdout = Printable::new(BufWriter::new(io::stdout().lock()));
                write(&mut stdout).and_then(|()| stdout.flush())
            }
        };
        written.map_err(|error| not_printed(&error))
    }

    /// Prints what a user may not expect, with `--quiet` as well.
    pub(super) fn warn(&self, warnings: &[String]) {
        for warning in warnings {
            self.urgent(&format!("warning: {warning}"));
        }
    }

    /// Prints a sentence unless `--quiet` is given.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.urgent(text);
        }
    }

    /// Prints a sentence if `--verbose` is given.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            self.urgent(text);
        }
    }

    /// Prints an error.
    pub(super) fn error(&self, error: &Error) {
        if !matches!(error, Error::ClosedPipe) {
            self.urgent(&error.to_string());
        }
    }

    /// Prints a sentence in any case.
    pub(super) fn urgent(&self, text: &str) {
        let text = &readable(text);
        match &self.sink {
            Sink::Nowhere => {}
            Sink::Caller(caller) => locked(&caller.notes).push(text.clone()),
            // In one write: launchers mix the output of ranks. Names of files and what was typed may hold
            // what a terminal would obey.
            Sink::Streams => print_error(&format!("diff2d: {}\n", escaped(text))),
        }
    }

    /// Prints how the program is used, to somebody who has not said what it is to do.
    pub(super) fn usage(&self, text: &str) {
        if let Sink::Streams = self.sink {
            print_error(text);
        }
    }

    /// A progress bar, drawn until it is dropped; where stderr is no terminal, a line once in a while. Neither if
    /// `--quiet` is given.
    pub(super) fn bar(&self, total: u64, unit: Unit) -> Bar {
        self.bar_or_line_every(Duration::from_secs(60), total, unit)
    }

    /// A [`bar`](Self::bar) whose progress is told once in each `period` where it is not drawn.
    pub(super) fn bar_or_line_every(&self, period: Duration, total: u64, unit: Unit) -> Bar {
        match (&self.sink, self.quiet) {
            (Sink::Streams, false) if io::stderr().is_terminal() => Bar::drawn(total, unit),
            (Sink::Streams, false) => {
                let terminal = self.clone();
                Bar::logged(total, unit, period, move |line| terminal.note(line))
            }
            _ => Bar::hidden(),
        }
    }
}

/// Why something could not be printed on stdout.
pub(super) fn not_printed(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::ClosedPipe,
        _ => Error::System(format!("cannot write the results to stdout: {error}")),
    }
}

/// A text whose lines are no longer than somebody reads: what was typed, or is in a file, may be a megabyte.
pub(super) fn readable(text: &str) -> String {
    const LONGEST: usize = 4000;
    if text.len() > LONGEST {
        number::joined(text.lines().map(|line| excerpt(line, LONGEST)), "\n")
    } else {
        text.to_owned()
    }
}

fn print_error(text: &str) {
    // Without stderr there is nobody else to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A typed text for an error: cut short, and without characters that a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    excerpt(text, 60)
}

/// Writes text with control characters other than tabs and ends of lines as `\u001b`, which in JSON means
/// the same.
struct Printable<W> {
    output: W,
    /// Whether the first byte of a letter is held back that may turn out to be a control character.
    holds_first: bool,
}

impl<W: Write> Printable<W> {
    /// The first byte of the letters from U+0080 to U+00BF in UTF-8; those up to U+009F are control characters.
    const FIRST: u8 = 0xc2;

    fn new(output: W) -> Self {
        let holds_first = false;
        Self {
            output,
            holds_first,
        }
    }

    fn is_plain(byte: u8) -> bool {
        matches!(byte, b'\t' | b'\n' | b' '..=b'~' | 0x80..) && byte != Self::FIRST
    }

    fn write_byte(&mut self, byte: u8) -> io::Result<()> {
        if mem::take(&mut self.holds_first) {
            if (0x80..0xa0).contains(&byte) {
                return write!(self.output, "\\u{byte:04x}");
            }
            self.output.write_all(&[Self::FIRST])?;
        }
        match byte {
            Self::FIRST => self.holds_first = true,
            byte if Self::is_plain(byte) => self.output.write_all(&[byte])?,
            byte => write!(self.output, "\\u{byte:04x}")?,
        }
        Ok(())
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.holds_first && bytes.iter().all(|&byte| Self::is_plain(byte)) {
            return self.output.write(bytes);
        }
        for &byte in bytes {
            self.write_byte(byte)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if mem::take(&mut self.holds_first) {
            self.output.write_all(&[Self::FIRST])?;
        }
        self.output.flush()
    }
}

/// A text without control characters other than ends of lines.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\n' {
            escaped.extend(letter.escape_default());
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

/// A word quoted for a shell.
pub(super) fn quoted(word: impl Display) -> String {
    let word = word.to_string();
    let is_plain = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_./=:,+@%".contains(letter));
    if !word.is_empty() && is_plain {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// An option with each of its values, as a shell takes it: no word without a value.
pub(super) fn option_quoted(
    option: &str,
    values: impl IntoIterator<Item = impl Display>,
) -> String {
    let values = values.into_iter().map(quoted);
    values.map(|value| format!(" {option} {value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_in_letters() {
        for (text, expected) in [
            ("plain, é and \u{a0}\n\t", "plain, é and \u{a0}\n\t"),
            ("\x1b[31m\r\x07\x7f", "\\u001b[31m\\u000d\\u0007\\u007f"),
            ("a\u{9b}b\u{c2}", "a\\u009bb\u{c2}"),
        ] {
            let at_once = {
                let mut printed = Printable::new(Vec::new());
                printed.write_all(text.as_bytes()).unwrap();
                printed.flush().unwrap();
                printed.output
            };
            let mut printed = Printable::new(Vec::new());
            text.bytes()
                .for_each(|byte| printed.write_all(&[byte]).unwrap());
            printed.flush().unwrap();
            assert_eq!(String::from_utf8(at_once).unwrap(), expected);
            assert_eq!(String::from_utf8(printed.output).unwrap(), expected);
        }
    }
}
