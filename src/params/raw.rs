//! [`RawParams`]: what was typed, in a file and on the command line, before it is judged.

use super::{
    canonical::Canonical,
    course,
    error::ParamsError,
    keys, toml,
    value::{Entry, Place, Value},
};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The most bytes a parameter file may have: a device or a cube given by mistake must not fill the
/// memory.
const LARGEST: u64 = 1 << 20;

/// Every `key = value` that was typed, with its place; later entries override earlier ones.
#[derive(Debug, Clone, Default)]
pub struct RawParams {
    file: String,
    entries: Vec<Entry>,
}

impl RawParams {
    /// Reads a parameter file: TOML, or the course's Python dialect.
    ///
    /// # Errors
    /// [`ParamsError::Unreadable`], [`ParamsError::Syntax`], [`ParamsError::Repeated`].
    pub fn read(path: &Path) -> Result<Self, ParamsError> {
        let file = path.display().to_string();
        let unreadable = |reason: String| ParamsError::Unreadable {
            file: file.clone(),
            reason,
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(explain(&error)))?;
        if bytes.len() as u64 > LARGEST {
            return Err(unreadable(format!(
                "it is larger than {} MiB, so it holds something else",
                LARGEST >> 20
            )));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            unreadable(format!("it is not text (byte {at} is not valid UTF-8)"))
        })?;
        Self::parse(&file, &text)
    }

    /// The same from a text; `file` is the name that messages use.
    ///
    /// # Errors
    /// [`ParamsError::Syntax`], [`ParamsError::Repeated`].
    pub fn parse(file: &str, text: &str) -> Result<Self, ParamsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let entries = match toml::parse(file, text) {
            Ok(entries) => entries,
            Err(not_toml) => {
                let is_python = Path::new(file).extension().is_some_and(|end| end == "py");
                let entries = course::parse(file, text)
                    .map_err(|not_course| if is_python { not_course } else { not_toml })?;
                course::no_repeats(&entries)?;
                entries
            }
        };
        Ok(Self {
            file: file.to_owned(),
            entries,
        })
    }

    /// The parameters that a journal holds.
    #[must_use]
    pub fn from_canonical(canonical: &Canonical) -> Self {
        let entry = |(key, value): (String, &serde_json::Value)| Entry {
            key,
            value: value.into(),
            place: Place::Journal,
        };
        Self {
            file: "the journal".to_owned(),
            entries: canonical.pairs().into_iter().map(entry).collect(),
        }
    }

    /// The same parameters with one more entry, which overrides those before it.
    #[must_use]
    pub fn with(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds the `key=value` of a `--set` option, which overrides the file.
    ///
    /// # Errors
    /// [`ParamsError::BadSet`] without an `=` or a key.
    pub fn set(&mut self, text: &str) -> Result<(), ParamsError> {
        let (key, value) = text
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .filter(|(key, value)| !key.is_empty() && !value.is_empty())
            .ok_or_else(|| ParamsError::BadSet {
                text: text.to_owned(),
            })?;
        self.entries.push(Entry {
            key: key.to_owned(),
            value: toml::parse_value(value),
            place: Place::CommandLine,
        });
        Ok(())
    }

    /// Refuses keys that do not exist.
    ///
    /// # Errors
    /// [`ParamsError::Unknown`] for the first of them.
    pub fn known_only(&self) -> Result<(), ParamsError> {
        for entry in &self.entries {
            if keys::find(&entry.key).is_none() {
                return Err(ParamsError::Unknown {
                    place: entry.place.clone(),
                    key: entry.key.clone(),
                    value: entry.value.clone(),
                    hint: keys::hint(&entry.key, keys::KEYS.iter().map(|key| key.name)),
                    known: keys::names(),
                });
            }
        }
        Ok(())
    }

    /// Every entry, in the order in which it was typed.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The value that holds for a key, if one was typed.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    /// The number of a required key; integers pass for floats, nothing else does.
    ///
    /// # Errors
    /// [`ParamsError::Missing`], [`ParamsError::WrongType`], [`ParamsError::Refused`] when not finite.
    pub fn number(&self, key: &'static str) -> Result<f64, ParamsError> {
        let entry = self.get(key).ok_or_else(|| self.missing(key))?;
        #[expect(clippy::cast_precision_loss, reason = "what Python's float(int) does")]
        let number = match entry.value {
            Value::Float(value) => value,
            Value::Integer(value) => value as f64,
            _ => return Err(wrong_type(entry, key)),
        };
        if number.is_finite() {
            Ok(number)
        } else {
            Err(self.refuse(key, format!("{key} must be {}", accepted(key))))
        }
    }

    /// The string of an optional key.
    ///
    /// # Errors
    /// [`ParamsError::WrongType`].
    pub fn string(&self, key: &'static str) -> Result<Option<&str>, ParamsError> {
        match self.get(key) {
            None => Ok(None),
            Some(Entry {
                value: Value::String(text),
                ..
            }) => Ok(Some(text)),
            Some(entry) => Err(wrong_type(entry, key)),
        }
    }

    /// The boolean of an optional key.
    ///
    /// # Errors
    /// [`ParamsError::WrongType`].
    pub fn boolean(&self, key: &'static str, default: bool) -> Result<bool, ParamsError> {
        match self.get(key) {
            None => Ok(default),
            Some(Entry {
                value: Value::Boolean(value),
                ..
            }) => Ok(*value),
            Some(entry) => Err(wrong_type(entry, key)),
        }
    }

    /// One of a few words; the first is the default.
    ///
    /// # Errors
    /// [`ParamsError::WrongType`], [`ParamsError::Refused`] with the nearest word.
    pub fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<T, ParamsError> {
        let Some(entry) = self.get(key) else {
            return Ok(choices[0].1);
        };
        let Value::String(word) = &entry.value else {
            return Err(wrong_type(entry, key));
        };
        choices
            .iter()
            .find(|(name, _)| name == word)
            .map(|&(_, choice)| choice)
            .ok_or_else(|| {
                let hint = keys::hint(word, choices.iter().map(|&(name, _)| name));
                self.refuse(key, format!("{key} must be {}{hint}", accepted(key)))
            })
    }

    /// The error for a value that has the right type and cannot be used.
    #[must_use]
    pub fn refuse(&self, key: &'static str, reason: String) -> ParamsError {
        let (place, value) = self.get(key).map_or_else(
            || (Place::Default, Value::String("default".to_owned())),
            |entry| (entry.place.clone(), entry.value.clone()),
        );
        ParamsError::Refused {
            place,
            key,
            value,
            reason,
        }
    }

    fn missing(&self, key: &'static str) -> ParamsError {
        let known = keys::find(key);
        ParamsError::Missing {
            file: self.file.clone(),
            key,
            example: known.map_or("", |known| known.example),
            meaning: known.map_or("", |known| known.meaning),
        }
    }
}

fn accepted(key: &str) -> &'static str {
    keys::find(key).map_or("a string", |known| known.accepted)
}

fn wrong_type(entry: &Entry, key: &'static str) -> ParamsError {
    ParamsError::WrongType {
        place: entry.place.clone(),
        key,
        value: entry.value.clone(),
        kind: entry.value.kind(),
        accepted: accepted(key).to_owned(),
    }
}

/// The operating system's reason without its number, in a newcomer's words where that helps.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory, not a file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
