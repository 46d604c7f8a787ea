//! What somebody probably meant by a command line that cannot be read.

use crate::params::is_key;
use clap::{
    Error,
    builder::StyledStr,
    error::{ContextKind, ContextValue},
};
use diff2d_arrays::wording::excerpt;
use std::path::Path;

/// What was typed is shown up to so many letters.
const LONGEST: usize = 200;

/// The same error, with the command line that was probably meant, and with what was typed cut short.
pub(super) fn with_tip(mut error: Error) -> Error {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    let option = word(ContextKind::InvalidArg).and_then(|word| tip_of_option(&word));
    let command = word(ContextKind::InvalidSubcommand).and_then(|word| tip_of_file(&word));
    if let Some(tip) = option.or(command) {
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tips);
    }
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
        // It repeats what was typed.
        error.insert(ContextKind::Suggested, ContextValue::None);
    }
    error
}

/// Of an option that is the name of a parameter.
fn tip_of_option(word: &str) -> Option<String> {
    let name = word.trim_start_matches('-').split('=').next()?;
    is_key(name).then(|| format!("parameters are set as in '--set {name}=…'"))
}

/// Of a file where a command should be.
fn tip_of_file(word: &str) -> Option<String> {
    let end = Path::new(word).extension()?.to_str()?;
    let word = excerpt(word, LONGEST);
    match end {
        "toml" | "py" => Some(format!("a problem is solved by 'diff2d run {word}'")),
        "npy" | "npz" => Some(format!(
            "'diff2d info {word}' tells what it is, 'diff2d plot {word}' draws it"
        )),
        _ => None,
    }
}
