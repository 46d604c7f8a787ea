//! [`Canonical`]: the parameters of a run as a journal holds them.

use super::{
    choice::{Choice, Times},
    keys::{self, Absent, KEYS, Key},
    value,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Every parameter of a run by its name, defaults filled in, tables within tables; keys of this
/// program in the order of [`keys::KEYS`].
///
/// A journal may hold keys that this program does not know: they are kept, and compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Canonical(Map<String, Value>);

impl Canonical {
    /// The parameters of values by their dotted names, in whatever order.
    pub(super) fn new(mut values: BTreeMap<&str, Value>) -> Self {
        let mut map = Map::new();
        for key in &KEYS {
            let Some(value) = values.remove(key.name) else {
                continue;
            };
            match key.name.split_once('.') {
                None => map.insert(key.name.to_owned(), value),
                Some((table, name)) => map
                    .entry(table)
                    .or_insert_with(|| Value::Object(Map::new()))
                    .as_object_mut()
                    .and_then(|table| table.insert(name.to_owned(), value)),
            };
        }
        Self(map)
    }

    /// The parameters by their dotted names, in order.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, &Value)> {
        let mut pairs = Vec::new();
        flatten(&self.0, "", &mut pairs);
        pairs
    }

    /// Whether there are nodes outside of the domain.
    #[must_use]
    pub fn has_mask(&self) -> bool {
        self.0.contains_key("mask")
    }

    /// The value of a key that is in no table.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The unit of an axis, `x`, `y` or `t`, or of the density, `p`.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&str> {
        self.get("units")?.get(name)?.as_str()
    }

    /// When snapshots are taken; `None` of a choice that this program does not know.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        let word = self.get("times")?.as_str()?;
        let mut all = Times::ALL.iter().copied();
        all.find(|times| times.name() == word)
    }

    /// Takes a key of the top level out.
    pub(super) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Whether this program knows every key.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let mut pairs = self.pairs().into_iter();
        pairs.all(|(name, _)| keys::is_key(&name) || keys::is_table(&name))
    }

    /// With the SHA-256 of files in place of their names: what they hold decides, not where they are.
    #[must_use]
    pub fn with_digests(mut self, inputs: &BTreeMap<String, String>) -> Self {
        for (key, value) in &mut self.0 {
            digest_files(key, value, inputs);
        }
        self
    }

    /// The keys that decide bits and differ from those of `other`, with the values of `other` and
    /// of these. A key that one of them lacks has its default there; of two tables the keys in them are told.
    #[must_use]
    pub fn differences_from(&self, other: &Self) -> Vec<(String, Option<Value>, Option<Value>)> {
        let (old, new) = (other.pairs(), self.pairs());
        let order: Vec<&str> = old
            .iter()
            .chain(&new)
            .map(|(name, _)| name.as_str())
            .collect();
        let [old, new] = [&old, &new].map(|pairs| by_name(pairs));
        // A key that has the value of another one is not a difference of its own.
        let follows = |name: &str| match keys::find(name).map(|key| key.absent) {
            Some(Absent::Same(other)) => [&old, &new]
                .iter()
                .all(|pairs| value_of(pairs, name) == value_of(pairs, other)),
            _ => false,
        };
        let mut told = HashSet::new();
        let names = order.into_iter().filter(|name| told.insert(*name));
        names
            .filter(|name| keys::find(name).is_none_or(|key| key.decides_bits))
            .filter(|name| !follows(name))
            .map(|name| (name.to_owned(), value_of(&old, name), value_of(&new, name)))
            .flat_map(|(name, was, is)| within(name, was, is))
            .collect()
    }
}

impl From<Map<String, Value>> for Canonical {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

/// A value and another one of the same name, where they differ; of two tables the values in them that do.
fn within(
    name: String,
    was: Option<Value>,
    is: Option<Value>,
) -> Vec<(String, Option<Value>, Option<Value>)> {
    match (was, is) {
        (was, is) if was == is => Vec::new(),
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            let added = is.keys().filter(|key| !was.contains_key(*key));
            let keys = was.keys().chain(added);
            let inner = keys.flat_map(|key| {
                let [was, is] = [&was, &is].map(|table| table.get(key).cloned());
                within(format!("{name}.{key}"), was, is)
            });
            inner.collect()
        }
        (was, is) => vec![(name, was, is)],
    }
}

/// Replaces names of files, under the keys `file`, `image` and `path`, by their SHA-256.
fn digest_files(key: &str, value: &mut Value, inputs: &BTreeMap<String, String>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                digest_files(key, value, inputs);
            }
        }
        Value::Array(items) => {
            for item in items {
                digest_files(key, item, inputs);
            }
        }
        Value::String(name) if ["file", "image", "path"].contains(&key) => {
            if let Some(sum) = inputs.get(name) {
                *name = format!("SHA-256 {sum}");
            }
        }
        _ => {}
    }
}

/// Values by their names; there may be very many that this program does not know.
pub(crate) fn by_name<'a>(pairs: &'a [(String, &'a Value)]) -> HashMap<&'a str, &'a Value> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect()
}

/// The value of a key, or what holds where it is absent.
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

/// The default of a key, as a journal holds it.
pub(super) fn default_of(key: &Key) -> Option<Value> {
    match key.absent {
        Absent::Value(default) => serde_json::to_value(value::parse_value(default)).ok(),
        Absent::Required | Absent::Same(_) | Absent::Derived => None,
    }
}

/// All values of a table and the tables in it; a table that is the value of a key stays whole.
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
