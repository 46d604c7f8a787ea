//! The values of `[fit]`, which `diff2d fit` alone uses. Every command tells what is wrong with them.

use super::{
    error::ParamsError,
    key::{ANY_NAME, Key, TableKeys},
    keys,
    raw::RawParams,
    spelling::hint,
    value::{Value, finite, number},
};
use crate::measured::Reading;
use std::{collections::BTreeSet, slice};

/// The table of the unknowns, in which each unknown is a key.
const VARY: &str = "fit.vary.";

/// The smallest and the largest share by which an unknown is changed for derivatives.
const STEPS: [f64; 2] = [1e-8, 1e-2];

/// The names of the unknowns of a file, in the order in which they were typed.
pub(crate) fn names_of_unknowns(raw: &RawParams) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for entry in raw.typed().entries() {
        let Some(name) = entry.name.strip_prefix(VARY) else {
            continue;
        };
        let name = match keys::find(&entry.name) {
            // The entry is a key in the table of an unknown.
            Some(key) if !key.name.starts_with(VARY) => name
                .strip_suffix(key.name)
                .map_or(name, |name| name.trim_end_matches('.')),
            _ => name,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The bounds of an unknown, and whether its logarithm is varied: by default where both bounds are greater than 0.
pub(crate) fn bounds_and_scale(raw: &RawParams, unknown: &str) -> ([f64; 2], bool) {
    let bounds = pair_at(raw, &bounds_key(raw, unknown));
    let [low, high] = bounds.unwrap_or([f64::NAN; 2]);
    let scale = raw.typed().get(&format!("{VARY}{unknown}.scale"));
    let is_logarithmic = match scale {
        None => low > 0.0,
        Some(scale) => scale.value.as_str() == Some("log"),
    };
    ([low, high], is_logarithmic)
}

/// The pair of numbers that was typed for a key.
pub(crate) fn pair_at(raw: &RawParams, name: &str) -> Option<[f64; 2]> {
    pair(&raw.typed().get(name)?.value)
}

/// The key of the bounds of an unknown: its own, or one in its table.
pub(crate) fn bounds_key(raw: &RawParams, unknown: &str) -> String {
    let name = format!("{VARY}{unknown}");
    match raw.typed().get(&name) {
        Some(_) => name,
        None => format!("{name}.between"),
    }
}

/// What is wrong with `[fit]`. Whether what an unknown names is a number, and lies within its bounds, is left to fits:
/// the values of a file may be overridden.
pub(crate) fn errors_in_fit(raw: &RawParams) -> Vec<ParamsError> {
    let unknowns = names_of_unknowns(raw).into_iter();
    let lost: BTreeSet<String> = unknowns
        .filter(|name| !is_of_file(raw, name))
        .map(|name| format!("{VARY}{name}"))
        .collect();
    let mut errors: Vec<ParamsError> = Vec::new();
    for name in &lost {
        let reason = reason_for_no_number(raw, &name[VARY.len()..]);
        errors.push(raw.refuse(name, reason));
    }
    let entries = raw.typed().entries_of("fit");
    let names = entries.map(|entry| entry.name.as_str());
    let judged = names.filter(|name| keys::is_key(name) && !lost.contains(*name));
    errors.extend(judged.filter_map(|name| judge(raw, name).err()));
    for unknown in names_of_unknowns(raw) {
        let name = format!("{VARY}{unknown}");
        let mut entries = raw.typed().entries_of(&name);
        // Of values that are wrong alone it is not told what is wrong with them together.
        if let ([low, _], true) = bounds_and_scale(raw, unknown)
            && low <= 0.0
            && !lost.contains(&name)
            && entries.all(|entry| judge(raw, &entry.name).is_ok())
        {
            let reason = "\"log\" needs bounds greater than 0".to_owned();
            errors.push(raw.refuse(&format!("{name}.scale"), reason));
        }
    }
    errors
}

/// Whether a file may have a number of this name.
fn is_of_file(raw: &RawParams, name: &str) -> bool {
    let typed = raw.typed();
    typed.first_entry_of(&format!("constants.{name}")).is_some()
        || typed.value_at(name).is_some()
        || keys::find(name).is_some_and(|key| !key.name.ends_with(ANY_NAME))
}

/// The reason why a name in `[fit.vary]` is no number of the file.
pub(crate) fn reason_for_no_number(raw: &RawParams, name: &str) -> String {
    let is_number = |name: &str| {
        let typed = raw.typed().value_at(name);
        typed.is_some_and(|(value, _)| number(value).is_some())
    };
    if let Some((unknown, slip)) = name.rsplit_once('.')
        && (is_number(unknown) || is_number(&format!("constants.{unknown}")))
    {
        let table = keys::table(&format!("{VARY}{unknown}"));
        let names: Vec<&str> = table.into_iter().flat_map(TableKeys::names).collect();
        let hint = hint(slip, names.iter().copied());
        return format!(
            "there is no key {slip} of an unknown{hint}; there are {}",
            names.join(", ")
        );
    }
    let entries = raw.typed().entries();
    let numbers = entries.filter(|entry| number(&entry.value).is_some());
    let names = numbers.map(|entry| match entry.name.strip_prefix("constants.") {
        Some(constant) if !name.contains('.') => constant,
        _ => &*entry.name,
    });
    let hint = hint(name, names.filter(|other| !other.starts_with("fit.")));
    let way_out = match name.contains('.') {
        true => String::new(),
        false => {
            format!("; a constant in [constants] may stand in any formula: {name} = 1.0")
        }
    };
    format!("the file has no constant and no key of this name that is a number{hint}{way_out}")
}

/// A pair of numbers.
pub(crate) fn pair(value: &Value) -> Option<[f64; 2]> {
    let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(number).collect();
    numbers?.try_into().ok()
}

/// Refuses the value of a key of `[fit]` if a fit cannot use it.
fn judge(raw: &RawParams, name: &str) -> Result<(), ParamsError> {
    let (value, key) = (raw.value(name)?, keys::named(name));
    judge_value(key, &value).map_err(|reason| {
        let reason = reason.unwrap_or_else(|| key.expectation(name, &value));
        raw.refuse(name, reason)
    })
}

/// Refuses a value of the right type that a fit cannot use, for a reason, or without one because it is not what the key accepts.
fn judge_value(key: &Key, value: &Value) -> Result<(), Option<String>> {
    let [first, second] = pair(value).unwrap_or([f64::NAN; 2]);
    let (is_usable, reason) = match key.name {
        "fit.vary.NAME" | "between" if value.is_array() => (
            first < second && first.is_finite() && second.is_finite(),
            Some(if first.is_finite() && second.is_finite() {
                format!("the bounds {first:?} and {second:?} do not ascend")
            } else {
                "the bounds must be finite".to_owned()
            }),
        ),
        "prior" => (
            second > 0.0 && first.is_finite() && second.is_finite(),
            Some("it must be [mean, standard deviation], the deviation greater than 0".to_owned()),
        ),
        "scale" => (matches!(value.as_str(), Some("log" | "linear")), None),
        // Dates become times by the calendar of their file, which the fit reads.
        "use" => (
            pair(value).is_none() || first <= second,
            Some("it must be [from, to], two times that ascend".to_owned()),
        ),
        "sigma" | "sigma.NAME" => {
            let sigmas = value
                .as_array()
                .map_or(slice::from_ref(value), Vec::as_slice);
            let mut sigmas = sigmas.iter();
            let are_usable = sigmas.all(|sigma| sigma.is_str() || finite(sigma) > Some(0.0));
            (are_usable, None)
        }
        "fit.step" => {
            let [smallest, largest] = STEPS;
            let is_in_range =
                number(value).is_some_and(|step| (smallest..=largest).contains(&step));
            let reason = format!("it must be from {smallest:?} to {largest:?}");
            (is_in_range, Some(reason))
        }
        name if keys::of_measured_file().any(|key| key.name == name) => {
            return Reading::default().set(name, value);
        }
        _ => (true, None),
    };
    if is_usable { Ok(()) } else { Err(reason) }
}
