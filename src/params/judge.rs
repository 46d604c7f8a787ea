//! [`Judge`]: checks typed values by the table of keys.

mod profiles;

use super::{
    canonical::Canonical,
    choice::Choice,
    error::ParamsError,
    fit_values::errors_in_fit,
    keys::{self, KEYS},
    profile::Words,
    raw::RawParams,
    row_number::is_column_name,
    spelling,
    value::{Entry, Value, finite, finite_pair},
};
use crate::{fault::Fault, measured::text};
use diff2d_arrays::wording::parse_bytes;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, path::PathBuf};

/// Takes the values of keys. Collects their entries for a journal, and all errors.
pub(super) struct Judge<'a> {
    raw: &'a RawParams,
    wrong: Vec<ParamsError>,
    /// Keys for which an unknown key was probably meant: they are not reported as missing as well.
    meant: Vec<String>,
    /// The names of keys that do not exist.
    unknown: Vec<String>,
    taken: BTreeMap<String, Json>,
    /// The names that formulas may use.
    pub(super) words: Words,
}

impl<'a> Judge<'a> {
    pub(super) fn new(raw: &'a RawParams) -> Self {
        Self {
            raw,
            wrong: Vec::new(),
            meant: Vec::new(),
            unknown: Vec::new(),
            taken: BTreeMap::new(),
            words: Words::default(),
        }
    }

    /// Refuses keys that do not exist.
    pub(super) fn refuse_unknown(&mut self) {
        let names = KEYS.iter().map(|key| key.name);
        let entries = self.raw.typed().entries();
        let unknown: Vec<&Entry> = entries.filter(|entry| !is_known(entry)).collect();
        // Comparing words takes time; among so many none is a slip of the pen.
        for entry in unknown.iter().take(100) {
            let meant = match keys::table_around(&entry.name) {
                Some((_, slip, keys)) => {
                    let table = entry.name.strip_suffix(slip).unwrap_or_default();
                    let meant = spelling::meant(slip, keys.names());
                    meant.map(|meant| format!("{table}{}", meant.key))
                }
                None => {
                    spelling::meant(&entry.name, names.clone()).map(|meant| meant.key.to_owned())
                }
            };
            self.meant.extend(meant);
        }
        let unknown_names = unknown.iter().map(|entry| entry.name.clone());
        self.unknown = unknown_names.collect();
        self.refuse_keys(&unknown, &names);
    }

    /// Refuses what no fit can use.
    pub(super) fn refuse_in_fit(&mut self) {
        const DATA: &str = "fit.data";
        self.wrong.extend(errors_in_fit(self.raw));
        // A value that is no list of tables is among these errors.
        if self.raw.typed().get(DATA).is_none() {
            self.tables(DATA);
        }
    }

    /// Refuses keys that are not among `known`. The first ones are named, many others only counted.
    pub(super) fn refuse_keys<'n>(
        &mut self,
        unknown: &[&Entry],
        known: &(impl Iterator<Item = &'n str> + Clone),
    ) {
        /// The largest number of keys that are named.
        const MOST_TOLD: usize = 10;
        let (below_tables, others) = unknown.iter().partition::<Vec<&Entry>, _>(|entry| {
            let key = entry.name.split_once('.').map(|(_, key)| key);
            key.is_some_and(|key| known.clone().any(|name| name == key))
        });
        let error = ParamsError::below_table(&below_tables);
        let unknown = if error.is_some() { &others } else { unknown };
        self.wrong.extend(error);
        let (named, counted) = unknown.split_at(unknown.len().min(MOST_TOLD));
        let errors = named
            .iter()
            .map(|entry| ParamsError::unknown(entry, known.clone()));
        self.wrong.extend(errors);
        if let [entry, ..] = counted {
            let (place, count) = (&entry.place, counted.len());
            let sentence = format!("{place}: {count} more keys from here on are no parameters");
            self.wrong.push(Fault::refused(sentence).into());
        }
    }

    /// The value of a result; an error is collected.
    pub(super) fn take<T>(&mut self, result: Result<T, ParamsError>) -> Option<T> {
        result.map_err(|error| self.wrong.push(error)).ok()
    }

    /// Whether a key was typed, or a key of its table.
    pub(super) fn is_typed(&self, name: &str) -> bool {
        self.raw.typed().first_entry_of(name).is_some()
    }

    /// The number of errors so far.
    pub(super) fn error_count(&self) -> usize {
        self.wrong.len()
    }

    /// Whether a key was typed with a value that has no keys of its own.
    pub(super) fn is_single_value(&self, name: &str) -> bool {
        self.raw.typed().get(name).is_some()
    }

    /// Whether the value of a key was typed as a table, part by part.
    fn is_table(&self, name: &str) -> bool {
        self.raw.typed().get(name).is_none() && self.is_typed(name)
    }

    /// Whether a key that does not exist was typed in a table.
    pub(super) fn has_unknown(&self, table: &str) -> bool {
        let mut names = self.unknown.iter();
        names.any(|name| {
            name.strip_prefix(table)
                .is_some_and(|inner_name| inner_name.is_empty() || inner_name.starts_with('.'))
        })
    }

    /// Whether the value of a key has been taken.
    pub(super) fn has_taken(&self, key: &str) -> bool {
        self.taken.contains_key(key)
    }

    /// The entry in the journal of a key whose value has been taken.
    pub(super) fn noted_value(&self, key: &str) -> &Json {
        self.taken.get(key).unwrap_or(&Json::Null)
    }

    /// Takes the value of a key, converted from one of the key's types. If the conversion fails, its reason is
    /// collected, or without a reason a sentence on what the key accepts.
    pub(super) fn convert<T>(
        &mut self,
        name: &str,
        convert: impl FnOnce(&Value) -> Result<T, Option<String>>,
    ) -> Option<T> {
        let raw = self.raw;
        let result = raw.value(name).and_then(|value| {
            convert(&value).map_err(|reason| {
                let reason = reason.unwrap_or_else(|| keys::named(name).expectation(name, &value));
                raw.refuse(name, reason)
            })
        });
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let is_meant =
                    matches!(&error, ParamsError::Missing { key, .. } if self.meant.contains(key));
                // What is wrong with another key is told of that one.
                if raw.source(name) == name && !is_meant {
                    self.wrong.push(error);
                }
                None
            }
        }
    }

    /// Stores the entry of a key for the journal.
    pub(super) fn note(&mut self, name: &str, value: Json) {
        self.taken.insert(name.to_owned(), value);
    }

    /// Stores a value as the entry of a key for the journal, and returns the value.
    fn noted<T: Into<Json> + Clone>(&mut self, name: &str, value: T) -> T {
        self.note(name, value.clone().into());
        value
    }

    /// Which one of the keys that exclude one another was typed in a table. Tables with none or several of them are refused, and
    /// keys without the key beside which they stand.
    pub(super) fn form(&mut self, table: &str, one_of: &[&'static str]) -> Option<&'static str> {
        let typed = one_of
            .iter()
            .filter(|key| self.is_typed(&format!("{table}.{key}")));
        let typed: Vec<&'static str> = typed.copied().collect();
        for entry in self.raw.typed().entries_of(table) {
            let main = keys::find(&entry.name).and_then(|key| key.beside);
            if let Some(main) = main.filter(|main| !typed.contains(main)) {
                let example = keys::named(&format!("{table}.{main}")).example;
                let reason = format!("it belongs to {main} = {example}");
                self.wrong.push(self.raw.refuse(&entry.name, reason));
            }
        }
        if let [form] = typed[..] {
            return Some(form);
        }
        // A slip in the name of such a key is told already.
        if !self.has_unknown(table) {
            let keys = if typed.is_empty() { one_of } else { &typed[..] };
            let list = match keys {
                [keys @ .., last] => format!("{} and {last}", keys.join(", ")),
                [] => String::new(),
            };
            let reason = if typed.is_empty() {
                format!("one of {list} must be given")
            } else {
                format!("keep one of {list}")
            };
            let first_name = match typed[..] {
                [first, ..] => Some(format!("{table}.{first}")),
                [] => self
                    .raw
                    .typed()
                    .first_entry_of(table)
                    .map(|entry| entry.name.clone()),
            };
            let name = first_name.as_deref().unwrap_or(table);
            self.wrong.push(self.raw.refuse(name, reason));
        }
        None
    }

    /// The names of the tables of a key such as `held`, which are numbered from 0.
    pub(super) fn tables(&mut self, name: &str) -> Vec<String> {
        if self.raw.typed().get(name).is_some() {
            // An empty list, or no list of tables.
            self.convert(name, |_| Ok(()));
            self.note(name, json!([]));
            return Vec::new();
        }
        let mut numbers = self.raw.typed().parts_of(name);
        // A part that is no number is no key.
        numbers.retain(|number| number.parse::<usize>().is_ok());
        let positions = (0..numbers.len()).map(|position| position.to_string());
        let pairs = positions.zip(&numbers);
        let count = pairs
            .take_while(|(position, number)| position == *number)
            .count();
        for number in &numbers[count..] {
            let reason =
                format!("the tables [[{name}]] are numbered from 0, and there are {count}");
            let error = self.raw.refuse(&format!("{name}.{number}"), reason);
            self.wrong.push(error);
        }
        let example = keys::named(name).example;
        let example = example.trim_matches(['[', ']']);
        let mut tables: Vec<String> = numbers[..count]
            .iter()
            .map(|number| format!("{name}.{number}"))
            .collect();
        tables.retain(|table| !self.refuse_value(table, example));
        tables
    }

    /// The names of the tables of a key such as `function`, and those within the key.
    pub(super) fn named_tables(&mut self, name: &str) -> Vec<(String, String)> {
        if self.raw.typed().get(name).is_some() {
            self.convert(name, |_| Ok(()));
            return Vec::new();
        }
        let names = self.raw.typed().parts_of(name).into_iter();
        names.map(|part| (format!("{name}.{part}"), part)).collect()
    }

    /// Whether a table of [`named_tables`](Self::named_tables) is no table. It is refused then.
    pub(super) fn refuse_value(&mut self, table: &str, example: &str) -> bool {
        let entry = self.raw.typed().get(table);
        let is_value = entry.is_some_and(|entry| !entry.value.is_table());
        self.refuse_if(is_value, table, || {
            format!("a table must follow, such as {example}")
        });
        is_value
    }

    /// One of a few words, of which each means something.
    pub(super) fn word_of<T: Copy>(&mut self, name: &str, words: &[(&'static str, T)]) -> T {
        let chosen = self.convert(name, |value| {
            let typed = value.as_str().unwrap_or_default();
            let chosen = words.iter().find(|(word, _)| *word == typed).copied();
            chosen.ok_or(None)
        });
        let (word, meaning) = chosen.unwrap_or(words[0]);
        self.note(name, json!(word));
        meaning
    }

    /// The name of a column of the record.
    pub(super) fn column_name(&mut self, name: &str) -> Option<String> {
        let column = self.convert(name, |value| {
            let column = value.as_str().filter(|column| is_column_name(column));
            column.map(str::to_owned).ok_or(None)
        });
        column.map(|column| self.noted(name, column))
    }

    /// The name of a column of the record, if the key was typed.
    pub(super) fn column_name_if_typed(&mut self, name: &str) -> Option<String> {
        self.is_typed(name).then(|| self.column_name(name))?
    }

    /// A text, or a date without quotes, if the key was typed.
    pub(super) fn text_if_typed(&mut self, name: &str) -> Option<String> {
        if !self.is_typed(name) {
            return None;
        }
        let text = self.convert(name, |value| text(value).ok_or(None));
        text.map(|text| self.noted(name, text))
    }

    /// Leaves a key out of journals.
    pub(super) fn leave_out(&mut self, key: &str) {
        self.taken.remove(key);
    }

    /// A finite number; NaN if it was refused.
    pub(super) fn number(&mut self, key: &str) -> f64 {
        let number = self.convert(key, |value| finite(value).ok_or(None));
        self.noted(key, number.unwrap_or(f64::NAN))
    }

    /// A finite number, if the key was typed.
    pub(super) fn number_if_typed(&mut self, key: &str) -> Option<f64> {
        self.is_typed(key).then(|| self.number(key))
    }

    /// A finite number, if the key was typed; otherwise its default is stored for the journal.
    pub(super) fn number_or_default(&mut self, key: &str) -> Option<f64> {
        let number = self.number(key);
        self.is_typed(key).then_some(number)
    }

    /// A finite number, or `absent` if the key was not typed.
    pub(super) fn number_or(&mut self, key: &str, absent: f64) -> f64 {
        if self.is_typed(key) {
            self.number(key)
        } else {
            self.noted(key, absent)
        }
    }

    /// A truth value.
    pub(super) fn boolean(&mut self, key: &str) -> bool {
        let value = self.convert(key, |value| value.as_bool().ok_or(None));
        self.noted(key, value.unwrap_or_default())
    }

    /// A string.
    pub(super) fn word(&mut self, key: &str) -> Option<String> {
        self.convert(key, |value| value.as_str().map(str::to_owned).ok_or(None))
    }

    /// The text that was typed for a key. It is checked elsewhere.
    pub(super) fn typed_text(&self, key: &str) -> Option<String> {
        let entry = self.raw.typed().get(key)?;
        entry.value.as_str().map(str::to_owned)
    }

    /// A text for labels, if the key was typed.
    pub(super) fn label_if_typed(&mut self, key: &str) {
        /// The largest number of characters that fit beside the name of an axis.
        const LONGEST: usize = 40;
        if !self.is_typed(key) {
            return;
        }
        let label = self.convert(key, |value| {
            let text = value.as_str().unwrap_or_default();
            let has_fit_length = (1..=LONGEST).contains(&text.chars().count());
            if !has_fit_length || text.chars().any(char::is_control) {
                return Err(Some(format!("it must be a text of 1 to {LONGEST} letters")));
            }
            Ok(text.to_owned())
        });
        self.note(key, json!(label));
    }

    /// One of a few words.
    pub(super) fn choice<T: Choice>(&mut self, key: &str) -> T {
        let chosen = self.convert(key, |value| {
            let mut choices = T::ALL.iter().copied();
            let chosen = choices.find(|choice| value.as_str() == Some(choice.name()));
            chosen.ok_or(None)
        });
        let chosen = chosen.unwrap_or(T::ALL[0]);
        self.note(key, json!(chosen.name()));
        chosen
    }

    /// One of a few words, or `absent` if the key was not typed.
    pub(super) fn choice_or<T: Choice>(&mut self, key: &str, absent: T) -> T {
        if self.is_typed(key) {
            return self.choice(key);
        }
        self.note(key, json!(absent.name()));
        absent
    }

    /// One of a few words, if the key was typed.
    pub(super) fn choice_if_typed<T: Choice>(&mut self, key: &str) -> Option<T> {
        self.is_typed(key).then(|| self.choice(key))
    }

    /// A whole number, if the key was typed.
    pub(super) fn integer_if_typed(&mut self, key: &str) -> Option<i64> {
        if !self.is_typed(key) {
            return None;
        }
        let value = self.convert(key, |value| value.as_integer().ok_or(None));
        self.note(key, json!(value.unwrap_or_default()));
        value
    }

    /// A number of bytes, if the key was typed.
    pub(super) fn size_if_typed(&mut self, key: &str) -> Option<u64> {
        if !self.is_typed(key) {
            return None;
        }
        let bytes = self.convert(key, |value| {
            let bytes = match value {
                Value::Integer(bytes) => u64::try_from(*bytes).ok().filter(|&bytes| bytes > 0),
                value => parse_bytes(value.as_str().unwrap_or_default()).ok(),
            };
            bytes.ok_or(None)
        });
        bytes.map(|bytes| self.noted(key, bytes))
    }

    /// Two finite numbers.
    pub(super) fn pair(&mut self, key: &str) -> [f64; 2] {
        let numbers = self.convert(key, |value| finite_pair(value).ok_or(None));
        self.noted(key, numbers.unwrap_or_default())
    }

    /// The name of a file. A relative name is resolved from the directory of the parameter file in which it was typed.
    pub(super) fn path(&mut self, key: &str) -> PathBuf {
        let path = self.word(key).unwrap_or_default();
        let path = self.path_to(key, &path);
        self.note(key, json!(path.to_string_lossy()));
        path
    }

    fn path_to(&self, name: &str, path: &str) -> PathBuf {
        match self.raw.typed().get(name) {
            Some(entry) => entry.place.path_to(path),
            None => path.into(),
        }
    }

    /// Whether the value of a key was refused.
    pub(super) fn has_refused(&self, name: &str) -> bool {
        let mut wrong = self.wrong.iter();
        wrong.any(|error| matches!(error, ParamsError::Refused { key, .. } if key == name))
    }

    /// Refuses the value of a key if a condition holds.
    pub(super) fn refuse_if(&mut self, is_wrong: bool, key: &str, reason: impl FnOnce() -> String) {
        if is_wrong {
            self.wrong.push(self.raw.refuse(key, reason()));
        }
    }

    /// The parameters in the form of a journal, if there were no errors.
    pub(super) fn verdict(self) -> Result<Canonical, ParamsError> {
        ParamsError::of_all(self.wrong).map(|()| Canonical::new(&self.taken))
    }
}

/// Whether an entry is in the table of keys, as a key, as a table of keys, or as a table in the value of a key.
fn is_known(entry: &Entry) -> bool {
    let is_table = entry.value.is_table() && keys::is_table(&entry.name);
    is_table || keys::is_key(&entry.name) || keys::table(&entry.name).is_some()
}
