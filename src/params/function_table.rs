//! [`FunctionTable`]: a function of one number for the formulas of the file, as defined by `[function.NAME]`.

use super::{
    judge::Judge,
    profile::VARIABLES,
    value::{Value, number},
};
use crate::measured::{
    ArgumentScale, ColumnName, Date, MeasuredTable, TableError, TimeUnit, duration_in_words,
    largest_gap,
};
use diff2d_arrays::{
    expression::{Expression, Extension, Interpolant, Piecewise, is_word},
    wording::excerpt,
};
use serde::{Serialize, Serializer};
use serde_json::json;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A function that interpolates points.
#[derive(Debug, Clone)]
pub struct FunctionTable {
    /// The interpolant that formulas call; it has no points until a file with the points is read.
    pub interpolant: Arc<Interpolant>,
    /// The file with the points, if there is one.
    pub columns: Option<CsvColumns>,
    /// The points, if they were typed.
    points: Option<Points>,
}

/// The two columns of a CSV file with arguments and values.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvColumns {
    /// The file.
    pub path: PathBuf,
    from: ColumnName,
    to: ColumnName,
    scale: ArgumentScale,
    /// The unit of the values.
    unit: Option<String>,
    /// Whether rows without a value are left out.
    skips_gaps: bool,
}

/// Points: argument and value.
pub type Points = Arc<[[f64; 2]]>;

const BETWEEN: [(&str, Piecewise); 2] = [
    ("linear", Piecewise::Linear),
    ("previous", Piecewise::Constant),
];
const BEYOND: [(&str, Extension); 3] = [
    ("refuse", Extension::None),
    ("hold", Extension::Hold),
    ("repeat", Extension::Repeat),
];
const GAPS: [(&str, bool); 2] = [("refuse", false), ("skip", true)];
/// The number of characters of a file that messages show.
const SHOWN: usize = 40;

/// Two tables are equal if what was typed is.
impl PartialEq for FunctionTable {
    fn eq(&self, other: &Self) -> bool {
        let [own_form, other_form] = [self, other].map(|table| {
            let function = &table.interpolant;
            (function.name(), function.piecewise(), function.extension())
        });
        own_form == other_form && self.columns == other.columns && self.points == other.points
    }
}

impl FunctionTable {
    /// Takes the tables `[function.NAME]`. Formulas that are taken later may use the functions.
    pub(super) fn take(judge: &mut Judge) -> Vec<Self> {
        const KEY: &str = "function";
        let units = ["units.t", "units.p"].map(|key| judge.typed_text(key));
        let mut tables = Vec::new();
        for (table, name) in judge.named_tables(KEY) {
            let function = Self::take_table(judge, &table, &name, &units);
            // What is wrong with a table is told of it, not of the formulas that call its function.
            let interpolant = match &function {
                Some(function) => Arc::clone(&function.interpolant),
                None => Arc::new(Interpolant::new(&name, Piecewise::Linear, Extension::None)),
            };
            judge.words.functions.push(interpolant);
            tables.extend(function);
        }
        tables
    }

    /// The function that a table defines, by the dotted name of the table and the name of the function; `units` are the file's
    /// units of t and p.
    fn take_table(
        judge: &mut Judge,
        table: &str,
        name: &str,
        units: &[Option<String>; 2],
    ) -> Option<Self> {
        let fault = refuse_name(name, "function").err();
        judge.refuse_if(fault.is_some(), table, || fault.unwrap_or_default());
        if judge.refuse_value(table, "{ file = \"weather.csv\" }") {
            return None;
        }
        let form = judge.form(table, &["file", "points"])?;
        let columns = (form == "file").then(|| CsvColumns::take(judge, table, units));
        let piecewise = judge.word_of(&format!("{table}.between"), &BETWEEN);
        let extension = judge.word_of(&format!("{table}.beyond"), &BEYOND);
        let points = match form {
            "points" => Some(take_points(judge, &format!("{table}.points"), extension)?),
            _ => None,
        };
        let interpolant = Arc::new(Interpolant::new(name, piecewise, extension));
        if let Some(points) = &points {
            interpolant.set(Points::clone(points));
        }
        Some(Self {
            interpolant,
            columns,
            points,
        })
    }

    /// The points in the text of the function's file.
    ///
    /// # Errors
    /// A sentence on the fault, with its line and column.
    pub fn points_of(&self, text: &[u8]) -> Result<Points, String> {
        match &self.columns {
            Some(columns) => columns.read(text, self.interpolant.extension()),
            None => Ok(Arc::default()),
        }
    }

    /// A description of the function: its points as far as they are known, the largest gap between them, and the
    /// interpolation and extension.
    #[must_use]
    pub fn described(&self) -> String {
        let function = &self.interpolant;
        if let (Some(columns), None) = (&self.columns, function.range())
            && let Ok(text) = fs::read(&columns.path)
            && let Ok(points) = self.points_of(&text)
        {
            function.set(points);
        }
        let through = match function.range() {
            Some([start, stop]) => {
                let [minimum, maximum] = function.values();
                let count = function.points().len();
                format!(
                    "{count} points from {start:?} to {stop:?}, values from {minimum:?} to {maximum:?}"
                )
            }
            None => "points that cannot be read".to_owned(),
        };
        let between_word = word_for(&BETWEEN, function.piecewise());
        let beyond_word = word_for(&BEYOND, function.extension());
        let file = match &self.columns {
            Some(columns) => format!(", of {columns}"),
            None => String::new(),
        };
        format!(
            "{}: {through}{}; {between_word} between, {beyond_word} beyond{file}",
            function.name(),
            self.gap_in_words(),
        )
    }

    /// The largest gap between the points of a file, which the user may not know of:
    /// `; 5 h 10 min without a value, interpolated`.
    fn gap_in_words(&self) -> String {
        let (Some(columns), Some([start, stop])) = (&self.columns, self.largest_gap()) else {
            return String::new();
        };
        let unit = columns.scale.unit.as_deref();
        let duration = match unit.map_or(Some(TimeUnit::S), TimeUnit::of) {
            Some(unit) => duration_in_words((stop - start) * unit.seconds()),
            None => format!("{:?} {}", stop - start, unit.unwrap_or_default()),
        };
        let manner = match self.interpolant.piecewise() {
            Piecewise::Linear => "interpolated",
            Piecewise::Constant => "held",
        };
        format!("; {duration} without a value, {manner}, from {start:?} to {stop:?}")
    }

    fn largest_gap(&self) -> Option<[f64; 2]> {
        let points = self.interpolant.points().iter();
        let arguments: Vec<f64> = points.map(|[argument, _]| *argument).collect();
        largest_gap(&arguments)
    }
}

/// Serializes the name of the function and, for its points, the number, the least and largest arguments and values, and
/// the largest gap.
impl Serialize for FunctionTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let function = &self.interpolant;
        let description = json!({
            "name": function.name(),
            "points": function.points().len(),
            "range": function.range(),
            "values": function.values(),
            "largest_gap": self.columns.as_ref().and_then(|_| self.largest_gap()),
        });
        description.serialize(serializer)
    }
}

/// Refuses a name for `what`, such as a function, that is invalid in formulas or used already.
pub(super) fn refuse_name(name: &str, what: &str) -> Result<(), String> {
    let begins_as_word =
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let mut letters = name.bytes();
    let is_of_letters = letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if !begins_as_word || !is_of_letters {
        return Err(format!(
            "the name of a {what} must be letters, digits and _, no digit first"
        ));
    }
    // Words of Python that formulas do not have are no names either: they are refused with what to write instead.
    let is_readable = Expression::parse(name, &[name]).is_ok();
    if is_word(name) || VARIABLES.contains(&name) || !is_readable {
        Err(format!(
            "{name} has a meaning in formulas already; the {what} needs another name"
        ))
    } else {
        Ok(())
    }
}

/// The word that means something.
fn word_for<T: Copy + PartialEq>(words: &[(&'static str, T)], meaning: T) -> &'static str {
    let word = words.iter().find(|(_, other)| *other == meaning);
    word.map_or("", |(word, _)| word)
}

/// The name or the number of a column of a file.
fn take_column(judge: &mut Judge, key: &str) -> ColumnName {
    let column = judge.convert(key, |value| match value {
        Value::String(name) => Ok(ColumnName::Heading(name.trim().to_owned())),
        value => {
            let number = value.as_integer().map(usize::try_from);
            number
                .and_then(Result::ok)
                .map(ColumnName::Number)
                .ok_or(None)
        }
    });
    let column = column.unwrap_or(ColumnName::Number(0));
    match &column {
        ColumnName::Heading(name) => judge.note(key, json!(name)),
        ColumnName::Number(number) => judge.note(key, json!(number)),
    }
    column
}

/// The points of a function as typed.
fn take_points(judge: &mut Judge, key: &str, extension: Extension) -> Option<Points> {
    let points = judge.convert(key, |value| {
        let points = typed_points(value).ok_or(None)?;
        judge_points(&points, extension)
            .map_err(|(number, reason)| Some(format!("point {}: {reason}", number + 1)))?;
        Ok(points)
    })?;
    judge.note(key, json!(&points[..]));
    Some(points)
}

/// Pairs of finite numbers.
fn typed_points(points: &Value) -> Option<Points> {
    let points = points
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter();
    let points = points.map(|point| match point.as_array().map(Vec::as_slice) {
        Some([x, y]) => {
            let point = [number(x)?, number(y)?];
            point
                .iter()
                .all(|number| number.is_finite())
                .then_some(point)
        }
        _ => None,
    });
    points.collect()
}

/// Refuses points that define no function; the error has the index of the wrong point.
fn judge_points(points: &[[f64; 2]], extension: Extension) -> Result<(), (usize, String)> {
    let [start, .., stop] = points else {
        let reason = "a function needs two points or more".to_owned();
        return Err((points.len().wrapping_sub(1), reason));
    };
    let descent = points.windows(2).position(|pair| pair[0][0] >= pair[1][0]);
    if let Some(number) = descent {
        let [argument, next_argument] = [number, number + 1].map(|number| points[number][0]);
        let reason =
            format!("the argument {next_argument:?} follows {argument:?}; arguments must ascend");
        return Err((number + 1, reason));
    }
    let reason = if (stop[0] - start[0]).is_infinite() {
        "the range of arguments is beyond the largest number".to_owned()
    } else if extension == Extension::Repeat && start[1] != stop[1] {
        format!(
            "beyond = \"repeat\" needs the same value at both ends, and they are {:?} and {:?}",
            start[1], stop[1]
        )
    } else {
        return Ok(());
    };
    Err((points.len() - 1, reason))
}

impl CsvColumns {
    /// The columns that a table defines for its file; `units` are the parameters' units of t and p, which decide how the file
    /// is read, so the journal has them.
    fn take(judge: &mut Judge, table: &str, units: &[Option<String>; 2]) -> Self {
        let name_of = |key: &str| format!("{table}.{key}");
        let path = judge.path(&name_of("file"));
        let [from, to] = ["from", "to"].map(|key| take_column(judge, &name_of(key)));
        let [from_unit, to_unit] =
            [("from_unit", &units[0]), ("to_unit", &units[1])].map(|(key, unit)| {
                let typed_unit = judge.text_if_typed(&name_of(key));
                let unit = typed_unit.or_else(|| unit.clone());
                if let Some(unit) = &unit {
                    judge.note(&name_of(key), json!(unit));
                }
                unit
            });
        let since_key = name_of("since");
        let since = judge.text_if_typed(&since_key).and_then(|text| {
            let date = Date::parse(&text);
            judge.refuse_if(date.is_none(), &since_key, || {
                let (typed_text, example) = (excerpt(&text, SHOWN), Date::EXAMPLE);
                format!("{typed_text:?} is no date, such as {example:?}")
            });
            date
        });
        let gaps_key = name_of("gaps");
        let has_gaps_key = judge.is_typed(&gaps_key);
        let skips_gaps = has_gaps_key && judge.word_of(&gaps_key, &GAPS);
        Self {
            path,
            from,
            to,
            scale: ArgumentScale {
                unit: from_unit,
                since,
            },
            unit: to_unit,
            skips_gaps,
        }
    }

    /// The points in a text.
    fn read(&self, text: &[u8], extension: Extension) -> Result<Points, String> {
        let table = MeasuredTable::parse(text).map_err(|error| error.to_string())?;
        let points = self.points_of(&table);
        let (rows, points): (Vec<usize>, Vec<[f64; 2]>) = points.map_err(told)?.into_iter().unzip();
        judge_points(&points, extension).map_err(|(number, reason)| {
            let row = rows.get(number).copied().unwrap_or(usize::MAX);
            table.refuse_row(row, reason).to_string()
        })?;
        Ok(points.into())
    }

    /// The points of a table with the numbers of their rows.
    fn points_of(&self, table: &MeasuredTable) -> Result<Vec<(usize, [f64; 2])>, TableError> {
        let argument_column = table.column(&self.from)?;
        let value_column = table.column(&self.to)?;
        let arguments = table.arguments(argument_column, &self.scale)?;
        let values = table.values(value_column, self.unit.as_deref())?;
        let gap = values.iter().position(|value| value.is_nan());
        if let Some(row) = gap.filter(|_| !self.skips_gaps) {
            let reason = "there is no value; gaps = \"skip\" leaves out the rows that have none";
            return Err(table.refuse_field(row, value_column, reason));
        }
        let points = arguments.into_iter().zip(values).map(|(x, y)| [x, y]);
        let points = points.enumerate().filter(|(_, [_, value])| !value.is_nan());
        Ok(points.collect())
    }
}

/// A sentence on a faulty file; for a unit it includes the way out.
fn told(error: TableError) -> String {
    match error {
        TableError::Unit { .. } => format!(
            "{error}; from_unit and to_unit of the function say in which units its arguments and its values are"
        ),
        error => error.to_string(),
    }
}

impl fmt::Display for CsvColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (argument_column, value_column, path) =
            (&self.from, &self.to, Path::display(&self.path));
        write!(f, "columns {argument_column} and {value_column} of {path}")
    }
}
