//! [`RecordReader`] and [`RecordTable`]: read the record of a run, during the run or later.

use super::{error::CubeError, paths::Paths, record_file};
use crate::params::{DATE_COLUMN, flux_beside};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Take},
    ops::Range,
    path::PathBuf,
};

/// The name, meaning and unit of a column of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordColumn {
    /// The name in the first line.
    pub name: String,
    /// The meaning of the numbers.
    pub what: String,
    /// The unit of the numbers; empty for counts.
    pub unit: String,
}

impl RecordColumn {
    /// The unit to which measured values of the column are converted; `None` if the parameters name no unit of p, so that
    /// the numbers stand for any unit.
    pub fn known_unit(&self) -> Option<&str> {
        let is_known = !self.unit.is_empty() && !self.unit.contains("density");
        is_known.then_some(&*self.unit)
    }

    /// What measured values that cannot have the unit of the column may be compared with instead, in words.
    pub fn instead(&self) -> Option<String> {
        let flux = flux_beside(&self.name)?;
        Some(format!(
            "{flux} is {} by the size of the wall, as a heat flux plate measures it",
            self.name
        ))
    }
}

/// Reads the rows of a record, one after the other.
#[derive(Debug)]
pub struct RecordReader {
    /// The file with the rows.
    pub path: PathBuf,
    /// The columns with numbers in their order.
    pub columns: Vec<RecordColumn>,
    /// The place of the column with dates, if the rows have dates.
    date_place: Option<usize>,
    lines: BufReader<Take<File>>,
    /// The number of the line that was read last.
    number: u64,
}

/// The parts of the description that readers need.
#[derive(Deserialize)]
struct RecordDescription {
    columns: Vec<RecordColumn>,
}

impl RecordReader {
    /// Opens the record beside a cube; `None` if its run has none, whatever files lie beside it. The rows end at the last
    /// mark of the journal, which proves them.
    ///
    /// # Errors
    /// [`CubeError::NotYet`] if no row is committed; [`CubeError::Fault`] if its description, its first line or its rows
    /// differ from what its run has written; [`CubeError::Io`].
    pub fn open(paths: &Paths) -> Result<Option<Self>, CubeError> {
        let Some(rows) = record_file::proved_rows(paths)? else {
            return Ok(None);
        };
        let (path, description) = (paths.record(), paths.record_description());
        let text = record_file::read_description(paths);
        let text = text.map_err(CubeError::io("read", &description))?;
        let described: Option<RecordDescription> = Some(&text)
            .filter(|text| record_file::is_ours(text))
            .and_then(|text| serde_json::from_str(text).ok());
        let Some(RecordDescription { columns }) = described else {
            let reason = "describes no record";
            return Err(CubeError::damaged_record(&description, reason));
        };
        let mut reader = Self {
            path,
            columns,
            date_place: None,
            lines: BufReader::new(rows.file.take(rows.end)),
            number: 0,
        };
        let names = reader.columns.iter().map(|column| column.name.as_str());
        let names = names.collect::<Vec<_>>().join(",");
        match reader.line()? {
            Some(head) if head == names => {
                let mut columns = reader.columns.iter();
                reader.date_place = columns.position(|column| column.name == DATE_COLUMN);
                reader.date_place.map(|place| reader.columns.remove(place));
                Ok(Some(reader))
            }
            _ => Err(CubeError::damaged_record(
                &reader.path,
                "does not begin with the names of its columns",
            )),
        }
    }

    /// The next complete line. A row that is still being written has no newline yet, and is not returned.
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

    /// The numbers in a line, without its date.
    ///
    /// # Errors
    /// [`CubeError`] if the line is not a valid row.
    pub fn numbers(&self, line: &str) -> Result<Vec<f64>, CubeError> {
        let mut cells: Vec<&str> = line.split(',').collect();
        if let Some(place) = self.date_place.filter(|place| *place < cells.len()) {
            cells.remove(place);
        }
        let (cell_count, column_count) = (cells.len(), self.columns.len());
        if cell_count != column_count {
            let fault = format!("{cell_count} numbers for {column_count} columns");
            return Err(self.damaged_line(&fault));
        }
        let columns = cells.into_iter().zip(&self.columns);
        let numbers = columns.map(|(cell, column)| {
            let number = cell.parse();
            number
                .map_err(|_| self.damaged_line(&format!("no number in the column {}", column.name)))
        });
        numbers.collect()
    }

    /// The error that the line read last has a fault.
    fn damaged_line(&self, fault: &str) -> CubeError {
        let reason = format!("has {fault} in line {}", self.number);
        CubeError::damaged_record(&self.path, &reason)
    }
}

/// The complete rows of a record in memory, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordTable {
    /// The file with the rows.
    pub path: PathBuf,
    /// The columns with numbers in their order.
    pub columns: Vec<RecordColumn>,
    /// The numbers of each column.
    pub values: Vec<Vec<f64>>,
}

impl RecordTable {
    /// Reads the record beside a cube; `None` if its run has none.
    ///
    /// # Errors
    /// As [`RecordReader::open`].
    pub fn read(paths: &Paths) -> Result<Option<Self>, CubeError> {
        let Some(mut reader) = RecordReader::open(paths)? else {
            return Ok(None);
        };
        let mut values = vec![Vec::new(); reader.columns.len()];
        while let Some(line) = reader.line()? {
            let numbers = reader.numbers(&line)?.into_iter();
            for (values, number) in values.iter_mut().zip(numbers) {
                values.push(number);
            }
        }
        Ok(Some(Self {
            path: reader.path,
            columns: reader.columns,
            values,
        }))
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// The position of the column with this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The numbers of the column with this name.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.find(name).map(|place| &self.values[place][..])
    }

    /// The range of rows of each scenario of a sweep, with its number; for a run one range with all rows.
    pub fn scenarios(&self) -> Vec<(Option<f64>, Range<usize>)> {
        let Some(numbers) = self.column("scenario") else {
            return vec![(None, 0..self.rows())];
        };
        let mut rows_before = 0;
        let chunks = numbers.chunk_by(|one, next| one == next);
        let parts = chunks.map(|chunk| {
            let start = rows_before;
            rows_before += chunk.len();
            (Some(chunk[0]), start..rows_before)
        });
        parts.collect()
    }
}
