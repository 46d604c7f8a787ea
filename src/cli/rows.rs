//! Rows of results, as text, CSV or JSON from one description of their columns: [`Table`] prints them as they come, [`Rows`] has all
//! rows of an answer.

use super::{
    json::{self, Value},
    number,
    terminal::Terminal,
};
use crate::cli::error::Error;
use diff2d_arrays::npy::Scalar;
use std::{borrow::Cow, fmt};

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Style {
    /// As text, a line for each column: its name, as wide as this, and its value.
    Lines(usize),
    /// As text, a line for each row below the names of the columns.
    Aligned,
    Csv,
    /// As JSON, an object in each line.
    JsonLines,
    /// As JSON, an array of objects.
    JsonArray,
    /// As values for the program that has called the command.
    Values,
}

/// A column: its name, and the key of its values in the objects of JSON.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The name; an index has one for each of its axes.
    names: Vec<String>,
    /// The key; `None` where a fact of the row has the value.
    key: Option<Cow<'static, str>>,
    /// The least number of letters of a value as text.
    width: usize,
}

impl Column {
    /// The column with this name, which is its key as well.
    pub(super) fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            names: vec![name.clone()],
            key: Some(name.into()),
            width: 22,
        }
    }

    /// The column of indices along this number of axes: `i0`, `i1` and so on, and a list in JSON.
    pub(super) fn index(axes: usize) -> Self {
        let names = (0..axes).map(|axis| format!("i{axis}"));
        Self {
            names: names.collect(),
            ..Self::new("index")
        }
    }

    /// This column with another key.
    pub(super) fn with_key(self, key: Option<&'static str>) -> Self {
        let key = key.map(Cow::Borrowed);
        Self { key, ..self }
    }

    /// This column with another width.
    pub(super) fn of_width(self, width: usize) -> Self {
        Self { width, ..self }
    }
}

/// What a row has in a column.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Number(Scalar),
    Text(String),
    /// An index along several axes.
    Index(Vec<u64>),
    /// No value is known.
    Empty,
}

impl Cell {
    fn into_value(self) -> Value<'static> {
        match self {
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::plain(text),
            Self::Index(index) => Value::plain(index),
            Self::Empty => Value::plain(()),
        }
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(Scalar::Float(value))
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Number(Scalar::Integer(count.into()))
    }
}

/// A cell for every column, and facts for which there are no columns.
#[derive(Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) facts: Vec<Fact>,
}

impl Row {
    /// The row as an object.
    pub(super) fn into_value(self, columns: &[Column]) -> Value<'static> {
        let cells = columns.iter().zip(self.cells);
        let cells =
            cells.filter_map(|(column, cell)| Some((column.key.clone()?, cell.into_value())));
        let facts = self.facts.into_iter();
        let facts = facts.map(|fact| (fact.name.into(), fact.value));
        Value::Object(cells.chain(facts).collect())
    }
}

/// A name and a value that rows in lines and objects of JSON have behind the columns.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: Value<'static>,
    /// The value as text, unless columns have it.
    pub(super) text: Option<String>,
}

impl Style {
    /// The line with the names of the columns, if this style has such a line.
    fn head(self, columns: &[Column]) -> Option<String> {
        match self {
            Self::Aligned => Some(aligned(columns, &names(columns))),
            Self::Csv => Some(csv_head(columns)),
            _ => None,
        }
    }

    /// The lines of a row.
    fn lines(self, columns: &[Column], row: Row) -> String {
        match self {
            Self::Aligned => aligned(columns, &texts(&row.cells)),
            Self::Csv => csv_line(&row.cells),
            Self::Lines(width) => {
                let values = names(columns).into_iter().zip(texts(&row.cells));
                let facts = row.facts.into_iter();
                let facts = facts.filter_map(|fact| Some((fact.name.to_owned(), fact.text?)));
                let lines = values.chain(facts);
                number::joined(
                    lines.map(|(name, text)| format!("{name:<width$} {text}")),
                    "\n",
                )
            }
            Self::JsonLines | Self::JsonArray | Self::Values => {
                json::line(&row.into_value(columns))
            }
        }
    }
}

fn names(columns: &[Column]) -> Vec<String> {
    let names = columns.iter().flat_map(|column| column.names.iter());
    names.cloned().collect()
}

fn texts(cells: &[Cell]) -> Vec<String> {
    let mut texts = Vec::with_capacity(cells.len());
    for cell in cells {
        match cell {
            Cell::Number(value) => texts.push(number::scalar(*value)),
            Cell::Text(text) => texts.push(text.clone()),
            Cell::Index(index) => texts.extend(index.iter().map(u64::to_string)),
            Cell::Empty => texts.push(String::new()),
        }
    }
    texts
}

fn aligned(columns: &[Column], texts: &[String]) -> String {
    let widths = columns
        .iter()
        .flat_map(|column| column.names.iter().map(|_| column.width));
    let fields = widths.zip(texts);
    number::joined(fields.map(|(width, text)| format!("{text:>width$}")), " ")
}

/// The names of columns as a line of CSV.
pub(super) fn csv_head(columns: &[Column]) -> String {
    csv(names(columns))
}

/// Cells as a line of CSV.
pub(super) fn csv_line(cells: &[Cell]) -> String {
    csv(texts(cells))
}

/// A line of CSV with fields quoted where need be (RFC 4180).
fn csv(texts: Vec<String>) -> String {
    let fields = texts.into_iter().map(|text| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    });
    number::joined(fields, ",")
}

/// Prints rows as they come.
pub(super) struct Table<'a> {
    columns: Vec<Column>,
    style: Style,
    terminal: &'a Terminal,
    has_head: bool,
    has_rows: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(columns: Vec<Column>, style: Style, terminal: &'a Terminal) -> Self {
        Self {
            columns,
            style,
            terminal,
            has_head: false,
            has_rows: false,
        }
    }

    /// Prints the names of the columns, if the style has a line for them, once.
    pub(super) fn print_head(&mut self) -> Result<(), Error> {
        let head = self.style.head(&self.columns).filter(|_| !self.has_head);
        self.has_head = true;
        head.map_or(Ok(()), |head| self.terminal.result(&head))
    }

    /// Prints rows.
    pub(super) fn print(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        self.print_head()?;
        let columns = &self.columns;
        if self.style == Style::Values {
            let objects = rows.into_iter().map(|row| row.into_value(columns));
            self.terminal.gives(&Value::List(objects.collect()));
            return Ok(());
        }
        let (opening, separator) = match (self.style, self.has_rows) {
            (Style::JsonArray, false) => ("[", "\n,"),
            (Style::JsonArray, true) => (",", "\n,"),
            _ => ("", "\n"),
        };
        self.has_rows = true;
        let lines = rows.into_iter();
        let lines = number::joined(lines.map(|row| self.style.lines(columns, row)), separator);
        self.terminal.result(&format!("{opening}{lines}"))
    }

    /// Prints what stands below the rows, and above them if there are none.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match (self.style, self.has_rows) {
            (Style::JsonArray, true) => self.terminal.result("]"),
            (Style::JsonArray, false) => self.terminal.result("[]"),
            _ => self.print_head(),
        }
    }
}

/// All rows of an answer: text or CSV, or a list of objects. Each row is made when it is printed, as there may be many.
pub(super) struct Rows<'a> {
    pub(super) columns: Vec<Column>,
    pub(super) style: Style,
    pub(super) count: usize,
    pub(super) row: Box<dyn Fn(usize) -> Row + 'a>,
}

impl<'a> Rows<'a> {
    /// Prints the rows: as text, or as one JSON array.
    pub(super) fn print(self, terminal: &Terminal, is_json: bool) -> Result<(), Error> {
        if is_json || terminal.has_caller() {
            return terminal.value(&self.into_value(), &"", true);
        }
        terminal.write_result(|stdout| writeln!(stdout, "{self}"))
    }

    /// The rows as a list of objects.
    pub(super) fn into_value(self) -> Value<'a> {
        let (columns, row) = (self.columns, self.row);
        Value::Each(
            self.count,
            Box::new(move |number| row(number).into_value(&columns)),
        )
    }
}

impl fmt::Display for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = (0..self.count).map(|number| (self.row)(number));
        let lines = rows.map(|row| self.style.lines(&self.columns, row));
        let head = self.style.head(&self.columns).into_iter();
        for (number, line) in head.chain(lines).enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{line}")?;
        }
        Ok(())
    }
}

impl FromIterator<Cell> for Row {
    fn from_iter<I: IntoIterator<Item = Cell>>(cells: I) -> Self {
        Self {
            cells: cells.into_iter().collect(),
            facts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_styles_have_the_columns_of_one_description() {
        let columns = [
            Column::new("file").of_width(6),
            Column::index(2).of_width(3),
            Column::new("mean").of_width(4),
            Column::new("q0.5").with_key(None).of_width(5),
            Column::new("rate").of_width(4),
        ];
        let row = || Row {
            cells: vec![
                Cell::Text("a,b".to_owned()),
                Cell::Index(vec![7, 12]),
                Cell::from(0.5),
                Cell::from(1e-5),
                Cell::Empty,
            ],
            facts: vec![Fact {
                name: "nan",
                value: Value::plain(2),
                text: Some("2".to_owned()),
            }],
        };
        for (style, head, lines) in [
            (
                Style::Aligned,
                Some("  file  i0  i1 mean  q0.5 rate"),
                "   a,b   7  12  0.5 1e-05     ",
            ),
            (
                Style::Csv,
                Some("file,i0,i1,mean,q0.5,rate"),
                "\"a,b\",7,12,0.5,1e-05,",
            ),
            (
                Style::JsonLines,
                None,
                r#"{"file":"a,b","index":[7,12],"mean":0.5,"rate":null,"nan":2}"#,
            ),
            (
                Style::Lines(4),
                None,
                "file a,b\ni0   7\ni1   12\nmean 0.5\nq0.5 1e-05\nrate \nnan  2",
            ),
        ] {
            assert_eq!(style.head(&columns).as_deref(), head);
            assert_eq!(style.lines(&columns, row()), lines);
        }
    }
}
