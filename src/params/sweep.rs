//! [`SweepParams`]: one parameter file and the values that some of its keys go through.
//!
//! ```toml
//! params = "diff2dparams.toml"   # beside this file
//! combine = "product"            # every D with every dx; "zip" takes the first with the first …
//! D = [0.5, 1, 2]
//! runtime = { from = 1, to = 100, count = 3, scale = "log" }
//! outtime = 0.5                  # one value for all
//! ```

use super::{
    error::ParamsError,
    keys,
    raw::RawParams,
    value::{Entry, Place, Value},
};
use std::path::Path;

/// More scenarios than this are taken for a mistake.
const MOST_SCENARIOS: usize = 1_000_000;

/// The parameters of every scenario of a sweep.
#[derive(Debug, Clone)]
pub struct SweepParams {
    /// The keys that differ between scenarios, in the order of the file.
    pub varied: Vec<String>,
    /// What was typed for each scenario.
    pub scenarios: Vec<RawParams>,
}

/// The values of one key.
struct Axis {
    key: String,
    place: Place,
    values: Vec<Value>,
}

impl Axis {
    fn entry(&self, number: usize) -> Entry {
        Entry {
            key: self.key.clone(),
            value: self.values[number].clone(),
            place: self.place.clone(),
        }
    }
}

impl SweepParams {
    /// Reads a sweep file and the parameter file it names.
    ///
    /// # Errors
    /// [`ParamsError`] for anything that is not a sweep; scenarios are judged later, each for itself.
    pub fn read(path: &Path) -> Result<Self, ParamsError> {
        let sweep = RawParams::read(path)?;
        let base = sweep.string("params")?.ok_or_else(|| {
            let place = Place::File(path.display().to_string());
            let reason = "a sweep needs a line such as `params = \"diff2dparams.toml\"`, the file whose keys it varies";
            syntax(&place, reason.to_owned())
        })?;
        let base = RawParams::read(&path.with_file_name("").join(base))?;
        let zipped = match sweep.string("combine")? {
            None | Some("product") => false,
            Some("zip") => true,
            Some(_) => {
                let choices = "combine must be \"product\" (every value with every other) or \"zip\" (the first with the first, and so on)";
                return Err(sweep.refuse("combine", choices.to_owned()));
            }
        };
        let axes = axes(&sweep)?;
        let (fixed, varied): (Vec<Axis>, Vec<Axis>) =
            axes.into_iter().partition(|axis| axis.values.len() == 1);
        let base = fixed.iter().fold(base, |raw, axis| raw.with(axis.entry(0)));
        let numbers = if zipped {
            zip(&varied)?
        } else {
            product(&varied)?
        };
        let scenario = |numbers: Vec<usize>| {
            varied
                .iter()
                .zip(numbers)
                .fold(base.clone(), |raw, (axis, number)| {
                    raw.with(axis.entry(number))
                })
        };
        Ok(Self {
            scenarios: numbers.into_iter().map(scenario).collect(),
            varied: varied.into_iter().map(|axis| axis.key).collect(),
        })
    }
}

/// For every scenario the number of the value on each axis; the last axis goes fastest.
fn product(axes: &[Axis]) -> Result<Vec<Vec<usize>>, ParamsError> {
    let mut numbers = vec![Vec::new()];
    for axis in axes {
        if numbers.len().saturating_mul(axis.values.len()) > MOST_SCENARIOS {
            return Err(syntax(
                &axis.place,
                format!("that makes more than {MOST_SCENARIOS} scenarios"),
            ));
        }
        numbers = numbers
            .iter()
            .flat_map(|before| {
                (0..axis.values.len()).map(|number| [before.as_slice(), &[number]].concat())
            })
            .collect();
    }
    Ok(numbers)
}

/// The same number on every axis, which must be equally long.
fn zip(axes: &[Axis]) -> Result<Vec<Vec<usize>>, ParamsError> {
    let length = axes.first().map_or(1, |axis| axis.values.len());
    match axes.iter().find(|axis| axis.values.len() != length) {
        Some(other) => Err(syntax(
            &other.place,
            format!(
                "{} has {} values and {} has {length}; combine = \"zip\" takes one of each at a time",
                other.key,
                other.values.len(),
                axes[0].key
            ),
        )),
        None => Ok((0..length).map(|number| vec![number; axes.len()]).collect()),
    }
}

/// All keys of the sweep but its own two, with their values.
fn axes(sweep: &RawParams) -> Result<Vec<Axis>, ParamsError> {
    let mut axes: Vec<Axis> = Vec::new();
    for entry in sweep.entries() {
        let Entry { key, value, place } = entry;
        let name = key.split('.').next().unwrap_or(key);
        if matches!(name, "params" | "combine") || axes.iter().any(|axis| axis.key == name) {
            continue;
        }
        if keys::find(name).is_none() {
            return Err(unknown(entry));
        }
        let values = match value {
            Value::List(values) => values.clone(),
            _ if name != key => range(sweep, name, place)?,
            value => vec![value.clone()],
        };
        if values.is_empty() {
            return Err(syntax(place, format!("{name} has no values")));
        }
        axes.push(Axis {
            key: name.to_owned(),
            place: place.clone(),
            values,
        });
    }
    Ok(axes)
}

/// The values of `{ from = …, to = …, count = …, scale = "linear" | "log" }`, both ends included.
fn range(sweep: &RawParams, name: &str, place: &Place) -> Result<Vec<Value>, ParamsError> {
    let expected = || {
        let form =
            "expected { from = 0.1, to = 10, count = 50 } with scale = \"linear\" or \"log\"";
        syntax(place, format!("{name}: {form}"))
    };
    let (mut from, mut to, mut count, mut log) = (None, None, None, false);
    let prefix = format!("{name}.");
    let parts = sweep.entries().iter().filter_map(|entry| {
        entry
            .key
            .strip_prefix(&prefix)
            .map(|part| (part, &entry.value))
    });
    for (part, value) in parts {
        match (part, value) {
            ("from", value) => from = number(value),
            ("to", value) => to = number(value),
            ("count", Value::Integer(value)) => count = usize::try_from(*value).ok(),
            ("scale", Value::String(scale)) if scale == "log" => log = true,
            ("scale", Value::String(scale)) if scale == "linear" => log = false,
            _ => return Err(expected()),
        }
    }
    let (Some(from), Some(to), Some(count)) = (from, to, count) else {
        return Err(expected());
    };
    if !(1..=MOST_SCENARIOS).contains(&count) || (log && (from <= 0.0 || to <= 0.0)) {
        let limits = format!(
            "count must be from 1 to {MOST_SCENARIOS}, and both ends of a log scale greater than 0"
        );
        return Err(syntax(place, format!("{name}: {limits}")));
    }
    let last = count - 1;
    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
    let value = |number: usize| match number {
        0 => from,
        _ if number == last => to,
        _ if log => from * (to / from).powf(number as f64 / last as f64),
        _ => from + (to - from) * (number as f64 / last as f64),
    };
    Ok((0..count).map(value).map(Value::Float).collect())
}

#[expect(clippy::cast_precision_loss, reason = "what Python's float(int) does")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

fn unknown(entry: &Entry) -> ParamsError {
    let names = || {
        keys::KEYS
            .iter()
            .map(|key| key.name)
            .chain(["params", "combine"])
    };
    ParamsError::Unknown {
        place: entry.place.clone(),
        key: entry.key.clone(),
        value: entry.value.clone(),
        hint: keys::hint(&entry.key, names()),
        known: names().collect::<Vec<_>>().join(", "),
    }
}

fn syntax(place: &Place, reason: String) -> ParamsError {
    ParamsError::Syntax {
        place: place.clone(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const BASE: &str = "D = 1\nx1 = 0\nx2 = 1\nruntime = 1\ndx = 0.1\nouttime = 0.5\n";

    fn read(sweep: &str) -> Result<SweepParams, String> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("base.toml"), BASE).unwrap();
        let path = directory.path().join("sweep.toml");
        fs::write(&path, sweep).unwrap();
        SweepParams::read(&path).map_err(|error| error.to_string())
    }

    fn numbers(sweep: &SweepParams, key: &'static str) -> Vec<f64> {
        sweep
            .scenarios
            .iter()
            .map(|raw| raw.number(key).unwrap())
            .collect()
    }

    #[test]
    fn the_last_key_of_a_product_goes_fastest() {
        let sweep =
            read("params = \"base.toml\"\nD = [1, 2]\ndx = [0.1, 0.2, 0.5]\nruntime = 3").unwrap();
        assert_eq!(sweep.varied, ["D", "dx"]);
        assert_eq!(numbers(&sweep, "D"), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(numbers(&sweep, "dx"), [0.1, 0.2, 0.5, 0.1, 0.2, 0.5]);
        assert_eq!(numbers(&sweep, "runtime"), [3.0; 6]);
    }

    #[test]
    fn zipped_keys_go_together_and_must_be_equally_long() {
        let text = "params = \"base.toml\"\ncombine = \"zip\"\nD = [1, 2]\nruntime = ";
        assert_eq!(
            numbers(&read(&format!("{text}[3, 4]")).unwrap(), "runtime"),
            [3.0, 4.0]
        );
        assert!(
            read(&format!("{text}[3, 4, 5]"))
                .unwrap_err()
                .contains("runtime has 3 values")
        );
    }

    #[test]
    fn ranges_include_both_ends_exactly() {
        let text =
            "params = \"base.toml\"\nD = { from = 0.1, to = 10, count = 3, scale = \"log\" }";
        let values = numbers(&read(text).unwrap(), "D");
        assert_eq!((values[0], values[2]), (0.1, 10.0));
        assert!((values[1] - 1.0).abs() < 1e-15);
        let text = "params = \"base.toml\"\n[D]\nfrom = 1\nto = 2\ncount = 5";
        assert_eq!(
            numbers(&read(text).unwrap(), "D"),
            [1.0, 1.25, 1.5, 1.75, 2.0]
        );
    }

    #[test]
    fn what_is_no_sweep_is_refused_with_its_line() {
        for (text, sentence) in [
            ("D = [1]", "params = "),
            ("params = \"nowhere.toml\"", "no such file"),
            (
                "params = \"base.toml\"\nDD = [1]",
                "sweep.toml:2: there is no parameter DD",
            ),
            ("params = \"base.toml\"\nD = []", "has no values"),
            (
                "params = \"base.toml\"\nD = { from = 1, to = 2 }",
                "expected { from",
            ),
            (
                "params = \"base.toml\"\nD = { from = -1, to = 2, count = 2, scale = \"log\" }",
                "greater than 0",
            ),
            (
                "params = \"base.toml\"\nD = { from = 1, to = 2, count = 9999999 }",
                "count must",
            ),
            ("params = \"base.toml\"\ncombine = \"all\"", "product"),
            ("params = 1", "must be a string"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(sentence), "{text}: {error}");
        }
    }
}
