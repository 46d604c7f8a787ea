//! Texts that were typed, taken apart into names, values and fields. Nothing else in the command line looks for `,`, `=` and `:` in
//! what was typed, or for the option that a negative value belongs to.

use clap::{Arg, Command};
use diff2d_arrays::wording::excerpt;
use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

/// The words of a command line, with each negative value joined to the option in front of it: `--at -1,2` becomes
/// `--at=-1,2`. Otherwise such a value would be taken for an option, and told to be an unknown one.
pub(super) fn with_joined_values(words: Vec<OsString>, mut program: Command) -> Vec<OsString> {
    if !words.iter().any(|word| is_negative(word)) {
        return words;
    }
    program.build();
    let texts = words.iter().filter_map(|word| word.to_str());
    let Some(command) = texts.skip(1).find_map(|word| program.find_subcommand(word)) else {
        return words;
    };
    let options: Vec<String> = command
        .get_arguments()
        .filter(|argument| {
            argument
                .get_num_args()
                .is_some_and(|count| count.min_values() > 0)
        })
        .flat_map(spellings)
        .collect();
    let mut joined: Vec<OsString> = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match joined.last_mut() {
            _ if word == "--" => {
                joined.push(word);
                joined.extend(words);
                break;
            }
            Some(option)
                if is_negative(&word) && options.iter().any(|known| option == known.as_str()) =>
            {
                option.push("=");
                option.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Whether a word begins as a negative number does.
fn is_negative(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    text.strip_prefix('-').is_some_and(|rest| {
        rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
            || rest.starts_with("inf")
    })
}

/// How an option is typed, with two dashes and with one.
fn spellings(option: &Arg) -> impl Iterator<Item = String> {
    let long = option.get_long().map(|name| format!("--{name}"));
    let short = option.get_short().map(|letter| format!("-{letter}"));
    long.into_iter().chain(short)
}

/// The parts of a list with commas between them, without the spaces around each part.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// The lengths of a shape such as `1000x2000`, without the spaces around each.
pub(super) fn lengths(text: &str) -> impl Iterator<Item = &str> {
    text.split(['x', ',', '×']).map(str::trim)
}

/// The fields of a text with colons between them.
pub(super) fn fields(text: &str) -> Vec<&str> {
    text.split(':').collect()
}

/// The ends of a range and its step, with colons between them: `0:12:2`. The colons within the time of a date belong to it:
/// `2023-02-01 06:00:2023-02-01 09:00`.
pub(super) fn ends(text: &str) -> Vec<&str> {
    let starts_with_two_digits = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        digits == 2
    };
    let mut ends = Vec::new();
    let mut start = 0;
    for (place, _) in text.match_indices(':') {
        let (end, rest) = (&text[start..place], &text[place + 1..]);
        let date = end.trim_start().split_once(['T', 't', ' ']);
        let is_clock = date.is_some_and(|(day, clock)| {
            let parts: Vec<&str> = clock.trim().split(':').collect();
            day.contains(['-', '.', '/'])
                && parts.len() < 3
                && parts.iter().all(|part| {
                    (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
                })
        });
        if !(is_clock && starts_with_two_digits(rest)) {
            ends.push(end);
            start = place + 1;
        }
    }
    ends.push(&text[start..]);
    ends
}

/// The name and the value of a text such as `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim(), value))
}

/// The text before a separator, and the text behind it if the separator is there.
pub(super) fn cut<'t>(text: &'t str, separator: &str) -> (&'t str, Option<&'t str>) {
    match text.split_once(separator) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

/// The file and the text behind the last colon of a path that names no file, such as `log.csv:q=left_rate`.
pub(super) fn behind_file(path: &Path) -> Option<(&str, &str)> {
    let text = path.to_str().filter(|_| !path.exists())?;
    text.rsplit_once(':').filter(|(file, _)| !file.is_empty())
}

/// Whether a text is made of letters, digits and _, and does not begin with a digit.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_alphabetic() || letter == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// The first of some names that is also one of those before it.
pub(super) fn repeated<T: PartialEq>(names: &[T]) -> Option<&T> {
    let mut numbered = names.iter().enumerate();
    let repeated = numbered.find(|(number, name)| names[..*number].contains(name));
    repeated.map(|(_, name)| name)
}

/// The sentence that a text is not of a kind, with what would be accepted.
pub(super) fn is_no(text: &str, kind: &str, expected: &str) -> String {
    format!("'{}' is no {kind}; expected {expected}", excerpt(text, 60))
}
