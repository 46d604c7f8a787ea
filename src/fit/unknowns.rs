//! [`Unknown`]: a number of the parameter file that a fit varies, as defined by `[fit]`.

use crate::params::{
    ParamsError, Place, RawParams, bounds_and_scale, bounds_key, errors_in_fit, names_of_unknowns,
    pair_at, reason_for_no_number,
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
        if let Some(error) = errors_in_fit(raw).into_iter().next() {
            return Err(error);
        }
        let mut unknowns: Vec<Self> = Vec::new();
        for name in names_of_unknowns(raw) {
            let unknown = Self::take(raw, name)?;
            if let Some(same) = unknowns.iter().find(|other| other.key == unknown.key) {
                let reason = format!("this is {} once more; keep one of the two", same.name);
                return Err(raw.refuse(&format!("{VARY}{name}"), reason));
            }
            unknowns.push(unknown);
        }
        Ok(unknowns)
    }

    fn take(raw: &RawParams, name: &str) -> Result<Self, ParamsError> {
        let typed_name = format!("{VARY}{name}");
        let constant = format!("constants.{name}");
        let key = match raw.typed().get(&constant) {
            Some(_) => constant,
            None => name.to_owned(),
        };
        if OF_COMPUTING.contains(&key.as_str()) {
            let reason = format!("{key} says how the problem is computed, which no data can tell");
            return Err(raw.refuse(&typed_name, reason));
        }
        let Some((start, place)) = number_at(raw, &key) else {
            return Err(raw.refuse(&typed_name, reason_for_no_number(raw, name)));
        };
        let ([low, high], is_logarithmic) = bounds_and_scale(raw, name);
        if !(low..=high).contains(&start) {
            let reason = format!(
                "the value in the file, {start:?}, from which the fit starts, is not between {low:?} and {high:?}"
            );
            return Err(raw.refuse(&bounds_key(raw, name), reason));
        }
        Ok(Self {
            name: name.to_owned(),
            key,
            start,
            bounds: [low, high],
            prior: pair_at(raw, &format!("{typed_name}.prior")),
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

    /// The size of a scaled unknown near a value of it, and at least a thousandth of the range within its bounds.
    #[must_use]
    pub fn least_size(&self, scaled: f64) -> f64 {
        /// The share of the range.
        const SHARE: f64 = 1e-3;
        let [low, high] = self.scaled_bounds();
        match self.is_logarithmic {
            true => 1.0,
            false => self.size(scaled).max(SHARE * (high - low)),
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

/// The number at a dotted key, which may be an element of an array, and the place where it was typed.
fn number_at(raw: &RawParams, name: &str) -> Option<(f64, Place)> {
    let (value, place) = raw.typed().value_at(name)?;
    Some((number(value)?, place.clone()))
}
