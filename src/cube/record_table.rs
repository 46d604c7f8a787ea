//! [`RecordReader`] and [`RecordTable`]: the record of a run as it is read, while the run goes on or later.

use super::{error::CubeError, paths::Paths, record_file};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind},
    ops::Range,
    path::PathBuf,
};

/// A column of a record, and what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordColumn {
    /// The name in the first line.
    pub name: String,
    /// What the numbers are.
    pub what: String,
    /// Their unit; empty for counts.
    pub unit: String,
}

/// Reads the rows of a record, one after the other.
#[derive(Debug)]
pub struct RecordReader {
    /// The file that has the rows.
    pub path: PathBuf,
    /// The columns in their order.
    pub columns: Vec<RecordColumn>,
    lines: BufReader<File>,
    /// The number of the line that was read last.
    number: u64,
}

/// What the description has that readers need.
#[derive(Deserialize)]
struct RecordDescription {
    columns: Vec<RecordColumn>,
}

impl RecordReader {
    /// Opens the record beside a cube; none where there is none.
    ///
    /// # Errors
    /// [`CubeError::DamagedRecord`] where its description and its first line are not those of a record; [`CubeError::Io`].
    pub fn open(paths: &Paths) -> Result<Option<Self>, CubeError> {
        let (path, beside) = (paths.record(), paths.record_description());
        let damaged = |path: &PathBuf, reason: String| CubeError::DamagedRecord {
            path: path.clone(),
            reason,
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(CubeError::io("open", &path)(error));
            }
            // Of a sweep that goes on there is the description alone.
            Err(_) => return Ok(None),
        };
        let text = match fs::read_to_string(&beside) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(damaged(&beside, "is not there".to_owned()));
            }
            text => text.map_err(CubeError::io("read", &beside))?,
        };
        let described: Option<RecordDescription> = Some(&text)
            .filter(|text| record_file::is_ours(text))
            .and_then(|text| serde_json::from_str(text).ok());
        let Some(RecordDescription { columns }) = described else {
            return Err(damaged(&beside, "describes no record".to_owned()));
        };
        let mut reader = Self {
            path,
            columns,
            lines: BufReader::new(file),
            number: 0,
        };
        let names = reader.columns.iter().map(|column| column.name.as_str());
        let names = names.collect::<Vec<_>>().join(",");
        match reader.line()? {
            Some(head) if head == names => Ok(Some(reader)),
            _ => Err(damaged(
                &reader.path,
                "does not begin with the names of its columns".to_owned(),
            )),
        }
    }

    /// The next line that is whole: a row that is being written has no end yet.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn line(&mut self) -> Result<Option<String>, CubeError> {
        let mut line = Vec::new();
        let read = self.lines.read_until(b'\n', &mut line);
        read.map_err(CubeError::io("read", &self.path))?;
        self.number += 1;
        let is_whole = line.pop() == Some(b'\n');
        Ok(is_whole.then(|| String::from_utf8_lossy(&line).into_owned()))
    }

    /// The numbers of a line.
    ///
    /// # Errors
    /// [`CubeError::DamagedRecord`] where they are not those of a row.
    pub fn numbers(&self, line: &str) -> Result<Vec<f64>, CubeError> {
        let damaged = |what: String| CubeError::DamagedRecord {
            path: self.path.clone(),
            reason: format!("has {what} in line {}", self.number),
        };
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != self.columns.len() {
            let (found, all) = (cells.len(), self.columns.len());
            return Err(damaged(format!("{found} numbers for {all} columns")));
        }
        let both = cells.into_iter().zip(&self.columns);
        let numbers = both.map(|(cell, column)| {
            let number = cell.parse();
            number.map_err(|_| damaged(format!("no number in the column {}", column.name)))
        });
        numbers.collect()
    }
}

/// The columns of a record in memory, as far as its rows are whole.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordTable {
    /// The file that has the rows.
    pub path: PathBuf,
    /// The columns in their order.
    pub columns: Vec<RecordColumn>,
    /// The numbers of each.
    pub values: Vec<Vec<f64>>,
}

impl RecordTable {
    /// That beside a cube; none where there is none.
    ///
    /// # Errors
    /// [`CubeError::DamagedRecord`], [`CubeError::Io`].
    pub fn read(paths: &Paths) -> Result<Option<Self>, CubeError> {
        let Some(mut reader) = RecordReader::open(paths)? else {
            return Ok(None);
        };
        let mut values = vec![Vec::new(); reader.columns.len()];
        while let Some(line) = reader.line()? {
            let numbers = reader.numbers(&line)?.into_iter();
            let both = values.iter_mut().zip(numbers);
            both.for_each(|(values, number)| values.push(number));
        }
        Ok(Some(Self {
            path: reader.path,
            columns: reader.columns,
            values,
        }))
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// The place of a column of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The numbers of a column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.find(name).map(|place| &self.values[place][..])
    }

    /// The rows of each scenario of a sweep, with its number; all of them of a run.
    #[must_use]
    pub fn scenarios(&self) -> Vec<(Option<f64>, Range<usize>)> {
        let Some(numbers) = self.column("scenario") else {
            return vec![(None, 0..self.rows())];
        };
        let mut end = 0;
        let chunks = numbers.chunk_by(|one, next| one == next);
        let parts = chunks.map(|chunk| {
            let start = end;
            end += chunk.len();
            (Some(chunk[0]), start..end)
        });
        parts.collect()
    }
}
