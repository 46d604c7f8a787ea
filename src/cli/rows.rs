//! [`Table`]: rows of results, as text, as CSV, or as JSON with an object a row.

use super::{number, terminal::Terminal};
use crate::error::Error;
use diff2d_arrays::npy::Scalar;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Style {
    Text,
    Csv,
    Json,
}

/// How rows are printed, and what their columns are called.
pub(super) struct Table<'a> {
    pub(super) style: Style,
    /// The name of the file, where there are several.
    pub(super) file: Option<String>,
    /// Along how many axes a row has an index; none where there is a single row, a line for every column.
    pub(super) indices: Option<usize>,
    /// The axes along which a row has a coordinate.
    pub(super) coordinates: Vec<String>,
    /// The names of the values, of which JSON has the first so many; facts tell the others.
    pub(super) values: Vec<String>,
    pub(super) in_json: usize,
    pub(super) terminal: &'a Terminal,
}

/// What there is at one place, a value for every column.
#[derive(Default)]
pub(super) struct Row {
    pub(super) index: Vec<u64>,
    pub(super) coordinates: Vec<f64>,
    pub(super) values: Vec<Scalar>,
    pub(super) facts: Vec<Fact>,
}

/// Something that a single row tells, and rows of JSON.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) text: Option<String>,
    pub(super) json: String,
}

impl Table<'_> {
    fn is_single(&self) -> bool {
        self.indices.is_none() && self.file.is_none()
    }

    fn names(&self) -> Vec<String> {
        let file = self.file.iter().map(|_| "file".to_owned());
        let indices = (0..self.indices.unwrap_or(0)).map(|axis| format!("i{axis}"));
        file.chain(indices)
            .chain(self.coordinates.iter().cloned())
            .chain(self.values.iter().cloned())
            .collect()
    }

    fn fields(&self, row: &Row) -> Vec<String> {
        let indices = row.index.iter().map(u64::to_string);
        let coordinates = row.coordinates.iter().copied().map(number::python);
        let values = row.values.iter().copied().map(number::scalar);
        let file = self.file.iter().cloned();
        file.chain(indices)
            .chain(coordinates)
            .chain(values)
            .collect()
    }

    /// Prints the line above the rows, where there is one.
    pub(super) fn print_head(&self) -> Result<(), Error> {
        match self.style {
            Style::Csv => self.terminal.result(&self.names().join(",")),
            Style::Text if !self.is_single() => self.terminal.result(&aligned(&self.names())),
            _ => Ok(()),
        }
    }

    pub(super) fn print(&self, rows: &[Row]) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = rows.iter().map(|row| self.line(row)).collect();
        self.terminal.result(&lines.join("\n"))
    }

    /// A row as it is printed.
    pub(super) fn line(&self, row: &Row) -> String {
        match self.style {
            Style::Json => self.object(row),
            Style::Csv => self.fields(row).join(","),
            Style::Text if self.is_single() => {
                let facts = row.facts.iter();
                let facts =
                    facts.filter_map(|fact| Some((fact.name.to_owned(), fact.text.clone()?)));
                let lines = self.names().into_iter().zip(self.fields(row)).chain(facts);
                let lines: Vec<String> = lines
                    .map(|(name, text)| format!("{name:<6} {text}"))
                    .collect();
                lines.join("\n")
            }
            Style::Text => aligned(&self.fields(row)),
        }
    }

    /// One object a line, whatever the number of them.
    fn object(&self, row: &Row) -> String {
        let mut entries = Vec::new();
        if let Some(file) = &self.file {
            entries.push(format!("\"file\":{}", serde_json::json!(file)));
        }
        if self.indices.is_some() {
            entries.push(format!("\"index\":{}", list(&row.index)));
        }
        let coordinates = row.coordinates.iter().copied().map(Scalar::Float);
        let coordinates = self.coordinates.iter().zip(coordinates);
        let values = self.values.iter().zip(row.values.iter().copied());
        let numbers = coordinates.chain(values.take(self.in_json));
        let numbers =
            numbers.map(|(name, value)| format!("\"{name}\":{}", self.terminal.json(value)));
        entries.extend(numbers);
        let facts = row.facts.iter();
        entries.extend(facts.map(|fact| format!("\"{}\":{}", fact.name, fact.json)));
        format!("{{{}}}", entries.join(","))
    }
}

/// A list in JSON.
pub(super) fn list(index: &[u64]) -> String {
    let index: Vec<String> = index.iter().map(u64::to_string).collect();
    format!("[{}]", index.join(","))
}

fn aligned(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field:>22}")).collect();
    fields.join(" ")
}
