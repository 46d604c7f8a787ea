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
use serde_json::{Map, Value as Json, json};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use toml::Table;

/// A function that interpolates points.
#[derive(Debug, Clone)]
pub struct FunctionTable {
    /// The interpolant that formulas call; it has no points until a file with the points is read.
    pub interpolant: Arc<Interpolant>,
    /// The file with the points, if there is one.
    pub columns: Option<CsvColumns>,
    /// The function's entry in a journal.
    json: Map<String, Json>,
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

/// The keys for functions in files only.
const FILE_KEYS: [&str; 6] = ["from", "to", "since", "from_unit", "to_unit", "gaps"];
const KEYS: [&str; 4] = ["file", "points", "between", "beyond"];
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

/// Two tables are equal if their entries in a journal are.
impl PartialEq for FunctionTable {
    fn eq(&self, other: &Self) -> bool {
        let names = [self, other].map(|table| table.interpolant.name());
        names[0] == names[1] && self.json == other.json
    }
}

impl FunctionTable {
    /// Takes the tables `[function.NAME]`. Formulas that are taken later may use the functions.
    pub(super) fn take(judge: &mut Judge) -> Vec<Self> {
        if !judge.is_typed("function") {
            return Vec::new();
        }
        let typed = judge.convert("function", |value| Ok(value.clone()));
        let units = ["units.t", "units.p"].map(|key| judge.typed_text(key));
        let mut tables = Vec::new();
        for (name, value) in typed.iter().filter_map(Value::as_table).flatten() {
            let table = value.as_table().ok_or_else(|| NO_TABLE.to_owned());
            let parsed = table.and_then(|table| {
                Self::parse(name, table, &units, |path| judge.path_to("function", path))
            });
            // What is wrong with a table is told of it, not of the formulas that call its function.
            let interpolant = match &parsed {
                Ok(table) => Arc::clone(&table.interpolant),
                Err(_) => Arc::new(Interpolant::new(name, Piecewise::Linear, Extension::None)),
            };
            judge.words.functions.push(interpolant);
            match parsed {
                Ok(table) => tables.push(table),
                Err(reason) => judge.refuse_if(true, "function", || {
                    format!("in {}, {reason}", excerpt(name, SHOWN))
                }),
            }
        }
        let json = tables.iter().map(|table| {
            let name = table.interpolant.name().to_owned();
            (name, Json::Object(table.json.clone()))
        });
        judge.note("function", Json::Object(json.collect()));
        tables
    }

    /// The function that a table defines; `units` are the file's units of t and p.
    fn parse(
        name: &str,
        table: &Table,
        units: &[Option<String>; 2],
        path_to: impl Fn(&str) -> PathBuf,
    ) -> Result<Self, String> {
        refuse_name(name, "function")?;
        let mut names = KEYS.into_iter().chain(FILE_KEYS);
        if let Some(other) = table
            .keys()
            .find(|key| !names.clone().any(|name| name == *key))
        {
            let list: Vec<&str> = names.by_ref().collect();
            return Err(format!(
                "there is no key {}; there are {}",
                excerpt(other, SHOWN),
                list.join(", ")
            ));
        }
        let (between_word, piecewise) = choice(table, "between", &BETWEEN)?;
        let (beyond_word, extension) = choice(table, "beyond", &BEYOND)?;
        let interpolant = Arc::new(Interpolant::new(name, piecewise, extension));
        let mut json = Map::new();
        let columns = match (table.get("file"), table.get("points")) {
            (Some(file), None) => {
                let file = file
                    .as_str()
                    .ok_or("file must be the name of a CSV file in quotes")?;
                let columns = CsvColumns::parse(table, path_to(file), units)?;
                columns.note(table, &mut json);
                Some(columns)
            }
            (None, Some(points)) => {
                if let Some(key) = FILE_KEYS.iter().find(|key| table.contains_key(**key)) {
                    return Err(format!("{key} belongs to file = \"….csv\""));
                }
                let points = typed_points(points)?;
                judge_points(&points, extension)
                    .map_err(|(number, reason)| format!("point {}: {reason}", number + 1))?;
                json.insert("points".to_owned(), json!(&points[..]));
                interpolant.set(points);
                None
            }
            _ => {
                return Err(
                    "one of file = \"….csv\" and points = [[0, 20], [3600, 25]] must be given"
                        .to_owned(),
                );
            }
        };
        json.insert("between".to_owned(), json!(between_word));
        json.insert("beyond".to_owned(), json!(beyond_word));
        Ok(Self {
            interpolant,
            columns,
            json,
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
        let [between_word, beyond_word] =
            ["between", "beyond"].map(|key| self.json.get(key).and_then(Json::as_str));
        let file = match &self.columns {
            Some(columns) => format!(", of {columns}"),
            None => String::new(),
        };
        format!(
            "{}: {through}{}; {} between, {} beyond{file}",
            function.name(),
            self.gap_in_words(),
            between_word.unwrap_or_default(),
            beyond_word.unwrap_or_default(),
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

const NO_TABLE: &str = "a table must follow, such as { file = \"weather.csv\" }";

/// The value for the word of a key; the first choice if the key is absent.
fn choice<T: Copy>(
    table: &Table,
    key: &str,
    choices: &[(&'static str, T)],
) -> Result<(&'static str, T), String> {
    let Some(value) = table.get(key) else {
        return Ok(choices[0]);
    };
    let chosen = choices
        .iter()
        .find(|(word, _)| value.as_str() == Some(word));
    chosen.copied().ok_or_else(|| {
        let words: Vec<String> = choices
            .iter()
            .map(|(word, _)| format!("{word:?}"))
            .collect();
        format!("{key} must be {}", words.join(" or "))
    })
}

fn column_name(table: &Table, key: &str, absent: usize) -> Result<ColumnName, String> {
    let name = match table.get(key) {
        None => Some(ColumnName::Number(absent)),
        Some(Value::String(name)) => Some(ColumnName::Heading(name.trim().to_owned())),
        Some(value) => {
            let number = value.as_integer();
            number.and_then(|number| usize::try_from(number).ok().map(ColumnName::Number))
        }
    };
    name.ok_or_else(|| {
        format!("{key} must be the name of a column in quotes, or its number from 0")
    })
}

/// The text of a key, if the key is present.
fn text_of(table: &Table, key: &str) -> Result<Option<String>, String> {
    let text = table.get(key).map(|value| match value {
        // A date may be typed without quotes.
        Value::Datetime(date) => Some(date.to_string()),
        value => value.as_str().map(str::to_owned),
    });
    match text {
        Some(None) => Err(format!("{key} must be a text in quotes")),
        text => Ok(text.flatten()),
    }
}

const POINTS_WANTED: &str = "points must be pairs of finite numbers, such as [[0, 20], [3600, 25]]";

fn typed_points(points: &Value) -> Result<Points, String> {
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
    let points: Option<Points> = points.collect();
    points.ok_or_else(|| POINTS_WANTED.to_owned())
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

fn insert(json: &mut Map<String, Json>, key: &str, value: Json) {
    json.insert(key.to_owned(), value);
}

impl CsvColumns {
    /// The columns that a table defines for its file; `units` are the parameters' units of t and p.
    fn parse(table: &Table, path: PathBuf, units: &[Option<String>; 2]) -> Result<Self, String> {
        let since = text_of(table, "since")?.map(|text| {
            Date::parse(&text).ok_or_else(|| {
                let (typed_text, example) = (excerpt(&text, SHOWN), Date::EXAMPLE);
                format!("since = {typed_text:?} is no date, such as {example:?}")
            })
        });
        let [from_unit, to_unit] = [("from_unit", &units[0]), ("to_unit", &units[1])]
            .map(|(key, unit)| Ok::<_, String>(text_of(table, key)?.or_else(|| unit.clone())));
        Ok(Self {
            path,
            from: column_name(table, "from", 0)?,
            to: column_name(table, "to", 1)?,
            scale: ArgumentScale {
                unit: from_unit?,
                since: since.transpose()?,
            },
            unit: to_unit?,
            skips_gaps: choice(table, "gaps", &GAPS)?.1,
        })
    }

    /// Adds the columns to the entry in a journal. Units are included because they decide how the file is read.
    fn note(&self, table: &Table, json: &mut Map<String, Json>) {
        insert(json, "file", json!(self.path.to_string_lossy()));
        for (key, column) in [("from", &self.from), ("to", &self.to)] {
            match column {
                ColumnName::Heading(name) => insert(json, key, json!(name)),
                ColumnName::Number(number) => insert(json, key, json!(number)),
            }
        }
        for (key, unit) in [("from_unit", &self.scale.unit), ("to_unit", &self.unit)] {
            if let Some(unit) = unit {
                insert(json, key, json!(unit));
            }
        }
        for key in ["since", "gaps"] {
            if let Ok(Some(text)) = text_of(table, key) {
                insert(json, key, json!(text));
            }
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
