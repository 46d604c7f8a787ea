//! [`Judge`]: what was typed, judged by the table of keys.

use super::{
    choice::Choice,
    error::ParamsError,
    keys::{self, Key},
    raw::RawParams,
    table::Value,
};

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
            if !keys::is_key(&name) {
                self.meant.extend(keys::nearest(&name, names()));
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
            let hint = keys::hint(word, T::ALL.iter().map(|choice| choice.name()));
            self.refuse_if(true, key.name, || {
                format!("{} must be {}{hint}", key.name, key.accepted)
            });
        }
        choice.unwrap_or(T::ALL[0])
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
    pub(super) fn verdict<T>(mut self, params: T) -> Result<T, ParamsError> {
        match self.wrong.len() {
            0 => Ok(params),
            1 => Err(self.wrong.remove(0)),
            _ => Err(ParamsError::Several(self.wrong)),
        }
    }
}
