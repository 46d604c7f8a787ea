//! [`Varied`]: the values that one key takes in a sweep.

use super::{
    error::ParamsError,
    keys::{self, Key},
    place::Place,
    raw::RawParams,
    value::{Entry, Value, number},
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
    /// The values that an entry of a sweep file gives to a key or to parts of its table.
    pub fn of(key: &Key, entry: &Entry) -> Result<Vec<Self>, ParamsError> {
        if let Some(parts) = parts(key, entry) {
            return Ok(parts);
        }
        let values = values(key, entry)?;
        Ok(vec![Self {
            name: entry.name.clone(),
            place: entry.place.clone(),
            values,
        }])
    }

    /// The varied keys of the tables `[function.NAME]`, each with its values.
    pub fn of_functions(tables: &toml::Table, place: &Place) -> Vec<Self> {
        let tables = tables.iter().flat_map(|(function, table)| {
            let keys = table.as_table().into_iter().flatten();
            keys.map(move |(key, value)| (format!("function.{function}.{key}"), value))
        });
        let keys = tables.map(|(name, value)| Self::of_function(&name, value, place));
        keys.filter(|key| !key.values.is_empty()).collect()
    }

    /// A varied key of a table `[function.NAME]`, given by its dotted name, with its values.
    pub fn of_function(name: &str, value: &Value, place: &Place) -> Self {
        let values = match value {
            Value::Array(values)
                if !name.ends_with(".points") || values.iter().all(is_list_of_lists) =>
            {
                values.clone()
            }
            value => vec![value.clone()],
        };
        Self {
            name: name.to_owned(),
            place: place.clone(),
            values,
        }
    }

    /// The key to whose table this entry belongs: `D` for `D.range`.
    pub fn of_table(&self) -> Option<&str> {
        let (outer, _) = self.name.rsplit_once('.')?;
        (keys::find(outer).is_some() && keys::find(&self.name).is_none()).then_some(outer)
    }

    /// The key of [`of_table`](Self::of_table), if its table may be the one in the parameter file. File names must be
    /// in the file where they are typed.
    pub fn extends(&self) -> Option<&str> {
        let is_file = self.name.ends_with(".file") || self.name.ends_with(".image");
        self.of_table().filter(|_| !is_file)
    }

    /// The parameters with value number `index` of the key.
    pub fn give(&self, index: usize, raw: RawParams) -> RawParams {
        raw.with(&self.name, self.values[index].clone(), self.place.clone())
    }
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
        value @ Value::Array(_) if key.takes(value) => Ok(vec![value.clone()]),
        Value::Array(values) => Ok(values.clone()),
        Value::Table(table) if is_range(table) || !key.takes(&entry.value) => range(table)
            .map_err(|reason| ParamsError::syntax(&entry.place, format!("{name}: {reason}"))),
        value => Ok(vec![value.clone()]),
    }
}

/// The parts of a key's table that are varied, each with its values. `D.range = [[0.1, 1], [0.5, 1]]` extends the table
/// that the parameter file has for D, and `D = { image = "D.png", range = [[0.1, 1], [0.5, 1]] }` replaces it. `None`
/// if the table is a single value, or not a value of the key.
fn parts(key: &Key, entry: &Entry) -> Option<Vec<Varied>> {
    let table = entry.value.as_table().filter(|table| !is_range(table))?;
    let pieces = key.forms().find(|(main, others)| {
        let mut names = table.keys();
        !table.is_empty() && names.all(|name| name == main || others.contains(&name.as_str()))
    });
    let (main, _) = pieces?;
    let has_lists = table.iter().any(|(name, value)| is_list(name, value));
    if table.contains_key(main) && !has_lists {
        return None;
    }
    let mut parts = Vec::new();
    let mut replacement = toml::Table::new();
    for (name, value) in table {
        let values = match value {
            Value::Array(values) if is_list(name, value) => values.clone(),
            value => vec![value.clone()],
        };
        replacement.insert(name.clone(), values[0].clone());
        parts.push(Varied {
            name: format!("{}.{name}", entry.name),
            place: entry.place.clone(),
            values,
        });
    }
    // A complete table takes the place of what the parameter file has, with its first values.
    if table.contains_key(main) {
        let replacement = Varied {
            name: entry.name.clone(),
            place: entry.place.clone(),
            values: vec![Value::Table(replacement)],
        };
        parts.insert(0, replacement);
    }
    Some(parts)
}

/// Whether the value of a part of a table is a list of values. A single range or condition is itself a list of numbers.
fn is_list(name: &str, value: &Value) -> bool {
    match value {
        Value::Array(_) if ["range", "robin"].contains(&name) => is_list_of_lists(value),
        Value::Array(values) => !values.is_empty(),
        _ => false,
    }
}

/// Whether the first item of a list is a list, as in a list of points or ranges.
fn is_list_of_lists(value: &Value) -> bool {
    value.get(0).is_some_and(Value::is_array)
}

/// Whether a table is a range with both ends, and not a value that is a table.
fn is_range(table: &toml::Table) -> bool {
    ["from", "to", "count"]
        .iter()
        .any(|key| table.contains_key(*key))
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
    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
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

fn finite(value: &Value) -> Option<f64> {
    number(value).filter(|number| number.is_finite())
}
