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

/// The index of a point of a sweep that is named by parameters, time and place; the time may be left out
/// of a history.
pub(super) fn point(
    array: &JournalledArray,
    header: &Header,
    text: &str,
) -> Result<(Vec<u64>, String), Error> {
    let usage = |reason: String| Error::Usage(format!("--at {text}: {reason}"));
    let mut wanted = Vec::new();
    let mut places: [Option<f64>; 3] = [None; 3];
    for part in text.split(',') {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| usage(format!("'{part}' has no name; either all have one or none")))?;
        let (name, value) = (name.trim(), value.trim());
        match PLACES.iter().position(|known| *known == name) {
            None => wanted.push((name, value)),
            Some(axis) => {
                let number = values::finite(value)
                    .ok_or_else(|| usage(format!("{name}={value}: expected a number")))?;
                places[axis] = Some(number);
            }
        }
    }
    let complete = usize::try_from(array.available()).unwrap_or(0);
    let keys = telling(header);
    if let Some((name, _)) = wanted
        .iter()
        .find(|(name, _)| !keys.iter().any(|key| key == name))
    {
        return Err(usage(format!(
            "'{name}' does not vary in this sweep; what does is {}, then come t, y and x",
            keys.join(", ")
        )));
    }
    let matches = |scenario: &Scenario| {
        let pairs = scenario.params.pairs();
        wanted.iter().all(|(name, typed)| {
            pairs
                .iter()
                .any(|(key, value)| key == name && is_value(value, typed))
        })
    };
    let found: Vec<usize> = header
        .scenarios()
        .take(complete)
        .enumerate()
        .filter(|(_, scenario)| matches(scenario))
        .map(|(number, _)| number)
        .take(2)
        .collect();
    let number = match found[..] {
        [number] => number,
        [] => {
            let known = |name: &str| {
                let mut known: Vec<String> = Vec::new();
                for scenario in header.scenarios() {
                    let pairs = scenario.params.pairs();
                    let value = pairs.iter().find(|(key, _)| key == name);
                    let value = value.map_or_else(String::new, |(_, value)| shown(value));
                    if known.len() < 12 && !known.contains(&value) {
                        known.push(value);
                    }
                }
                format!("{name} is {}", known.join(", "))
            };
            let known: Vec<String> = wanted.iter().map(|(name, _)| known(name)).collect();
            return Err(usage(format!(
                "no complete scenario has these values; {}",
                known.join("; ")
            )));
        }
        _ => {
            return Err(usage(format!(
                "several scenarios have these values; give all of {}",
                keys.join(", ")
            )));
        }
    };
    let scenario = header
        .scenario(number)
        .ok_or_else(|| usage("no such scenario".to_owned()))?;
    let grid = scenario.grid().ok_or_else(|| {
        usage("the nodes of this sweep are not known to this version of the program".to_owned())
    })?;
    let mut times: Vec<f64> = Vec::new();
    for record in array.each_record()? {
        let record = record?;
        if record.slot().scenario() == number {
            times.push(record.simtime);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "steps are below 2^53")]
    let cadence = scenario.nper as f64 * scenario.dt;
    let axes = [
        ("t", times, cadence),
        ("y", grid.y.coordinates(), grid.y.spacing),
        ("x", grid.x.coordinates(), grid.x.spacing),
    ];
    let mut index = vec![number as u64];
    let mut told = vec![format!("scenario {number}")];
    for ((name, coordinates, spacing), wanted) in axes.into_iter().zip(places) {
        let Some(wanted) = wanted else {
            return Err(usage(format!(
                "{name} is missing; expected parameters and t=…,y=…,x=…"
            )));
        };
        let distance = |at: &usize| (coordinates[*at] - wanted).abs();
        let nearest = (0..coordinates.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(nearest) = nearest.filter(|at| {
            (0.5 * spacing >= distance(at)) || (0 < *at && *at + 1 < coordinates.len())
        }) else {
            return Err(usage(format!(
                "{name}={wanted}: scenario {number} reaches from {:?} to {:?}",
                coordinates.first().copied().unwrap_or(f64::NAN),
                coordinates.last().copied().unwrap_or(f64::NAN)
            )));
        };
        told.push(format!("{name} = {:?}", coordinates[nearest]));
        index.push(nearest as u64);
    }
    Ok((index, told.join(", ")))
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
