//! [`Typed`]: typed values by their dotted names. The values are those of TOML.

use super::{
    error::ParamsError,
    keys,
    place::Place,
    value::{Entry, Value, value_of},
};
use std::{collections::BTreeMap, sync::Arc};
use toml::{
    Table,
    de::{DeTable, DeValue},
};

/// A set of entries with different names.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The entries by name, each with its number in the order of typing.
    by_name: BTreeMap<String, (usize, Entry)>,
    /// The number of the next entry.
    next: usize,
}

impl Typed {
    /// Parses a TOML text; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ParamsError::Syntax`] with the line at which the text is not valid TOML.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParamsError> {
        let line_ends = text
            .bytes()
            .enumerate()
            .filter(|&(_, letter)| letter == b'\n');
        let lines = LineEnds {
            file: file.into(),
            ends: line_ends.map(|(position, _)| position).collect(),
        };
        let mut typed = Self::default();
        match DeTable::parse(text) {
            Ok(root) => typed.take(root.get_ref(), "", &lines),
            Err(error) => {
                let place = lines.place(error.span().map_or(0, |span| span.start));
                let reason = format!("this is not TOML: {}", error.message());
                return Err(ParamsError::syntax(&place, reason));
            }
        }
        Ok(typed)
    }

    /// Takes the values of a table in the order of the text.
    fn take(&mut self, table: &DeTable<'_>, prefix: &str, lines: &LineEnds) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, parsed) in entries {
            let name = format!("{prefix}{}", key.get_ref());
            let value = value_of(parsed.get_ref());
            let sides: Vec<_> = keys::all_of(&name, &value).collect();
            for side in &sides {
                self.push(Entry {
                    name: side.name.to_owned(),
                    value: value.clone(),
                    place: lines.place(key.span().start),
                });
            }
            match parsed.get_ref() {
                _ if !sides.is_empty() => {}
                DeValue::Table(inner) if !inner.is_empty() && !keys::is_key(&name) => {
                    self.take(inner, &format!("{name}."), lines);
                }
                _ => self.push(Entry {
                    name,
                    value,
                    place: lines.place(key.span().start),
                }),
            }
        }
    }

    /// Adds an entry, unless its name exists.
    fn push(&mut self, entry: Entry) {
        let number = self.next;
        self.next += 1;
        self.by_name
            .entry(entry.name.clone())
            .or_insert((number, entry));
    }

    /// The entries, in the order in which they were typed.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let mut entries: Vec<_> = self.by_name.values().collect();
        entries.sort_by_key(|(number, _)| number);
        entries.into_iter().map(|(_, entry)| entry)
    }

    /// The entry with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|(_, entry)| entry)
    }

    /// Sets a name to another value. A table and its keys replace one another; a name in the table of a key, as in
    /// `D.file`, changes the value of that key.
    pub fn set(&mut self, name: &str, value: Value, place: Place) {
        let mut outer_names = name
            .match_indices('.')
            .map(|(position, _)| name.split_at(position));
        if !keys::is_key(name)
            && let Some((key, inner)) = outer_names.find(|(outer, _)| keys::is_key(outer))
        {
            let mut table = match self.get(key).map(|entry| (&entry.value, &entry.place)) {
                Some((Value::Table(table), typed_at)) if *typed_at == place => table.clone(),
                Some((Value::Table(table), typed_at)) => with_whole_paths(table, typed_at),
                _ => Table::new(),
            };
            put(&mut table, &inner[1..], value);
            return self.set(key, Value::Table(table), place);
        }
        let sides: Vec<_> = keys::all_of(name, &value).collect();
        if !sides.is_empty() {
            for side in sides {
                self.set(side.name, value.clone(), place.clone());
            }
            return;
        }
        if let Value::Table(table) = &value
            && !table.is_empty()
            && !keys::is_key(name)
        {
            self.set(name, Value::Table(Table::new()), place.clone());
            for (key, value) in table {
                self.set(&format!("{name}.{key}"), value.clone(), place.clone());
            }
            return;
        }
        for (position, _) in name.match_indices('.') {
            self.by_name.remove(&name[..position]);
        }
        let table = format!("{name}.");
        let names_in_table: Vec<String> = self
            .by_name
            .range(table.clone()..)
            .map(|(name, _)| name.clone())
            .take_while(|name| name.starts_with(&table))
            .collect();
        for name in names_in_table {
            self.by_name.remove(&name);
        }
        match self.by_name.get_mut(name) {
            Some((_, entry)) => (entry.value, entry.place) = (value, place),
            None => self.push(Entry {
                name: name.to_owned(),
                value,
                place,
            }),
        }
    }

    /// Removes a name.
    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }
}

/// The ends of the lines of a file.
struct LineEnds {
    file: Arc<str>,
    ends: Vec<usize>,
}

impl LineEnds {
    /// The place of the line that contains a byte of the file.
    fn place(&self, byte: usize) -> Place {
        Place::Line {
            file: Arc::clone(&self.file),
            line: 1 + self.ends.partition_point(|&end| end < byte),
        }
    }
}

/// A table with absolute names of its files, so that it can be moved from the place where it was typed.
fn with_whole_paths(table: &Table, typed_at: &Place) -> Table {
    let entries = table.iter().map(|(key, value)| {
        let value = match value {
            Value::Table(inner) => Value::Table(with_whole_paths(inner, typed_at)),
            Value::String(name) if ["file", "image"].contains(&key.as_str()) => {
                let path = typed_at.path_to(name);
                path.to_str().map_or_else(|| value.clone(), Value::from)
            }
            value => value.clone(),
        };
        (key.clone(), value)
    });
    entries.collect()
}

/// Sets a name in a table. A dotted name refers to nested tables.
fn put(table: &mut Table, name: &str, value: Value) {
    let Some((outer, inner)) = name.split_once('.') else {
        table.insert(name.to_owned(), value);
        return;
    };
    let mut inner_table = match table.remove(outer) {
        Some(Value::Table(inner_table)) => inner_table,
        _ => Table::new(),
    };
    put(&mut inner_table, inner, value);
    table.insert(outer.to_owned(), Value::Table(inner_table));
}

impl FromIterator<Entry> for Typed {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        let mut typed = Self::default();
        entries.into_iter().for_each(|entry| typed.push(entry));
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::{super::value::shown, *};

    fn told(typed: &Typed) -> Vec<String> {
        let entries = typed.entries();
        entries
            .map(|Entry { name, value, place }| format!("{place}: {name} = {}", shown(value)))
            .collect()
    }

    #[test]
    fn names_are_dotted_and_have_the_lines_of_their_keys() {
        let text = "b = 1\n[a]\nd = [1, { e = 2 }]\nc.f = 'x' # dotted\n[initial]\n";
        let typed = Typed::parse("p.toml", text).unwrap();
        let expected = [
            "p.toml:1: b = 1",
            "p.toml:3: a.d = …",
            "p.toml:4: a.c.f = \"x\"",
            "p.toml:5: initial = …",
        ];
        assert_eq!(told(&typed), expected);
    }

    #[test]
    fn a_table_replaces_a_value_and_a_value_a_table() {
        let mut typed = Typed::default();
        let mut set = |name: &str, value: i64| {
            typed.set(name, Value::Integer(value), Place::CommandLine);
            told(&typed).join(", ")
        };
        assert_eq!(set("a", 1), "--set: a = 1");
        assert_eq!(set("a.b", 2), "--set: a.b = 2");
        assert_eq!(set("a.c", 3), "--set: a.b = 2, --set: a.c = 3");
        assert_eq!(set("a.b", 4), "--set: a.b = 4, --set: a.c = 3");
        assert_eq!(set("a", 5), "--set: a = 5");
    }

    #[test]
    fn a_boundary_of_one_value_has_it_on_all_sides() {
        let sides = |of: &str, value: &str| {
            let side = |side| format!("{of}: boundary.{side} = {value}");
            ["left", "right", "bottom", "top"].map(side)
        };
        let mut typed = Typed::parse("p.toml", "boundary = 20").unwrap();
        assert_eq!(told(&typed), sides("p.toml:1", "20"));
        typed.set("boundary", Value::from("insulated"), Place::CommandLine);
        assert_eq!(told(&typed), sides("--set", "\"insulated\""));
        typed.set("boundary.left", Value::from(1), Place::CommandLine);
        assert_eq!(told(&typed)[..2][0], "--set: boundary.left = 1");
        let typed = Typed::parse("p.toml", "boundary = { flux = 1.0 }").unwrap();
        assert_eq!(told(&typed).len(), 4);
        let typed = Typed::parse("p.toml", "boundary = { left = 1.0 }").unwrap();
        assert_eq!(told(&typed).len(), 1);
    }

    #[test]
    fn the_table_of_a_key_is_its_value() {
        let mut typed = Typed::parse("p.toml", "[D]\nfile = 'a'").unwrap();
        assert_eq!(told(&typed), ["p.toml:1: D = …"]);
        typed.set("D.file", Value::from("b"), Place::CommandLine);
        typed.set("D.a.b", Value::from(1), Place::CommandLine);
        typed.set("D.a.c", Value::from(2), Place::CommandLine);
        let value = &typed.get("D").unwrap().value;
        assert_eq!(value["file"].as_str(), Some("b"));
        assert_eq!(value["a"].to_string(), "{ b = 1, c = 2 }");
    }
}
