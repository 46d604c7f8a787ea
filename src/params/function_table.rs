//! [`FunctionTable`]: a function of one number for the formulas of the file, as defined by `[function.NAME]`.

use super::{
    judge::Judge,
    keys::READING,
    profile::VARIABLES,
    value::{Value, finite_pair},
};
use crate::measured::{
    BETWEEN, Between, ColumnName, CsvRows, Doubles, Head, MeasuredFile, ReadRequest, Reading,
    TableError, WantedColumn, WantedNames, column,
};
use diff2d_arrays::{
    expression::{Expression, Extension, Interpolant, Piecewise, is_word, refuse_letters},
    wording::excerpt,
};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};
use std::{
    fmt,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// A function that interpolates points.
#[derive(Debug, Clone)]
pub struct FunctionTable {
    /// The interpolant that formulas call; it has no points until a file with the points is read.
    pub interpolant: Arc<Interpolant>,
    /// The file with the points, if there is one.
    pub columns: Option<CsvColumns>,
    /// What the file holds, once it has been read.
    file: Arc<OnceLock<MeasuredFile>>,
    between: Between,
    /// The points, if they were typed.
    points: Option<Points>,
}

/// The columns of a CSV file with arguments and values.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvColumns {
    /// The file.
    pub path: PathBuf,
    to: ColumnName,
    /// How the file is read.
    reading: Reading,
    /// Whether the columns of arguments and of values were named.
    are_named: [bool; 2],
}

/// Points: argument and value.
pub type Points = Arc<[[f64; 2]]>;

/// The points of a file, and what the file holds.
pub type PointsOfFile = (Points, MeasuredFile);

const BEYOND: [(&str, Extension); 3] = [
    ("refuse", Extension::None),
    ("hold", Extension::Hold),
    ("repeat", Extension::Repeat),
];

/// Two tables are equal if what was typed is.
impl PartialEq for FunctionTable {
    fn eq(&self, other: &Self) -> bool {
        let [own_form, other_form] = [self, other].map(|table| {
            let function = &table.interpolant;
            (function.name(), table.between, function.extension())
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
        let between = judge.word_of(&format!("{table}.between"), &BETWEEN);
        let extension = judge.word_of(&format!("{table}.beyond"), &BEYOND);
        let points = match form {
            "points" => Some(take_points(
                judge,
                &format!("{table}.points"),
                between,
                extension,
            )?),
            _ => None,
        };
        let piecewise = match between {
            Between::Linear => Piecewise::Linear,
            Between::Previous | Between::Mean => Piecewise::Constant,
        };
        let interpolant = Arc::new(Interpolant::new(name, piecewise, extension));
        if let Some(points) = &points {
            interpolant.set(between_points(Points::clone(points), between, extension));
        }
        Some(Self {
            interpolant,
            columns,
            file: Arc::default(),
            between,
            points,
        })
    }

    /// The points of the function's file; they may take `memory` bytes, if there is a limit.
    ///
    /// # Errors
    /// The fault of the file, with its line and column.
    pub fn read(
        &self,
        source: impl Read + Seek,
        memory: Option<u64>,
    ) -> Result<Option<PointsOfFile>, TableError> {
        let extension = self.interpolant.extension();
        let columns = self.columns.as_ref();
        let points = columns.map(|columns| columns.read(source, self.between, extension, memory));
        points.transpose()
    }

    /// Sets the points of the function's file.
    pub fn set(&self, (points, file): &PointsOfFile) {
        self.interpolant.set(Points::clone(points));
        let _ = self.file.set(file.clone());
    }

    /// What the function's file holds, if it has been read.
    pub fn file(&self) -> Option<(&Path, &MeasuredFile)> {
        Some((&self.columns.as_ref()?.path, self.file.get()?))
    }

    /// A description of the function: its points as far as they are known, the largest gap between them, and the
    /// interpolation and extension.
    pub fn described(&self) -> String {
        let function = &self.interpolant;
        if let (Some(columns), None) = (&self.columns, function.range())
            && let Ok(file) = File::open(&columns.path)
            && let Ok(Some(points)) = self.read(file, None)
        {
            self.set(&points);
        }
        let through = match function.range() {
            Some([start, stop]) => {
                let [minimum, maximum] = function.values();
                let count = self.point_count();
                format!(
                    "{count} points from {start:?} to {stop:?}, values from {minimum:?} to {maximum:?}"
                )
            }
            None => "points that cannot be read".to_owned(),
        };
        let beyond_word = word_for(&BEYOND, function.extension());
        let file = match &self.columns {
            Some(columns) => format!(", of {columns}"),
            None => String::new(),
        };
        format!(
            "{}: {through}{}; {} between, {} beyond{file}{}",
            function.name(),
            self.gap_in_words(),
            word_for(&BETWEEN, self.between),
            beyond_word,
            self.file
                .get()
                .map_or_else(String::new, MeasuredFile::description),
        )
    }

    /// The number of points that were given.
    fn point_count(&self) -> usize {
        let end_of_means = usize::from(self.between == Between::Mean);
        self.interpolant.points().len().saturating_sub(end_of_means)
    }

    /// The largest gap between the points of a file, which the user may not know of:
    /// `; 5 h 10 min without a value, interpolated`.
    fn gap_in_words(&self) -> String {
        let file = self.file.get();
        let gap = file.and_then(|file| Some((file.gap_in_words()?, file.largest_gap?)));
        let Some((duration, [start, stop])) = gap else {
            return String::new();
        };
        let manner = match self.between {
            Between::Linear => "interpolated",
            Between::Previous | Between::Mean => "held",
        };
        format!("; {duration} without a value, {manner}, from {start:?} to {stop:?}")
    }
}

/// Serializes the name of the function and, for its points, the number, the least and largest arguments and values, and
/// what its file holds.
impl Serialize for FunctionTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (function, file) = (&self.interpolant, self.file.get());
        let description = json!({
            "name": function.name(),
            "points": self.point_count(),
            "range": function.range(),
            "values": function.values(),
            "largest_gap": file.and_then(|file| file.largest_gap),
            "dates": file.and_then(MeasuredFile::dates),
            "units": file.map_or(&[][..], |file| &file.units),
            "notes": file.map_or(&[][..], |file| &file.notes),
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
    if let Some(reason) = refuse_letters(name) {
        return Err(format!(
            "the name {name} of a {what} cannot stand in formulas: {reason}"
        ));
    }
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

/// Takes a key that says how a file is read, and notes it.
fn take_key(judge: &mut Judge, reading: &mut Reading, table: &str, key: &str) {
    let name = format!("{table}.{key}");
    let noted = judge.convert(&name, |value| {
        reading.set(key, value)?;
        Ok(json_of(value))
    });
    if let Some(noted) = noted {
        judge.note(&name, noted);
    }
}

/// The value of a key that says how a file is read, as in journals.
fn json_of(value: &Value) -> Json {
    match value {
        Value::Datetime(date) => json!(date.to_string()),
        value => json!(value),
    }
}

/// The points of a function as typed.
fn take_points(
    judge: &mut Judge,
    key: &str,
    between: Between,
    extension: Extension,
) -> Option<Points> {
    let points = judge.convert(key, |value| {
        let points = typed_points(value).ok_or(None)?;
        judge_points(&points, between, extension)
            .map_err(|(number, reason)| Some(format!("point {}: {reason}", number + 1)))?;
        Ok(points)
    })?;
    judge.note(key, json!(&points[..]));
    Some(points)
}

/// Pairs of finite numbers.
fn typed_points(points: &Value) -> Option<Points> {
    let points = points.as_array().map(Vec::as_slice).unwrap_or_default();
    points.iter().map(finite_pair).collect()
}

/// Refuses points that define no function; the error has the index of the wrong point.
fn judge_points(
    points: &[[f64; 2]],
    between: Between,
    extension: Extension,
) -> Result<(), (usize, String)> {
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
    } else if extension == Extension::Repeat && between != Between::Mean && start[1] != stop[1] {
        format!(
            "beyond = \"repeat\" needs the same value at both ends, and they are {:?} and {:?}",
            start[1], stop[1]
        )
    } else {
        return Ok(());
    };
    Err((points.len() - 1, reason))
}

/// The points of the interpolant. Values that are means hold from the argument before to their own, the first one as long
/// as the second one.
fn between_points(points: Points, between: Between, extension: Extension) -> Points {
    let (Between::Mean, [first_point, second_point, ..], Some(last_point)) =
        (between, &points[..], points.last())
    else {
        return points;
    };
    let first_duration = second_point[0] - first_point[0];
    let start_point = [first_point[0] - first_duration, first_point[1]];
    let end_point = match extension {
        Extension::Repeat => [last_point[0], first_point[1]],
        Extension::None | Extension::Hold => *last_point,
    };
    let inner_points = points.windows(2).map(|pair| [pair[0][0], pair[1][1]]);
    std::iter::once(start_point)
        .chain(inner_points)
        .chain([end_point])
        .collect()
}

impl CsvColumns {
    /// The columns that a table defines for its file; `units` are the parameters' units of t and p, which decide how the file
    /// is read, so the journal has them.
    fn take(judge: &mut Judge, table: &str, units: &[Option<String>; 2]) -> Self {
        let path = judge.path(&format!("{table}.file"));
        let mut reading = Reading::default();
        take_key(judge, &mut reading, table, "from");
        let key_of_values = format!("{table}.to");
        let typed_column = judge.convert(&key_of_values, |value| {
            let name = column(value).ok_or(None)?;
            Ok((name, json_of(value)))
        });
        let value_column = typed_column.map_or(ColumnName::Number(1), |(name, noted)| {
            judge.note(&key_of_values, noted);
            name
        });
        let [from_unit, to_unit] =
            [("from_unit", &units[0]), ("to_unit", &units[1])].map(|(key, unit)| {
                let name = format!("{table}.{key}");
                let typed_unit = judge.text_if_typed(&name);
                let unit = typed_unit.or_else(|| unit.clone());
                if let Some(unit) = &unit {
                    judge.note(&name, json!(unit));
                }
                unit
            });
        (reading.from_unit, reading.to_unit) = (from_unit, to_unit);
        let names = READING.iter().map(|key| key.name);
        for key in names.filter(|name| !["from_unit", "to_unit"].contains(name)) {
            if judge.is_typed(&format!("{table}.{key}")) {
                take_key(judge, &mut reading, table, key);
            }
        }
        let are_named = ["from", "to"].map(|key| judge.is_typed(&format!("{table}.{key}")));
        Self {
            path,
            to: value_column,
            reading,
            are_named,
        }
    }

    /// Refuses columns that nobody has named where they need not be the argument and the value: there are more than two, or the
    /// first one, with these arguments, numbers the rows.
    fn judge_guess(&self, head: &Head, arguments: &[f64]) -> Result<(), TableError> {
        const COUNTS: [&str; 9] = ["", "#", "no", "nr", "n", "index", "record", "row", "id"];
        let headings: Vec<&str> = head.headings.iter().map(|heading| &*heading.text).collect();
        let first_name = headings.first().map(|text| text.trim_end_matches('.'));
        let is_count = first_name.is_some_and(|name| {
            let mut counts = COUNTS.iter();
            counts.any(|count| name.eq_ignore_ascii_case(count))
                && arguments.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
        });
        let reason = match self.are_named {
            [false, _] if is_count => "the first column numbers the rows".to_owned(),
            [true, true] => return Ok(()),
            _ if headings.len() < 3 => return Ok(()),
            _ => format!(
                "there are {} columns, {}",
                headings.len(),
                excerpt(&headings.join(", "), 160)
            ),
        };
        let reason =
            format!("{reason}: from and to say which columns hold the arguments and the values");
        Err(TableError::Line {
            line: head.line,
            reason,
        })
    }

    /// The points of a file.
    fn read(
        &self,
        mut source: impl Read + Seek,
        between: Between,
        extension: Extension,
        memory: Option<u64>,
    ) -> Result<PointsOfFile, TableError> {
        let names = self.reading.from.iter().chain([&self.to]);
        let names = WantedNames(vec![names.cloned().collect()]);
        let (_, head) = CsvRows::open(&mut source, self.reading.skip, &names)?;
        source.seek(SeekFrom::Start(0))?;
        let wanted_columns = [WantedColumn {
            name: self.to.clone(),
            unit: self.reading.to_unit.clone(),
            instead: None,
            deviates: None,
        }];
        let request = ReadRequest {
            reading: &self.reading,
            columns: &wanted_columns,
            doubles: Doubles::Refuse,
            may_descend: false,
            skips_gaps: Some(self.reading.skips_gaps == Some(true)),
            // The points are copied once.
            memory: memory.map(|memory| memory / 2),
        };
        let mut measured = request.read(source)?;
        let arguments = std::mem::take(&mut measured.arguments);
        self.judge_guess(&head, &arguments)?;
        let values = measured.values.pop().unwrap_or_default();
        let points = arguments.into_iter().zip(values);
        let points: Points = points.map(|(x, y)| [x, y]).collect();
        judge_points(&points, between, extension)
            .map_err(|(number, reason)| measured.refuse_row(number, reason))?;
        let points = between_points(points, between, extension);
        Ok((points, measured.file))
    }
}

impl fmt::Display for CsvColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.reading.from.iter().chain([&self.to]);
        let columns: Vec<String> = columns.map(ToString::to_string).collect();
        let path = self.path.display();
        write!(f, "columns {} of {path}", columns.join(" and "))
    }
}
