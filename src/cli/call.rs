//! [`Call`]: a command as data. Another program gives its arguments as values, and takes its answers as values.

use super::{
    Cli, carry_out, number, parse,
    terminal::{Terminal, readable},
};
use crate::cli::error::Error;
use clap::{Arg, ArgAction, CommandFactory};
use erased_serde::Serialize;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
};

/// A command of the program, and its arguments by their names: those of the command line, with `_` for `-`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Call {
    /// The name of the command.
    pub command: String,
    /// Arguments that are left out have their defaults.
    pub arguments: BTreeMap<String, Argument>,
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// Stands for an argument that is left out, for all of an axis, or for the open end of a range.
    Nothing(()),
    /// Whether a switch is set.
    Switch(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text or the name of a file.
    Text(PathBuf),
    /// Several values; one within a list is a range.
    List(Vec<Argument>),
    /// Values of axes, of parameters.
    Named(BTreeMap<String, Argument>),
}

/// How a command has ended.
#[derive(Debug)]
pub struct Called {
    /// The sentences that it would have printed on stderr, errors left out.
    pub notes: Vec<String>,
    /// Why it failed, and its exit code.
    pub error: Option<(String, u8)>,
}

impl Call {
    /// Carries the command out in the process of its caller: nothing is printed, no signal handled, and what it reads and
    /// computes, it does on the caller's threads. `take` gets each answer as it is there; those of `--json`, so a table is
    /// a list of rows. Once `stop` is set, the command cannot read arrays any further, and fails.
    ///
    /// Commands that take over the process are refused: `run`, `sweep` and `distribute`.
    #[must_use]
    pub fn carry_out(
        self,
        stop: Arc<AtomicUsize>,
        take: impl FnMut(&dyn Serialize) + Send + 'static,
    ) -> Called {
        let terminal = Terminal::of_caller(stop, Box::new(take));
        let result = self.words().and_then(|words| match parse(words) {
            Ok(Cli {
                command: Some(command),
                ..
            }) => carry_out(command, &terminal),
            Ok(_) => Err(Error::Usage("there is no command".to_owned())),
            Err(error) => Err(Error::Usage(sentence(&error))),
        });
        let error = result.err();
        Called {
            notes: terminal.take_notes(),
            error: error.map(|error| (readable(&error.to_string()), error.exit_code())),
        }
    }

    /// The command line that says the same.
    fn words(mut self) -> Result<Vec<OsString>, Error> {
        let cli = Cli::command();
        let Some(command) = cli.find_subcommand(&self.command) else {
            let sentence = format!("there is no command {}", self.command);
            return Err(Error::Usage(sentence));
        };
        let mut words: Vec<OsString> = vec!["diff2d".into(), self.command.into()];
        let mut files = Vec::new();
        for arg in command.get_arguments() {
            let Some(value) = self.arguments.remove(arg.get_id().as_str()) else {
                continue;
            };
            let values = match value {
                Argument::Nothing(()) | Argument::Switch(false) => Vec::new(),
                Argument::List(values) if is_repeated(arg) => values,
                Argument::Named(values) if is_repeated(arg) => {
                    let entries = values.into_iter().map(|entry| [entry].into());
                    entries.map(Argument::Named).collect()
                }
                value => vec![value],
            };
            // Values, and names of files, may begin with a dash.
            for value in values {
                match (arg.get_long(), value) {
                    (Some(name), Argument::Switch(true)) => words.push(format!("--{name}").into()),
                    (Some(name), value) => {
                        let mut word = OsString::from(format!("--{name}="));
                        word.push(value.spelled(","));
                        words.push(word);
                    }
                    (None, value) => files.push(value.spelled(",")),
                }
            }
        }
        if let Some(unknown) = self.arguments.keys().next() {
            let sentence = format!("{} has no argument {unknown}", command.get_name());
            return Err(Error::Usage(sentence));
        }
        if !files.is_empty() {
            words.push("--".into());
            words.extend(files);
        }
        Ok(words)
    }
}

/// Whether an argument is given once for each of its values.
fn is_repeated(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append) && arg.get_value_delimiter().is_none()
}

impl Argument {
    /// The value as it is typed: entries of a list have `between` between them, the ends of a range have a colon.
    fn spelled(self, between: &str) -> OsString {
        match self {
            Self::Nothing(()) => ":".into(),
            Self::Switch(value) => value.to_string().into(),
            Self::Integer(value) => value.to_string().into(),
            Self::Float(value) => value.to_string().into(),
            Self::Text(value) => value.into(),
            Self::List(values) => {
                let parts = values.into_iter().map(|value| match value {
                    Self::Nothing(()) if between == ":" => OsString::new(),
                    value => value.spelled(":"),
                });
                parts.collect::<Vec<_>>().join(between.as_ref())
            }
            Self::Named(values) => {
                let values: Vec<OsString> = values
                    .into_iter()
                    .map(|(name, value)| {
                        let mut entry = OsString::from(name + "=");
                        entry.push(value.spelled(":"));
                        entry
                    })
                    .collect();
                values.join(between.as_ref())
            }
        }
    }
}

/// What is wrong with a command line, without how it is used.
fn sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first_paragraph = text.split("\n\n").next().unwrap_or(&text);
    let first_paragraph = first_paragraph.trim().trim_start_matches("error: ");
    number::joined(first_paragraph.lines().map(str::trim), " ")
}
