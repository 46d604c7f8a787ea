//! [`Typed`]: typed values by their dotted names. The values are those of TOML.

use super::{
    error::ParamsError,
    keys,
    place::Place,
    value::{Entry, Value, value_of},
};
use diff2d_arrays::{expression::refuse_letters, wording::excerpt};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use toml::de::{DeTable, DeValue};

/// The most letters of a line that are shown.
const LONGEST_LINE: usize = 80;

/// The keys of file names.
pub(super) const FILES: [&str; 3] = ["file", "image", "path"];

/// A set of entries with different names.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The entries by name, each with its number in the order of typing.
    by_name: BTreeMap<String, (usize, Entry)>,
    /// The number of the next entry.
    next: usize,
}

/// What was probably meant by a line that is no TOML, where a habit of other languages shows it.
fn meant_line(line: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let commented = ["//", "%", "--", "!"].iter().find_map(|mark| {
        let (value, comment) = value.split_once(mark)?;
        Some(format!("{key} = {}  # {}", value.trim(), comment.trim()))
    });
    let of_fortran = value.to_lowercase().replacen('d', "e", 1);
    let meant = if let Some(value) = value.strip_suffix(';') {
        format!("{key} = {value}")
    } else if let Some(line) = commented {
        line
    } else if value.matches(',').count() == 1 && is_number(&value.replace(',', ".")) {
        format!("{key} = {}", value.replace(',', "."))
    } else if is_number(&of_fortran) && !is_number(value) {
        format!("{key} = {of_fortran}")
    } else if value.starts_with(|letter: char| letter.is_alphabetic()) {
        format!("{key} = \"{value}\"")
    } else if value.contains(['/', '*', '^']) || value.starts_with('-') {
        return Some(format!("a formula stands in quotes: {key} = \"{value}\""));
    } else {
        return None;
    };
    Some(format!("write {meant}"))
}

impl Typed {
    /// Parses a TOML text; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ParamsError::Syntax`] with the line at which the text is not valid TOML.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParamsError> {
        let mut typed = Self::default();
        for (name, part) in Self::parse_parts(file, text)? {
            typed.add(&name, &part);
        }
        Ok(typed)
    }

    /// Overrides values by those of a TOML text, tables that are no values of keys key by key; `file` is the name of the text
    /// in messages.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn overlay(&mut self, file: &str, text: &str) -> Result<(), ParamsError> {
        for (name, mut part) in Self::parse_parts(file, text)? {
            part.set_place(&Place::File(file.into()));
            self.set_keys(&name, &part);
        }
        Ok(())
    }

    /// The values of a TOML text by their names, in the order of the text.
    fn parse_parts(file: &str, text: &str) -> Result<Vec<(String, Placed)>, ParamsError> {
        let line_ends = text
            .bytes()
            .enumerate()
            .filter(|&(_, letter)| letter == b'\n');
        let lines = LineEnds {
            file: file.into(),
            ends: line_ends.map(|(position, _)| position).collect(),
        };
        let root = DeTable::parse(text).map_err(|error| {
            let position = error.span().map_or(0, |span| span.start);
            let rest = text.get(position..).unwrap_or_default();
            let word_end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            // TOML takes a Greek letter for none.
            let reason = match refuse_letters(&rest[..word_end.unwrap_or(rest.len())]) {
                Some(reason) => reason,
                None => {
                    let line_start = text[..position].rfind('\n').map_or(0, |end| end + 1);
                    let line = text[line_start..].lines().next().unwrap_or_default().trim();
                    let meant = meant_line(line).unwrap_or_else(|| error.message().to_owned());
                    format!("this is not TOML: {}: {meant}", excerpt(line, LONGEST_LINE))
                }
            };
            ParamsError::syntax(&lines.place(position), reason)
        })?;
        Ok(Placed::of_table(root.get_ref(), &lines))
    }

    /// Adds a value, or its parts if they have names of their own, unless their names exist.
    fn add(&mut self, name: &str, typed: &Placed) {
        let sides: Vec<_> = keys::all_of(name, &typed.value).collect();
        if !sides.is_empty() {
            sides.iter().for_each(|side| self.add(side.name, typed));
        } else if !typed.parts.is_empty() && keys::is_divided(name, &typed.value) {
            for (part_name, part) in &typed.parts {
                self.add(&format!("{name}.{part_name}"), part);
            }
        } else {
            self.push(Entry {
                name: name.to_owned(),
                value: typed.value.clone(),
                place: typed.place.clone(),
            });
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
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|(_, entry)| entry)
    }

    /// The value at a name, which may be an element of an array, and the place where it was typed.
    pub fn value_at(&self, name: &str) -> Option<(&Value, &Place)> {
        if let Some(entry) = self.get(name) {
            return Some((&entry.value, &entry.place));
        }
        name.match_indices('.').find_map(|(position, _)| {
            let entry = self.get(&name[..position])?;
            let mut numbers = name[position + 1..].split('.');
            let element = numbers.try_fold(&entry.value, |value, number| {
                value.as_array()?.get(number.parse::<usize>().ok()?)
            });
            Some((element?, &entry.place))
        })
    }

    /// The names in all formulas, and in other texts but names of files and units.
    pub fn words_of_formulas(&self) -> BTreeSet<&str> {
        let mut words = BTreeSet::new();
        for (name, (_, entry)) in &self.by_name {
            let last_name = name.rsplit('.').next().unwrap_or(name);
            // Of a function, its points alone are no words of its file.
            let is_of_file = name.starts_with("function.") && !name.contains(".points");
            if !FILES.contains(&last_name) && !name.starts_with("units.") && !is_of_file {
                add_words(&entry.value, &mut words);
            }
        }
        words
    }

    /// The entries of a name, which are several if the name is that of a table.
    pub fn entries_of(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let table = format!("{name}.");
        let inner_entries = self.by_name.range(table.clone()..);
        let inner_entries = inner_entries.take_while(move |(name, _)| name.starts_with(&table));
        let inner_entries = inner_entries.map(|(_, (_, entry))| entry);
        self.get(name).into_iter().chain(inner_entries)
    }

    /// The first entry of a name in the order of typing.
    pub fn first_entry_of(&self, name: &str) -> Option<&Entry> {
        let entries = self.entries_of(name);
        entries.min_by_key(|entry| self.by_name.get(&entry.name).map(|(number, _)| *number))
    }

    /// The names of the parts of a table, numbers in their order and other names in that of the alphabet.
    pub fn parts_of(&self, name: &str) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for entry in self.entries_of(name) {
            let Some(inner_name) = entry.name.strip_prefix(name) else {
                continue;
            };
            let part = inner_name.trim_start_matches('.').split('.').next();
            if let Some(part) = part.filter(|part| !part.is_empty())
                && parts.last().is_none_or(|last| last != part)
            {
                parts.push(part.to_owned());
            }
        }
        parts.sort_by_key(|part| part.parse::<usize>().unwrap_or(usize::MAX));
        parts
    }

    /// Sets a name to another value. A table and its parts replace one another, and an empty table removes what may be absent; a
    /// number after the name of an array means one of its elements.
    pub fn set(&mut self, name: &str, value: Value, place: &Place) {
        self.set_placed(name, &Placed::of_value(value, place));
    }

    /// Sets the keys in a value to other values: of tables that are no values of keys each key for itself.
    fn set_keys(&mut self, name: &str, typed: &Placed) {
        if typed.value.is_table() && !typed.parts.is_empty() && !keys::is_key(name) {
            if typed.parts.iter().any(|(part_name, _)| part_name == "kind") {
                // What belongs to another kind goes with it.
                self.remove(name);
            }
            for (part_name, part) in &typed.parts {
                self.set_keys(&format!("{name}.{part_name}"), part);
            }
        } else {
            self.set_placed(name, typed);
        }
    }

    fn set_placed(&mut self, name: &str, typed: &Placed) {
        let is_empty_table = typed.value.as_table().is_some_and(toml::Table::is_empty);
        if is_empty_table && keys::may_be_absent(name) {
            self.remove(name);
            return;
        }
        let sides: Vec<_> = keys::all_of(name, &typed.value).collect();
        if !sides.is_empty() {
            for side in sides {
                self.set_placed(side.name, typed);
            }
            return;
        }
        for (position, _) in name.match_indices('.') {
            let outer_name = &name[..position];
            let Some((_, outer_entry)) = self.by_name.get_mut(outer_name) else {
                continue;
            };
            if let Some(element) = element(&mut outer_entry.value, &name[position + 1..]) {
                *element = typed.value.clone();
                outer_entry.place = typed.place.clone();
                return;
            }
            self.by_name.remove(outer_name);
        }
        let replaced_entries = self.entries_of(name).map(|entry| entry.name.clone());
        let replaced_names: Vec<String> = replaced_entries.collect();
        let numbers = replaced_names.iter().filter_map(|name| {
            let (number, entry) = self.by_name.remove(name)?;
            Some((entry.name, number))
        });
        // A value that is replaced keeps its number in the order of typing.
        let numbers: Vec<(String, usize)> = numbers.collect();
        self.add(name, typed);
        for (name, number) in numbers {
            if let Some((new_number, _)) = self.by_name.get_mut(&name) {
                *new_number = number;
            }
        }
    }

    /// Removes a name, and what is in its table.
    pub fn remove(&mut self, name: &str) {
        let entries = self.entries_of(name).map(|entry| entry.name.clone());
        for name in entries.collect::<Vec<String>>() {
            self.by_name.remove(&name);
        }
    }
}

/// Adds the words of a text, or of the texts in an array.
fn add_words<'v>(value: &'v Value, words: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => {
            words.extend(text.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
        }
        Value::Array(items) => items.iter().for_each(|item| add_words(item, words)),
        _ => {}
    }
}

/// The element of an array, or of arrays in an array, at numbers with dots between them.
fn element<'v>(value: &'v mut Value, numbers: &str) -> Option<&'v mut Value> {
    numbers.split('.').try_fold(value, |value, number| {
        value.as_array_mut()?.get_mut(number.parse::<usize>().ok()?)
    })
}

/// A value with the place where it was typed, and its parts with theirs: the values of a table by their keys, or those of an
/// array by their numbers.
struct Placed {
    value: Value,
    place: Place,
    parts: Vec<(String, Placed)>,
}

impl Placed {
    /// The values of a table in the order of the text.
    fn of_table(table: &DeTable<'_>, lines: &LineEnds) -> Vec<(String, Self)> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let parts = entries.into_iter().map(|(key, parsed)| {
            let place = lines.place(key.span().start);
            (
                key.get_ref().to_string(),
                Self::of_parsed(parsed.get_ref(), place, lines),
            )
        });
        parts.collect()
    }

    fn of_parsed(parsed: &DeValue<'_>, place: Place, lines: &LineEnds) -> Self {
        let parts = match parsed {
            DeValue::Table(table) => Self::of_table(table, lines),
            DeValue::Array(items) => {
                let parts = items.iter().enumerate().map(|(number, item)| {
                    let place = lines.place(item.span().start);
                    let part = Self::of_parsed(item.get_ref(), place, lines);
                    (number.to_string(), part)
                });
                parts.collect()
            }
            _ => Vec::new(),
        };
        Self {
            value: value_of(parsed),
            place,
            parts,
        }
    }

    /// A value that was typed at one place with all its parts.
    fn of_value(value: Value, place: &Place) -> Self {
        let parts = match &value {
            Value::Table(table) => {
                let parts = table.iter();
                let parts =
                    parts.map(|(key, part)| (key.clone(), Self::of_value(part.clone(), place)));
                parts.collect()
            }
            Value::Array(items) => {
                let parts = items.iter().enumerate().map(|(number, item)| {
                    (number.to_string(), Self::of_value(item.clone(), place))
                });
                parts.collect()
            }
            _ => Vec::new(),
        };
        Self {
            value,
            place: place.clone(),
            parts,
        }
    }

    fn set_place(&mut self, place: &Place) {
        self.place = place.clone();
        for (_, part) in &mut self.parts {
            part.set_place(place);
        }
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

impl FromIterator<Entry> for Typed {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        let mut typed = Self::default();
        for Entry { name, value, place } in entries {
            typed.add(&name, &Placed::of_value(value, &place));
        }
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
            typed.set(name, Value::Integer(value), &Place::CommandLine);
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
        typed.set("boundary", Value::from("insulated"), &Place::CommandLine);
        assert_eq!(told(&typed), sides("--set", "\"insulated\""));
        typed.set("boundary.left", Value::from(1), &Place::CommandLine);
        assert_eq!(told(&typed)[..2][0], "--set: boundary.left = 1");
        let typed = Typed::parse("p.toml", "boundary = { flux = 1.0 }").unwrap();
        assert_eq!(told(&typed).len(), 4);
        let typed = Typed::parse("p.toml", "boundary = { left = 1.0 }").unwrap();
        assert_eq!(told(&typed).len(), 1);
    }

    #[test]
    fn keys_of_tables_have_names_and_lines_of_their_own() {
        let text = "[D]\nfile = 'a'\n[[held]]\nwhere = 'x < 1'\nvalue = 1\n[[held]]\nvalue = 2\n[function.T]\nfile = 'T.csv'";
        let mut typed = Typed::parse("p.toml", text).unwrap();
        let expected = [
            "p.toml:2: D.file = \"a\"",
            "p.toml:4: held.0.where = \"x < 1\"",
            "p.toml:5: held.0.value = 1",
            "p.toml:7: held.1.value = 2",
            "p.toml:9: function.T.file = \"T.csv\"",
        ];
        assert_eq!(told(&typed), expected);
        typed.set("held.1.value", Value::from(3), &Place::CommandLine);
        assert_eq!(told(&typed)[3], "--set: held.1.value = 3");
        assert_eq!(typed.parts_of("held"), ["0", "1"]);
        typed.set("D", Value::from(4), &Place::CommandLine);
        assert!(typed.get("D.file").is_none());
    }

    #[test]
    fn an_element_of_an_array_has_a_number() {
        let text =
            "boundary.left = { robin = [1, 2, 3] }\nfunction.T.points = [[0, 20], [3600, 25]]";
        let mut typed = Typed::parse("p.toml", text).unwrap();
        typed.set("boundary.left.robin.2", Value::from(5), &Place::CommandLine);
        typed.set("function.T.points.1.1", Value::from(7), &Place::CommandLine);
        let value = |name: &str| typed.get(name).unwrap().value.to_string();
        assert_eq!(value("boundary.left.robin"), "[1, 2, 5]");
        assert_eq!(value("function.T.points"), "[[0, 20], [3600, 7]]");
    }
}
