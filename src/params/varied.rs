//! [`Varied`]: the values that one key takes in a sweep.

use super::{
    error::ParamsError,
    keys::{self, Key},
    place::Place,
    raw::RawParams,
    value::{Entry, Value, number},
};

/// More scenarios than this are taken for a mistake.
pub const MOST_SCENARIOS: usize = 1_000_000;

/// A key and the values that it takes.
#[derive(Debug, Clone)]
pub(super) struct Varied {
    pub name: String,
    pub place: Place,
    pub values: Vec<Value>,
}

impl Varied {
    /// What an entry of a sweep file says of a key: the values that it takes, or those that parts of its table take.
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

    /// The keys of the tables `[function.NAME]`, each with the values that it takes.
    pub fn of_functions(tables: &toml::Table, place: &Place) -> Vec<Self> {
        let tables = tables.iter().flat_map(|(function, table)| {
            let keys = table.as_table().into_iter().flatten();
            keys.map(move |(key, value)| (format!("function.{function}.{key}"), key, value))
        });
        let keys = tables.map(|(name, key, value)| {
            // Points are a list of pairs themselves.
            let of_pair = |value: &Value| value.get(0).is_some_and(Value::is_array);
            let values = match value {
                Value::Array(values) if key != "points" || values.iter().all(of_pair) => {
                    values.clone()
                }
                value => vec![value.clone()],
            };
            Self {
                name,
                place: place.clone(),
                values,
            }
        });
        keys.filter(|key| !key.values.is_empty()).collect()
    }

    /// The key whose table this is a part of: `D` of `D.range`.
    pub fn of_table(&self) -> Option<&str> {
        let (outer, _) = self.name.rsplit_once('.')?;
        (keys::find(outer).is_some() && keys::find(&self.name).is_none()).then_some(outer)
    }

    /// That key, where its table may be the one of the parameter file. Files are named where they are typed.
    pub fn extends(&self) -> Option<&str> {
        let is_file = self.name.ends_with(".file") || self.name.ends_with(".image");
        self.of_table().filter(|_| !is_file)
    }

    /// The parameters with one of the key's values.
    pub fn give(&self, index: usize, raw: RawParams) -> RawParams {
        raw.with(&self.name, self.values[index].clone(), self.place.clone())
    }
}

/// The values that a key takes: those of a list or a range, or its one value.
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

/// What a table says of a key piece by piece, each piece with the values that it takes: `D.range = [[0.1, 1], [0.5, 1]]` extends the
/// table that the parameter file has for D, and `D = { image = "D.png", range = [[0.1, 1], [0.5, 1]] }` replaces it. None where
/// the table is a single value, or no value of the key at all.
fn parts(key: &Key, entry: &Entry) -> Option<Vec<Varied>> {
    let table = entry.value.as_table().filter(|table| !is_range(table))?;
    let pieces = key.forms().find(|(main, others)| {
        let is_its = |name: &String| name == main || others.contains(&name.as_str());
        !table.is_empty() && table.keys().all(is_its)
    });
    let (main, _) = pieces?;
    let listed = |name: &str, value: &Value| match value {
        // A single range or condition is a list of numbers itself.
        Value::Array(values) if ["range", "robin"].contains(&name) => {
            values.first().is_some_and(Value::is_array)
        }
        Value::Array(values) => !values.is_empty(),
        _ => false,
    };
    let has_lists = table.iter().any(|(name, value)| listed(name, value));
    if table.contains_key(main) && !has_lists {
        return None;
    }
    let varied = |name: String, values| Varied {
        name,
        place: entry.place.clone(),
        values,
    };
    let pieces = table.iter().map(|(name, value)| match value {
        Value::Array(values) if listed(name, value) => (name, values.clone()),
        value => (name, vec![value.clone()]),
    });
    let pieces: Vec<(&String, Vec<Value>)> = pieces.collect();
    // Where the table is whole, its first values take the place of what the parameter file has.
    let whole = table.contains_key(main).then(|| {
        let first = pieces
            .iter()
            .map(|(name, values)| ((*name).clone(), values[0].clone()));
        varied(entry.name.clone(), vec![Value::Table(first.collect())])
    });
    let pieces = pieces
        .into_iter()
        .map(|(name, values)| varied(format!("{}.{name}", entry.name), values));
    Some(whole.into_iter().chain(pieces).collect())
}

/// Whether a table says from where to where, not a value in a table of its own.
fn is_range(table: &toml::Table) -> bool {
    ["from", "to", "count"]
        .iter()
        .any(|key| table.contains_key(*key))
}

/// The values of `{ from = …, to = …, count = …, scale = "linear" | "log" }`, both ends included. Those on a log scale
/// are `numpy.geomspace`'s, by exponents of ten. A value that a decimal of 12 digits is but a rounding away from is that decimal.
fn range(table: &toml::Table) -> Result<Vec<Value>, String> {
    let (mut from, mut to, mut count, mut log) = (None, None, None, Some(false));
    for (key, value) in table {
        match (key.as_str(), value) {
            ("from", value) => from = finite(value),
            ("to", value) => to = finite(value),
            ("count", Value::Integer(value)) => count = usize::try_from(*value).ok(),
            ("scale", Value::String(scale)) if scale == "log" => log = Some(true),
            ("scale", Value::String(scale)) if scale == "linear" => log = Some(false),
            _ => log = None,
        }
    }
    let (Some(from), Some(to), Some(count), Some(log)) = (from, to, count, log) else {
        return Err(
            "expected { from = 0.1, to = 10, count = 50 } with scale = \"linear\" or \"log\""
                .to_owned(),
        );
    };
    if !(1..=MOST_SCENARIOS).contains(&count) || (log && (from <= 0.0 || to <= 0.0)) {
        return Err(format!(
            "count must be from 1 to {MOST_SCENARIOS}, and both ends of a log scale greater than 0"
        ));
    }
    // The decimal that is meant by 0.30000000000000004.
    let decimal = |value: f64| {
        let short = format!("{value:.11e}").parse().unwrap_or(value);
        let is_near = (value - short).abs() <= 4.0 * f64::EPSILON * value.abs();
        if is_near { short } else { value }
    };
    let last = count - 1;
    #[expect(clippy::cast_precision_loss, reason = "at most a million")]
    let value = |number: usize| match number {
        0 => from,
        _ if number == last => to,
        _ if log => {
            let [from, to] = [from, to].map(f64::log10);
            decimal(10_f64.powf(number as f64 * ((to - from) / last as f64) + from))
        }
        _ => decimal(from + (to - from) * (number as f64 / last as f64)),
    };
    Ok((0..count).map(value).map(Value::Float).collect())
}

fn finite(value: &Value) -> Option<f64> {
    number(value).filter(|number| number.is_finite())
}
