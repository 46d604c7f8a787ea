//! [`Value`]: a typed value, which is one of TOML.

use super::place::Place;
use serde_json::Value as Json;
use std::borrow::Cow;
pub use toml::Value;
use toml::de::DeValue;

/// An entry `name = value`, with the place where it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The name, dotted if it belongs to a table that is not the value of a key: `initial.sigma`.
    pub name: String,
    /// The value after the `=`.
    pub value: Value,
    /// The place where it was typed.
    pub place: Place,
}

/// Parses a value as `--set key=value` does: a TOML value, True and False as in Python, or any other words as a string.
pub fn parse_value(text: &str) -> Value {
    match (DeValue::parse(text.trim()), text.trim()) {
        (Ok(parsed), _) => value_of(parsed.get_ref()),
        (Err(_), "True") => Value::Boolean(true),
        (Err(_), "False") => Value::Boolean(false),
        (Err(_), words) => Value::String(words.to_owned()),
    }
}

/// A parsed value. An integer of more than 64 bits becomes a float.
pub(super) fn value_of(parsed: &DeValue<'_>) -> Value {
    match parsed {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or_else(|_| float(digits.as_str()), Value::Integer),
        DeValue::Float(digits) => float(digits.as_str()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(date) => Value::Datetime(*date),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| value_of(item.get_ref()));
            Value::Array(items.collect())
        }
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries = entries
                .map(|(key, parsed)| (key.get_ref().to_string(), value_of(parsed.get_ref())));
            Value::Table(entries.collect())
        }
    }
}

fn float(digits: &str) -> Value {
    Value::Float(digits.parse().unwrap_or(f64::INFINITY))
}

/// A value from a journal.
pub fn from_json(json: &Json) -> Value {
    Value::try_from(json).unwrap_or_else(|_| Value::String(json.to_string()))
}

/// The number of a float or an integer, as Python's `float()` converts it.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

/// A number that is neither infinite nor NaN.
pub fn finite(value: &Value) -> Option<f64> {
    number(value).filter(|number| number.is_finite())
}

/// Two finite numbers.
pub fn finite_pair(value: &Value) -> Option<[f64; 2]> {
    match value.as_array().map(Vec::as_slice) {
        Some([first, second]) => Some([finite(first)?, finite(second)?]),
        _ => None,
    }
}

/// The words for a value's type, for messages: `"a string"`.
pub fn type_in_words(value: &Value) -> &'static str {
    match value {
        Value::Float(_) => "a number",
        Value::Integer(_) => "an integer",
        Value::Boolean(_) => "a boolean",
        Value::String(_) => "a string",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}

/// Largest number of characters of a name in messages.
pub const LONGEST_NAME: usize = 100;
/// Largest number of characters of a value in messages.
pub const LONGEST_VALUE: usize = 400;

/// A value in messages, as one short word.
pub fn shown(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Float(value) if value.is_nan() => "nan".into(),
        Value::Float(value) => format!("{value:?}").into(),
        Value::Integer(value) => value.to_string().into(),
        Value::Boolean(value) => value.to_string().into(),
        Value::String(value) => match value.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{:?}…", &value[..end]).into(),
            None => format!("{value:?}").into(),
        },
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => "…".into(),
    }
}
