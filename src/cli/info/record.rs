//! [`RecordState`]: what is there of the record of a run.

use super::super::{json::Object, number, record::scalar};
use crate::{
    cube::{Paths, RecordReader},
    error::Error,
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
        let Some(mut reader) = RecordReader::open(&Paths::of_existing(cube)?)? else {
            return Ok(None);
        };
        let (mut rows, mut last) = (0, None);
        while let Some(line) = reader.line()? {
            rows += 1;
            last = Some(line);
        }
        let numbers = last.map(|line| reader.numbers(&line)).transpose()?;
        let pairs = |numbers: Vec<f64>| {
            let names = reader.columns.iter().map(|column| column.name.clone());
            let pairs = names.zip(numbers);
            let pairs = pairs.map(|(name, value)| (name.clone(), scalar(&name, value)));
            Object(pairs.collect())
        };
        Ok(Some(Self {
            file: reader.path.display().to_string(),
            rows,
            last: numbers.map(pairs),
        }))
    }
}

impl fmt::Display for RecordState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many columns are told; JSON has all of them.
        const MOST: usize = 20;
        let s = if self.rows == 1 { "" } else { "s" };
        write!(f, "{} row{s} in {}", self.rows, self.file)?;
        let Some(Object(last)) = &self.last else {
            return Ok(());
        };
        let told = last.iter().take(MOST);
        let told = told.map(|(name, value)| format!("{name} = {}", number::scalar(*value)));
        write!(f, ", the last: {}", told.collect::<Vec<_>>().join(", "))?;
        match last.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
