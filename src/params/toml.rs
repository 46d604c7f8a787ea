//! The parameter file as TOML, with the line of every key.

use super::{
    error::ParamsError,
    value::{Entry, Place, Value},
};
use toml::de::{DeTable, DeValue};

/// All `key = value` pairs of a TOML text, tables flattened to dotted keys, in the order of the text.
///
/// # Errors
/// [`ParamsError::Syntax`] with the line where the text stops being TOML.
pub fn parse(file: &str, text: &str) -> Result<Vec<Entry>, ParamsError> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        ParamsError::Syntax {
            place: Place::Line {
                file: file.to_owned(),
                line,
            },
            reason: format!("this is not TOML: {}", error.message()),
        }
    })?;
    let mut entries = Vec::new();
    flatten(table.get_ref(), "", &mut |key, value, start| {
        entries.push((start, key, value));
    });
    entries.sort_by_key(|&(start, ..)| start);
    Ok(entries
        .into_iter()
        .map(|(start, key, value)| Entry {
            key,
            value,
            place: Place::Line {
                file: file.to_owned(),
                line: line_of(text, start),
            },
        })
        .collect())
}

/// One value as `--set key=value` takes it: a TOML value, or any other words as a string.
#[must_use]
pub fn parse_value(text: &str) -> Value {
    match DeValue::parse(text.trim()) {
        Ok(value) => convert(value.get_ref()),
        Err(_) => Value::String(text.trim().to_owned()),
    }
}

fn flatten(table: &DeTable<'_>, prefix: &str, emit: &mut impl FnMut(String, Value, usize)) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => {
                flatten(inner, &format!("{name}."), emit);
            }
            other => emit(name, convert(other), key.span().start),
        }
    }
}

fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(digits) => {
            let radix = digits.radix();
            i64::from_str_radix(digits.as_str(), radix)
                .map_or_else(|_| wide(digits.as_str()), Value::Integer)
        }
        DeValue::Float(digits) => digits
            .as_str()
            .parse()
            .map_or(Value::Other("not a number"), Value::Float),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| convert(item.get_ref())).collect())
        }
        DeValue::Table(_) => Value::Other("a table"),
    }
}

/// An integer beyond 64 bits still passes for a float.
fn wide(digits: &str) -> Value {
    digits
        .parse()
        .map_or(Value::Other("an integer beyond 64 bits"), Value::Float)
}

fn line_of(text: &str, byte: usize) -> usize {
    1 + text
        .bytes()
        .take(byte)
        .filter(|&letter| letter == b'\n')
        .count()
}
