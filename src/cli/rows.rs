//! [`Table`]: rows of results, as text, as CSV, or as JSON with an object a row.

use super::{
    json::{self, Object},
    number,
    terminal::Terminal,
};
use crate::error::Error;
use diff2d_arrays::npy::Scalar;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Style {
    Text,
    Csv,
    Json,
}

/// How rows are printed, and what their columns are called.
pub(super) struct Table<'a> {
    pub(super) style: Style,
    /// What the rows are of, such as a file, and its name, where there are several.
    pub(super) of: Option<(&'static str, String)>,
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
    pub(super) told: Told,
}

/// What a fact tells, in JSON and, but for quantiles, which have columns, as text.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Told {
    Count(u64),
    Place(IndexInWords),
    Quantiles(Object<String, Scalar>),
    Histogram { edges: Vec<f64>, counts: Vec<u64> },
}

/// An index; as text also its coordinates, if there are some.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct IndexInWords {
    pub(super) index: Vec<u64>,
    #[serde(skip)]
    pub(super) at: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Place(place) => match place.at.as_str() {
                "" => f.write_str(&number::tuple(&place.index)),
                at => write!(f, "{} at {at}", number::tuple(&place.index)),
            },
            Self::Quantiles(_) => Ok(()),
            Self::Histogram { edges, counts } => {
                counts
                    .iter()
                    .zip(edges.windows(2))
                    .try_for_each(|(count, edges)| {
                        let [low, high] = [edges[0], edges[1]].map(number::python);
                        write!(f, "\n{low:>22} {high:>22} {count:>12}")
                    })
            }
        }
    }
}

impl Table<'_> {
    fn is_single(&self) -> bool {
        self.indices.is_none() && self.of.is_none()
    }

    fn names(&self) -> Vec<String> {
        let of = self.of.iter().map(|(what, _)| (*what).to_owned());
        let indices = (0..self.indices.unwrap_or(0)).map(|axis| format!("i{axis}"));
        of.chain(indices)
            .chain(self.coordinates.iter().cloned())
            .chain(self.values.iter().cloned())
            .collect()
    }

    fn fields(&self, row: &Row) -> Vec<String> {
        let indices = row.index.iter().map(u64::to_string);
        let coordinates = row.coordinates.iter().copied().map(number::python);
        let values = row.values.iter().copied().map(number::scalar);
        let of = self.of.iter().map(|(_, name)| name.clone());
        of.chain(indices).chain(coordinates).chain(values).collect()
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
        let values: Vec<RowObject<'_>> = rows.iter().map(|row| RowObject(self, row)).collect();
        if self.terminal.gives(&values) {
            return Ok(());
        }
        let lines: Vec<String> = rows.iter().map(|row| self.line(row)).collect();
        self.terminal.result(&lines.join("\n"))
    }

    /// A row as it is printed.
    pub(super) fn line(&self, row: &Row) -> String {
        match self.style {
            Style::Json => json::line(&RowObject(self, row)),
            Style::Csv => self.fields(row).join(","),
            Style::Text if self.is_single() => {
                let facts = row.facts.iter();
                let facts = facts.map(|fact| (fact.name.to_owned(), fact.told.to_string()));
                let lines = self.names().into_iter().zip(self.fields(row)).chain(facts);
                let lines: Vec<String> = lines
                    .map(|(name, text)| format!("{name:<6} {text}"))
                    .collect();
                lines.join("\n")
            }
            Style::Text => aligned(&self.fields(row)),
        }
    }
}

/// A row of a table as an object.
struct RowObject<'a>(&'a Table<'a>, &'a Row);

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(table, row) = self;
        let mut map = serializer.serialize_map(None)?;
        if let Some((what, name)) = &table.of {
            map.serialize_entry(what, name)?;
        }
        if table.indices.is_some() {
            map.serialize_entry("index", &row.index)?;
        }
        for (name, value) in table.coordinates.iter().zip(&row.coordinates) {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in table.values.iter().zip(&row.values).take(table.in_json) {
            map.serialize_entry(name, value)?;
        }
        for fact in &row.facts {
            map.serialize_entry(fact.name, &fact.told)?;
        }
        map.end()
    }
}

fn aligned(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field:>22}")).collect();
    fields.join(" ")
}
