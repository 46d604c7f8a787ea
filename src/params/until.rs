//! [`Until`]: the condition under which a run ends before `runtime`; [`End`]: that a run has met it.

use super::{
    judge::Judge,
    value::{Value, number},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;

/// A run ends with the first snapshot that is not before `after` and meets the condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// The change per time since the preceding snapshot below which the run ends \[density/time\]; `None` if it was
    /// refused.
    pub steady: Option<f64>,
    /// The earliest end \[time\].
    pub after: f64,
}

/// A limit, and the side of it that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Values below the limit.
    Below(f64),
}

/// Why a run ends with a snapshot: a value that it follows has passed a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The name of what was followed.
    pub what: String,
    /// The first value that passed the limit.
    pub value: f64,
    /// The limit.
    pub limit: Limit,
    /// The time of the value \[time\].
    pub t: f64,
}

impl End {
    /// The name of the largest change per time since the preceding snapshot.
    pub const CHANGE: &str = "change per time";
}

/// `below 0.001`
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(limit) => write!(f, "below {limit:?}"),
        }
    }
}

/// `change per time 0.0008 at t = 0.5, below 0.001`
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            value,
            limit,
            t,
        } = self;
        write!(f, "{what} {value:?} at t = {t:?}, {limit}")
    }
}

impl Until {
    /// Takes the key `until`. What was refused has no value.
    pub(super) fn take(judge: &mut Judge<'_>) -> Option<Self> {
        const KEY: &str = "until";
        if !judge.is_typed(KEY) {
            return None;
        }
        let numbers = judge.convert(KEY, |typed| {
            let numbers = finite_at(typed, "steady").zip(finite_at(typed, "after"));
            numbers.ok_or(None)
        });
        let steady = numbers.map(|(steady, _)| steady);
        judge.refuse_if(steady.is_some_and(|rate| rate <= 0.0), KEY, || {
            "the rate must be greater than 0".to_owned()
        });
        let after = numbers.map_or(0.0, |(_, after)| after);
        let mut noted = json!({ "steady": steady });
        if after != 0.0 {
            noted["after"] = json!(after);
        }
        judge.note(KEY, noted);
        Some(Self { steady, after })
    }

    /// `the first snapshot from t = 5.0 on that changes by less than 1e-06 per time`, with numbers as `format` writes them.
    #[must_use]
    pub fn describe(&self, format: impl Fn(f64) -> String) -> String {
        let start_clause = if self.after > 0.0 {
            format!(" from t = {} on", format(self.after))
        } else {
            String::new()
        };
        let rate = self.steady.map(format).unwrap_or_default();
        format!("the first snapshot{start_clause} that changes by less than {rate} per time")
    }
}

/// The number with this name in a table, 0 if there is none; `None` if it is no finite number.
fn finite_at(table: &Value, name: &str) -> Option<f64> {
    let number = table.get(name).map_or(Some(0.0), number);
    number.filter(|number| number.is_finite())
}
