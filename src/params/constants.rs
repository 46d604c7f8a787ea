//! [`Constants`]: named numbers for all formulas of a file, as defined by `[constants]`.

use super::{
    canonical::Canonical,
    error::ParamsError,
    function_table::refuse_name,
    key::{Key, Type},
    keys,
    profile::{Function, Words},
    raw::RawParams,
    value::{self, Entry, LONGEST_NAME, LONGEST_VALUE, Value, shown},
};
use diff2d_arrays::wording::excerpt;
use serde_json::{Map, Value as Json, json};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// The prefix of the constants' dotted keys.
const TABLE: &str = "constants.";

/// Numbers by name, in the order in which they were typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constants {
    values: Arc<[(String, f64)]>,
    /// The numbers and formulas as typed, in the form of a journal.
    json: Map<String, Json>,
}

impl Constants {
    /// The constants of a file. A constant may be a formula of other constants, in any order.
    ///
    /// # Errors
    /// [`ParamsError`] for a name that formulas use already, and for a value that is not a finite number.
    pub(super) fn of(raw: &RawParams) -> Result<Self, ParamsError> {
        let entries = raw.typed().entries();
        let entries = entries.filter_map(|entry| Some((entry.name.strip_prefix(TABLE)?, entry)));
        let functions = raw.typed().parts_of("function");
        let (mut wrong, mut json, mut pending) = (Vec::new(), Map::new(), Vec::new());
        for (name, entry) in entries {
            match judge_name(name, &functions) {
                Ok(()) => pending.push((name, entry)),
                Err(reason) => wrong.push(refuse(entry, &reason)),
            }
            let typed = value::number(&entry.value);
            json.insert(
                name.to_owned(),
                typed.map_or_else(|| json!(entry.value), |value| json!(value)),
            );
        }
        let mut values: Vec<(String, f64)> = Vec::new();
        let mut are_more_known = true;
        while are_more_known {
            are_more_known = false;
            for (name, entry) in std::mem::take(&mut pending) {
                match number(&entry.value, &values) {
                    Ok(value) => {
                        values.push((name.to_owned(), value));
                        are_more_known = true;
                    }
                    Err(_) => pending.push((name, entry)),
                }
            }
        }
        wrong.extend(unknown(&pending, &values));
        ParamsError::of_all(wrong)?;
        values.sort_by_key(|(name, _)| json.keys().position(|typed| typed == name));
        Ok(Self {
            values: values.into(),
            json,
        })
    }

    /// The names and values of the constants.
    pub fn values(&self) -> &[(String, f64)] {
        &self.values
    }

    /// The names and values of the constants, shared by formulas.
    pub(super) fn shared(&self) -> Arc<[(String, f64)]> {
        Arc::clone(&self.values)
    }

    /// The constants in the form of a journal; `None` if there are none.
    pub(super) fn to_json(&self) -> Option<Json> {
        (!self.json.is_empty()).then(|| Json::Object(self.json.clone()))
    }

    /// Parameters in which formulas of constants are replaced by their numbers, wherever only numbers are accepted.
    /// Keys that accept formulas keep them.
    ///
    /// # Errors
    /// [`ParamsError`] for a text that is not a formula of constants.
    pub(super) fn resolve<'r>(
        &self,
        raw: &'r RawParams,
    ) -> Result<Cow<'r, RawParams>, ParamsError> {
        if self.values.is_empty() {
            return Ok(Cow::Borrowed(raw));
        }
        let mut resolved = raw.clone();
        let mut wrong = Vec::new();
        for entry in raw.typed().entries() {
            let Some(key) = keys::find(&entry.name).filter(|_| !entry.name.starts_with(TABLE))
            else {
                continue;
            };
            let mut value = entry.value.clone();
            if !takes_numbers_alone(key, &entry.value) {
                continue;
            }
            match self.replace(&mut value) {
                Ok(()) if value == entry.value => {}
                Ok(()) => resolved = resolved.with(&entry.name, value, entry.place.clone()),
                Err(reason) => wrong.push(refuse(entry, &reason)),
            }
        }
        ParamsError::of_all(wrong)?;
        Ok(Cow::Owned(resolved))
    }

    /// Replaces the formulas in a value by their numbers.
    fn replace(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::String(_) => {
                let number = number(value, &self.values)?;
                *value = whole(number).map_or(Value::Float(number), Value::Integer);
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.replace(item)),
            _ => Ok(()),
        }
    }
}

/// Shows constants as `h = 12.0, L = 0.3`.
impl fmt::Display for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.iter();
        let values: Vec<String> = values
            .map(|(name, value)| format!("{name} = {value:?}"))
            .collect();
        f.write_str(&values.join(", "))
    }
}

/// Whether texts in the value of a key can only mean numbers.
fn takes_numbers_alone(key: &Key, value: &Value) -> bool {
    let takes_numbers = key.types.iter().any(|kind| {
        matches!(
            kind,
            Type::Number | Type::Integer | Type::Pair | Type::Numbers | Type::Points
        )
    });
    let takes_words = key.types.iter().any(|kind| matches!(kind, Type::Word));
    takes_numbers && !takes_words && !key.takes(value)
}

/// The number that a value of a journal's parameters is, or that it gives as a formula of numbers and constants; `None` for other
/// values.
pub fn number_of(params: &Canonical, name: &str) -> Option<f64> {
    let json = params.value(name)?;
    json.as_f64().or_else(|| {
        let constants = Constants::of(&RawParams::from_canonical(params)).ok()?;
        number(&value::from_json(json), &constants.values).ok()
    })
}

/// The errors of constants whose numbers are unknown. What is wrong with a constant is not told of those that are made of it.
fn unknown(pending: &[(&str, &Entry)], values: &[(String, f64)]) -> Vec<ParamsError> {
    let entries: BTreeMap<&str, &Entry> = pending.iter().copied().collect();
    // The first constant without a number of which each one is made.
    let needs: BTreeMap<&str, &str> = (pending.iter())
        .filter_map(|(name, entry)| {
            let text = entry.value.as_str()?;
            let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let (constant, _) = words.find_map(|word| entries.get_key_value(word))?;
            Some((*name, *constant))
        })
        .collect();
    let (mut errors, mut passed) = (Vec::new(), BTreeSet::new());
    for &(start, entry) in pending {
        if !needs.contains_key(start) {
            let reason = number(&entry.value, values).err().unwrap_or_default();
            errors.push(refuse(entry, &reason));
            continue;
        }
        let (mut path, mut next) = (Vec::new(), Some(start));
        while let Some(name) = next.filter(|name| passed.insert(*name)) {
            path.push(name);
            next = needs.get(name).copied();
        }
        let circle_begin = path.iter().position(|name| Some(*name) == next);
        if let Some((first, others)) = circle_begin.and_then(|begin| path[begin..].split_first()) {
            let made_of: String = (others.iter())
                .map(|name| format!("{name}, {name} of "))
                .collect();
            let reason = format!(
                "constants form a circle, {first} is made of {made_of}{first}: give one of them a number"
            );
            errors.push(refuse(entries[first], &reason));
        }
    }
    errors
}

/// The finite number of a value: a number, or a formula of constants.
fn number(value: &Value, constants: &[(String, f64)]) -> Result<f64, String> {
    let words = Words {
        constants: constants.into(),
        ..Words::default()
    };
    let function = Function::parse(value, &words);
    let function = function.map_err(|reason| {
        reason.unwrap_or_else(|| "it must be a finite number or a formula of constants".to_owned())
    })?;
    let number = function.constant();
    number.ok_or_else(|| "random numbers are no constants".to_owned())
}

/// A number as an integer, if it is one.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 2_f64.powi(53)).then_some(number as i64)
}

/// Refuses a name that is invalid in formulas, or used already.
fn judge_name(name: &str, functions: &[String]) -> Result<(), String> {
    refuse_name(name, "constant")?;
    if functions.iter().any(|function| function == name) {
        Err(format!(
            "{name} is a function of the file already; the constant needs another name"
        ))
    } else {
        Ok(())
    }
}

/// The error for an entry that cannot be used.
fn refuse(entry: &Entry, reason: &str) -> ParamsError {
    let name = excerpt(&entry.name, LONGEST_NAME);
    let value = excerpt(&shown(&entry.value), LONGEST_VALUE);
    let reason = format!("{name} = {value} cannot be used: {reason}");
    ParamsError::syntax(&entry.place, reason)
}
