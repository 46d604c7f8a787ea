//! TOML as a [`Table`], with the line of every key.

use super::{
    error::ParamsError,
    table::{Entry, Place, Table, Value},
};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// The table of a TOML text; `file` is the name that messages use.
///
/// # Errors
/// [`ParamsError::Syntax`] with the line where the text stops being TOML.
pub fn parse(file: &str, text: &str) -> Result<Table, ParamsError> {
    let file: Arc<str> = file.into();
    let place = |byte: usize| Place::Line {
        file: Arc::clone(&file),
        line: line_of(text, byte),
    };
    match DeTable::parse(text) {
        Ok(root) => Ok(table(root.get_ref(), &place)),
        Err(error) => {
            let at = place(error.span().map_or(0, |span| span.start));
            let reason = format!("this is not TOML: {}", error.message());
            Err(ParamsError::syntax(&at, reason))
        }
    }
}

/// One value as `--set key=value` takes it: a TOML value, or any other words as a string.
#[must_use]
pub fn parse_value(text: &str, place: &Place) -> Value {
    match DeValue::parse(text.trim()) {
        Ok(parsed) => value(parsed.get_ref(), &|_| place.clone()),
        Err(_) => Value::String(text.trim().to_owned()),
    }
}

/// The table in the order of the text; `place` tells where a byte of the text is.
fn table(found: &DeTable<'_>, place: &impl Fn(usize) -> Place) -> Table {
    let mut entries: Vec<_> = found.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
        .into_iter()
        .map(|(key, found)| Entry {
            key: key.get_ref().to_string(),
            value: value(found.get_ref(), place),
            place: place(key.span().start),
        })
        .collect()
}

fn value(found: &DeValue<'_>, place: &impl Fn(usize) -> Place) -> Value {
    match found {
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
            let items = items.iter().map(|item| value(item.get_ref(), place));
            Value::Array(items.collect())
        }
        DeValue::Table(inner) => Value::Table(table(inner, place)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_places_of_their_keys() {
        let text = "b = 1\n[a]\nd = [1, { e = 2 }]\nc.f = 'x' # dotted\n";
        let table = parse("p.toml", text).unwrap();
        let leaves = table.leaves(|_| false);
        let found: Vec<_> = leaves
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.place.to_string()))
            .collect();
        let at = |line: usize| format!("p.toml:{line}");
        assert_eq!(found, [("b", at(1)), ("a.d", at(3)), ("a.c.f", at(4))]);
    }
}
