//! The record of a run as variables along a dimension of their own.

use super::{Column, Coordinate, ExportError};
use crate::cube::{CubeError, JournalledArray, Paths, RecordTable};

/// The dimension, and the variable with its times. The names of the other variables begin with `record_` as well.
pub(super) const RECORD_TIME: &str = "record_time";

/// Words for units in a record that the user has not given.
const NOT_GIVEN: [&str; 3] = ["length", "time", "density"];

/// The columns of the record beside a cube, beginning with the times; empty if there is no record, or no row.
pub(super) fn of(array: &JournalledArray) -> Result<Vec<Coordinate>, ExportError> {
    if array.journal.is_none() {
        return Ok(Vec::new());
    }
    let paths = Paths::of_existing(&array.path)?;
    let record = match RecordTable::read(&paths) {
        Err(CubeError::NotYet { .. }) => None,
        record => record?,
    };
    let Some(record) = record else {
        return Ok(Vec::new());
    };
    let columns = record.columns.into_iter().zip(record.values);
    let variables = columns.map(|(column, values)| {
        let is_given =
            !column.unit.is_empty() && !NOT_GIVEN.iter().any(|word| column.unit.contains(word));
        Coordinate {
            name: match column.name.as_str() {
                "t" => RECORD_TIME.to_owned(),
                name => format!("record_{name}"),
            },
            along: Vec::new(),
            values: Column::Floats(values),
            about: column.what,
            unit: is_given.then_some(column.unit),
            calendar: None,
        }
    });
    let (times, quantities): (Vec<_>, Vec<_>) =
        variables.partition(|variable| variable.name == RECORD_TIME);
    Ok([times, quantities].concat())
}
