//! [`Key`]: one key of a parameter file, the [types](Type) of its values, and the [keys of tables](TableKeys) among them.

use super::{
    spelling,
    value::{Value, number},
};

/// The last part of a key that stands for any name in its table, as in `pub(super) constants.NAME`.
pub(super) const ANY_NAME: &str = "NAME";

/// One key of a parameter file, or of a table in it.
#[derive(Debug)]
pub struct Key {
    /// The name of the key, dotted if it belongs to a table that is not the value of a key: `initial.sigma`.
    pub name: &'static str,
    /// The meaning of the key.
    pub meaning: &'static str,
    /// The unit of its values; empty for words and switches.
    pub unit: &'static str,
    /// The types of value that the key accepts.
    pub types: &'static [Type],
    /// The values that the key accepts, in words that follow "must be".
    pub accepted: &'static str,
    /// A valid value as an example, in TOML.
    pub example: &'static str,
    /// The value if the key is absent.
    pub absent: Absent,
    /// The key of the same table beside which alone this key may stand.
    pub beside: Option<&'static str>,
    /// Whether any bit of the result depends on the key.
    pub decides_bits: bool,
}

/// The value of a key that is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// No value: the key is required.
    Required,
    /// A default value, in TOML.
    Value(&'static str),
    /// The value of another key.
    Same(&'static str),
    /// A value derived from other keys.
    Derived,
}

/// The keys of a table.
#[derive(Debug)]
pub struct TableKeys {
    /// The keys in the order of a journal, in lists that tables share.
    pub(super) lists: &'static [&'static [Key]],
    /// The keys of which exactly one must be given.
    pub one_of: &'static [&'static str],
}

impl TableKeys {
    /// All keys of the table.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + Clone {
        self.lists.iter().flat_map(|list| list.iter())
    }

    /// The names of all keys of the table.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys().map(|key| key.name)
    }

    /// The key with a name that is dotted below the table.
    fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys().find_map(|key| key.find(name))
    }

    /// Whether a table may be the value of a key, as far as the names of its keys say.
    fn takes(&self, table: &toml::Table) -> bool {
        self.has_form(table) && table.keys().all(|name| self.find(name).is_some())
    }

    /// Whether a table has all keys that it needs.
    pub fn is_complete(&self, table: &toml::Table) -> bool {
        let mut required = self.keys().filter(|key| key.absent == Absent::Required);
        self.has_form(table) && required.all(|key| table.contains_key(key.name))
    }

    /// Whether a table has one of the keys that exclude one another.
    fn has_form(&self, table: &toml::Table) -> bool {
        let given_keys = self.one_of.iter().filter(|name| table.contains_key(**name));
        self.one_of.is_empty() || given_keys.count() == 1
    }
}

/// A type of value.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// A float or an integer.
    Number,
    /// An integer.
    Integer,
    /// A truth value.
    Boolean,
    /// A string: a word, a formula or a path.
    Word,
    /// One word.
    Exactly(&'static str),
    /// A date without quotes.
    Date,
    /// An array of two numbers.
    Pair,
    /// An array of two dates, with quotes or without.
    Dates,
    /// An array of numbers.
    Numbers,
    /// An array of three numbers or formulas.
    Formulas,
    /// An array of words.
    Words,
    /// An array of names of columns, or of their numbers.
    Columns,
    /// An array of arrays of two numbers.
    Points,
    /// A table: `{ flux = 0.0 }`.
    Table(&'static TableKeys),
    /// An array of tables: `[[held]]`.
    Tables(&'static TableKeys),
    /// Named tables: `[function.NAME]`.
    Named(&'static TableKeys),
}

impl Type {
    /// Whether a value has this type.
    fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number, Value::Float(_) | Value::Integer(_))
            | (Self::Integer, Value::Integer(_))
            | (Self::Boolean, Value::Boolean(_))
            | (Self::Date, Value::Datetime(_))
            | (Self::Word, Value::String(_)) => true,
            (Self::Exactly(word), Value::String(text)) => word == text,
            (Self::Pair, Value::Array(items)) => {
                items.len() == 2 && items.iter().all(|item| number(item).is_some())
            }
            (Self::Dates, Value::Array(items)) => {
                items.len() == 2 && items.iter().all(|item| item.is_str() || item.is_datetime())
            }
            (Self::Numbers, Value::Array(items)) => items.iter().all(|item| number(item).is_some()),
            (Self::Formulas, Value::Array(items)) => {
                items.len() == 3 && items.iter().all(is_number_or_formula)
            }
            (Self::Words, Value::Array(items)) => items.iter().all(|item| item.as_str().is_some()),
            (Self::Columns, Value::Array(items)) => {
                items.iter().all(|item| item.is_str() || item.is_integer())
            }
            (Self::Points, Value::Array(items)) => items.iter().all(|item| Self::Pair.takes(item)),
            (Self::Table(keys), Value::Table(table)) => keys.takes(table),
            (Self::Tables(_), Value::Array(items)) => items.iter().all(Value::is_table),
            (Self::Named(_), Value::Table(tables)) => tables.values().all(Value::is_table),
            _ => false,
        }
    }

    /// Whether values of this type are arrays whose elements are numbers, or arrays of numbers.
    pub(super) fn is_array(&self) -> bool {
        matches!(
            self,
            Self::Pair | Self::Numbers | Self::Formulas | Self::Points
        )
    }

    /// The keys of the tables that are values of this type, or parts of its values.
    fn table(self) -> Option<&'static TableKeys> {
        match self {
            Self::Table(keys) | Self::Tables(keys) | Self::Named(keys) => Some(keys),
            _ => None,
        }
    }
}

impl Key {
    /// Whether a value has one of the key's types.
    pub fn takes(&self, value: &Value) -> bool {
        self.types.iter().any(|kind| kind.takes(value))
    }

    /// Whether an array in a sweep is one value, and no list of values. Numbers of columns are values of their own.
    pub(super) fn takes_as_one(&self, array: &[Value]) -> bool {
        let has_columns = self.types.iter().any(|kind| matches!(kind, Type::Columns));
        let has_numbers = array.iter().any(Value::is_integer);
        self.takes(&Value::Array(array.to_vec())) && !(has_columns && has_numbers)
    }

    /// What a value must be, in words, with a hint at the word that was probably typed: `record.every must be …`.
    pub fn expectation(&self, name: &str, value: &Value) -> String {
        let accepted = self.accepted;
        let quoted_texts = accepted.split('"').skip(1).step_by(2);
        let words = quoted_texts.filter(|text| is_choice(text));
        let typed_words = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let mut typed_words = typed_words.iter().filter_map(Value::as_str);
        let slip = typed_words.find(|typed_word| !words.clone().any(|word| word == *typed_word));
        let hint = slip.map_or_else(String::new, |slip| spelling::hint(slip, words));
        format!("{name} must be {accepted}{hint}")
    }

    /// The key in words: `wanted spacing of the nodes [length]`.
    pub fn described(&self) -> String {
        match self.unit {
            "" => self.meaning.to_owned(),
            unit => format!("{} [{unit}]", self.meaning),
        }
    }

    /// This key, or the key of a table in its value, that a dotted name means.
    pub(super) fn find(&'static self, name: &str) -> Option<&'static Self> {
        if let Some(table) = self.name.strip_suffix(ANY_NAME) {
            let any_name = name
                .strip_prefix(table)
                .filter(|any_name| !any_name.is_empty())?;
            let inner_key = any_name.rsplit_once('.').and_then(|(_, last_name)| {
                let mut tables = self.types.iter().filter_map(|kind| kind.table());
                tables.find_map(|table| table.find(last_name))
            });
            return Some(inner_key.unwrap_or(self));
        }
        if name == self.name {
            return Some(self);
        }
        let inner_name = name.strip_prefix(self.name)?.strip_prefix('.')?;
        self.types.iter().find_map(|kind| match kind {
            Type::Table(table) => table.find(inner_name),
            Type::Tables(table) => {
                let (number, inner_name) = inner_name.split_once('.')?;
                number.parse::<usize>().ok()?;
                table.find(inner_name)
            }
            Type::Named(table) => table.find(inner_name.split_once('.')?.1),
            _ => None,
        })
    }

    /// Whether the parts of a value have keys of their own.
    pub(super) fn is_divided(&self, value: &Value) -> bool {
        self.types.iter().any(|kind| match (kind, value) {
            (Type::Table(_), Value::Table(table)) => !is_range(table),
            (Type::Named(_), Value::Table(_)) => true,
            (Type::Tables(_), Value::Array(items)) => items.iter().all(Value::is_table),
            _ => false,
        })
    }
}

/// Whether a table is a range of values in a sweep with both ends, `{ from = 0.1, to = 10, count = 50 }`, and no table with keys.
pub(super) fn is_range(table: &toml::Table) -> bool {
    ["from", "to", "count"]
        .iter()
        .any(|key| table.contains_key(*key))
}

/// Whether a text may be one of the words that a key accepts, and no formula, number or date.
fn is_choice(text: &str) -> bool {
    let mut letters = text.chars();
    text.starts_with(char::is_alphabetic)
        && letters.all(|letter| letter.is_alphanumeric() || "._-/".contains(letter))
}

/// Whether a value is a number or a text, which may be a formula.
fn is_number_or_formula(value: &Value) -> bool {
    number(value).is_some() || value.is_str()
}
