//! [`RecordKeys`]: quantities that are written more often than snapshots, as defined by `[record]`.

use super::{
    area::{Area, AreaValue},
    choice::{Choice, choice},
    judge::Judge,
    keys,
    profile::Function,
    row_number::{LEADING_COLUMNS, RowNumber, is_column_name},
    value::{Value, finite, finite_pair},
};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

choice! {
    /// The rule for the value of a state at a point that is not a node.
    pub enum PointValue {
        /// The value of the nearest node.
        Nearest = "nearest",
        /// The value interpolated linearly along x and y between the four surrounding nodes.
        Linear = "linear",
    }
}

choice! {
    /// A quantity of each node between two snapshots.
    #[derive(PartialOrd, Ord)]
    pub enum RecordField {
        /// The mean over time.
        Mean = "mean",
        /// The smallest value.
        Min = "min",
        /// The largest value.
        Max = "max",
        /// The time at which the largest value occurred first.
        TimeOfMax = "time_of_max",
    }
}

/// The times at which rows of a record are due.
#[derive(Debug, Clone, PartialEq)]
pub enum RowTimes {
    /// After every step.
    Step,
    /// At every snapshot.
    Snapshot,
    /// At multiples of this time \[time\].
    Every(f64),
    /// At these times \[time\].
    At(Vec<f64>),
}

impl RowTimes {
    /// The word for rows after every step.
    const STEP: &str = "step";
    /// The word for rows at every snapshot.
    pub(crate) const SNAPSHOT: &str = "snapshot";
}

/// A point whose value is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordPoint {
    /// The name of its column.
    pub name: String,
    /// The place of the point \[length\].
    pub at: [f64; 2],
    /// A formula in x and y that is not 0 on the side of an interface on which it lies, if it lies on one.
    pub side: Option<Function>,
}

/// The keys of `[record]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordKeys {
    /// The times of rows.
    pub times: RowTimes,
    /// The points.
    pub points: Vec<RecordPoint>,
    /// The rule for the values of points.
    pub value: PointValue,
    /// Whether each row has its date.
    pub has_dates: bool,
    /// Whether the record has mass, minimum, maximum, and the rates of inflow.
    pub totals: bool,
    /// Regions by their names.
    pub regions: Vec<(String, Area)>,
    /// The quantities of each node that are kept between snapshots.
    pub fields: Vec<RecordField>,
}

/// The column with the dates of rows.
pub const DATE_COLUMN: &str = "date";

/// Largest number of columns of a record.
const MOST_COLUMNS: usize = 1000;

impl RecordKeys {
    /// The key that determines the times of rows.
    pub fn key(&self) -> &'static str {
        match self.times {
            RowTimes::At(_) => "record.at",
            RowTimes::Step | RowTimes::Snapshot | RowTimes::Every(_) => "record.every",
        }
    }

    /// Whether rates are recorded.
    pub fn has_rates(&self) -> bool {
        self.totals || !self.regions.is_empty()
    }

    /// The numbers of the rows with the names of their columns, in their order; `held_names` are the tables of held nodes.
    pub fn numbers(&self, held_names: &[String]) -> Vec<(String, RowNumber)> {
        let mut numbers = Vec::new();
        if self.totals {
            numbers.extend(RowNumber::of_totals(held_names));
        }
        let points = self.points.iter().map(|point| point.name.as_str());
        numbers.extend(RowNumber::of_points(points));
        let regions = self.regions.iter().map(|(name, _)| name.as_str());
        numbers.extend(RowNumber::of_regions(regions, held_names.len()));
        // A name that a file gave something else before all records had the number stays that of the other.
        let other_numbers = numbers.iter().filter(|(_, number)| !number.gives_way());
        let other_names: BTreeSet<String> = other_numbers.map(|(name, _)| name.clone()).collect();
        numbers.retain(|(name, number)| !number.gives_way() || !other_names.contains(name));
        numbers
    }

    /// The names of the columns of the record of a run, where there are these tables of held nodes.
    pub(super) fn columns(&self, held: &[AreaValue]) -> BTreeSet<String> {
        let numbers = self.numbers_beside(held).into_iter().map(|(name, _)| name);
        let [_, step, time] = LEADING_COLUMNS.map(str::to_owned);
        numbers.chain([step, time]).collect()
    }

    /// The column names that no point may have; `held` are the tables of held nodes.
    fn own_columns(&self, held: &[AreaValue]) -> BTreeSet<String> {
        let numbers = self.numbers_beside(held).into_iter();
        let numbers = numbers.filter(|(_, number)| !matches!(number, RowNumber::Point(_)));
        let date = self.has_dates.then(|| DATE_COLUMN.to_owned());
        let leading = LEADING_COLUMNS.map(str::to_owned).into_iter().chain(date);
        leading.chain(numbers.map(|(name, _)| name)).collect()
    }

    fn numbers_beside(&self, held: &[AreaValue]) -> Vec<(String, RowNumber)> {
        let held_names = held.iter().enumerate();
        let held_names = held_names.map(|(number, table)| table.name_or_number(number));
        self.numbers(&held_names.collect::<Vec<_>>())
    }

    /// Takes the keys of `[record]`; `None` if none was typed. `held` are the tables of held nodes.
    pub(super) fn take(
        judge: &mut Judge<'_>,
        start: f64,
        is_steady: bool,
        held: &[AreaValue],
    ) -> Option<Self> {
        let mut keys = keys::of_table("record").map(|key| key.name);
        let first_key = keys.find(|key| judge.is_typed(key))?;
        let earlier_errors = judge.error_count();
        let mut times = times(judge, start);
        if times.is_none() {
            let is_typed = judge.is_typed("record.every") || judge.is_typed("record.at");
            if !is_typed && is_steady {
                // A steady state is one row.
                times = Some(RowTimes::At(vec![start]));
            } else if !is_typed && judge.is_typed("fit") {
                // A fit has rows at the times of its data.
                times = Some(RowTimes::Snapshot);
                judge.note("record.every", json!(RowTimes::SNAPSHOT));
            }
            judge.refuse_if(times.is_none() && !is_typed, first_key, || {
                "record.every or record.at must say when there is a row".to_owned()
            });
        }
        let points = if judge.is_typed("record.points") {
            points(judge)
        } else {
            Vec::new()
        };
        let point_value = if judge.is_typed("record.interpolate") {
            judge.choice("record.interpolate")
        } else {
            PointValue::Nearest
        };
        let has_dates = judge.is_typed("record.dates") && judge.boolean("record.dates");
        let totals = judge.is_typed("record.totals") && judge.boolean("record.totals");
        let regions = if judge.is_typed("record.region") {
            regions(judge)
        } else {
            Vec::new()
        };
        let fields = if judge.is_typed("record.fields") {
            fields(judge)
        } else {
            Vec::new()
        };
        let record = Self {
            fields,
            times: times?,
            points,
            value: point_value,
            has_dates,
            totals,
            regions,
        };
        // What was refused would have been recorded.
        let is_empty = judge.error_count() == earlier_errors
            && !judge.has_unknown("record")
            && record.points.is_empty()
            && !record.totals
            && record.regions.is_empty()
            && record.fields.is_empty();
        judge.refuse_if(is_empty, first_key, || {
            "nothing is recorded: totals = true, points = { … }, fields = [ … ] or [[record.region]] says what"
                .to_owned()
        });
        let points = record.points.iter();
        let names = points.map(|point| (format!("record.points.{}", point.name), &point.name));
        let regions = record.regions.iter().enumerate();
        let names = names.chain(
            regions.map(|(number, (name, _))| (format!("record.region.{number}.name"), name)),
        );
        let mut names_so_far = BTreeSet::new();
        let mut column_names = record.own_columns(held);
        for (key, name) in names {
            let is_free = column_names.insert(name.clone());
            let reason = match (is_column_name(name), names_so_far.insert(name)) {
                (false, _) => {
                    "cannot be the name of a column, which consists of letters, digits and _"
                }
                (true, false) => "occurs twice",
                (true, true) if is_free => continue,
                (true, true) => "is that of a column which the record has anyway: choose another",
            };
            // Points of a list have no names of their own.
            let key = if judge.is_typed(&key) {
                &key
            } else {
                "record.points"
            };
            judge.refuse_if(true, key, || format!("the name {name:?} {reason}"));
        }
        let columns = record.columns(held).len();
        judge.refuse_if(columns > MOST_COLUMNS, first_key, || {
            format!("there would be {columns} columns, and a record can have {MOST_COLUMNS}")
        });
        Some(record)
    }
}

fn times(judge: &mut Judge<'_>, start: f64) -> Option<RowTimes> {
    const EVERY: &str = "record.every";
    const AT: &str = "record.at";
    let has_both = judge.is_typed(EVERY) && judge.is_typed(AT);
    judge.refuse_if(has_both, AT, || {
        "record.every is given as well; keep one of the two".to_owned()
    });
    if judge.is_typed(AT) {
        let times = judge.convert(AT, |value| {
            let items = value.as_array().into_iter().flatten();
            let times: Option<Vec<f64>> = items.map(finite).collect();
            times
                .filter(|times| times.first().is_none_or(|&first| first >= start))
                .filter(|times| times.is_sorted_by(|left, right| left < right))
                .ok_or(None)
        })?;
        judge.note(AT, json!(times));
        return Some(RowTimes::At(times));
    }
    if !judge.is_typed(EVERY) {
        return None;
    }
    let times = judge.convert(EVERY, |value| match value {
        Value::String(word) if word == RowTimes::STEP => Ok(RowTimes::Step),
        Value::String(word) if word == RowTimes::SNAPSHOT => Ok(RowTimes::Snapshot),
        value => finite(value)
            .filter(|every| *every > 0.0)
            .map(RowTimes::Every)
            .ok_or(None),
    })?;
    let noted = match &times {
        RowTimes::Every(every) => json!(every),
        RowTimes::Snapshot => json!(RowTimes::SNAPSHOT),
        RowTimes::Step | RowTimes::At(_) => json!(RowTimes::STEP),
    };
    judge.note(EVERY, noted);
    Some(times)
}

fn fields(judge: &mut Judge<'_>) -> Vec<RecordField> {
    const KEY: &str = "record.fields";
    let fields = judge.convert(KEY, |value| {
        let items = value.as_array().ok_or(None)?.iter();
        let fields = items.map(|item| {
            let word = item.as_str()?;
            let mut fields = RecordField::ALL.iter();
            fields.find(|field| field.name() == word).copied()
        });
        fields.collect::<Option<Vec<RecordField>>>().ok_or(None)
    });
    let mut fields = fields.unwrap_or_default();
    fields.sort();
    fields.dedup();
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    judge.note(KEY, json!(names));
    fields
}

fn points(judge: &mut Judge<'_>) -> Vec<RecordPoint> {
    const KEY: &str = "record.points";
    let points: Vec<RecordPoint> = if judge.is_single_value(KEY) {
        let points = judge.convert(KEY, |value| {
            let items = value.as_array().ok_or(None)?;
            let points = (0..).zip(items).map(|(number, value)| {
                Some(RecordPoint {
                    name: format!("p{number}"),
                    at: finite_pair(value)?,
                    side: None,
                })
            });
            points.collect::<Option<Vec<_>>>().ok_or(None)
        });
        points.unwrap_or_default()
    } else {
        let names = judge.named_tables(KEY).into_iter();
        let points = names.filter_map(|(key, name)| {
            let [at, side] = ["at", "side"].map(|part| format!("{key}.{part}"));
            let is_table = judge.is_typed(&at) || judge.is_typed(&side);
            let place_key = if is_table { &at } else { &key };
            let place = judge.convert(place_key, |value| finite_pair(value).ok_or(None));
            let side = is_table.then(|| judge.function(&side, 2));
            let at = place?;
            Some(RecordPoint { name, at, side })
        });
        points.collect()
    };
    let noted: Map<String, Json> = points
        .iter()
        .map(|RecordPoint { name, at, side }| match side {
            None => (name.clone(), json!(at)),
            Some(side) => (name.clone(), json!({ "at": at, "side": side.to_json() })),
        })
        .collect();
    judge.note(KEY, Json::Object(noted));
    points
}

fn regions(judge: &mut Judge<'_>) -> Vec<(String, Area)> {
    let tables = judge.tables("record.region").into_iter();
    let regions = tables.filter_map(|table| {
        let name = judge.column_name(&format!("{table}.name"));
        let area = Area::take(judge, &table);
        Some((name?, area?))
    });
    regions.collect()
}
