//! What somebody probably meant by a command line that cannot be read.

mod habits;

use super::{number, typed};
use clap::{
    Arg, Command, Error,
    builder::{PossibleValue, StyledStr},
    error::{ContextKind, ContextValue, ErrorKind},
};
use diff2d::program::params::{is_key, nearest};
use diff2d_arrays::wording::excerpt;
use habits::{COMMANDS, OPTIONS, VALUES, habits};
use std::{error::Error as _, ffi::OsString, num::ParseIntError, path::Path};

/// The most letters of a typed word that are shown.
const LONGEST: usize = 200;

/// Adds to an error what was probably meant, or takes away what was not, and cuts short what was typed.
pub(super) fn with_tip(error: Error, arguments: &[OsString], mut program: Command) -> Error {
    if !error.use_stderr() {
        return error;
    }
    program.build();
    let words: Vec<String> = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let named = words.iter().find_map(|word| program.find_subcommand(word));
    let line = CommandLine {
        command: named.unwrap_or(&program),
        program: &program,
        words: &words,
    };
    shortened(line.explained(error))
}

/// What was typed, and the command that it names.
struct CommandLine<'a> {
    words: &'a [String],
    command: &'a Command,
    program: &'a Command,
}

/// A sentence on what was meant, and the option that it speaks of.
struct Tip<'a> {
    sentence: String,
    option: Option<&'a Arg>,
}

impl<'a> Tip<'a> {
    fn new(sentence: impl Into<String>) -> Self {
        Self::with_option(sentence, None)
    }

    fn with_option(sentence: impl Into<String>, option: Option<&'a Arg>) -> Self {
        let sentence = sentence.into();
        Self { sentence, option }
    }
}

impl<'a> CommandLine<'a> {
    /// The error with its tips.
    fn explained(&self, mut error: Error) -> Error {
        let tips: Vec<Tip<'_>> = match error.kind() {
            ErrorKind::UnknownArgument => {
                let word = typed_word(&error, ContextKind::InvalidArg);
                let tip = word.and_then(|word| self.tip_of_argument(&word));
                let option = tip.as_ref().and_then(|tip| tip.option);
                let usage = ContextValue::StyledStr(self.usage(option));
                error.insert(ContextKind::Usage, usage);
                tip.into_iter().collect()
            }
            ErrorKind::InvalidSubcommand => {
                let word = typed_word(&error, ContextKind::InvalidSubcommand);
                let tip = word.and_then(|word| self.tip_of_command(&word));
                tip.into_iter().collect()
            }
            ErrorKind::MissingRequiredArgument => self.missing(&error).map(described).collect(),
            ErrorKind::InvalidValue | ErrorKind::TooManyValues | ErrorKind::ValueValidation => {
                let option = typed_word(&error, ContextKind::InvalidArg)
                    .and_then(|text| self.argument(&text));
                let word = typed_word(&error, ContextKind::InvalidValue).unwrap_or_default();
                let tip = option.and_then(|option| self.tip_of_value(option, &word));
                let is_no_number = error
                    .source()
                    .is_some_and(<dyn std::error::Error>::is::<ParseIntError>);
                if is_no_number {
                    error = without_reason(&error, self.command);
                }
                tip.or_else(|| {
                    option
                        .filter(|_| is_no_number)
                        .map(|option| whole_number(option, &word))
                })
                .or_else(|| option.filter(|_| word.is_empty()).map(described))
                .into_iter()
                .collect()
            }
            _ => return error,
        };
        for similar in [
            ContextKind::SuggestedArg,
            ContextKind::SuggestedSubcommand,
            ContextKind::SuggestedValue,
            ContextKind::Suggested,
        ] {
            error.remove(similar);
        }
        if !tips.is_empty() {
            let sentences = tips.into_iter().map(|tip| StyledStr::from(tip.sentence));
            let sentences = ContextValue::StyledStrs(sentences.collect());
            error.insert(ContextKind::Suggested, sentences);
        }
        error
    }

    /// The usage of the command, with an option in place of all that can be left out.
    fn usage(&self, option: Option<&Arg>) -> StyledStr {
        let usage = self.command.clone().render_usage();
        match option {
            Some(option) => {
                let option_text = option.to_string();
                let usage_text = usage.to_string();
                let replacement = match usage_text.contains(&option_text) {
                    true => "",
                    false => &option_text,
                };
                let usage_text = usage_text.replacen("[OPTIONS]", replacement, 1);
                usage_text.replace("  ", " ").into()
            }
            None => usage,
        }
    }

    /// The option of the command with this long name.
    fn option(&self, name: &str) -> Option<&'a Arg> {
        long_option(self.command, name)
    }

    /// The argument that a message shows as this text.
    fn argument(&self, argument_text: &str) -> Option<&'a Arg> {
        let mut arguments = self.command.get_arguments();
        arguments.find(|argument| argument.to_string() == argument_text)
    }

    /// The arguments that are missing.
    fn missing(&self, error: &Error) -> impl Iterator<Item = &'a Arg> {
        let argument_texts = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::Strings(texts)) => texts.as_slice(),
            _ => &[],
        };
        let arguments = argument_texts.iter().filter_map(|text| self.argument(text));
        arguments.collect::<Vec<_>>().into_iter()
    }

    /// The tip for an option, or another word, that the command does not take.
    fn tip_of_argument(&self, word: &str) -> Option<Tip<'a>> {
        if !word.starts_with('-') {
            return self.tip_of_word(word);
        }
        let name = option_name(word);
        // Of `-np` the error shows `-n`.
        let full_word = self
            .words
            .iter()
            .find(|typed| word.len() == 2 && typed.starts_with(word) && typed.len() > 2);
        let full_name = full_word.map(|typed| option_name(typed));
        self.tip_of_key(name)
            .or_else(|| self.habit(full_name?))
            .or_else(|| self.habit(name))
            .or_else(|| self.similar_option(name))
            .or_else(|| self.option_elsewhere(name))
    }

    /// The tip for a word without dashes that the command does not take.
    fn tip_of_word(&self, word: &str) -> Option<Tip<'a>> {
        let word_excerpt = excerpt(word, LONGEST);
        if let Some(tip) = self.tip_of_key(option_name(word)) {
            return Some(tip);
        }
        let place = self.words.iter().position(|typed| typed == word)?;
        if let [.., option, key] = &self.words[..place]
            && option == "--set"
        {
            return Some(Tip::new(format!(
                "key and value are one word with '=': '--set {key}={word_excerpt}'"
            )));
        }
        if Path::new(word).exists() {
            let name = self.command.get_name();
            return Some(Tip::new(format!(
                "'diff2d {name}' does not take '{word_excerpt}' as well: call it once for each file"
            )));
        }
        let output = self.option("output")?;
        Path::new(word).extension()?;
        let sentence = format!("the name of what is written stands behind -o: '-o {word_excerpt}'");
        Some(Tip::with_option(sentence, Some(output)))
    }

    /// The tip for an option that is the name of a parameter.
    fn tip_of_key(&self, name: &str) -> Option<Tip<'a>> {
        let set = self.option("set")?;
        let is_meant = set.get_id() == "overrides" && is_key(name);
        let sentence = format!("parameters are set as in '--set {name}=…'");
        is_meant.then(|| Tip::with_option(sentence, Some(set)))
    }

    /// The tip of the first habit with this word that holds for the command.
    fn habit(&self, word: &str) -> Option<Tip<'a>> {
        let name = self.command.get_name();
        habits(OPTIONS)
            .filter(|habit| habit.is_of(name) && habit.has(word))
            .find_map(|habit| {
                let option = match habit.option {
                    "-" => None,
                    option => Some(self.option(option)?),
                };
                Some(Tip::with_option(habit.tip, option))
            })
    }

    /// The tip for an option that is spelt nearly as one of the command, or begins as a single one does.
    fn similar_option(&self, name: &str) -> Option<Tip<'a>> {
        if name.len() <= 2 {
            return None;
        }
        let names = self.command.get_arguments().filter_map(Arg::get_long);
        let names: Vec<&str> = names.filter(|name| name.len() > 3).collect();
        let mut longer_names = names.iter().filter(|long| long.starts_with(name));
        let only_longer_name = longer_names
            .next()
            .filter(|_| longer_names.next().is_none());
        let meant = match only_longer_name {
            Some(long) => *long,
            None => nearest(name, names)?,
        };
        let sentence = format!("a similar option is '--{meant}'");
        Some(Tip::with_option(sentence, self.option(meant)))
    }

    /// The tip for an option of other commands.
    fn option_elsewhere(&self, name: &str) -> Option<Tip<'a>> {
        let commands = self.program.get_subcommands();
        let owners: Vec<String> = commands
            .filter(|command| long_option(command, name).is_some())
            .map(|command| format!("'diff2d {}'", command.get_name()))
            .collect();
        (1..=3).contains(&owners.len()).then(|| {
            let owners = owners.join(", ");
            Tip::new(format!("'--{name}' is an option of {owners}"))
        })
    }

    /// The tip for a word that should be a command.
    fn tip_of_command(&self, word: &str) -> Option<Tip<'a>> {
        let habit = habits(COMMANDS).find(|habit| habit.has(word));
        let names = self.program.get_subcommands().map(Command::get_name);
        habit
            .map(|habit| Tip::new(habit.tip))
            .or_else(|| tip_of_file(word))
            .or_else(|| {
                let command = nearest(word, names)?;
                Some(Tip::new(format!("a similar command is 'diff2d {command}'")))
            })
    }

    /// The tip for a value that an option does not take.
    fn tip_of_value(&self, option: &Arg, word: &str) -> Option<Tip<'a>> {
        let name = option.get_long()?;
        let habit = habits(VALUES)
            .filter(|habit| habit.is_of(self.command.get_name()))
            .find(|habit| habit.option == name && habit.has(word));
        if let Some(habit) = habit {
            return Some(Tip::new(habit.tip));
        }
        let values = option.get_possible_values();
        let names = values.iter().map(PossibleValue::get_name);
        if let (first_word, Some(_)) = typed::cut(word, ",")
            && names.clone().any(|name| name == first_word)
        {
            return Some(Tip::new(format!("one at a time: '--{name} {first_word}'")));
        }
        let meant = nearest(&word.to_lowercase(), names)?;
        Some(Tip::new(format!("a similar value is '{meant}'")))
    }
}

/// The option of a command with this long name.
fn long_option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let mut arguments = command.get_arguments();
    arguments.find(|argument| argument.get_long() == Some(name))
}

/// The tip that says what an argument is for.
fn described<'a>(argument: &'a Arg) -> Tip<'a> {
    let help = argument.get_help().map(ToString::to_string);
    let values = argument.get_possible_values();
    let names = number::joined(values.iter().map(PossibleValue::get_name), ", ");
    let values = match names.is_empty() {
        true => names,
        false => format!(": {names}"),
    };
    let help = help.unwrap_or_default();
    Tip::new(format!("'{argument}': {help}{values}"))
}

/// The tip for an option whose value should be another whole number, or one at all.
fn whole_number<'a>(option: &'a Arg, word: &str) -> Tip<'a> {
    let help = option.get_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let range = if word.starts_with('-') {
        " that is not negative"
    } else {
        ""
    };
    Tip::new(format!("'{option}' is a whole number{range}: {help}"))
}

/// The error of a value without the reason that the standard library gives.
fn without_reason(error: &Error, command: &Command) -> Error {
    let mut plain = Error::new(error.kind()).with_cmd(command);
    for (kind, value) in error.context() {
        plain.insert(kind, value.clone());
    }
    plain
}

/// The error with what was typed cut short.
fn shortened(mut error: Error) -> Error {
    let shortened: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, excerpt(text, LONGEST), text)),
            _ => None,
        })
        .filter(|(_, shown, typed)| shown != *typed)
        .map(|(kind, shown, _)| (kind, shown))
        .collect();
    for (kind, text) in shortened {
        error.insert(kind, ContextValue::String(text));
    }
    error
}

/// The word that was typed where an error of this kind is.
fn typed_word(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    }
}

/// The name of an option, without dashes and its value.
fn option_name(word: &str) -> &str {
    let name = word.trim_start_matches('-');
    typed::cut(name, "=").0
}

/// The tip for a file where a command should be.
fn tip_of_file<'a>(word: &str) -> Option<Tip<'a>> {
    let extension = Path::new(word).extension()?.to_str()?;
    let word = excerpt(word, LONGEST);
    match extension {
        "toml" | "py" => Some(Tip::new(format!("'diff2d run {word}' solves a problem"))),
        "npy" | "npz" => Some(Tip::new(format!(
            "'diff2d info {word}' says what it is, 'diff2d plot {word}' draws it"
        ))),
        _ => None,
    }
}
