//! [`Judge`]: what was typed, judged by the table of keys.

use super::{
    canonical::Canonical,
    choice::{Choice, Interpolation},
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

/// Takes the values of keys. Gathers what a journal says of them, and all that is wrong with them.
pub(super) struct Judge<'a> {
    raw: &'a RawParams,
    wrong: Vec<ParamsError>,
    /// Keys that an unknown one was probably meant to be: they are not reported as missing, too.
    meant: Vec<&'static str>,
    taken: BTreeMap<&'static str, Json>,
    /// What formulas may use.
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

    /// Refuses the keys that do not exist.
    pub(super) fn refuse_unknown(&mut self) {
        let names = || KEYS.iter().map(|key| key.name);
        let raw = self.raw;
        let is_known = |entry: &&Entry| {
            let is_table = matches!(entry.value, Value::Table(_)) && keys::is_table(&entry.name);
            keys::is_key(&entry.name) || is_table
        };
        let unknown: Vec<&Entry> = raw.typed().entries().filter(|one| !is_known(one)).collect();
        // Comparing words takes time; among so many none is a slip of the pen.
        for entry in unknown.iter().take(100) {
            self.meant.extend(spelling::nearest(&entry.name, names()));
        }
        self.refuse_keys(&unknown, &names());
    }

    /// Refuses keys that are none of `known`. Of many the first ones are told.
    pub(super) fn refuse_keys<'n>(
        &mut self,
        unknown: &[&Entry],
        known: &(impl Iterator<Item = &'n str> + Clone),
    ) {
        /// More than a person wants to read of.
        const MOST_TOLD: usize = 10;
        let (told, rest) = unknown.split_at(unknown.len().min(MOST_TOLD));
        let told = told
            .iter()
            .map(|entry| ParamsError::unknown(entry, known.clone()));
        self.wrong.extend(told);
        if let [first, ..] = rest {
            self.wrong.push(ParamsError::MoreUnknown {
                place: first.place.clone(),
                count: rest.len(),
            });
        }
    }

    /// The value of a result; an error is gathered.
    pub(super) fn take<T>(&mut self, result: Result<T, ParamsError>) -> Option<T> {
        result.map_err(|error| self.wrong.push(error)).ok()
    }

    /// Whether a key was typed.
    pub(super) fn is_typed(&self, key: &str) -> bool {
        self.raw.typed().get(key).is_some()
    }

    /// Whether the value of a key was taken.
    pub(super) fn has_taken(&self, key: &str) -> bool {
        self.taken.contains_key(key)
    }

    /// What a journal says of a key whose value was taken.
    pub(super) fn noted_value(&self, key: &str) -> &Json {
        self.taken.get(key).unwrap_or(&Json::Null)
    }

    /// Takes the value of a key, converted from one of the key's types. The reason why it cannot be used is
    /// gathered; where there is none, what the key accepts is told.
    pub(super) fn convert<T>(
        &mut self,
        key: &str,
        convert: impl FnOnce(&Value) -> Result<T, Option<String>>,
    ) -> Option<T> {
        let key = keys::named(key);
        let raw = self.raw;
        let refuse = |reason: Option<String>| raw.refuse(key.name, told(key, reason));
        let value = raw.value(key);
        match value.and_then(|value| convert(&value).map_err(refuse)) {
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

    /// Notes what a journal says of a key.
    pub(super) fn note(&mut self, key: &str, value: Json) {
        self.taken.insert(keys::named(key).name, value);
    }

    /// As [`note`](Self::note), and the value itself.
    fn noted<T: Into<Json> + Clone>(&mut self, key: &str, value: T) -> T {
        self.note(key, value.clone().into());
        value
    }

    /// Leaves a key out of journals.
    pub(super) fn leave_out(&mut self, key: &str) {
        self.taken.remove(key);
    }

    /// A finite number. NaN stands for one that was refused.
    pub(super) fn number(&mut self, key: &str) -> f64 {
        let number = self.convert(key, |value| finite(value).ok_or(None));
        self.noted(key, number.unwrap_or(f64::NAN))
    }

    /// A finite number, if the key was typed.
    pub(super) fn number_if_typed(&mut self, key: &str) -> Option<f64> {
        self.is_typed(key).then(|| self.number(key))
    }

    /// As [`number_if_typed`](Self::number_if_typed); its default is noted where it was not.
    pub(super) fn number_or_default(&mut self, key: &str) -> Option<f64> {
        let number = self.number(key);
        self.is_typed(key).then_some(number)
    }

    /// A finite number, or what holds where the key was not typed.
    pub(super) fn number_or(&mut self, key: &str, absent: f64) -> f64 {
        match self.is_typed(key) {
            true => self.number(key),
            false => self.noted(key, absent),
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

    /// A text for labels, if the key was typed.
    pub(super) fn label_if_typed(&mut self, key: &str) {
        /// Letters that fit beside the name of an axis.
        const LONGEST: usize = 40;
        if !self.is_typed(key) {
            return;
        }
        let label = self.convert(key, |value| {
            let is_label = |text: &&str| {
                let is_short = (1..=LONGEST).contains(&text.chars().count());
                is_short && !text.chars().any(char::is_control)
            };
            let label = value.as_str().filter(is_label).map(str::to_owned);
            label.ok_or_else(|| Some(format!("it must be a text of 1 to {LONGEST} letters")))
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

    /// One of a few words, or what holds where the key was not typed.
    pub(super) fn choice_or<T: Choice>(&mut self, key: &str, absent: T) -> T {
        if self.is_typed(key) {
            return self.choice(key);
        }
        self.note(key, json!(absent.name()));
        absent
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

    /// The name of a file; a relative one starts from the parameter file in which it was typed.
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

    /// A number, or a formula without variables. NaN stands for one that was refused.
    pub(super) fn constant(&mut self, key: &str) -> f64 {
        let value = self.function(key, 0).constant();
        self.noted(key, value.unwrap_or(f64::NAN))
    }

    /// A finite number, or a formula in the first `variables` of x, y and t. NaN stands for one that was refused.
    pub(super) fn function(&mut self, key: &str, variables: usize) -> Function {
        let words = self.words.of(variables);
        let function = self.convert(key, |value| Function::parse(value, &words));
        let function = function.unwrap_or(Function::Number(f64::NAN));
        self.note(key, function.to_json());
        function
    }

    /// As [`function`](Self::function), or a file.
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
            }),
            _ => Ok(Profile::Function(Function::parse(value, &words)?)),
        });
        let path_to = |path: PathBuf| self.path_to(key, &path.to_string_lossy());
        let profile = match profile {
            Some(Profile::File(path)) => Profile::File(path_to(path)),
            Some(Profile::Image {
                path,
                range,
                interpolation,
            }) => Profile::Image {
                path: path_to(path),
                range,
                interpolation,
            },
            Some(profile) => profile,
            None => Profile::Function(Function::Number(f64::NAN)),
        };
        self.note(key, profile.to_json());
        profile
    }

    /// What holds on a side of the domain.
    pub(super) fn wall(&mut self, key: &str) -> Wall {
        let words = self.words.of(VARIABLES.len());
        let wall = self.convert(key, |value| {
            let function = |value| Function::parse(value, &words);
            if let Some(hint) = value.as_str().and_then(hint_of_wall) {
                return Err(Some(hint.to_owned()));
            }
            match (value.as_str(), value.get("flux"), value.get("robin")) {
                (Some("periodic"), _, _) => Ok(Wall::Periodic),
                (Some("insulated"), _, _) => Ok(Wall::Flux(Function::Number(0.0))),
                (_, Some(flux), _) => Ok(Wall::Flux(function(flux)?)),
                (_, _, Some(robin)) => match robin.as_array().map(Vec::as_slice) {
                    Some([a, b, c]) => Ok(Wall::Robin([function(a)?, function(b)?, function(c)?])),
                    _ => Err(Some(
                        "robin must be three numbers or formulas, [a, b, c] of a p + b dp/dn = c"
                            .to_owned(),
                    )),
                },
                _ => Ok(Wall::Fixed(function(value)?)),
            }
        });
        let wall = wall.unwrap_or(Wall::Fixed(Function::Number(f64::NAN)));
        self.note(key, wall.to_json());
        wall
    }

    /// Refuses the value of a key where it is wrong.
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

    /// What a journal says of all keys that were taken, if nothing was wrong.
    pub(super) fn verdict(self) -> Result<Canonical, ParamsError> {
        ParamsError::of_all(self.wrong).map(|()| Canonical::new(self.taken))
    }
}

/// What to write for a kind of boundary condition that is called by another name.
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

/// A reason, or what a key accepts.
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

/// The choice that a word names, or a hint at what it may have been meant to be.
fn chosen<T: Choice>(word: &Value) -> Result<T, String> {
    let word = word.as_str().unwrap_or_default();
    let mut all = T::ALL.iter().copied();
    let hint = || spelling::hint(word, T::ALL.iter().map(|choice| choice.name()));
    all.find(|choice| choice.name() == word).ok_or_else(hint)
}
