//! [`Table`]: keys with their values and the places where they were typed; values may be tables.

use serde_json::{Map, Value as Json};
use std::{
    fmt,
    path::{self, Path, PathBuf},
    sync::Arc,
};

/// One value as it was typed, before it is judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `1.0`, `1e-3`, `nan`
    Float(f64),
    /// `1`, which passes for a float
    Integer(i64),
    /// `true`, `False`
    Boolean(bool),
    /// `"slides"`
    String(String),
    /// `[0.5, 1, 2]`
    Array(Vec<Value>),
    /// `{ from = 0, to = 1 }`, or a `[section]`
    Table(Table),
    /// A value of a type that no key accepts; the words name the type.
    Other(&'static str),
}

impl Value {
    /// The words for this value's type, for messages: `"a string"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Float(_) => "a number",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }

    /// The number of a float or an integer, as Python's `float()` converts it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "what Python's float(int) does")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }
}

impl Value {
    /// The same, typed at one place.
    #[must_use]
    pub fn at(self, place: &Place) -> Self {
        match self {
            Self::Table(table) => {
                let entries = table.0.into_iter().map(|entry| Entry {
                    key: entry.key,
                    value: entry.value.at(place),
                    place: place.clone(),
                });
                Self::Table(entries.collect())
            }
            other => other,
        }
    }

    /// The value of a JSON text, all of it typed at one place.
    #[must_use]
    pub fn from_json(json: &Json, place: &Place) -> Self {
        match json {
            Json::Null => Self::Other("null"),
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Integer(integer),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Other("a number out of range"),
            },
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => {
                let items = items.iter().map(|item| Self::from_json(item, place));
                Self::Array(items.collect())
            }
            Json::Object(map) => Self::Table(Table::from_json(map, place)),
        }
    }

    /// The same as JSON, which has neither NaN nor infinities: null.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Float(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Boolean(value) => (*value).into(),
            Self::String(text) => text.clone().into(),
            Self::Array(items) => items.iter().map(Self::to_json).collect(),
            Self::Table(table) => {
                let entries = table.0.iter();
                entries
                    .map(|entry| (entry.key.clone(), entry.value.to_json()))
                    .collect()
            }
            Self::Other(_) => Json::Null,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) if value.is_nan() => write!(f, "nan"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::String(value) => write!(f, "{value:?}"),
            Self::Array(_) | Self::Table(_) | Self::Other(_) => write!(f, "…"),
        }
    }
}

/// Where a value was typed: `params/quick.toml:3` or `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a parameter file.
    Line {
        /// The file as the user named it.
        file: Arc<str>,
        /// The line, counted from 1.
        line: usize,
    },
    /// A parameter file as a whole, or what stands for one.
    File(Arc<str>),
    /// `--set key=value` on the command line.
    CommandLine,
    /// Nowhere: the key has its default.
    Default,
}

impl Place {
    /// The file that was named here: relative names start from the parameter file, those of the
    /// command line from the current directory.
    #[must_use]
    pub fn path_to(&self, name: &str) -> PathBuf {
        let beside = match self {
            Self::Line { file, .. } => Path::new(&**file).with_file_name(name),
            Self::File(_) | Self::CommandLine | Self::Default => name.into(),
        };
        path::absolute(&beside).unwrap_or(beside)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::File(file) => write!(f, "{file}"),
            Self::CommandLine => write!(f, "--set"),
            Self::Default => write!(f, "default"),
        }
    }
}

/// `key = value`, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key within its table.
    pub key: String,
    /// What was typed behind the `=`.
    pub value: Value,
    /// Where.
    pub place: Place,
}

/// Entries in the order in which they were typed, each key once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table(Vec<Entry>);

impl Table {
    /// The entries, in the order in which they were typed.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The table of a JSON object, all of it typed at one place.
    #[must_use]
    pub fn from_json(object: &Map<String, Json>, place: &Place) -> Self {
        object
            .iter()
            .map(|(key, value)| Entry {
                key: key.clone(),
                value: Value::from_json(value, place),
                place: place.clone(),
            })
            .collect()
    }

    /// The entry of a dotted name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        let own = |key: &str| self.0.iter().find(|entry| entry.key == key);
        match name.split_once('.') {
            None => own(name),
            Some((key, rest)) => match &own(key)?.value {
                Value::Table(table) => table.get(rest),
                _ => None,
            },
        }
    }

    /// Gives a dotted name a value, in place of the one it has. Tables on the way are made where they
    /// are missing, or where the name has another value.
    pub fn set(&mut self, name: &str, value: Value, place: Place) {
        let (key, rest) = match name.split_once('.') {
            Some((key, rest)) => (key, Some(rest)),
            None => (name, None),
        };
        let at = self.0.iter().position(|entry| entry.key == key);
        let at = at.unwrap_or_else(|| {
            self.0.push(Entry {
                key: key.to_owned(),
                value: Value::Table(Self::default()),
                place: place.clone(),
            });
            self.0.len() - 1
        });
        let entry = &mut self.0[at];
        match rest {
            None => (entry.value, entry.place) = (value, place),
            Some(rest) => {
                if !matches!(entry.value, Value::Table(_)) {
                    entry.value = Value::Table(Self::default());
                    entry.place = place.clone();
                }
                if let Value::Table(table) = &mut entry.value {
                    table.set(rest, value, place);
                }
            }
        }
    }

    /// Every value that is no table, by its dotted name; and the tables that are empty, or the value of a
    /// name that `is_key`.
    #[must_use]
    pub fn leaves(&self, is_key: fn(&str) -> bool) -> Vec<(String, &Entry)> {
        let mut leaves = Vec::new();
        self.collect_leaves("", is_key, &mut leaves);
        leaves
    }

    fn collect_leaves<'a>(
        &'a self,
        prefix: &str,
        is_key: fn(&str) -> bool,
        leaves: &mut Vec<(String, &'a Entry)>,
    ) {
        for entry in &self.0 {
            let name = format!("{prefix}{}", entry.key);
            match &entry.value {
                Value::Table(table) if !table.0.is_empty() && !is_key(&name) => {
                    table.collect_leaves(&format!("{name}."), is_key, leaves);
                }
                _ => leaves.push((name, entry)),
            }
        }
    }
}

impl FromIterator<Entry> for Table {
    /// Of entries with the same key the last one holds.
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        let mut table = Self::default();
        for entry in entries {
            table.set(&entry.key, entry.value, entry.place);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(table: &mut Table, name: &str, value: i64) {
        table.set(name, Value::Integer(value), Place::CommandLine);
    }

    #[test]
    fn dotted_names_reach_into_tables() {
        let mut table = Table::default();
        set(&mut table, "a.b.c", 1);
        set(&mut table, "a.b.d", 2);
        set(&mut table, "a.b.c", 3);
        set(&mut table, "e", 4);
        let value = |name: &str| table.get(name).map(|entry| entry.value.clone());
        assert_eq!(value("a.b.c"), Some(Value::Integer(3)));
        assert_eq!(value("a.b.d"), Some(Value::Integer(2)));
        assert!(matches!(value("a.b"), Some(Value::Table(_))));
        assert_eq!(value("a.b.c.d"), None);
        assert_eq!(value("a.c"), None);
        let names = |is_key| -> Vec<String> {
            let leaves = table.leaves(is_key).into_iter();
            leaves.map(|(name, _)| name).collect()
        };
        assert_eq!(names(|_| false), ["a.b.c", "a.b.d", "e"]);
        assert_eq!(names(|name| name == "a.b"), ["a.b", "e"]);
    }

    #[test]
    fn a_table_replaces_a_value_and_a_value_a_table() {
        let mut table = Table::default();
        set(&mut table, "a", 1);
        set(&mut table, "a.b", 2);
        assert!(table.get("a.b").is_some());
        set(&mut table, "a", 3);
        assert!(table.get("a.b").is_none());
        assert_eq!(table.entries().len(), 1);
    }
}
