//! [`RawParams`]: parameters as typed, in a file and on the command line, before they are checked.

use super::{
    canonical::Canonical,
    error::ParamsError,
    key::Absent,
    keys,
    place::Place,
    python,
    spelling::hint_of_file,
    typed::Typed,
    value::{self, Entry, Value},
};
use crate::fault::Fault;
use diff2d_arrays::wording::excerpt;
use diff2d_sys as sys;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Largest number of bytes of a parameter file, so that a device or a cube given by mistake does not fill the
/// memory.
const LARGEST: u64 = 1 << 20;

/// A parameter file with all overrides.
#[derive(Debug, Clone)]
pub struct RawParams {
    /// The name of the file in messages.
    file: Arc<str>,
    typed: Typed,
    /// Files in memory, by the names under which values refer to them.
    in_memory: BTreeMap<PathBuf, Arc<[u8]>>,
}

impl Default for RawParams {
    fn default() -> Self {
        Self::new("the parameters", Typed::default())
    }
}

impl RawParams {
    fn new(file: &str, typed: Typed) -> Self {
        Self {
            file: file.into(),
            typed,
            in_memory: BTreeMap::new(),
        }
    }

    /// The name of the file for messages.
    pub(super) fn file(&self) -> &Path {
        Path::new(&*self.file)
    }

    /// Reads a parameter file: TOML, or Python assignments as in the course's `diff2dparams.py`.
    ///
    /// # Errors
    /// [`ParamsError`]; [`ParamsError::Syntax`] for a text that is neither TOML nor assignments.
    pub fn read(path: &Path) -> Result<Self, ParamsError> {
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        sys::open_stream(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&file, &explain(&error, path)))?;
        if bytes.len() as u64 > LARGEST {
            let reason = format!(
                "it is larger than {} MiB, so it is something else",
                LARGEST >> 20
            );
            return Err(unreadable(&file, &reason));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let byte = error.utf8_error().valid_up_to();
            let reason = format!("it is not text (byte {byte} is not valid UTF-8)");
            unreadable(&file, other_file(path).unwrap_or(&reason))
        })?;
        Self::parse(&file, &text).map_err(|error| match other_file(path) {
            Some(reason) => unreadable(&file, reason),
            None => error,
        })
    }

    /// Reads a parameter file and the `--set` options that override it.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ParamsError::Fault`] for an override that cannot be read.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ParamsError> {
        let mut raw = Self::read(path)?;
        for text in overrides {
            raw.set(text)?;
        }
        Ok(raw)
    }

    /// Parses parameters from a text; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ParamsError::Syntax`]; [`ParamsError::Fault`] for a name that is given twice.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParamsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let typed = match Typed::parse(file, text) {
            Ok(typed) => typed,
            Err(not_toml) => {
                let is_python = Path::new(file).extension().is_some_and(|end| end == "py");
                python::parse(file, text).map_err(|not_python| match (is_python, &not_python) {
                    (false, ParamsError::Syntax { .. }) => not_toml,
                    _ => not_python,
                })?
            }
        };
        Ok(Self::new(file, typed))
    }

    /// The parameters of a journal.
    #[must_use]
    pub fn from_canonical(canonical: &Canonical) -> Self {
        let file = "the journal";
        let place = Place::File(file.into());
        let entries = canonical.pairs().into_iter().map(|(name, value)| Entry {
            name,
            value: value::from_json(value),
            place: place.clone(),
        });
        Self::new(file, entries.collect())
    }

    /// Sets a key, dotted if it belongs to a table, to another value.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "places are built in place")]
    pub fn with(mut self, name: &str, value: Value, place: Place) -> Self {
        self.typed.set(name, value, &place);
        self
    }

    /// Replaces the value of a key, as if the new value had been typed in the same place.
    #[must_use]
    pub fn replace(self, name: &str, value: impl Into<Value>) -> Self {
        let entry = self.typed.first_entry_of(self.source(name));
        let place = entry.map_or(Place::Default, |entry| entry.place.clone());
        self.with(name, value.into(), place)
    }

    /// The parameters without a key.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.typed.remove(name);
        self
    }

    /// Applies the `key=value` of a `--set` option, which overrides the file.
    ///
    /// # Errors
    /// [`ParamsError::Fault`] without an `=` or a key, or for a table that is no TOML.
    pub fn set(&mut self, text: &str) -> Result<(), ParamsError> {
        let (key, value) = text
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .filter(|(key, value)| !key.split('.').any(str::is_empty) && !value.is_empty())
            .ok_or_else(|| bad_set(text, "key=value, such as --set dx=0.1"))?;
        let is_of_table = value.starts_with('{');
        let value = value::parse_value(value);
        if is_of_table && value.is_str() {
            return Err(bad_set(
                text,
                "a table as in TOML, such as --set 'boundary.left={ flux = 0.0 }'",
            ));
        }
        self.typed.set(key, value, &Place::CommandLine);
        Ok(())
    }

    /// Sets a dotted key to the value that a text represents, as [`set`](Self::set) does; `name` is the place in
    /// messages.
    pub fn set_at(&mut self, key: &str, value: &str, name: &str) {
        let place = Place::File(name.into());
        self.typed.set(key, value::parse_value(value), &place);
    }

    /// Applies the values of a TOML text, which override typed values; tables such as `[boundary]` are overridden key
    /// by key. `name` is the name of the text in messages. Relative file names in it start from the current directory.
    ///
    /// # Errors
    /// [`ParamsError::Syntax`].
    pub fn overlay(&mut self, name: &str, text: &str) -> Result<(), ParamsError> {
        self.typed.overlay(name, text)
    }

    /// Adds a file in memory: its absolute name stands for these bytes, even if the disk has another file.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) -> Self {
        self.in_memory.insert(name.into(), bytes.into());
        self
    }

    /// All typed values.
    #[must_use]
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// The name of a key, or of the key from which it takes its value.
    pub(super) fn source<'n>(&self, name: &'n str) -> &'n str {
        match keys::named(name).absent {
            Absent::Same(other) if self.typed.first_entry_of(name).is_none() => self.source(other),
            _ => name,
        }
    }

    /// The value of a key that is no table: as typed, or the default.
    ///
    /// # Errors
    /// [`ParamsError::Missing`], [`ParamsError::Refused`].
    pub fn value(&self, name: &str) -> Result<Cow<'_, Value>, ParamsError> {
        let name = self.source(name);
        let key = keys::named(name);
        match (self.typed.get(name), key.absent) {
            (Some(entry), _) if key.takes(&entry.value) => Ok(Cow::Borrowed(&entry.value)),
            (Some(entry), _) => Err(ParamsError::Refused {
                place: entry.place.clone(),
                key: name.to_owned(),
                value: value::shown(&entry.value).into_owned(),
                reason: format!(
                    "is {}; {}{}",
                    value::type_in_words(&entry.value),
                    key.expectation(name, &entry.value),
                    way_to_number(&entry.value)
                ),
            }),
            (None, Absent::Value(default)) => Ok(Cow::Owned(value::parse_value(default))),
            (None, _) => Err(self.missing(name)),
        }
    }

    /// The error for a key, or a table, whose value has the right type but cannot be used.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "reasons are built in place")]
    pub fn refuse(&self, name: &str, reason: String) -> ParamsError {
        let name = match keys::find(name) {
            Some(_) => self.source(name),
            None => name,
        };
        let (place, value) = match self.typed.value_at(name) {
            Some((value, place)) => {
                let file = value.as_str().map(Path::new);
                let is_in_memory = file.is_some_and(|file| self.in_memory.contains_key(file));
                let value = if is_in_memory {
                    UNNAMED.into()
                } else {
                    value::shown(value)
                };
                (place.clone(), value)
            }
            None => match (
                self.typed.first_entry_of(name),
                keys::find(name).map(|key| key.absent),
            ) {
                (Some(inner_entry), _) => (inner_entry.place.clone(), "…".into()),
                (None, Some(Absent::Value(default))) => {
                    let value = value::parse_value(default);
                    (Place::Default, value::shown(&value))
                }
                (None, _) => (Place::File(Arc::clone(&self.file)), "…".into()),
            },
        };
        ParamsError::Refused {
            place,
            key: name.to_owned(),
            value: value.into_owned(),
            reason: format!("cannot be used: {reason}"),
        }
    }

    /// The place of a key that names a file, which may be the key of a table.
    #[must_use]
    pub fn input(&self, name: &str, path: &Path) -> InputPlace {
        let name = match keys::find(name) {
            Some(_) => self.source(name),
            None => name,
        };
        let mut entries = self.typed.entries_of(name);
        let entry = entries.find(|entry| {
            let file = entry.value.as_str();
            file.is_some_and(|file| Path::new(file) == path || entry.place.path_to(file) == path)
        });
        InputPlace {
            place: entry.map_or(Place::Default, |entry| entry.place.clone()),
            key: entry.map_or(name, |entry| &entry.name).to_owned(),
            bytes: self.in_memory.get(path).cloned(),
            path: path.to_owned(),
        }
    }

    /// The error for a key that is missing, at the top level or in a table.
    fn missing(&self, name: &str) -> ParamsError {
        let key = keys::named(name);
        let table = name.rsplit_once('.').map(|(table, _)| table);
        let entry_of_table = table.and_then(|table| self.typed.first_entry_of(table));
        ParamsError::Missing {
            place: entry_of_table.map_or_else(
                || Place::File(Arc::clone(&self.file)),
                |entry| entry.place.clone(),
            ),
            key: name.to_owned(),
            line: format!("{} = {}", key.name, key.example),
            meaning: key.described(),
        }
    }
}

/// The error for a parameter file that cannot be read.
pub(super) fn unreadable(file: &str, reason: &str) -> ParamsError {
    Fault::refused(format!("cannot read the parameter file {file}: {reason}")).into()
}

/// The text in messages for a file in memory, whose name the user has not typed.
const UNNAMED: &str = "…";

/// A file that parameters name, and the place where they name it.
#[derive(Debug, Clone, PartialEq)]
pub struct InputPlace {
    place: Place,
    key: String,
    path: PathBuf,
    bytes: Option<Arc<[u8]>>,
}

impl InputPlace {
    /// The absolute path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The dotted name of the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The content of the file, if it is in memory.
    pub fn bytes(&self) -> Option<&Arc<[u8]>> {
        self.bytes.as_ref()
    }

    /// The error for a file that cannot be read, or is damaged.
    pub fn unusable(&self, reason: String, is_damaged: bool) -> ParamsError {
        ParamsError::Input {
            place: self.place.clone(),
            key: self.key.clone(),
            value: self
                .bytes
                .as_ref()
                .map_or_else(|| self.path.display().to_string(), |_| UNNAMED.to_owned()),
            reason,
            is_damaged,
        }
    }

    /// The error for a file that does not fit the other parameters.
    pub fn refuse(&self, reason: &str) -> ParamsError {
        ParamsError::Refused {
            place: self.place.clone(),
            key: self.key.clone(),
            value: self.bytes.as_ref().map_or_else(
                || format!("{:?}", self.path.to_string_lossy()),
                |_| UNNAMED.to_owned(),
            ),
            reason: format!("cannot be used: {reason}"),
        }
    }
}

/// What a file is that holds no parameters, as its name says.
fn other_file(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "npy" | "npz" => {
            "it is an array: `diff2d info` says what it holds; give the parameter file of its run"
        }
        "journal" => "it is the journal of a cube; give the parameter file of its run",
        "csv" => "it is a table; give a parameter file, which names tables where it uses them",
        "png" | "tif" | "tiff" | "jpg" | "jpeg" => {
            "it is a picture; give a parameter file, which names pictures where it uses them"
        }
        _ => return None,
    })
}

/// What is wrong with a text in place of a number that begins as one.
fn way_to_number(value: &Value) -> &'static str {
    let text = value.as_str().unwrap_or_default();
    let begins_as_number = text.starts_with(|letter: char| letter.is_ascii_digit());
    let has_more = begins_as_number && text.parse::<f64>().is_err();
    match (has_more, text.contains('=')) {
        (false, _) => "",
        (true, true) => "; each key has a --set of its own",
        (true, false) => "; numbers have no units here, and [units] names those of labels",
    }
}

/// The operating system's reason without its number, in plainer words for common reasons.
pub(super) fn explain(error: &io::Error, path: &Path) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no such file{}", hint_of_file(path)),
        io::ErrorKind::IsADirectory => "it is a directory, not a file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// The error for a `--set` option that cannot be read.
fn bad_set(text: &str, expected: &'static str) -> ParamsError {
    let text = excerpt(text, value::LONGEST_VALUE);
    Fault::refused(format!("--set {text}: expected {expected}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_overrides_tables_key_by_key_and_names_itself() {
        let file = "D = 1\n[boundary]\nleft = 1\nright = { flux = 2 }\n";
        let mut raw = RawParams::parse("p.toml", file).unwrap();
        let text =
            "D = { file = \"D.npy\" }\nboundary = { right = { robin = [1, 2, 3] } }\nE = 1\n";
        raw.overlay("the arguments", text).unwrap();
        let told = |name: &str| {
            let entry = raw.typed().get(name).unwrap();
            format!("{}: {}", entry.place, entry.value)
        };
        assert_eq!(told("boundary.left"), "p.toml:3: 1");
        assert_eq!(told("boundary.right.robin"), "the arguments: [1, 2, 3]");
        assert!(raw.typed().get("boundary.right.flux").is_none());
        assert_eq!(told("D.file"), "the arguments: \"D.npy\"");
        assert_eq!(told("E"), "the arguments: 1");
        assert!(raw.overlay("the arguments", "D =").is_err());
    }
}
