//! [`RecordKeys`]: what is written more often than snapshots, as typed in `[record]`.

use super::{
    area::Area,
    choice::{Choice, choice},
    judge::Judge,
    value::{Value, number},
};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

choice! {
    /// The value of a state at a point that is no node.
    pub enum PointValue {
        /// That of the nearest node.
        Nearest = "nearest",
        /// Between the four nodes around it, linear along x and along y.
        Linear = "linear",
    }
}

choice! {
    /// What is kept of a node between two snapshots.
    #[derive(PartialOrd, Ord)]
    pub enum RecordField {
        /// The mean over time.
        Mean = "mean",
        /// The smallest value.
        Min = "min",
        /// The largest value.
        Max = "max",
        /// When it had that first.
        TimeOfMax = "time_of_max",
    }
}

/// When rows of a record are due.
#[derive(Debug, Clone, PartialEq)]
pub enum RowTimes {
    /// After every step.
    Step,
    /// So far apart \[time\].
    Every(f64),
    /// At these times \[time\].
    At(Vec<f64>),
}

/// What `[record]` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordKeys {
    /// When there is a row.
    pub times: RowTimes,
    /// Points by their names.
    pub points: Vec<(String, [f64; 2])>,
    /// What their values are.
    pub value: PointValue,
    /// Whether there are mass, minimum, maximum, and what comes in.
    pub totals: bool,
    /// Regions by their names.
    pub regions: Vec<(String, Area)>,
    /// What is kept of every node between snapshots.
    pub fields: Vec<RecordField>,
}

/// The most columns of a record.
const MOST_COLUMNS: usize = 1000;

impl RecordKeys {
    /// The key that says when there is a row.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self.times {
            RowTimes::At(_) => "record.at",
            RowTimes::Step | RowTimes::Every(_) => "record.every",
        }
    }

    /// Whether rates are recorded.
    #[must_use]
    pub fn has_rates(&self) -> bool {
        self.totals || !self.regions.is_empty()
    }

    /// The names of columns that no point may have.
    fn own_columns(&self) -> BTreeSet<String> {
        const RATES: [&str; 6] = ["left", "right", "bottom", "top", "source", "decay"];
        let mut names = vec!["scenario", "step", "t"];
        if self.totals {
            names.extend(["mass", "min", "max", "unexplained"]);
            names.extend(RATES);
        }
        let mut names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        if self.totals {
            names.extend(RATES.map(|rate| format!("{rate}_rate")));
        }
        for (region, _) in &self.regions {
            let of_region = ["mean", "min", "max", "mass", "in", "in_rate"];
            names.extend(of_region.map(|of| format!("{region}_{of}")));
        }
        names
    }

    /// Whether a name is that of a column of a table `[[held]]`.
    fn is_held(&self, name: &str) -> bool {
        let number = name.strip_prefix("held").unwrap_or_default();
        let number = number.strip_suffix("_rate").unwrap_or(number);
        let is_number = number.chars().all(|digit| digit.is_ascii_digit());
        self.totals && is_number && !number.is_empty()
    }

    /// The keys of `[record]`, if any was typed.
    pub(super) fn take(judge: &mut Judge<'_>, start: f64, is_steady: bool) -> Option<Self> {
        const KEYS: [&str; 7] = [
            "record.every",
            "record.at",
            "record.points",
            "record.interpolate",
            "record.totals",
            "record.region",
            "record.fields",
        ];
        let first = KEYS.into_iter().find(|key| judge.is_typed(key))?;
        let mut times = times(judge, start);
        if times.is_none() {
            let is_typed = judge.is_typed("record.every") || judge.is_typed("record.at");
            // A steady state is one row.
            times = (is_steady && !is_typed).then(|| RowTimes::At(vec![start]));
            judge.refuse_if(!is_typed && !is_steady, first, || {
                "record.every or record.at must say when there is a row".to_owned()
            });
        }
        let points = match judge.is_typed("record.points") {
            true => points(judge),
            false => Vec::new(),
        };
        let value = match judge.is_typed("record.interpolate") {
            true => judge.choice("record.interpolate"),
            false => PointValue::Nearest,
        };
        let totals = judge.is_typed("record.totals") && judge.boolean("record.totals");
        let regions = match judge.is_typed("record.region") {
            true => regions(judge),
            false => Vec::new(),
        };
        let fields = match judge.is_typed("record.fields") {
            true => fields(judge),
            false => Vec::new(),
        };
        let record = Self {
            fields,
            times: times?,
            points,
            value,
            totals,
            regions,
        };
        let nothing = record.points.is_empty() && !record.totals && record.regions.is_empty();
        let nothing = nothing && record.fields.is_empty();
        judge.refuse_if(nothing, first, || {
            "nothing is recorded: totals = true, points = { … }, fields = [ … ] or [[record.region]] says what"
                .to_owned()
        });
        let names = record.points.iter().map(|(name, _)| name);
        let names = names.chain(record.regions.iter().map(|(name, _)| name));
        let mut seen = BTreeSet::new();
        let mut taken = record.own_columns();
        for name in names {
            let is_word = name
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '_');
            let is_free = taken.insert(name.clone());
            let reason = match (is_word && !name.is_empty(), seen.insert(name)) {
                (false, _) => "is no name of a column: letters, digits and _ make one",
                (true, false) => "is there twice",
                (true, true) if is_free && !record.is_held(name) => continue,
                (true, true) => "is that of a column which the record has anyway: choose another",
            };
            judge.refuse_if(true, first, || format!("the name {name:?} {reason}"));
        }
        let columns = record.points.len() + 6 * record.regions.len() + 20;
        judge.refuse_if(columns > MOST_COLUMNS, first, || {
            format!("that is more than {MOST_COLUMNS} columns, the most there can be")
        });
        Some(record)
    }
}

fn times(judge: &mut Judge<'_>, start: f64) -> Option<RowTimes> {
    const EVERY: &str = "record.every";
    const AT: &str = "record.at";
    let both = judge.is_typed(EVERY) && judge.is_typed(AT);
    judge.refuse_if(both, AT, || {
        "record.every is given as well; keep one of the two".to_owned()
    });
    if judge.is_typed(AT) {
        let times = judge.convert(AT, |value| {
            let items = value.as_array().into_iter().flatten();
            let times: Option<Vec<f64>> = items.map(number).collect();
            let ascend = |times: &Vec<f64>| {
                let is_first_later = times.first().is_none_or(|&first| first >= start);
                is_first_later && times.is_sorted_by(|one, other| one < other)
            };
            times
                .filter(|times| times.iter().all(|time| time.is_finite()) && ascend(times))
                .ok_or(None)
        })?;
        judge.note(AT, json!(times));
        return Some(RowTimes::At(times));
    }
    if !judge.is_typed(EVERY) {
        return None;
    }
    let times = judge.convert(EVERY, |value| match value {
        Value::String(word) if word == "step" => Ok(RowTimes::Step),
        value => number(value)
            .filter(|every| every.is_finite() && *every > 0.0)
            .map(RowTimes::Every)
            .ok_or(None),
    })?;
    let noted = match &times {
        RowTimes::Every(every) => json!(every),
        _ => json!("step"),
    };
    judge.note(EVERY, noted);
    Some(times)
}

fn fields(judge: &mut Judge<'_>) -> Vec<RecordField> {
    const KEY: &str = "record.fields";
    let fields = judge.convert(KEY, |value| {
        let items = value.as_array().ok_or(None)?.iter();
        let field = |item: &Value| {
            let word = item.as_str()?;
            let mut all = RecordField::ALL.iter();
            all.find(|field| field.name() == word).copied()
        };
        let fields: Option<Vec<RecordField>> = items.map(field).collect();
        fields.ok_or(None)
    });
    let mut fields = fields.unwrap_or_default();
    fields.sort();
    fields.dedup();
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    judge.note(KEY, json!(names));
    fields
}

fn points(judge: &mut Judge<'_>) -> Vec<(String, [f64; 2])> {
    const KEY: &str = "record.points";
    let points = judge.convert(KEY, |value| {
        let pair = |value: &Value| match value.as_array().map(Vec::as_slice) {
            Some([x, y]) => {
                let pair = [number(x)?, number(y)?];
                pair.iter().all(|one| one.is_finite()).then_some(pair)
            }
            _ => None,
        };
        let named = |name: String, value: &Value| Some((name, pair(value)?));
        let points: Option<Vec<_>> = match value {
            Value::Table(table) => {
                let all = table.iter();
                all.map(|(name, value)| named(name.clone(), value))
                    .collect()
            }
            Value::Array(items) => {
                let all = items.iter().enumerate();
                all.map(|(number, value)| named(format!("p{number}"), value))
                    .collect()
            }
            _ => None,
        };
        points.ok_or(None)
    });
    let points = points.unwrap_or_default();
    let noted: Map<String, Json> = points
        .iter()
        .map(|(name, at)| (name.clone(), json!(at)))
        .collect();
    judge.note(KEY, Json::Object(noted));
    points
}

fn regions(judge: &mut Judge<'_>) -> Vec<(String, Area)> {
    const KEY: &str = "record.region";
    const KEYS: [&str; 5] = ["name", "where", "file", "image", "below"];
    let words = &judge.words.of(2);
    let regions = judge.convert(KEY, |value| {
        let tables = value.as_array().ok_or(None)?.iter().zip(1..);
        let regions = tables.map(|(table, count)| {
            let refuse = |reason: String| Some(format!("in table {count}, {reason}"));
            let table = table.as_table().ok_or(None)?;
            if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
                let known = KEYS.join(", ");
                return Err(refuse(format!(
                    "there is no key {other}; there are {known}"
                )));
            }
            let name = table.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| refuse("name = \"…\" is missing".to_owned()))?;
            let area = Area::parse(table, words);
            let area = area.map_err(|reason| refuse(reason.unwrap_or_default()))?;
            Ok((name.to_owned(), area))
        });
        regions.collect::<Result<Vec<_>, _>>()
    });
    let regions = regions.unwrap_or_default().into_iter();
    let regions: Vec<_> = regions
        .map(|(name, area)| (name, area.with_path(|path| judge.path_to(KEY, path))))
        .collect();
    let tables = regions.iter().map(|(name, area)| {
        let mut table = Map::new();
        table.insert("name".to_owned(), json!(name));
        table.extend(area.to_json());
        Json::Object(table)
    });
    judge.note(KEY, Json::Array(tables.collect()));
    regions
}
