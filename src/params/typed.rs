//! [`Typed`]: values as they were typed, by their dotted names. Values are those of TOML.

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

/// Entries, each name once.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// By their names, with their number in the order in which they were typed.
    by_name: BTreeMap<String, (usize, Entry)>,
    /// The number of the next one.
    next: usize,
}

impl Typed {
    /// What a TOML text holds; `file` is the name that messages use.
    ///
    /// # Errors
    /// [`ParamsError::Syntax`] with the line where the text stops being TOML.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParamsError> {
        let file: Arc<str> = file.into();
        let ends = text
            .bytes()
            .enumerate()
            .filter(|&(_, letter)| letter == b'\n');
        let ends: Vec<usize> = ends.map(|(at, _)| at).collect();
        let place = |byte: usize| Place::Line {
            file: Arc::clone(&file),
            line: 1 + ends.partition_point(|&end| end < byte),
        };
        let mut typed = Self::default();
        match DeTable::parse(text) {
            Ok(root) => typed.take(root.get_ref(), "", &place),
            Err(error) => {
                let at = place(error.span().map_or(0, |span| span.start));
                let reason = format!("this is not TOML: {}", error.message());
                return Err(ParamsError::syntax(&at, reason));
            }
        }
        Ok(typed)
    }

    /// Takes the values of a table in the order of the text; `place` tells where a byte of the text is.
    fn take(&mut self, table: &DeTable<'_>, prefix: &str, place: &impl Fn(usize) -> Place) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, found) in entries {
            let name = format!("{prefix}{}", key.get_ref());
            let value = value_of(found.get_ref());
            let sides: Vec<_> = keys::all_of(&name, &value).collect();
            for side in &sides {
                self.push(Entry {
                    name: side.name.to_owned(),
                    value: value.clone(),
                    place: place(key.span().start),
                });
            }
            match found.get_ref() {
                _ if !sides.is_empty() => {}
                DeValue::Table(inner) if !inner.is_empty() && !keys::is_key(&name) => {
                    self.take(inner, &format!("{name}."), place);
                }
                _ => self.push(Entry {
                    name,
                    value,
                    place: place(key.span().start),
                }),
            }
        }
    }

    /// Adds an entry, unless its name has one.
    fn push(&mut self, entry: Entry) {
        let number = self.next;
        self.next += 1;
        self.by_name
            .entry(entry.name.clone())
            .or_insert((number, entry));
    }

    /// The entries, in the order in which they were typed.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let mut all: Vec<_> = self.by_name.values().collect();
        all.sort_by_key(|(number, _)| number);
        all.into_iter().map(|(_, entry)| entry)
    }

    /// The entry of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|(_, entry)| entry)
    }

    /// Gives a name a value in place of the one it has. A table and its keys replace one another; a name in
    /// the table of a key, as in `D.file`, changes the value of that key.
    pub fn set(&mut self, name: &str, value: Value, place: Place) {
        let mut outer = name.match_indices('.').map(|(at, _)| name.split_at(at));
        if let Some((key, inner)) = outer.find(|(outer, _)| keys::is_key(outer)) {
            let mut table = match self.get(key).map(|entry| &entry.value) {
                Some(Value::Table(table)) => table.clone(),
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
        for (at, _) in name.match_indices('.') {
            self.by_name.remove(&name[..at]);
        }
        let table = format!("{name}.");
        let within = self.by_name.range(table.clone()..).map(|(inner, _)| inner);
        let within = within.take_while(|inner| inner.starts_with(&table));
        for inner in within.cloned().collect::<Vec<_>>() {
            self.by_name.remove(&inner);
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

    /// Takes a name away.
    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }
}

/// Gives a name a value in a table; a dotted one in the tables within it.
fn put(table: &mut Table, name: &str, value: Value) {
    let Some((outer, inner)) = name.split_once('.') else {
        table.insert(name.to_owned(), value);
        return;
    };
    let mut within = match table.remove(outer) {
        Some(Value::Table(within)) => within,
        _ => Table::new(),
    };
    put(&mut within, inner, value);
    table.insert(outer.to_owned(), Value::Table(within));
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
