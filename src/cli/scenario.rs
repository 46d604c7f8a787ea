//! The scenario of a sweep that a selection names by its parameters: `D=0.5,t=1,y=0,x=0`.

use super::{
    complete::not_complete,
    number,
    selection::{Entry, Selection},
};
use crate::cli::error::Error;
use diff2d::{
    Header, JournalledArray, Scenario,
    program::{cube::telling, params::number_of},
};
use diff2d_arrays::labels::{Labels, NamedAxis};
use serde_json::Value;
use std::path::Path;

/// The names of time and coordinates.
pub(super) const PLACES: [&str; 3] = ["t", "y", "x"];

/// The header of the array, if this is the cube of a sweep.
pub(super) fn sweep(array: &JournalledArray) -> Option<&Header> {
    array.header().filter(|header| header.is_sweep())
}

/// The scenario of a sweep that a selection names, by its number or its parameters, and the labels of the sweep with the times and
/// nodes of this scenario. Where the selection names a time or a place, which each scenario has its own, it has to name one scenario.
pub(super) fn named_in(
    array: &JournalledArray,
    selection: &Selection,
) -> Result<Option<(u64, Labels)>, Error> {
    let named = selection.named();
    let Some(header) = sweep(array).filter(|_| !named.is_empty()) else {
        return Ok(None);
    };
    let keys = telling(header);
    let params: Vec<(&str, &Entry)> = named
        .iter()
        .filter(|(name, _)| keys.iter().any(|key| key == name))
        .copied()
        .collect();
    let mut names = named.iter().map(|(name, _)| *name);
    let has_unknown_name = names.any(|name| {
        name != "scenario" && !PLACES.contains(&name) && !keys.iter().any(|key| key == name)
    });
    if has_unknown_name {
        // The axes have a sentence on that.
        return Ok(None);
    }
    let numbered = named.iter().find(|(name, _)| *name == "scenario");
    let number = match numbered {
        Some((_, entry)) if params.is_empty() => {
            let slice = entry.slice(array.reach());
            match slice.filter(|slice| slice.count == 1) {
                Some(slice) => match array.first_missing(slice) {
                    Some(number) => return Err(not_complete(array, selection, number)),
                    None => slice.start,
                },
                // Several scenarios are a range of indices.
                None => return Ok(None),
            }
        }
        _ if params.is_empty() && !named.iter().any(|(name, _)| PLACES.contains(name)) => {
            return Ok(None);
        }
        _ => {
            let found = scenario_with(header, array, &params);
            found.map_err(|reason| {
                let mut names = named.iter().map(|(name, _)| *name);
                let place = names.find(|name| params.is_empty() && PLACES.contains(name));
                let place_clause = place.map(|name| {
                    format!("no coordinates are known along {name} of all scenarios: ")
                });
                selection.refused(&format!("{}{reason}", place_clause.unwrap_or_default()))
            })?
        }
    };
    let mut times: Vec<f64> = Vec::new();
    for commit in array.each_commit()? {
        let commit = commit?;
        if commit.id().scenario() as u64 == number {
            times.push(commit.simtime);
        }
    }
    let scenario = usize::try_from(number)
        .ok()
        .and_then(|number| header.scenario(number));
    let axes = scenario.as_ref().map(|scenario| scenario.axes(times));
    let axes = axes.filter(|axes| axes.iter().all(|axis| axis.coordinates().is_some()));
    let axes = axes.ok_or_else(|| {
        selection.refused("the nodes of this sweep are not known to this version of the program")
    })?;
    let axes = [NamedAxis::counted("scenario")].into_iter().chain(axes);
    let labels = Labels {
        axes: axes.map(Some).collect(),
        is_masked: scenario.is_some_and(|scenario| scenario.params.has_mask()),
        ..array.labels.clone()
    };
    Ok(Some((number, labels)))
}

/// The number of the scenario with these parameters, the only one among the complete scenarios.
fn scenario_with(
    header: &Header,
    array: &JournalledArray,
    params: &[(&str, &Entry)],
) -> Result<u64, String> {
    let complete_scenarios = (0..)
        .zip(header.scenarios())
        .filter(|(number, _)| array.has(*number));
    let mut matching = complete_scenarios.filter(|(_, scenario)| has_params(scenario, params));
    match (matching.next(), matching.next()) {
        (Some((number, _)), None) => Ok(number),
        (None, _) => {
            let lists = params.iter().map(|(name, _)| first_values(header, name));
            let lists = number::joined(lists, "; ");
            Err(format!("no complete scenario has these values; {lists}"))
        }
        _ => Err(format!(
            "several scenarios have these values; give all of {}",
            telling(header).join(", ")
        )),
    }
}

/// Whether a scenario has these parameters.
fn has_params(scenario: &Scenario, params: &[(&str, &Entry)]) -> bool {
    params.iter().all(|(name, typed)| {
        let value = scenario.params.value(name);
        let number = number_of(&scenario.params, name);
        number.is_some_and(|number| is_number(number, &typed.text))
            || value.is_some_and(|value| is_word(value, &typed.text))
    })
}

/// The first few values of a parameter.
fn first_values(header: &Header, name: &str) -> String {
    const FEW: usize = 12;
    let mut values: Vec<String> = Vec::new();
    for scenario in header.scenarios() {
        let value = scenario
            .params
            .value(name)
            .map_or_else(String::new, value_text);
        if values.len() < FEW && !values.contains(&value) {
            values.push(value);
        }
    }
    format!("{name} is {}", values.join(", "))
}

/// Whether a number is the one that was typed, but for the digits that were left out, if three or more were typed.
fn is_number(value: f64, typed: &str) -> bool {
    /// So many digits are a number that was rounded.
    const FEW: usize = 3;
    let Ok(number) = typed.parse::<f64>() else {
        return false;
    };
    let (digits, exponent) = typed.split_once(['e', 'E']).unwrap_or((typed, "0"));
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let leading = digits.trim_start_matches(['-', '+', '0', '.']);
    let significant = leading.bytes().filter(u8::is_ascii_digit).count();
    let unit = format!(
        "1e{}",
        exponent.parse::<i64>().unwrap_or(0) - decimals as i64
    );
    let rounding: f64 = match significant {
        0..FEW => 0.0,
        _ => 0.5 * unit.parse().unwrap_or(0.0),
    };
    (value - number).abs() <= rounding.max(1e-6 * value.abs().max(number.abs()))
}

/// Whether a value is the word that was typed, or a file without its directories.
fn is_word(value: &Value, typed: &str) -> bool {
    let value = value_text(value);
    let path = Path::new(&value);
    value == typed || (path.is_absolute() && path.ends_with(typed))
}

fn value_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
