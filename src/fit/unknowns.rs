//! [`Unknown`]: a number of the parameter file that a fit varies, as defined by `[fit]`.

use crate::params::{
    ParamsError, Place, RawParams,
    value::{Value, number},
};

/// The table of the unknowns, in which each unknown is a key.
const VARY: &str = "fit.vary.";

/// Keys that hold numbers and say how a problem is computed and looked at.
const OF_COMPUTING: [&str; 13] = [
    "dx",
    "dy",
    "dt",
    "safety",
    "stages",
    "tolerance",
    "runtime",
    "outtime",
    "until.steady",
    "until.after",
    "record.every",
    "initial.snapshot",
    "fit.step",
];

/// A number of the parameter file that a fit determines.
///
/// Computations use a scaled number: the logarithm if both bounds are positive, otherwise the number itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// The name in `[fit]`: the name of a constant, or a dotted key.
    pub name: String,
    /// The dotted key that holds the number.
    pub key: String,
    /// The value in the file.
    pub start: f64,
    /// The smallest and the largest value that are tried.
    pub bounds: [f64; 2],
    /// The prior knowledge of the unknown: a mean and a standard deviation.
    pub prior: Option<[f64; 2]>,
    /// Whether the scaled unknown is a logarithm.
    pub is_logarithmic: bool,
    /// The place where the number was typed.
    place: Place,
}

impl Unknown {
    /// The unknowns of a file, in the order in which they were typed.
    ///
    /// # Errors
    /// [`ParamsError`] if an unknown is not a number in the file, or bounds or priors cannot be used.
    pub fn all(raw: &RawParams) -> Result<Vec<Self>, ParamsError> {
        let mut unknowns: Vec<Self> = Vec::new();
        for entry in raw.typed().entries() {
            let Some(name) = entry.name.strip_prefix(VARY) else {
                continue;
            };
            for (name, typed) in dotted(name, &entry.value) {
                let unknown = Self::parse(raw, &name, typed).and_then(|unknown| {
                    let same = unknowns.iter().find(|other| other.key == unknown.key);
                    same.map_or(Ok(unknown), |other| {
                        Err(format!(
                            "this is {} once more; keep one of the two",
                            other.name
                        ))
                    })
                });
                unknowns.push(unknown.map_err(|reason| ParamsError::Syntax {
                    place: entry.place.clone(),
                    reason: format!("{VARY}{name}: {reason}"),
                })?);
            }
        }
        Ok(unknowns)
    }

    fn parse(raw: &RawParams, name: &str, typed: &Value) -> Result<Self, String> {
        const FORM: &str = "expected [1, 100], or { between = [1, 100] } with prior = [20, 2] and scale = \"log\" or \"linear\"";
        let constant = format!("constants.{name}");
        let key = match raw.typed().get(&constant) {
            Some(_) => constant,
            None => name.to_owned(),
        };
        if OF_COMPUTING.contains(&key.as_str()) {
            return Err(format!(
                "{key} says how the problem is computed, which no data can tell"
            ));
        }
        let (start, place) = number_at(raw, &key).ok_or_else(|| {
            format!("the file has no constant and no key of this name that is a number; a constant in [constants] may stand in any formula: {name} = 1.0")
        })?;
        let [interval, prior, scale] = match typed {
            Value::Table(table) => {
                const KEYS: [&str; 3] = ["between", "prior", "scale"];
                if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
                    return Err(format!("there is no key {other}; {FORM}"));
                }
                [table.get("between"), table.get("prior"), table.get("scale")]
            }
            bounds => [Some(bounds), None, None],
        };
        let bounds = interval.and_then(pair).ok_or(FORM)?;
        let [low, high] = bounds;
        if low >= high {
            return Err(format!("the bounds {low:?} and {high:?} do not ascend"));
        }
        if !(low..=high).contains(&start) {
            return Err(format!(
                "the value in the file, {start:?}, from which the fit starts, is not between {low:?} and {high:?}"
            ));
        }
        let prior = prior.map(|typed| {
            let valid = pair(typed).filter(|[_, deviation]| *deviation > 0.0);
            valid.ok_or("prior must be [mean, standard deviation], the deviation greater than 0")
        });
        let is_logarithmic = match scale.map(Value::as_str) {
            None => low > 0.0,
            Some(Some("linear")) => false,
            Some(Some("log")) if low > 0.0 => true,
            Some(Some("log")) => {
                return Err("scale = \"log\" needs bounds greater than 0".to_owned());
            }
            Some(_) => return Err("scale must be \"log\" or \"linear\"".to_owned()),
        };
        Ok(Self {
            name: name.to_owned(),
            key,
            start,
            bounds,
            prior: prior.transpose()?,
            is_logarithmic,
            place,
        })
    }

    /// The scaled unknown for a value.
    #[must_use]
    pub fn scaled(&self, value: f64) -> f64 {
        if self.is_logarithmic {
            libm::log(value)
        } else {
            value
        }
    }

    /// The value for a scaled unknown within the bounds. A bound is itself, whatever rounding makes of its logarithm.
    #[must_use]
    pub fn value(&self, scaled: f64) -> f64 {
        let ([low, high], [lowest, highest]) = (self.bounds, self.scaled_bounds());
        if scaled <= lowest {
            low
        } else if scaled >= highest {
            high
        } else if self.is_logarithmic {
            libm::exp(scaled)
        } else {
            scaled
        }
    }

    /// The derivative of the value with respect to the scaled unknown.
    #[must_use]
    pub fn slope(&self, value: f64) -> f64 {
        if self.is_logarithmic { value } else { 1.0 }
    }

    /// The size of a scaled unknown near a value of it, on which its effect depends: 1 for a logarithm.
    #[must_use]
    pub fn size(&self, scaled: f64) -> f64 {
        let [low, high] = self.scaled_bounds();
        match scaled.abs() {
            _ if self.is_logarithmic => 1.0,
            0.0 => high - low,
            size => size,
        }
    }

    /// The bounds of the scaled unknown.
    #[must_use]
    pub fn scaled_bounds(&self) -> [f64; 2] {
        self.bounds.map(|bound| self.scaled(bound))
    }

    /// The parameters with another value of the unknown.
    #[must_use]
    pub fn set(&self, raw: RawParams, value: f64) -> RawParams {
        raw.with(&self.key, Value::Float(value), self.place.clone())
    }
}

/// The entries of unknowns by their dotted names, which may be tables within tables.
fn dotted<'v>(name: &str, typed: &'v Value) -> Vec<(String, &'v Value)> {
    match typed.as_table() {
        Some(table)
            if table
                .values()
                .all(|inner| inner.is_array() || inner.is_table())
                && !table.contains_key("between") =>
        {
            let inner = table.iter();
            inner
                .flat_map(|(key, value)| dotted(&format!("{name}.{key}"), value))
                .collect()
        }
        _ => vec![(name.to_owned(), typed)],
    }
}

/// A pair of finite numbers.
fn pair(value: &Value) -> Option<[f64; 2]> {
    let items = value.as_array()?;
    let numbers: Option<Vec<f64>> = items.iter().map(number).collect();
    let numbers = <[f64; 2]>::try_from(numbers?).ok()?;
    numbers
        .iter()
        .all(|number| number.is_finite())
        .then_some(numbers)
}

/// The number at a dotted key, which may be in the table of another key, and the place where it was typed.
fn number_at(raw: &RawParams, name: &str) -> Option<(f64, Place)> {
    if let Some(entry) = raw.typed().get(name) {
        return Some((number(&entry.value)?, entry.place.clone()));
    }
    let (outer, inner) = name.rsplit_once('.')?;
    let entry = raw.typed().get(outer)?;
    Some((number(entry.value.get(inner)?)?, entry.place.clone()))
}
