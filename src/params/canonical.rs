//! [`Canonical`]: the parameters of a run in the form of a journal.

use super::{
    choice::{Choice, Times},
    key::{Absent, Key, TableKeys, Type},
    keys::{self, KEYS},
    typed::FILES,
    value,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Every parameter of a run by its name, defaults filled in, with nested tables; keys of this program are in the order
/// of [`keys::KEYS`].
///
/// A journal may hold keys that this program does not know. Such keys are kept, and compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Canonical(Map<String, Value>);

impl Canonical {
    /// Parameters from values by dotted names, in any order.
    pub(super) fn new(values: &BTreeMap<String, Value>) -> Self {
        let mut map = Map::new();
        for key in &KEYS {
            let Some(value) = nested(key, key.name, values) else {
                continue;
            };
            match (keys::table_of_names(key), key.name.split_once('.')) {
                (Some(table), _) => map.insert(table.to_owned(), value),
                (None, None) => map.insert(key.name.to_owned(), value),
                (None, Some((table, name))) => map
                    .entry(table)
                    .or_insert_with(|| Value::Object(Map::new()))
                    .as_object_mut()
                    .and_then(|table| table.insert(name.to_owned(), value)),
            };
        }
        Self(map)
    }

    /// The parameters by their dotted names, in order.
    pub fn pairs(&self) -> Vec<(String, &Value)> {
        let mut pairs = Vec::new();
        flatten(&self.0, "", &mut pairs);
        pairs
    }

    /// Whether there are nodes outside the domain.
    pub fn has_mask(&self) -> bool {
        self.0.contains_key("mask")
    }

    /// The value of a top-level key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The value at a dotted name: of a key, or of a part of its value, such as `function.T.file` or `held.0.value`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        let mut names = name.split('.');
        let value = self.0.get(names.next()?);
        names.fold(value, |value, name| match value? {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            value => value.get(name),
        })
    }

    /// The unit of an axis, `x`, `y` or `t`, or of the density, `p`.
    pub fn unit(&self, name: &str) -> Option<&str> {
        self.get("units")?.get(name)?.as_str()
    }

    /// The choice of the times of snapshots; `None` if this program does not know the choice.
    pub fn times(&self) -> Option<Times> {
        let word = self.get("times")?.as_str()?;
        let mut choices = Times::ALL.iter().copied();
        choices.find(|times| times.name() == word)
    }

    /// Removes a top-level key.
    pub(super) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Whether this program knows every key.
    pub fn is_known(&self) -> bool {
        let mut pairs = self.pairs().into_iter();
        pairs.all(|(name, _)| keys::is_key(&name) || keys::is_table(&name))
    }

    /// The parameters with the SHA-256 of files in place of their names, because the content of files matters, not
    /// their place.
    pub fn with_digests(self, inputs: &BTreeMap<String, String>) -> Self {
        self.with_files(&|name| Some(format!("SHA-256 {}", inputs.get(name)?)))
    }

    /// The parameters with other names of files, where `rename` gives one.
    pub fn with_files(mut self, rename: &impl Fn(&str) -> Option<String>) -> Self {
        for (key, value) in &mut self.0 {
            rename_files(key, value, rename);
        }
        self
    }

    /// The names of the tables of held nodes in columns of rates, or `held` and their numbers.
    pub fn held_names(&self) -> Vec<String> {
        let tables = self.get("held").and_then(Value::as_array).into_iter();
        let names = tables.flatten().map(|table| table.get("name")?.as_str());
        names
            .enumerate()
            .map(|(number, name)| name.map_or_else(|| format!("held{number}"), str::to_owned))
            .collect()
    }

    /// The keys that decide bits and differ from the keys of `other`, each with the value in `other` and the value
    /// here. A missing key has its default. Of two tables the differing entries are listed.
    pub fn differences_from(&self, other: &Self) -> Vec<(String, Option<Value>, Option<Value>)> {
        let pairs = [other.pairs(), self.pairs()];
        let [other_values, own_values] = pairs.each_ref().map(|pairs| by_name(pairs));
        let mut names_so_far = HashSet::new();
        let mut differences = Vec::new();
        for (name, _) in pairs.iter().flatten() {
            let key = keys::find(name);
            let decides_bits = key.is_none_or(|key| key.decides_bits);
            if !names_so_far.insert(name) || !decides_bits {
                continue;
            }
            let [other_value, own_value] =
                [&other_values, &own_values].map(|values| value_of(values, name));
            // A key that has the value of another one is not a difference of its own.
            if let Some(Absent::Same(model)) = key.map(|key| key.absent)
                && other_value == value_of(&other_values, model)
                && own_value == value_of(&own_values, model)
            {
                continue;
            }
            differences.extend(within(name.clone(), other_value, own_value));
        }
        differences
    }
}

impl From<Map<String, Value>> for Canonical {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

/// The value of a key with a dotted name, whose tables are put together from the values of their keys.
fn nested(key: &Key, name: &str, values: &BTreeMap<String, Value>) -> Option<Value> {
    if let Some(value) = values.get(name) {
        return Some(value.clone());
    }
    key.types.iter().find_map(|kind| match kind {
        Type::Table(keys) => table(keys, name, values),
        Type::Tables(keys) => {
            let tables = (0..).map_while(|number| table(keys, &format!("{name}.{number}"), values));
            let tables: Vec<Value> = tables.collect();
            (!tables.is_empty()).then(|| tables.into())
        }
        Type::Named(keys) => {
            let prefix = format!("{name}.");
            let inner_values = values.range(prefix.clone()..);
            let inner_names = inner_values.map_while(|(name, _)| name.strip_prefix(&prefix));
            let table_names = inner_names.filter_map(|name| name.split('.').next());
            let mut tables = Map::new();
            for table_name in table_names {
                if !tables.contains_key(table_name) {
                    let value = table(keys, &format!("{prefix}{table_name}"), values)?;
                    tables.insert(table_name.to_owned(), value);
                }
            }
            (!tables.is_empty()).then(|| tables.into())
        }
        _ => None,
    })
}

/// The table with a dotted name; `None` if none of its keys has a value.
fn table(keys: &TableKeys, name: &str, values: &BTreeMap<String, Value>) -> Option<Value> {
    let mut table = Map::new();
    for key in keys.keys() {
        if let Some(value) = nested(key, &format!("{name}.{}", key.name), values) {
            table.insert(key.name.to_owned(), value);
        }
    }
    (!table.is_empty()).then(|| table.into())
}

/// The differences between two values with a name: the pair itself, or of two tables the differing entries.
fn within(
    name: String,
    other_value: Option<Value>,
    own_value: Option<Value>,
) -> Vec<(String, Option<Value>, Option<Value>)> {
    match (other_value, own_value) {
        (other_value, own_value) if other_value == own_value => Vec::new(),
        (Some(Value::Object(other_table)), Some(Value::Object(own_table))) => {
            let added = own_table
                .keys()
                .filter(|key| !other_table.contains_key(*key));
            let keys = other_table.keys().chain(added);
            let inner = keys.flat_map(|key| {
                let [other_value, own_value] =
                    [&other_table, &own_table].map(|table| table.get(key).cloned());
                within(format!("{name}.{key}"), other_value, own_value)
            });
            inner.collect()
        }
        (other_value, own_value) => vec![(name, other_value, own_value)],
    }
}

/// Renames the files under the keys `file`, `image` and `path`, where `rename` gives another name.
pub fn rename_files(key: &str, value: &mut Value, rename: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                rename_files(key, value, rename);
            }
        }
        Value::Array(items) => {
            for item in items {
                rename_files(key, item, rename);
            }
        }
        Value::String(name) if FILES.contains(&key) => {
            if let Some(new_name) = rename(name) {
                *name = new_name;
            }
        }
        _ => {}
    }
}

/// Values by name. A newer journal may have very many that this program does not know.
fn by_name<'a>(pairs: &'a [(String, &'a Value)]) -> HashMap<&'a str, &'a Value> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect()
}

/// The value of a key, or its default.
fn value_of(pairs: &HashMap<&str, &Value>, key: &str) -> Option<Value> {
    if let Some(&value) = pairs.get(key) {
        return Some(value.clone());
    }
    let key = keys::find(key)?;
    match key.absent {
        Absent::Same(other) => value_of(pairs, other),
        _ => default_of(key),
    }
}

/// The default of a key in the form of a journal.
pub(super) fn default_of(key: &Key) -> Option<Value> {
    match key.absent {
        Absent::Value(default) => serde_json::to_value(value::parse_value(default)).ok(),
        Absent::Required | Absent::Same(_) | Absent::Derived => None,
    }
}

/// All values of a table and of its nested tables. A table that is the value of a key stays whole.
fn flatten<'a>(table: &'a Map<String, Value>, prefix: &str, pairs: &mut Vec<(String, &'a Value)>) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            Value::Object(inner) if !keys::is_key(&name) => {
                flatten(inner, &format!("{name}."), pairs);
            }
            value => pairs.push((name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Canonical {
        serde_json::from_str(text).unwrap()
    }

    fn names(new: &str, old: &str) -> Vec<String> {
        let differences = of(new).differences_from(&of(old));
        differences.into_iter().map(|(name, ..)| name).collect()
    }

    #[test]
    fn a_key_that_is_absent_has_its_default() {
        let full = r#"{"D":1.0,"grid":"slides","precision":"f64"}"#;
        assert!(names(full, r#"{"D":1.0}"#).is_empty());
        assert!(names(r#"{"D":1.0}"#, full).is_empty());
        assert_eq!(names(r#"{"D":1.0,"grid":"files"}"#, full), ["grid"]);
    }

    #[test]
    fn unknown_keys_are_compared_and_those_without_effect_on_bits_are_not() {
        let later = r#"{"D":1.0,"initial":{"kind":"sine","kx":2},"graphics":true}"#;
        assert_eq!(names(r#"{"D":1.0}"#, later), ["initial.kind", "initial.kx"]);
        assert!(names(later, later).is_empty());
        let other = r#"{"D":1.0,"initial":{"kind":"sine","kx":3}}"#;
        assert_eq!(names(other, later), ["initial.kx"]);
        let [file, other] = ["a", "b"].map(|name| format!(r#"{{"D":{{"file":"{name}"}}}}"#));
        assert_eq!(names(&file, &other), ["D.file"]);
        assert_eq!(
            names(&file, r#"{"D":{"image":"a"}}"#),
            ["D.image", "D.file"]
        );
        assert_eq!(names(&file, r#"{"D":1.0}"#), ["D"]);
    }
}
