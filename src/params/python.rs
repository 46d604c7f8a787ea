//! Python assignments, `name = literal`, separated by newlines or semicolons: the form of
//! `diff2dparams.py` in the course "High Performance Scientific Computing with Python" (SciNet).

use super::{
    error::ParamsError,
    place::Place,
    typed::Typed,
    value::{Entry, LONGEST_NAME, LONGEST_VALUE, Value},
};
use crate::fault::Fault;
use diff2d_arrays::wording::excerpt;
use std::collections::HashMap;

/// All assignments of a text; `file` is the name that messages use.
///
/// # Errors
/// [`ParamsError::Syntax`] at the first statement of another form, [`ParamsError::Fault`] for a name that is
/// assigned twice: Python would keep the last value, which may not be the intended one.
pub fn parse(file: &str, text: &str) -> Result<Typed, ParamsError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut lines = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let place = Place::Line {
            file: file.into(),
            line,
        };
        for statement in statements(text).ok_or_else(|| not_an_assignment(&place, text))? {
            let (name, value) =
                assignment(statement).ok_or_else(|| not_an_assignment(&place, statement))?;
            let place = place.clone();
            entries.push(Entry { name, value, place });
            lines.push(line);
        }
    }
    let mut line_of_name = HashMap::new();
    for (entry, line) in entries.iter().zip(&lines) {
        if let Some(first) = line_of_name.insert(&entry.name, *line) {
            let (place, key) = (&entry.place, excerpt(&entry.name, LONGEST_NAME));
            return Err(Fault::refused(format!(
                "{place}: {key} is given a second time (it stands in line {first} already); keep one of the two"
            ))
            .into());
        }
    }
    Ok(entries.into_iter().collect())
}

fn not_an_assignment(place: &Place, statement: &str) -> ParamsError {
    let reason = format!(
        "`{}` is not of the form name = literal; a literal is a number, True, False or a word in quotes, not an expression",
        excerpt(statement.trim(), LONGEST_VALUE)
    );
    ParamsError::syntax(place, reason)
}

fn assignment(statement: &str) -> Option<(String, Value)> {
    let (key, literal) = statement.split_once('=')?;
    Some((name(key.trim())?, literal_value(literal.trim())?))
}

/// Splits a line at semicolons and drops the comment, both only outside quotes.
fn statements(line: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut code_end = line.len();
    let mut quote = None;
    for (position, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, ';') => {
                parts.push(&line[start..position]);
                start = position + 1;
            }
            (None, '#') => {
                code_end = position;
                break;
            }
            (None, _) => {}
        }
    }
    if quote.is_some() {
        return None;
    }
    parts.push(&line[start..code_end]);
    Some(
        parts
            .into_iter()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect(),
    )
}

fn name(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let first_letter = letters.next()?;
    let is_name = (first_letter.is_ascii_alphabetic() || first_letter == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then(|| text.to_owned())
}

fn literal_value(text: &str) -> Option<Value> {
    match text {
        "True" => return Some(Value::Boolean(true)),
        "False" => return Some(Value::Boolean(false)),
        _ => {}
    }
    for quote in ['\'', '"'] {
        if let Some(inner) = text
            .strip_prefix(quote)
            .and_then(|inner| inner.strip_suffix(quote))
        {
            let plain = !inner.contains(['\\', quote]);
            return plain.then(|| Value::String(inner.to_owned()));
        }
    }
    number(text)
}

/// A Python number: `1`, `10.`, `.5`, `1e-3`, `1_000`; not `nan` or `inf`, which are names in Python.
fn number(text: &str) -> Option<Value> {
    let letters = text.as_bytes();
    let is_sound = letters
        .iter()
        .enumerate()
        .all(|(position, letter)| match letter {
            b'_' => {
                let [letter_before, letter_after] = [position.checked_sub(1), Some(position + 1)]
                    .map(|position| letters.get(position?).copied());
                letter_before.is_some_and(|letter| letter.is_ascii_digit())
                    && letter_after.is_some_and(|letter| letter.is_ascii_digit())
            }
            b'+' | b'-' | b'.' | b'e' | b'E' => true,
            letter => letter.is_ascii_digit(),
        });
    if !is_sound {
        return None;
    }
    let plain = text.replace('_', "");
    let digits = plain.trim_start_matches(['+', '-']);
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        let octal_in_old_python =
            digits.starts_with('0') && digits.bytes().any(|digit| digit != b'0');
        if octal_in_old_python {
            return None;
        }
        if let Ok(value) = plain.parse() {
            return Some(Value::Integer(value));
        }
    }
    plain.parse().ok().map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Option<Vec<(String, Value)>> {
        let table = parse("p.py", text).ok()?;
        let entries = table.entries();
        Some(
            entries
                .map(|entry| (entry.name.clone(), entry.value.clone()))
                .collect(),
        )
    }

    #[test]
    fn the_form_of_the_course_is_read() {
        let text = "# the course's\nD = 1.0;\nx1 = -10.; x2 = .5e1 # ends\ngraphics = False\n";
        let expected = vec![
            ("D".into(), Value::Float(1.0)),
            ("x1".into(), Value::Float(-10.0)),
            ("x2".into(), Value::Float(5.0)),
            ("graphics".into(), Value::Boolean(false)),
        ];
        assert_eq!(values(text), Some(expected));
    }

    #[test]
    fn other_python_is_refused() {
        for text in [
            "import numpy",
            "D = 1 + 1",
            "D == 1",
            "D = nan",
            "D = true",
            "1D = 1",
            "D = 1 2",
            "D = '1",
            "D = --1",
            "D = .",
            "D = 1e",
            "D = 1__0",
            "D = 012",
        ] {
            assert_eq!(values(text), None, "{text}");
        }
    }

    #[test]
    fn a_hash_or_semicolon_in_quotes_is_text() {
        let expected = vec![("grid".into(), Value::String("a;b#c".into()))];
        assert_eq!(values("grid = 'a;b#c'"), Some(expected));
    }
}
