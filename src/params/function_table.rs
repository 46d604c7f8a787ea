//! [`FunctionTable`]: a function of one number for the formulas of the file, as typed in `[function.NAME]`.

use super::{
    judge::Judge,
    profile::VARIABLES,
    value::{Value, number},
};
use diff2d_arrays::{
    expression::{Extension, Interpolant, Piecewise, is_word},
    wording::excerpt,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::{fmt, fs, path::PathBuf, sync::Arc};
use toml::Table;

/// A function through points.
#[derive(Debug, Clone)]
pub struct FunctionTable {
    /// What formulas call; one in a file has no points before that is read.
    pub interpolant: Arc<Interpolant>,
    /// The file that has the points.
    pub columns: Option<CsvColumns>,
    /// Its keys, as a journal holds them.
    json: Map<String, Json>,
}

/// Two columns of a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvColumns {
    /// The file.
    pub path: PathBuf,
    /// The columns of arguments and of values.
    headings: [CsvHeading; 2],
    /// Whether a value may be missing, which is then NaN.
    gaps: bool,
}

/// A column of a file, by its name or its number from 0.
#[derive(Debug, Clone, PartialEq)]
enum CsvHeading {
    Name(String),
    Number(usize),
}

/// Points: argument and value.
pub type Points = Arc<[[f64; 2]]>;

const KEYS: [&str; 6] = ["file", "from", "to", "points", "between", "beyond"];
const BETWEEN: [(&str, Piecewise); 2] = [
    ("linear", Piecewise::Linear),
    ("previous", Piecewise::Constant),
];
const BEYOND: [(&str, Extension); 3] = [
    ("refuse", Extension::None),
    ("hold", Extension::Hold),
    ("repeat", Extension::Repeat),
];
/// Letters of a file that messages show.
const SHOWN: usize = 40;

/// Equal tables mean the same.
impl PartialEq for FunctionTable {
    fn eq(&self, other: &Self) -> bool {
        let names = [self, other].map(|table| table.interpolant.name());
        names[0] == names[1] && self.json == other.json
    }
}

impl FunctionTable {
    /// The tables `[function.NAME]`, which the formulas that are taken later may use.
    pub(super) fn take(judge: &mut Judge) -> Vec<Self> {
        if !judge.is_typed("function") {
            return Vec::new();
        }
        let typed = judge.convert("function", |value| Ok(value.clone()));
        let path_to = |path: &str| judge.path_to("function", path);
        let tables = typed.iter().filter_map(Value::as_table).flatten();
        let mut functions = Vec::new();
        let tables = tables.map(|(name, table)| {
            let table = table.as_table().ok_or_else(|| NO_TABLE.to_owned());
            let parsed = table.and_then(|table| Self::parse(name, table, path_to));
            // What is wrong with it is told of it, not of the formulas that call it.
            let absent = || Interpolant::new(name, Piecewise::Linear, Extension::None);
            functions.push(match &parsed {
                Ok(table) => Arc::clone(&table.interpolant),
                Err(_) => Arc::new(absent()),
            });
            parsed.map_err(|reason| format!("in {}, {reason}", excerpt(name, SHOWN)))
        });
        let (tables, wrong): (Vec<_>, Vec<_>) = tables.partition(Result::is_ok);
        for reason in wrong.into_iter().filter_map(Result::err) {
            judge.refuse_if(true, "function", || reason);
        }
        let tables: Vec<Self> = tables.into_iter().flatten().collect();
        let json = tables.iter().map(|table| {
            let name = table.interpolant.name().to_owned();
            (name, Json::Object(table.json.clone()))
        });
        judge.note("function", Json::Object(json.collect()));
        judge.words.functions = functions;
        tables
    }

    fn parse(name: &str, table: &Table, path_to: impl Fn(&str) -> PathBuf) -> Result<Self, String> {
        let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
        let is_part = |letter: char| is_letter(letter) || letter.is_ascii_digit();
        if !name.starts_with(is_letter) || !name.chars().all(is_part) {
            return Err(
                "the name of a function must be letters, digits and _, no digit first".to_owned(),
            );
        }
        if is_word(name) || VARIABLES.contains(&name) {
            return Err(format!(
                "{name} has a meaning in formulas already; the function needs another name"
            ));
        }
        if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let known = KEYS.join(", ");
            return Err(format!(
                "there is no key {}; there are {known}",
                excerpt(other, SHOWN)
            ));
        }
        let (between, piecewise) = choice(table, "between", &BETWEEN)?;
        let (beyond, extension) = choice(table, "beyond", &BEYOND)?;
        let interpolant = Arc::new(Interpolant::new(name, piecewise, extension));
        let mut json = Map::new();
        let columns = match (table.get("file"), table.get("points")) {
            (Some(file), None) => {
                let file = file
                    .as_str()
                    .ok_or("file must be the name of a CSV file in quotes")?;
                let path = path_to(file);
                let headings = [heading(table, "from", 0)?, heading(table, "to", 1)?];
                json.insert("file".to_owned(), json!(path.to_string_lossy()));
                for (key, heading) in ["from", "to"].into_iter().zip(&headings) {
                    json.insert(key.to_owned(), heading.to_json());
                }
                Some(CsvColumns {
                    path,
                    headings,
                    gaps: false,
                })
            }
            (None, Some(points)) => {
                if let Some(key) = ["from", "to"]
                    .into_iter()
                    .find(|key| table.contains_key(*key))
                {
                    return Err(format!("{key} belongs to file = \"….csv\""));
                }
                let points = typed_points(points)?;
                let wrong =
                    |(number, reason): (usize, String)| format!("point {}: {reason}", number + 1);
                check(&points, extension).map_err(wrong)?;
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
        json.insert("between".to_owned(), json!(between));
        json.insert("beyond".to_owned(), json!(beyond));
        Ok(Self {
            interpolant,
            columns,
            json,
        })
    }

    /// Gives it the points of its file, which they are in the text of it.
    ///
    /// # Errors
    /// What is wrong with them, and in which line and column.
    pub fn points_of(&self, text: &[u8]) -> Result<Points, String> {
        let Some(columns) = &self.columns else {
            return Ok(Arc::default());
        };
        let points = columns.read(text)?;
        check(&points, self.interpolant.extension())
            .map_err(|(number, reason)| format!("line {}: {reason}", line_of(text, number + 1)))?;
        Ok(points)
    }

    /// Its points and their file, as far as they can be read, and what it is between and beyond them.
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
            Some([first, last]) => {
                let [least, most] = function.values();
                let count = function.points().len();
                format!(
                    "{count} points from {first:?} to {last:?}, values from {least:?} to {most:?}"
                )
            }
            None => "points that cannot be read".to_owned(),
        };
        let word = |key: &str| {
            self.json
                .get(key)
                .and_then(Json::as_str)
                .unwrap_or_default()
        };
        let file = match &self.columns {
            Some(columns) => format!(", of {columns}"),
            None => String::new(),
        };
        format!(
            "{}: {through}; {} between, {} beyond{file}",
            function.name(),
            word("between"),
            word("beyond"),
        )
    }
}

/// Its name, and of its points their number and the least and largest arguments and values.
impl Serialize for FunctionTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let function = &self.interpolant;
        let told = json!({
            "name": function.name(),
            "points": function.points().len(),
            "range": function.range(),
            "values": function.values(),
        });
        told.serialize(serializer)
    }
}

const NO_TABLE: &str = "a table must follow, such as { file = \"weather.csv\" }";

/// The word of a key, and what it stands for; the first where there is none.
fn choice<T: Copy>(
    table: &Table,
    key: &str,
    all: &[(&'static str, T)],
) -> Result<(&'static str, T), String> {
    let Some(value) = table.get(key) else {
        return Ok(all[0]);
    };
    let found = all.iter().find(|(word, _)| value.as_str() == Some(word));
    found.copied().ok_or_else(|| {
        let words: Vec<String> = all.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("{key} must be {}", words.join(" or "))
    })
}

fn heading(table: &Table, key: &str, absent: usize) -> Result<CsvHeading, String> {
    let number = |number: i64| usize::try_from(number).ok().map(CsvHeading::Number);
    let found = match table.get(key) {
        None => Some(CsvHeading::Number(absent)),
        Some(Value::String(name)) => Some(CsvHeading::Name(name.trim().to_owned())),
        Some(value) => value.as_integer().and_then(number),
    };
    found.ok_or_else(|| {
        format!("{key} must be the name of a column in quotes, or its number from 0")
    })
}

fn typed_points(points: &Value) -> Result<Points, String> {
    let wanted =
        || "points must be pairs of finite numbers, such as [[0, 20], [3600, 25]]".to_owned();
    let pair = |point: &Value| match point.as_array().map(Vec::as_slice) {
        Some([x, y]) => {
            Some([number(x)?, number(y)?]).filter(|pair| pair.iter().all(|n| n.is_finite()))
        }
        _ => None,
    };
    let points = points.as_array().ok_or_else(wanted)?.iter();
    points.map(|point| pair(point).ok_or_else(wanted)).collect()
}

/// Refuses points of which there is no function, with the number of the one that is wrong.
fn check(points: &[[f64; 2]], extension: Extension) -> Result<(), (usize, String)> {
    let [first, .., last] = points else {
        let reason = "a function needs two points or more".to_owned();
        return Err((points.len().saturating_sub(1), reason));
    };
    let mut pairs = points.windows(2).zip(1..);
    if let Some((pair, number)) = pairs.find(|(pair, _)| pair[0][0] >= pair[1][0]) {
        let [before, here] = [pair[0][0], pair[1][0]];
        return Err((
            number,
            format!("the argument {here:?} follows {before:?}; arguments must ascend"),
        ));
    }
    if (last[0] - first[0]).is_infinite() {
        return Err((
            points.len() - 1,
            "the range of arguments is beyond the largest number".to_owned(),
        ));
    }
    if extension == Extension::Repeat && first[1] != last[1] {
        let [at_first, at_last] = [first[1], last[1]];
        let reason = format!(
            "beyond = \"repeat\" needs the same value at both ends, and they are {at_first:?} and {at_last:?}"
        );
        return Err((points.len() - 1, reason));
    }
    Ok(())
}

impl CsvHeading {
    fn to_json(&self) -> Json {
        match self {
            Self::Name(name) => json!(name),
            Self::Number(number) => json!(number),
        }
    }
}

impl fmt::Display for CsvHeading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{:?}", excerpt(name, SHOWN)),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for CsvColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = &self.headings;
        write!(f, "columns {from} and {to} of {}", self.path.display())
    }
}

impl CsvColumns {
    /// Two columns of a file by their numbers from 0, the second of which may have gaps: NaN.
    #[must_use]
    pub fn measured(path: PathBuf, numbers: [usize; 2]) -> Self {
        Self {
            path,
            headings: numbers.map(CsvHeading::Number),
            gaps: true,
        }
    }

    /// The names of the columns of a text, which its first line has.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn names(text: &[u8]) -> Result<Vec<String>, String> {
        Ok(opened(text)?.1)
    }

    /// The points of a text: a line with the names of the columns, then lines of numbers.
    ///
    /// # Errors
    /// What is wrong with it, and in which line and column.
    pub fn read(&self, text: &[u8]) -> Result<Points, String> {
        let text = without_mark(text);
        let (mut reader, names) = opened(text)?;
        let in_head = |reason: String| in_head(text, &reason);
        let [from, to] = self.headings.each_ref().map(|heading| heading.find(&names));
        let (from, to) = (from.map_err(in_head)?, to.map_err(in_head)?);
        let (mut points, mut record) = (Vec::new(), csv::ByteRecord::new());
        let shown = |column: usize| format!("column {:?}", excerpt(&names[column], SHOWN));
        while reader
            .read_byte_record(&mut record)
            .map_err(|error| error.to_string())?
        {
            let cell = |column: usize| {
                let wrong = |reason: String| {
                    let line = line_of(text, points.len() + 1);
                    format!("line {line}, {}: {reason}", shown(column))
                };
                let cell = record.get(column).unwrap_or_default();
                if cell.is_empty() && self.gaps && column == to {
                    return Ok(f64::NAN);
                }
                if cell.is_empty() {
                    return Err(wrong("there is no number".to_owned()));
                }
                let cell = String::from_utf8_lossy(cell);
                let cell = bare(&cell);
                match cell.parse::<f64>() {
                    Ok(number) if number.is_finite() => Ok(number),
                    Ok(_) => Err(wrong(format!("{:?} is not finite", excerpt(cell, SHOWN)))),
                    Err(_) if cell.replace(',', ".").parse::<f64>().is_ok() => Err(wrong(format!(
                        "{:?} has a comma in place of the decimal point",
                        excerpt(cell, SHOWN)
                    ))),
                    Err(_) => Err(wrong(format!("{:?} is no number", excerpt(cell, SHOWN)))),
                }
            };
            let point = [cell(from)?, cell(to)?];
            points.push(point);
        }
        Ok(points.into())
    }
}

impl CsvHeading {
    /// The number of the column among these names.
    fn find(&self, names: &[String]) -> Result<usize, String> {
        let told = || excerpt(&names.join(", "), 4 * SHOWN);
        match self {
            Self::Number(number) if *number < names.len() => Ok(*number),
            Self::Number(number) => Err(format!(
                "there is no column {number}, counted from 0: there are {} ({})",
                names.len(),
                told()
            )),
            Self::Name(name) => {
                let mut found = (0..names.len()).filter(|&at| names[at] == *name);
                match (found.next(), found.next()) {
                    (Some(at), None) => Ok(at),
                    (None, _) => Err(format!("there is no column {self}; there are {}", told())),
                    (Some(_), Some(_)) => Err(format!(
                        "there are several columns {self}; a number from 0 names one"
                    )),
                }
            }
        }
    }
}

/// A reader of the lines behind the first one, and the names of the columns, which that has.
fn opened(text: &[u8]) -> Result<(csv::Reader<&[u8]>, Vec<String>), String> {
    let text = without_mark(text);
    let head = lines(text).next().map_or(&[][..], |(_, line)| line);
    let separator = [b'\t', b';'].into_iter().find(|one| head.contains(one));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator.unwrap_or(b','))
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text);
    let head = reader
        .byte_headers()
        .map_err(|error| error.to_string())?
        .clone();
    let names: Vec<String> = head
        .iter()
        .map(|name| bare(&String::from_utf8_lossy(name)).to_owned())
        .collect();
    if names.is_empty() {
        return Err("it is empty: a line with the names of the columns comes first".to_owned());
    }
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        let reason = "it has numbers where the names of the columns should be";
        return Err(in_head(text, reason));
    }
    Ok((reader, names))
}

/// A text without the mark of its encoding.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// What is wrong with the line of names.
fn in_head(text: &[u8], reason: &str) -> String {
    format!("line {}: {reason}", line_of(text, 0))
}

/// A cell without the quotes around it, which may follow a space.
fn bare(cell: &str) -> &str {
    let inner = cell
        .strip_prefix('"')
        .and_then(|cell| cell.strip_suffix('"'));
    inner.unwrap_or(cell).trim()
}

/// The lines that hold something, with their numbers from 1.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let all = text.split(|&byte| byte == b'\n');
    let all = all.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    (1..)
        .zip(all)
        .filter(|(_, line)| !line.is_empty() && line[0] != b'#')
}

/// The number of a line, of that of its record from the line of names on.
fn line_of(text: &[u8], record: usize) -> usize {
    let found = lines(text).map(|(number, _)| number).take(record + 1);
    found.last().unwrap_or(1)
}
