//! [`Until`]: the condition under which a run ends before `runtime`; [`End`]: that a run has met it.

use super::{
    judge::Judge,
    spelling::hint,
    value::{Value, number},
};
use diff2d_arrays::wording::excerpt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::{collections::BTreeSet, fmt};

/// A run ends with the first snapshot that is not before `after` and meets the condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Until {
    /// The change per time since the preceding snapshot below which the run ends, if it ends by that \[density/time\].
    pub steady: Option<f64>,
    /// The column of the record that ends the run once a row has passed its limit, if one does.
    pub column: Option<(String, Limit)>,
    /// The earliest end, or the earliest row that ends the run \[time\].
    pub after: f64,
}

/// A limit, and the side of it that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Values above the limit.
    Above(f64),
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

impl Limit {
    /// Whether a value is beyond the limit. One that is not finite is not.
    #[must_use]
    pub fn is_passed_by(self, value: f64) -> bool {
        let is_beyond = match self {
            Self::Above(limit) => value > limit,
            Self::Below(limit) => value < limit,
        };
        is_beyond && value.is_finite()
    }
}

impl End {
    /// The name of the largest change per time since the preceding snapshot.
    pub const CHANGE: &str = "change per time";
}

/// `above 60.0`
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above(limit) => write!(f, "above {limit:?}"),
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

/// What was typed for `until`, as far as it could be read.
#[derive(Default)]
struct Typed {
    column: Option<String>,
    /// The numbers by their names.
    numbers: [Option<f64>; 4],
}

impl Typed {
    const NUMBERS: [&str; 4] = ["steady", "above", "below", "after"];

    /// Reads a table; none where a value has another type, or is not finite.
    fn of(value: &Value) -> Option<Self> {
        let mut typed = Self::default();
        if let Some(column) = value.get("column") {
            typed.column = Some(column.as_str()?.to_owned());
        }
        for (taken, name) in typed.numbers.iter_mut().zip(Self::NUMBERS) {
            if let Some(value) = value.get(name) {
                *taken = Some(number(value).filter(|number| number.is_finite())?);
            }
        }
        Some(typed)
    }

    /// What a journal says of it.
    fn to_json(&self) -> Json {
        let mut noted = Map::new();
        if let Some(column) = &self.column {
            noted.insert("column".to_owned(), json!(column));
        }
        for (number, name) in self.numbers.iter().zip(Self::NUMBERS) {
            if let Some(number) = number.filter(|number| name != "after" || *number != 0.0) {
                noted.insert(name.to_owned(), json!(number));
            }
        }
        Json::Object(noted)
    }

    /// What is wrong with it beside a record that has these columns, if there is one.
    fn fault(&self, columns: Option<&BTreeSet<String>>) -> Option<String> {
        /// More letters of a name do not belong into a line of the journal, and more of a list no one reads.
        const MOST: usize = 400;
        let [steady, above, below, _] = self.numbers;
        if steady.is_some_and(|rate| rate <= 0.0) {
            return Some("the rate must be greater than 0".to_owned());
        }
        let column = self.column.as_ref()?;
        if above.is_some() == below.is_some() {
            return Some(
                "a column ends the run above one limit or below one: keep above or below"
                    .to_owned(),
            );
        }
        let Some(columns) = columns else {
            return Some(format!(
                "there is no [record] that has the column {}",
                excerpt(column, MOST)
            ));
        };
        if columns.contains(column) && column.chars().count() <= MOST {
            return None;
        }
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let hint = hint(column, names.iter().copied());
        Some(format!(
            "the record has no column {}{hint}; it has {}",
            excerpt(column, MOST),
            excerpt(&names.join(", "), MOST)
        ))
    }
}

impl Until {
    /// Takes the key `until` beside a record that has these columns, if there is one. What was refused has no value.
    pub(super) fn take(judge: &mut Judge<'_>, columns: Option<&BTreeSet<String>>) -> Option<Self> {
        const KEY: &str = "until";
        if !judge.is_typed(KEY) {
            return None;
        }
        let typed = judge.convert(KEY, |value| Typed::of(value).ok_or(None));
        let typed = typed.unwrap_or_default();
        let fault = typed.fault(columns);
        judge.refuse_if(fault.is_some(), KEY, || fault.unwrap_or_default());
        judge.note(KEY, typed.to_json());
        let [steady, above, below, after] = typed.numbers;
        let limit = above.map(Limit::Above).or(below.map(Limit::Below));
        Some(Self {
            steady,
            column: typed.column.zip(limit),
            after: after.unwrap_or(0.0),
        })
    }

    /// Why a run ends with the first snapshot after a row, if the value of the column there has passed the limit. Rows up to the
    /// time `since` do not count.
    #[must_use]
    pub fn end_after_row(&self, since: f64, t: f64, value: f64) -> Option<End> {
        let (column, limit) = self.column.as_ref()?;
        let ends_run = t > since && t >= self.after && limit.is_passed_by(value);
        ends_run.then(|| End {
            what: column.clone(),
            value,
            limit: *limit,
            t,
        })
    }

    /// `the first snapshot from t = 5.0 on that changes by less than 1e-06 per time`, or `the first snapshot after a row from
    /// t = 5.0 on whose sill is above 60.0`, with numbers as `format` writes them.
    #[must_use]
    pub fn describe(&self, format: impl Fn(f64) -> String) -> String {
        let start_clause = if self.after > 0.0 {
            format!(" from t = {} on", format(self.after))
        } else {
            String::new()
        };
        if let Some((column, limit)) = &self.column {
            return format!(
                "the first snapshot after a row{start_clause} whose {column} is {limit}"
            );
        }
        let rate = self.steady.map(format).unwrap_or_default();
        format!("the first snapshot{start_clause} that changes by less than {rate} per time")
    }
}
