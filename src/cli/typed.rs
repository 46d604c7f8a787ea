//! Texts that were typed, taken apart into names, values and fields. Nothing else in the command line looks for `,`, `=` and `:` in
//! what was typed.

use diff2d_arrays::wording::excerpt;
use std::path::Path;

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

/// The file and the text behind the last colon of a path that names no file: `a.npz:NAME`, `log.csv:q=left_rate`.
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
