//! [`Varied`]: the values that one key takes in a sweep.

use super::{
    error::ParamsError,
    key::{Key, is_range},
    keys,
    place::Place,
    raw::RawParams,
    value::{Entry, Value, finite},
};

/// The largest number of scenarios; a larger number is taken for a mistake.
pub const MOST_SCENARIOS: usize = 1_000_000;

/// A key and the values that it takes.
#[derive(Debug, Clone)]
pub(super) struct Varied {
    pub name: String,
    pub place: Place,
    pub values: Vec<Value>,
}

impl Varied {
    /// The values that an entry of a sweep file gives to a key.
    pub fn of(key: &Key, entry: &Entry) -> Result<Self, ParamsError> {
        Ok(Self {
            name: entry.name.clone(),
            place: entry.place.clone(),
            values: values(key, entry)?,
        })
    }

    /// The values of the tables that these keys define completely, with the first value of each key. A complete table takes the
    /// place of the table in the parameter file; single keys change it.
    pub fn complete_tables(varied: &[Self]) -> Vec<Self> {
        let mut complete: Vec<Self> = Vec::new();
        for first_key in varied {
            let Some((outer, _)) = first_key.name.rsplit_once('.') else {
                continue;
            };
            let Some(keys) = keys::table(outer).filter(|_| !is_named(outer)) else {
                continue;
            };
            let prefix = format!("{outer}.");
            let parts = varied.iter().filter_map(|key| {
                let name = key.name.strip_prefix(&prefix)?;
                Some((name.to_owned(), key.values[0].clone()))
            });
            let table: toml::Table = parts.collect();
            let is_known = complete.iter().any(|key| key.name == outer);
            if !is_known && keys.is_complete(&table) {
                complete.push(Self {
                    name: outer.to_owned(),
                    place: first_key.place.clone(),
                    values: vec![Value::Table(table)],
                });
            }
        }
        complete
    }

    /// The parameters with value number `index` of the key.
    pub fn give(&self, index: usize, raw: RawParams) -> RawParams {
        raw.with(&self.name, self.values[index].clone(), self.place.clone())
    }
}

/// Whether a table is one of `[function.NAME]`.
fn is_named(table: &str) -> bool {
    keys::find(table).is_none()
        && table
            .rsplit_once('.')
            .is_some_and(|(_, name)| name.parse::<usize>().is_err())
}

/// The values of a key: the values of a list or a range, or a single value.
fn values(key: &Key, entry: &Entry) -> Result<Vec<Value>, ParamsError> {
    let name = &entry.name;
    match &entry.value {
        Value::Array(values) if values.is_empty() => {
            let reason = format!("{name} has no values");
            Err(ParamsError::syntax(&entry.place, reason))
        }
        // An array that is one value of the key, such as initial.range = [0, 1].
        value @ Value::Array(items) if key.takes_as_one(items) => Ok(vec![value.clone()]),
        Value::Array(values) => Ok(values.clone()),
        Value::Table(table) if is_range(table) || !key.takes(&entry.value) => range(table)
            .map_err(|reason| ParamsError::syntax(&entry.place, format!("{name}: {reason}"))),
        value => Ok(vec![value.clone()]),
    }
}

/// The values of `{ from = …, to = …, count = …, scale = "linear" | "log" }`, with both ends. Values on a log scale are
/// those of `numpy.geomspace`, computed from exponents of ten. A value that differs from a decimal of 12 digits only by
/// rounding is replaced by that decimal.
fn range(table: &toml::Table) -> Result<Vec<Value>, String> {
    let (mut start, mut stop, mut count, mut log) = (None, None, None, Some(false));
    for (key, value) in table {
        match (key.as_str(), value) {
            ("from", value) => start = finite(value),
            ("to", value) => stop = finite(value),
            ("count", Value::Integer(value)) => count = usize::try_from(*value).ok(),
            ("scale", Value::String(scale)) if scale == "log" => log = Some(true),
            ("scale", Value::String(scale)) if scale == "linear" => log = Some(false),
            _ => log = None,
        }
    }
    let (Some(start), Some(stop), Some(count), Some(is_log)) = (start, stop, count, log) else {
        return Err(
            "expected { from = 0.1, to = 10, count = 50 } with scale = \"linear\" or \"log\""
                .to_owned(),
        );
    };
    let has_logarithms = start > 0.0 && stop > 0.0;
    if !(1..=MOST_SCENARIOS).contains(&count) || (is_log && !has_logarithms) {
        return Err(format!(
            "count must be from 1 to {MOST_SCENARIOS}, and both ends of a log scale greater than 0"
        ));
    }
    let last_number = count - 1;
    let values = (0..count).map(|number| match number {
        0 => start,
        _ if number == last_number => stop,
        _ if is_log => {
            let [start, stop] = [start, stop].map(f64::log10);
            let exponent = number as f64 * ((stop - start) / last_number as f64) + start;
            short_decimal(10_f64.powf(exponent))
        }
        _ => short_decimal(start + (stop - start) * (number as f64 / last_number as f64)),
    });
    Ok(values.map(Value::Float).collect())
}

/// The decimal of 12 digits from which a value differs only by rounding, such as 0.3 for 0.30000000000000004; otherwise
/// the value itself.
fn short_decimal(value: f64) -> f64 {
    let decimal = format!("{value:.11e}").parse().unwrap_or(value);
    let is_near = (value - decimal).abs() <= 4.0 * f64::EPSILON * value.abs();
    if is_near { decimal } else { value }
}
