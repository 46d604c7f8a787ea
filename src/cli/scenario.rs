//! Points of a sweep by its parameters: `D=0.5,t=1,y=0,x=0`.

use super::values;
use crate::{
    cube::{
        JournalledArray,
        journal::{Header, Scenario, telling},
    },
    error::Error,
};
use serde_json::Value;

/// The names of time and coordinates.
pub(super) const PLACES: [&str; 3] = ["t", "y", "x"];

/// The header of a sweep, if the array is the cube of one.
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
    let wrong = |reason: String| Error::Usage(format!("--at {text}: {reason}"));
    let named = Named::parse(text, header).map_err(wrong)?;
    let complete = usize::try_from(array.available()).unwrap_or(0);
    let number = named.scenario(header, complete).map_err(wrong)?;
    let mut times: Vec<f64> = Vec::new();
    for record in array.each_record()? {
        let record = record?;
        if record.slot().scenario() == number {
            times.push(record.simtime);
        }
    }
    named.index(header, number, times).map_err(wrong)
}

/// A point as it is typed.
struct Named<'a> {
    /// Keys and values of parameters.
    params: Vec<(&'a str, &'a str)>,
    /// In the order of [`PLACES`].
    places: [Option<f64>; 3],
}

impl<'a> Named<'a> {
    fn parse(text: &'a str, header: &Header) -> Result<Self, String> {
        let mut named = Self {
            params: Vec::new(),
            places: [None; 3],
        };
        for part in text.split(',') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("'{part}' has no name; either all have one or none"))?;
            let (name, value) = (name.trim(), value.trim());
            match PLACES.iter().position(|known| *known == name) {
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
        let is_key = |name: &str| keys.iter().any(|key| key == name);
        match named.params.iter().find(|(name, _)| !is_key(name)) {
            None => Ok(named),
            Some((name, _)) => Err(format!(
                "'{name}' does not vary in this sweep; what does is {}, then come t, y and x",
                keys.join(", ")
            )),
        }
    }

    /// The only one of the first so many scenarios that has these parameters.
    fn scenario(&self, header: &Header, complete: usize) -> Result<usize, String> {
        let matches = |scenario: &Scenario| {
            let pairs = scenario.params.pairs();
            let has = |name: &str, typed: &str| {
                let mut pairs = pairs.iter();
                pairs.any(|(key, value)| key == name && is_value(value, typed))
            };
            self.params.iter().all(|(name, typed)| has(name, typed))
        };
        let scenarios = header.scenarios().take(complete).enumerate();
        let mut found = scenarios.filter(|(_, scenario)| matches(scenario));
        match (found.next(), found.next()) {
            (Some((number, _)), None) => Ok(number),
            (None, _) => {
                let names = self.params.iter();
                let known: Vec<String> = names.map(|(name, _)| known(header, name)).collect();
                Err(format!(
                    "no complete scenario has these values; {}",
                    known.join("; ")
                ))
            }
            _ => Err(format!(
                "several scenarios have these values; give all of {}",
                telling(header).join(", ")
            )),
        }
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
        for (axis, wanted) in axes.iter().zip(self.places) {
            let name = &axis.name;
            let wanted = wanted
                .ok_or_else(|| format!("{name} is missing; expected parameters and t=…,y=…,x=…"))?;
            let nearest = axis.nearest(wanted).ok_or_else(|| {
                let (first, last) = axis.ends().unwrap_or((f64::NAN, f64::NAN));
                format!("{name}={wanted}: scenario {number} reaches from {first:?} to {last:?}")
            })?;
            let coordinate = axis.coordinate(nearest).unwrap_or(f64::NAN);
            words.push(format!("{name} = {coordinate:?}"));
            index.push(nearest);
        }
        Ok((index, words.join(", ")))
    }
}

/// The first few values of a parameter.
fn known(header: &Header, name: &str) -> String {
    const FEW: usize = 12;
    let mut known: Vec<String> = Vec::new();
    for scenario in header.scenarios() {
        let pairs = scenario.params.pairs();
        let value = pairs.iter().find(|(key, _)| key == name);
        let value = value.map_or_else(String::new, |(_, value)| shown(value));
        if known.len() < FEW && !known.contains(&value) {
            known.push(value);
        }
    }
    format!("{name} is {}", known.join(", "))
}

/// Whether a value is what was typed: the same number, but for the digits that were left out.
fn is_value(value: &Value, typed: &str) -> bool {
    match (value.as_f64(), typed.parse::<f64>()) {
        (Some(value), Ok(typed)) => (value - typed).abs() <= 1e-6 * value.abs().max(typed.abs()),
        _ => shown(value) == typed,
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
