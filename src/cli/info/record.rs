//! The number of rows in the record of a run, and the last row.

use super::super::{answer::Answer, json::Value, number, record::scalar};
use crate::cli::error::Error;
use diff2d::{
    CubeError,
    program::cube::{Paths, RecordReader},
};
use std::path::Path;

/// Tells of the record of a run, if there is one.
pub(super) fn tell(cube: &Path, answer: &mut Answer<'_>) -> Result<(), Error> {
    /// The most columns that are listed; JSON has all of them.
    const MOST: usize = 20;
    let opened = match RecordReader::open(&Paths::of_existing(cube)?) {
        Err(CubeError::NotYet { .. }) => return Ok(()),
        opened => opened?,
    };
    let Some(mut reader) = opened else {
        return Ok(());
    };
    let (mut rows, mut last_line) = (0, None);
    while let Some(line) = reader.line()? {
        rows += 1;
        last_line = Some(line);
    }
    let file = reader.path.display().to_string();
    let mut text = format!("{} in {file}", number::counted(rows, "row"));
    let mut last = Value::plain(());
    if let Some(line) = last_line {
        let numbers = reader.numbers(&line)?;
        let fields = reader.columns.iter().zip(numbers);
        let fields = fields.map(|(column, number)| {
            let name = &column.name;
            (name.clone(), scalar(name, number))
        });
        let fields: Vec<_> = fields.collect();
        let listed = fields.iter().take(MOST);
        let listed = listed.map(|(name, value)| format!("{name} = {}", number::scalar(*value)));
        text += &format!(", the last: {}", number::joined(listed, ", "));
        if fields.len() > MOST {
            text += &format!(" and {} more", fields.len() - MOST);
        }
        let fields = fields.into_iter();
        let fields = fields.map(|(name, value)| (name.into(), Value::Number(value)));
        last = Value::Object(fields.collect());
    }
    answer.line("record", text);
    let mut record = Answer::default();
    record.plain("file", file);
    record.plain("rows", rows);
    record.value("last", last);
    answer.value("record", record.into_value());
    Ok(())
}
