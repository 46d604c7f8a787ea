//! [`Until`]: the condition under which a run ends before `runtime`; [`End`]: that a run has met it.

use super::{judge::Judge, spelling::hint};
use diff2d_arrays::wording::excerpt;
use serde::{Deserialize, Serialize};
use serde_json::json;
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

impl Until {
    /// Takes the keys of `until` beside a record that has these columns, if there is one. What was refused has no value.
    pub(super) fn take(judge: &mut Judge<'_>, columns: Option<&BTreeSet<String>>) -> Option<Self> {
        const KEY: &str = "until";
        const STEADY: &str = "until.steady";
        const AFTER: &str = "until.after";
        if !judge.is_typed(KEY) {
            return None;
        }
        if judge.is_single_value(KEY) {
            judge.convert(KEY, |_| Ok(()));
            return None;
        }
        let form = judge.form(KEY, &["column", "steady"])?;
        let steady = (form == "steady").then(|| judge.number(STEADY));
        judge.refuse_if(steady.is_some_and(|rate| rate <= 0.0), STEADY, || {
            "the rate must be greater than 0".to_owned()
        });
        let column = (form == "column").then(|| take_column(judge, columns));
        let earliest_end = judge.number_or(AFTER, 0.0);
        if earliest_end == 0.0 {
            judge.leave_out(AFTER);
        }
        Some(Self {
            steady,
            column: column.flatten(),
            after: earliest_end,
        })
    }

    /// The reason to end a run with the first snapshot after a row, if the value of the column there has passed the limit. Rows up to the
    /// time `since` do not count.
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

/// The column of a record that ends a run, and its limit.
fn take_column(
    judge: &mut Judge<'_>,
    columns: Option<&BTreeSet<String>>,
) -> Option<(String, Limit)> {
    /// More letters of a name do not belong into a line of the journal, and more of a list no one reads.
    const MOST: usize = 400;
    const COLUMN: &str = "until.column";
    let column = judge.word(COLUMN)?;
    judge.note(COLUMN, json!(column));
    let upper_limit = judge.number_if_typed("until.above");
    let lower_limit = judge.number_if_typed("until.below");
    judge.refuse_if(
        upper_limit.is_some() == lower_limit.is_some() && !judge.has_unknown("until"),
        COLUMN,
        || "a column ends the run above one limit or below one: keep above or below".to_owned(),
    );
    let is_column = columns.is_some_and(|columns| columns.contains(&column));
    let is_short = column.chars().count() <= MOST;
    judge.refuse_if(!is_column || !is_short, COLUMN, || {
        let shown_column = excerpt(&column, MOST);
        let Some(columns) = columns else {
            return format!("there is no [record] that has the column {shown_column}");
        };
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let hint = hint(&column, names.iter().copied());
        let list = excerpt(&names.join(", "), MOST);
        format!("the record has no column {shown_column}{hint}; it has {list}")
    });
    let limit = upper_limit
        .map(Limit::Above)
        .or(lower_limit.map(Limit::Below));
    Some((column, limit?))
}
