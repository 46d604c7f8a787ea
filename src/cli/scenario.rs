//! Points of a sweep by its parameters: `D=0.5,t=1,y=0,x=0`.

use super::{axes::nearest_on, ranges, values};
use crate::{
    cube::{
        JournalledArray,
        journal::{Header, Scenario, telling},
    },
    error::Error,
};
use serde_json::Value;
use std::path::Path;

/// The names of time and coordinates.
pub(super) const PLACES: [&str; 3] = ["t", "y", "x"];

/// The header of the array, if this is the cube of a sweep.
pub(super) fn sweep(array: &JournalledArray) -> Option<&Header> {
    let header = array.journal.as_ref()?.header.as_ref()?;
    header.is_sweep().then_some(header)
}

/// The index of a point of a sweep that is named by parameters, time and place, and what it is in words.
pub(super) fn point(
    array: &JournalledArray,
    header: &Header,
    text: &str,
) -> Result<(Vec<u64>, String), Error> {
    let named = Named::parse(text, header).map_err(|reason| refused(text, &reason))?;
    let complete = usize::try_from(array.available()).unwrap_or(0);
    let number = named
        .scenario(header, complete)
        .map_err(|reason| refused(text, &reason))?;
    let mut times: Vec<f64> = Vec::new();
    for commit in array.each_commit()? {
        let commit = commit?;
        if commit.id().scenario() == number {
            times.push(commit.simtime);
        }
    }
    named
        .index(header, number, times)
        .map_err(|reason| refused(text, &reason))
}

/// The error that a text names no point.
fn refused(text: &str, reason: &str) -> Error {
    Error::Usage(format!("--at {text}: {reason}"))
}

/// A point as it is typed.
struct Named<'a> {
    /// Keys and values of parameters.
    params: Vec<(&'a str, &'a str)>,
    /// Time and coordinates in the order of [`PLACES`].
    places: [Option<f64>; 3],
}

impl<'a> Named<'a> {
    fn parse(text: &'a str, header: &Header) -> Result<Self, String> {
        let mut named = Self {
            params: Vec::new(),
            places: [None; 3],
        };
        for (name, value) in ranges::named_values(text)? {
            match PLACES.iter().position(|place| *place == name) {
                None => named.params.push((name, value)),
                Some(axis) => {
                    let place = values::finite(value);
                    let place =
                        place.ok_or_else(|| format!("{name}={value}: expected a number"))?;
                    named.places[axis] = Some(place);
                }
            }
        }
        let keys = telling(header);
        let mut params = named.params.iter();
        match params.find(|(name, _)| !keys.iter().any(|key| key == name)) {
            None => Ok(named),
            Some((name, _)) => Err(format!(
                "'{name}' does not vary in this sweep; what does is {}, then come t, y and x",
                keys.join(", ")
            )),
        }
    }

    /// The number of the scenario with these parameters, the only one among the first `complete` scenarios.
    fn scenario(&self, header: &Header, complete: usize) -> Result<usize, String> {
        let scenarios = header.scenarios().take(complete).enumerate();
        let mut matching = scenarios.filter(|(_, scenario)| self.has_params(scenario));
        match (matching.next(), matching.next()) {
            (Some((number, _)), None) => Ok(number),
            (None, _) => {
                let names = self.params.iter();
                let value_lists: Vec<String> =
                    names.map(|(name, _)| first_values(header, name)).collect();
                Err(format!(
                    "no complete scenario has these values; {}",
                    value_lists.join("; ")
                ))
            }
            _ => Err(format!(
                "several scenarios have these values; give all of {}",
                telling(header).join(", ")
            )),
        }
    }

    /// Whether a scenario has the parameters of the point.
    fn has_params(&self, scenario: &Scenario) -> bool {
        self.params.iter().all(|(name, typed)| {
            let value = scenario.params.value(name);
            value.is_some_and(|value| is_value(value, typed))
        })
    }

    /// The index of the nearest node of a scenario, and what it is in words.
    fn index(
        &self,
        header: &Header,
        number: usize,
        times: Vec<f64>,
    ) -> Result<(Vec<u64>, String), String> {
        let scenario = header.scenario(number).ok_or("no such scenario")?;
        let axes = scenario.axes(times);
        if axes.iter().any(|axis| axis.coordinates().is_none()) {
            return Err(
                "the nodes of this sweep are not known to this version of the program".to_owned(),
            );
        }
        let mut index = vec![number as u64];
        let mut words = vec![format!("scenario {number}")];
        for (axis, typed_coordinate) in axes.iter().zip(self.places) {
            let name = &axis.name;
            let typed_coordinate = typed_coordinate
                .ok_or_else(|| format!("{name} is missing; expected parameters and t=…,y=…,x=…"))?;
            let typed = typed_coordinate.to_string();
            let owner = format!("scenario {number}");
            let nearest = nearest_on(axis, typed_coordinate, &typed, &owner)?;
            let coordinate = axis.coordinate(nearest).unwrap_or(f64::NAN);
            words.push(format!("{name} = {coordinate:?}"));
            index.push(nearest);
        }
        Ok((index, words.join(", ")))
    }
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

/// Whether a value is what was typed: the same number, but for the digits that were left out; a file without directories.
fn is_value(value: &Value, typed: &str) -> bool {
    if let (Some(value), Ok(typed)) = (value.as_f64(), typed.parse::<f64>()) {
        return (value - typed).abs() <= 1e-6 * value.abs().max(typed.abs());
    }
    let value = value_text(value);
    let path = Path::new(&value);
    value == typed || (path.is_absolute() && path.ends_with(typed))
}

fn value_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
