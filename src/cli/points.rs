//! Points in a CSV file.

use super::{
    scenario::{self, PLACES},
    terminal::printable,
    values,
};
use crate::{
    cube::{CubeError, JournalledArray, journal::telling},
    error::Error,
    measured::Dialect,
};
use diff2d_sys as sys;
use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

/// A line longer than this holds no point.
const LONGEST_LINE: usize = 1 << 16;

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
enum PointColumn {
    /// Indices along an axis.
    Index(usize),
    /// Coordinates along t, y or x, or values of a sweep's parameter.
    Named(String),
    /// Something else, such as values at the points.
    Other,
}

/// A CSV file with a point a line, of commas, semicolons or tabs. Its first line may be a header that names the columns in any order:
/// `i0`, `i1`, … or `t`, `y`, `x` and the parameters of a sweep; indices are taken where both are there, and
/// other columns are left out.
pub(super) struct PointFile {
    path: PathBuf,
    dimensions: usize,
    /// The parameters that a sweep varies.
    parameters: Vec<String>,
    reader: BufReader<File>,
    /// Whether the last line ended with a carriage return, of which a newline may be the rest.
    ended_with_return: bool,
    /// The number of the last line that was read.
    number: usize,
    /// What separates the fields, once a line has told it.
    dialect: Option<Dialect>,
    /// Whether no line has been read that holds a header or a point.
    is_first: bool,
    /// The columns by the header, if there is one.
    columns: Vec<PointColumn>,
}

impl PointFile {
    pub(super) fn open(path: &Path, array: &JournalledArray) -> Result<Self, Error> {
        let file = sys::open_stream(path).map_err(CubeError::io("open", path))?;
        Ok(Self {
            path: path.to_owned(),
            dimensions: array.npy.shape.len(),
            parameters: scenario::sweep(array).map_or_else(Vec::new, telling),
            reader: BufReader::new(file),
            ended_with_return: false,
            number: 0,
            dialect: None,
            is_first: true,
            columns: Vec::new(),
        })
    }

    /// The next point as `--at` takes it.
    fn read(&mut self) -> Result<Option<String>, Error> {
        loop {
            let line = self.line().map_err(CubeError::io("read", &self.path))?;
            let Some(line) = line else {
                return Ok(None);
            };
            self.number += 1;
            if line.len() > LONGEST_LINE {
                return Err(self.error("it is too long to be a point"));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim().trim_start_matches('\u{feff}');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if self.is_first && self.dialect.is_none() {
                self.dialect = Dialect::declared_by(line);
                if self.dialect.is_some() {
                    continue;
                }
            }
            let dialect = *self
                .dialect
                .get_or_insert_with(|| Dialect::of_heading(line));
            let fields = dialect.fields(line).map_err(|reason| self.error(&reason))?;
            let mut fields: Vec<Cow<'_, str>> = fields
                .into_iter()
                .map(|field| dialect.with_decimal_point(field))
                .collect();
            // A separator at the end of a line begins no field.
            while fields.len() > self.columns.len().max(1)
                && fields.last().is_some_and(|field| field.is_empty())
            {
                fields.pop();
            }
            let fields: Vec<&str> = fields.iter().map(|field| &**field).collect();
            if std::mem::take(&mut self.is_first) && !fields.iter().all(|field| is_number(field)) {
                self.columns = self.header(&fields)?;
                continue;
            }
            return self.point(&fields).map(Some);
        }
    }

    /// The next line without its end, which may be that of any system; only the beginning of a line that is too long.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut is_there = false;
        for byte in Read::by_ref(&mut self.reader).bytes() {
            let byte = byte?;
            let is_rest = std::mem::take(&mut self.ended_with_return) && byte == b'\n';
            if is_rest {
                continue;
            }
            is_there = true;
            match byte {
                b'\n' => break,
                b'\r' => {
                    self.ended_with_return = true;
                    break;
                }
                byte => line.push(byte),
            }
            if line.len() > LONGEST_LINE {
                break;
            }
        }
        Ok(is_there.then_some(line))
    }

    /// The columns that a header names.
    fn header(&self, names: &[&str]) -> Result<Vec<PointColumn>, Error> {
        let columns: Vec<PointColumn> = names.iter().map(|name| self.column(name)).collect();
        let mut named = columns.clone();
        named.retain(|column| *column != PointColumn::Other);
        if named.is_empty() {
            let index_names: Vec<String> = (0..self.dimensions).map(|i| format!("i{i}")).collect();
            let index_names = index_names.join(",");
            return Err(self.error(&format!(
                "'{}' is neither a point nor a header; expected numbers, or columns such as {index_names}",
                printable(&names.join(","))
            )));
        }
        let mut numbered = named.iter().enumerate();
        if numbered.any(|(number, column)| named[..number].contains(column)) {
            let names = printable(&names.join(","));
            return Err(self.error(&format!("the header {names} names an axis twice")));
        }
        Ok(columns)
    }

    fn column(&self, name: &str) -> PointColumn {
        let index = name.strip_prefix('i').and_then(|axis| axis.parse().ok());
        match index.filter(|&axis| axis < self.dimensions) {
            Some(axis) => PointColumn::Index(axis),
            None if PLACES.contains(&name) || self.parameters.iter().any(|key| key == name) => {
                PointColumn::Named(name.to_owned())
            }
            None => PointColumn::Other,
        }
    }

    fn point(&self, fields: &[&str]) -> Result<String, Error> {
        if self.columns.is_empty() {
            return match fields.iter().find(|field| !is_number(field)) {
                None => Ok(fields.join(",")),
                Some(field) => Err(self.no_number(field)),
            };
        }
        if fields.len() != self.columns.len() {
            return Err(self.error(&format!(
                "{} columns, and the header has {}",
                fields.len(),
                self.columns.len()
            )));
        }
        let columns = self.columns.iter().zip(fields);
        let mut indices: Vec<(usize, &str)> = columns
            .filter_map(|(column, &field)| match column {
                PointColumn::Index(axis) => Some((*axis, field)),
                _ => None,
            })
            .collect();
        indices.sort_unstable();
        if indices.is_empty() {
            return self.by_name(fields);
        }
        let index_fields: Vec<&str> = indices.iter().map(|&(_, field)| field).collect();
        if let Some(field) = index_fields.iter().find(|field| !is_number(field)) {
            return Err(self.no_number(field));
        }
        // A history needs no index along the first axis; no other one may be left out.
        let last_column = indices.len() - 1;
        let is_complete = indices[last_column].0 + 1 == self.dimensions && {
            let first_axis = indices[0].0;
            first_axis <= 1 && indices[last_column].0 - first_axis == last_column
        };
        if !is_complete {
            return Err(self.error(&format!(
                "the header does not name every axis, i0 to i{}",
                self.dimensions - 1
            )));
        }
        Ok(index_fields.join(","))
    }

    /// A point by places and by parameters, which may be words.
    fn by_name(&self, fields: &[&str]) -> Result<String, Error> {
        let mut pairs = Vec::new();
        for (column, field) in self.columns.iter().zip(fields) {
            let PointColumn::Named(name) = column else {
                continue;
            };
            if PLACES.contains(&name.as_str()) && !is_number(field) {
                return Err(self.error(&format!(
                    "{name} is '{}'; expected a number",
                    printable(field)
                )));
            }
            pairs.push(format!("{name}={field}"));
        }
        Ok(pairs.join(","))
    }

    fn no_number(&self, field: &str) -> Error {
        self.error(&format!(
            "'{}' is no index; expected whole numbers, such as -1,150,150",
            printable(field)
        ))
    }

    fn error(&self, reason: &str) -> Error {
        Error::Usage(format!(
            "line {} of {}: {reason}",
            self.number,
            self.path.display()
        ))
    }
}

impl Iterator for PointFile {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn is_number(field: &str) -> bool {
    values::finite(field).is_some()
}
