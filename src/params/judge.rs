//! [`Judge`]: what was typed, judged by the table of keys.

use super::{
    choice::Choice,
    error::ParamsError,
    keys::{self, Key},
    profile::{Formula, Function, Profile, VARIABLES, Wall},
    raw::RawParams,
    spelling,
    table::{Entry, Table, Value},
};
use diff2d_arrays::expression::Expression;
use diff2d_arrays::wording::parse_bytes;
use std::path::PathBuf;

/// Takes the values of keys, and gathers all that is wrong with them.
pub(super) struct Judge<'a> {
    raw: &'a RawParams,
    wrong: Vec<ParamsError>,
    /// Keys that an unknown one was probably meant to be: they are not reported as missing, too.
    meant: Vec<&'static str>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(raw: &'a RawParams) -> Self {
        Self {
            raw,
            wrong: Vec::new(),
            meant: Vec::new(),
        }
    }

    /// Refuses the keys that do not exist.
    pub(super) fn refuse_unknown(&mut self) {
        let names = || keys::KEYS.iter().map(|key| key.name);
        for (name, entry) in self.raw.table().leaves(keys::is_key) {
            let is_empty_table = matches!(entry.value, Value::Table(_)) && keys::is_table(&name);
            if !keys::is_key(&name) && !is_empty_table {
                self.meant.extend(spelling::nearest(&name, names()));
                self.wrong.push(ParamsError::unknown(&name, entry, names()));
            }
        }
    }

    /// The value of a result; an error is gathered.
    pub(super) fn take<T>(&mut self, result: Result<T, ParamsError>) -> Option<T> {
        result.map_err(|error| self.wrong.push(error)).ok()
    }

    /// The value of a key, converted from one of the key's types.
    fn value<T>(&mut self, key: &Key, convert: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        match self.raw.value(key) {
            Err(ParamsError::Missing { key, .. }) if self.meant.contains(&key) => None,
            result => convert(&*self.take(result)?),
        }
    }

    /// A finite number. NaN stands for one that was refused.
    pub(super) fn number(&mut self, key: &str) -> f64 {
        let key = keys::named(key);
        let number = self.value(key, Value::number);
        let is_wrong = number.is_some_and(|number| !number.is_finite());
        self.refuse_if(is_wrong, key.name, || {
            format!("{} must be {}", key.name, key.accepted)
        });
        number.filter(|_| !is_wrong).unwrap_or(f64::NAN)
    }

    /// Whether a key was typed.
    pub(super) fn is_typed(&self, key: &str) -> bool {
        self.raw.table().get(key).is_some()
    }

    /// A finite number, if the key was typed.
    pub(super) fn number_if_typed(&mut self, key: &str) -> Option<f64> {
        self.is_typed(key).then(|| self.number(key))
    }

    /// A truth value.
    pub(super) fn boolean(&mut self, key: &str) -> bool {
        let value = self.value(keys::named(key), |value| match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        });
        value.unwrap_or_default()
    }

    /// A string.
    pub(super) fn word(&mut self, key: &str) -> Option<String> {
        self.value(keys::named(key), |value| match value {
            Value::String(word) => Some(word.clone()),
            _ => None,
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Choice>(&mut self, key: &str) -> T {
        let word = self.word(key);
        let key = keys::named(key);
        let chosen = |word: &String| T::ALL.iter().copied().find(|choice| choice.name() == word);
        let choice = word.as_ref().and_then(chosen);
        if let (Some(word), None) = (&word, choice) {
            let hint = spelling::hint(word, T::ALL.iter().map(|choice| choice.name()));
            self.refuse_if(true, key.name, || {
                format!("{} must be {}{hint}", key.name, key.accepted)
            });
        }
        choice.unwrap_or(T::ALL[0])
    }

    /// A whole number, if the key was typed.
    pub(super) fn integer_if_typed(&mut self, key: &str) -> Option<i64> {
        if !self.is_typed(key) {
            return None;
        }
        self.value(keys::named(key), |value| match value {
            Value::Integer(value) => Some(*value),
            _ => None,
        })
    }

    /// A number of bytes, if the key was typed.
    pub(super) fn size_if_typed(&mut self, key: &str) -> Option<u64> {
        if !self.is_typed(key) {
            return None;
        }
        self.value(keys::named(key), |value| match value {
            Value::Integer(bytes) => u64::try_from(*bytes).ok().filter(|&bytes| bytes > 0),
            Value::String(text) => parse_bytes(text).ok(),
            _ => None,
        })
    }

    /// Two finite numbers.
    pub(super) fn pair(&mut self, key: &str) -> [f64; 2] {
        let key = keys::named(key);
        let numbers = self.value(key, |value| match value {
            Value::Array(items) => Some([items.first()?.number()?, items.get(1)?.number()?]),
            _ => None,
        });
        let numbers = numbers.unwrap_or_default();
        let is_wrong = !numbers.iter().all(|number| number.is_finite());
        self.refuse_if(is_wrong, key.name, || {
            format!("{} must be {}", key.name, key.accepted)
        });
        numbers
    }

    /// The name of a file; a relative one starts from the parameter file in which it was typed.
    pub(super) fn path(&mut self, key: &str) -> PathBuf {
        let path = self.word(key).unwrap_or_default();
        match self.raw.table().get(key) {
            Some(entry) => entry.place.path_to(&path),
            None => path.into(),
        }
    }

    /// A finite number, or a formula in the first `variables` of x, y and t. NaN stands for one that was refused.
    pub(super) fn function(&mut self, key: &str, variables: usize) -> Function {
        let key = keys::named(key);
        match self.value(key, |value| Some(value.clone())) {
            Some(value) => self.function_of(key, &value, variables),
            None => Function::Number(f64::NAN),
        }
    }

    /// As [`function`](Self::function), or a file.
    pub(super) fn profile(&mut self, key: &str, variables: usize) -> Profile {
        let key = keys::named(key);
        let refused = Profile::Function(Function::Number(f64::NAN));
        let Some(value) = self.value(key, |value| Some(value.clone())) else {
            return refused;
        };
        match &value {
            Value::Table(table) => match form(table) {
                Some(Entry {
                    value: Value::String(path),
                    place,
                    ..
                }) => Profile::File(place.path_to(path)),
                _ => {
                    self.refuse_if(true, key.name, || {
                        format!("{} must be {}", key.name, key.accepted)
                    });
                    refused
                }
            },
            value => Profile::Function(self.function_of(key, value, variables)),
        }
    }

    /// What holds on a side of the domain.
    pub(super) fn wall(&mut self, key: &str) -> Wall {
        let key = keys::named(key);
        let refused = Wall::Fixed(Function::Number(f64::NAN));
        let Some(value) = self.value(key, |value| Some(value.clone())) else {
            return refused;
        };
        let all = VARIABLES.len();
        match &value {
            Value::String(word) if word == "periodic" => Wall::Periodic,
            Value::Table(table) => match form(table) {
                Some(entry) if entry.key == "flux" => {
                    Wall::Flux(self.function_of(key, &entry.value, all))
                }
                Some(Entry {
                    value: Value::Array(items),
                    ..
                }) if items.len() == 3 => {
                    Wall::Robin([0, 1, 2].map(|number| self.function_of(key, &items[number], all)))
                }
                _ => {
                    self.refuse_if(true, key.name, || {
                        "robin must be three numbers or formulas, [a, b, c] of a p + b dp/dn = c"
                            .to_owned()
                    });
                    refused
                }
            },
            value => Wall::Fixed(self.function_of(key, value, all)),
        }
    }

    /// The number or formula of a value.
    fn function_of(&mut self, key: &Key, value: &Value, variables: usize) -> Function {
        let refused = Function::Number(f64::NAN);
        if let Value::String(text) = value {
            let function = Expression::parse(text, &VARIABLES[..variables]).map(|expression| {
                Function::Formula(Formula {
                    text: text.clone(),
                    expression,
                })
            });
            let reason = match function {
                Ok(function) => match function.constant() {
                    Some(value) if !value.is_finite() => format!("{text} is {value}"),
                    _ => return function,
                },
                Err(error) => error.to_string(),
            };
            self.refuse_if(true, key.name, || reason);
            return refused;
        }
        match value.number().filter(|number| number.is_finite()) {
            Some(number) => Function::Number(number),
            None => {
                self.refuse_if(true, key.name, || {
                    format!("{} must be {}", key.name, key.accepted)
                });
                refused
            }
        }
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

    /// The parameters, if nothing was wrong.
    pub(super) fn verdict<T>(self, params: T) -> Result<T, ParamsError> {
        ParamsError::of_all(self.wrong).map(|()| params)
    }
}

/// The one entry of a table.
fn form(table: &Table) -> Option<&Entry> {
    table.entries().first()
}
