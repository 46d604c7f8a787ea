//! [`Judge`]: checks typed values by the table of keys.

use super::{
    canonical::Canonical,
    choice::{Alpha, Choice, Interpolation},
    error::ParamsError,
    keys::{self, Absent, KEYS, Key},
    profile::{Function, Profile, VARIABLES, Wall, Words},
    raw::RawParams,
    spelling,
    value::{Entry, Value, number},
};
use diff2d_arrays::wording::parse_bytes;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, path::PathBuf};

/// Takes the values of keys. Collects their entries for a journal, and all errors.
pub(super) struct Judge<'a> {
    raw: &'a RawParams,
    wrong: Vec<ParamsError>,
    /// Keys for which an unknown key was probably meant: they are not reported as missing as well.
    meant: Vec<&'static str>,
    taken: BTreeMap<&'static str, Json>,
    /// The names that formulas may use.
    pub(super) words: Words,
}

impl<'a> Judge<'a> {
    pub(super) fn new(raw: &'a RawParams) -> Self {
        Self {
            raw,
            wrong: Vec::new(),
            meant: Vec::new(),
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
            let nearest = spelling::nearest(&entry.name, names.clone());
            self.meant.extend(nearest);
        }
        self.refuse_keys(&unknown, &names);
    }

    /// Refuses keys that are not among `known`. The first ones are named, many others only counted.
    pub(super) fn refuse_keys<'n>(
        &mut self,
        unknown: &[&Entry],
        known: &(impl Iterator<Item = &'n str> + Clone),
    ) {
        /// The largest number of keys that are named.
        const MOST_TOLD: usize = 10;
        let (named, counted) = unknown.split_at(unknown.len().min(MOST_TOLD));
        let errors = named
            .iter()
            .map(|entry| ParamsError::unknown(entry, known.clone()));
        self.wrong.extend(errors);
        if let [entry, ..] = counted {
            self.wrong.push(ParamsError::MoreUnknown {
                place: entry.place.clone(),
                count: counted.len(),
            });
        }
    }

    /// The value of a result; an error is collected.
    pub(super) fn take<T>(&mut self, result: Result<T, ParamsError>) -> Option<T> {
        result.map_err(|error| self.wrong.push(error)).ok()
    }

    /// Whether a key was typed.
    pub(super) fn is_typed(&self, key: &str) -> bool {
        self.raw.typed().get(key).is_some()
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
        key: &str,
        convert: impl FnOnce(&Value) -> Result<T, Option<String>>,
    ) -> Option<T> {
        let key = keys::named(key);
        let raw = self.raw;
        let result = raw.value(key).and_then(|value| {
            convert(&value).map_err(|reason| raw.refuse(key.name, told(key, reason)))
        });
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                // What is wrong with another key is told of that one.
                let is_follower = matches!(key.absent, Absent::Same(_)) && !self.is_typed(key.name);
                let is_meant =
                    matches!(error, ParamsError::Missing { key, .. } if self.meant.contains(&key));
                if !is_follower && !is_meant {
                    self.wrong.push(error);
                }
                None
            }
        }
    }

    /// Stores the entry of a key for the journal.
    pub(super) fn note(&mut self, key: &str, value: Json) {
        self.taken.insert(keys::named(key).name, value);
    }

    /// Stores a value as the entry of a key for the journal, and returns the value.
    fn noted<T: Into<Json> + Clone>(&mut self, key: &str, value: T) -> T {
        self.note(key, value.clone().into());
        value
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
            chosen(value).map_err(|hint| Some(told(keys::named(key), None) + &hint))
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

    pub(super) fn path_to(&self, key: &str, path: &str) -> PathBuf {
        match self.raw.entry(keys::named(key)) {
            Some(entry) => entry.place.path_to(path),
            None => path.into(),
        }
    }

    /// A number, or a formula without variables; NaN if it was refused.
    pub(super) fn constant(&mut self, key: &str) -> f64 {
        let value = self.function(key, 0).constant();
        self.noted(key, value.unwrap_or(f64::NAN))
    }

    /// A finite number, or a formula in the first `variables` of x, y and t; NaN if it was refused.
    pub(super) fn function(&mut self, key: &str, variables: usize) -> Function {
        let words = self.words.of(variables);
        let function = self.convert(key, |value| Function::parse(value, &words));
        let function = function.unwrap_or(Function::Number(f64::NAN));
        self.note(key, function.to_json());
        function
    }

    /// A finite number, a formula in the first `variables` of x, y and t, or a file.
    pub(super) fn profile(&mut self, key: &str, variables: usize) -> Profile {
        let words = self.words.of(variables);
        let profile = self.convert(key, |value| match (value.get("file"), value.get("image")) {
            (Some(path), _) => Ok(Profile::File(path.as_str().ok_or(None)?.into())),
            (_, Some(path)) => Ok(Profile::Image {
                path: path.as_str().ok_or(None)?.into(),
                range: value.get("range").map_or(Ok([0.0, 1.0]), |range| {
                    finite_pair(range).ok_or(Some(
                        "range must be two finite numbers, [black, white]".to_owned(),
                    ))
                })?,
                interpolation: value.get("interpolate").map_or(
                    Ok(Interpolation::Linear),
                    |word| {
                        chosen(word).map_err(|hint| {
                            Some(format!(
                                "interpolate must be \"linear\" or \"nearest\"{hint}"
                            ))
                        })
                    },
                )?,
                alpha: alpha_of(value.get("alpha"))?,
            }),
            _ => Ok(Profile::Function(Function::parse(value, &words)?)),
        });
        let profile = match profile {
            Some(Profile::File(path)) => Profile::File(self.path_to(key, &path.to_string_lossy())),
            Some(Profile::Image {
                path,
                range,
                interpolation,
                alpha,
            }) => Profile::Image {
                path: self.path_to(key, &path.to_string_lossy()),
                range,
                interpolation,
                alpha,
            },
            Some(profile) => profile,
            None => Profile::Function(Function::Number(f64::NAN)),
        };
        self.note(key, profile.to_json());
        profile
    }

    /// The boundary condition of a side.
    pub(super) fn wall(&mut self, key: &str) -> Wall {
        let words = self.words.of(VARIABLES.len());
        let wall = self.convert(key, |value| {
            if let Some(hint) = value.as_str().and_then(hint_of_wall) {
                return Err(Some(hint.to_owned()));
            }
            match (value.as_str(), value.get("flux"), value.get("robin")) {
                (Some("periodic"), _, _) => Ok(Wall::Periodic),
                (Some("insulated"), _, _) => Ok(Wall::Flux(Function::Number(0.0))),
                (_, Some(flux), _) => Ok(Wall::Flux(Function::parse(flux, &words)?)),
                (_, _, Some(robin)) => match robin.as_array().map(Vec::as_slice) {
                    Some([a, b, c]) => Ok(Wall::Robin([
                        Function::parse(a, &words)?,
                        Function::parse(b, &words)?,
                        Function::parse(c, &words)?,
                    ])),
                    _ => Err(Some(
                        "robin must be three numbers or formulas, [a, b, c] of a p + b dp/dn = c"
                            .to_owned(),
                    )),
                },
                _ => Ok(Wall::Fixed(Function::parse(value, &words)?)),
            }
        });
        let wall = wall.unwrap_or(Wall::Fixed(Function::Number(f64::NAN)));
        self.note(key, wall.to_json());
        wall
    }

    /// Refuses the value of a key if a condition holds.
    pub(super) fn refuse_if(
        &mut self,
        is_wrong: bool,
        key: &'static str,
        reason: impl FnOnce() -> String,
    ) {
        if is_wrong {
            self.wrong.push(self.raw.refuse(key, reason()));
        }
    }

    /// The parameters in the form of a journal, if there were no errors.
    pub(super) fn verdict(self) -> Result<Canonical, ParamsError> {
        ParamsError::of_all(self.wrong).map(|()| Canonical::new(self.taken))
    }
}

/// The right notation for a boundary condition that was typed under another name.
fn hint_of_wall(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "dirichlet" | "fixed" => {
            "a Dirichlet boundary condition is the value itself, a number or a formula in x, y and t"
        }
        "neumann" | "flux" => {
            "a Neumann boundary condition is { flux = q }, D times the outward derivative"
        }
        "noflux" | "no-flux" | "no_flux" | "adiabatic" | "reflecting" | "symmetry" | "closed"
        | "insulate" | "zero-flux" => "a wall that nothing passes is \"insulated\"",
        "robin" | "convection" | "mixed" => {
            "a Robin boundary condition is { robin = [a, b, c] }, a p + b dp/dn = c"
        }
        _ => return None,
    })
}

/// Whether an entry is in the table of keys, as a key or as a table of keys.
fn is_known(entry: &Entry) -> bool {
    let is_table = matches!(entry.value, Value::Table(_)) && keys::is_table(&entry.name);
    is_table || keys::is_key(&entry.name)
}

/// A given reason, or a sentence on what a key accepts.
fn told(key: &Key, reason: Option<String>) -> String {
    reason.unwrap_or_else(|| format!("{} must be {}", key.name, key.accepted))
}

fn finite(value: &Value) -> Option<f64> {
    number(value).filter(|number| number.is_finite())
}

/// Two finite numbers.
fn finite_pair(value: &Value) -> Option<[f64; 2]> {
    match value.as_array().map(Vec::as_slice) {
        Some([first, second]) => Some([finite(first)?, finite(second)?]),
        _ => None,
    }
}

/// The meaning of the alpha channel as typed in a table of a picture; the error is the reason why it cannot be used.
pub(super) fn alpha_of(word: Option<&Value>) -> Result<Option<Alpha>, Option<String>> {
    let alpha = word.map(chosen).transpose();
    alpha.map_err(|hint| {
        Some(format!(
            "alpha must be \"white\", \"ignore\" or \"values\"{hint}"
        ))
    })
}

/// The choice that a word names, or a hint at a similar word.
fn chosen<T: Choice>(word: &Value) -> Result<T, String> {
    let word = word.as_str().unwrap_or_default();
    let mut choices = T::ALL.iter().copied();
    choices
        .find(|choice| choice.name() == word)
        .ok_or_else(|| spelling::hint(word, T::ALL.iter().map(|choice| choice.name())))
}
