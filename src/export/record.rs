//! The record of a run as variables along a dimension of its own.

use super::{Column, Coordinate, ExportError};
use crate::cube::{JournalledArray, Paths, RecordTable};

/// The dimension, and the variable that has its times. The names of the others begin alike.
pub(super) const RECORD_TIME: &str = "record_time";

/// Stands in units of records for what nobody has given.
const NOT_GIVEN: [&str; 3] = ["length", "time", "density"];

/// The columns of the record beside a cube, that of the times first; nothing where there is none, or no row.
pub(super) fn of(array: &JournalledArray) -> Result<Vec<Coordinate>, ExportError> {
    if array.journal.is_none() {
        return Ok(Vec::new());
    }
    let paths = Paths::of_existing(&array.path)?;
    let Some(record) = RecordTable::read(&paths)?.filter(|record| record.rows() > 0) else {
        return Ok(Vec::new());
    };
    let both = record.columns.into_iter().zip(record.values);
    let variables = both.map(|(column, values)| {
        let is_given =
            |unit: &String| !unit.is_empty() && !NOT_GIVEN.iter().any(|word| unit.contains(word));
        Coordinate {
            name: match column.name.as_str() {
                "t" => RECORD_TIME.to_owned(),
                name => format!("record_{name}"),
            },
            along: Vec::new(),
            values: Column::Floats(values),
            about: column.what,
            unit: Some(column.unit).filter(is_given),
        }
    });
    let (times, others): (Vec<_>, Vec<_>) = variables.partition(|one| one.name == RECORD_TIME);
    Ok([times, others].concat())
}
