//! [`RecordState`]: the number of rows in the record of a run, and the last row.

use super::super::{json::Object, number, record::scalar};
use crate::cli::error::Error;
use diff2d::{
    CubeError,
    program::cube::{Paths, RecordReader},
};
use diff2d_arrays::npy::Scalar;
use serde::Serialize;
use std::{fmt, path::Path};

/// The record of a run, and its last row.
#[derive(Serialize)]
pub(super) struct RecordState {
    file: String,
    rows: u64,
    last: Option<Object<String, Scalar>>,
}

impl RecordState {
    pub fn of(cube: &Path) -> Result<Option<Self>, Error> {
        let opened = match RecordReader::open(&Paths::of_existing(cube)?) {
            Err(CubeError::NotYet { .. }) => return Ok(None),
            opened => opened?,
        };
        let Some(mut reader) = opened else {
            return Ok(None);
        };
        let (mut rows, mut last_line) = (0, None);
        while let Some(line) = reader.line()? {
            rows += 1;
            last_line = Some(line);
        }
        let numbers = last_line.map(|line| reader.numbers(&line)).transpose()?;
        Ok(Some(Self {
            file: reader.path.display().to_string(),
            rows,
            last: numbers.map(|numbers| {
                let fields = reader.columns.iter().zip(numbers);
                let fields = fields
                    .map(|(column, value)| (column.name.clone(), scalar(&column.name, value)));
                Object(fields.collect())
            }),
        }))
    }
}

impl fmt::Display for RecordState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The most columns that are listed; JSON has all of them.
        const MOST: usize = 20;
        write!(f, "{} in {}", number::counted(self.rows, "row"), self.file)?;
        let Some(Object(last)) = &self.last else {
            return Ok(());
        };
        let values = last.iter().take(MOST);
        let values = values.map(|(name, value)| format!("{name} = {}", number::scalar(*value)));
        write!(f, ", the last: {}", values.collect::<Vec<_>>().join(", "))?;
        match last.len().saturating_sub(MOST) {
            0 => Ok(()),
            omitted_count => write!(f, " and {omitted_count} more"),
        }
    }
}
