//! [`samples`]: the scenarios of a sweep from a table whose headings are keys and whose rows are scenarios.

use super::{
    keys,
    place::Place,
    raw::explain,
    value::Value,
    varied::{MOST_SCENARIOS, Varied},
};
use crate::measured::{
    ColumnName, Doubles, Measured, ReadRequest, Reading, TableError, WantedColumn, WantedNames,
    headings,
};
use diff2d_sys as sys;
use std::{
    io::{Seek, SeekFrom},
    path::Path,
};

/// The values that a table gives to each key that is a heading of it, in the order of its columns.
///
/// # Errors
/// A sentence if the file is no table of numbers without gaps.
pub(super) fn samples(path: &Path, place: &Place) -> Result<Vec<Varied>, String> {
    let sentence = |error: TableError| error.to_string();
    let mut file = sys::open_stream(path).map_err(|error| explain(&error, path))?;
    let headings = headings(&mut file, None, &WantedNames(Vec::new())).map_err(sentence)?;
    let restarted = file.seek(SeekFrom::Start(0));
    restarted.map_err(|error| explain(&error, path))?;
    let columns = (0..headings.len()).map(|number| WantedColumn {
        name: ColumnName::Number(number),
        unit: None,
        instead: None,
        deviates: None,
    });
    let columns: Vec<WantedColumn> = columns.collect();
    let request = ReadRequest {
        reading: &Reading::default(),
        columns: &columns,
        doubles: Doubles::Keep,
        may_descend: true,
        skips_gaps: None,
        memory: None,
    };
    let measured = request.read(file).map_err(sentence)?;
    match measured.file.rows {
        0 => return Err("it has headings alone".to_owned()),
        rows if rows > MOST_SCENARIOS => {
            return Err(format!("it has more than {MOST_SCENARIOS} rows"));
        }
        _ => {}
    }
    let keys = headings.iter().zip(&measured.values);
    let keys = keys.map(|(heading, numbers)| {
        let name = match heading.name.is_empty() {
            true => &heading.text,
            false => &heading.name,
        };
        Ok(Varied {
            name: name.clone(),
            place: place.clone(),
            values: values(name, numbers, &measured)?,
        })
    });
    keys.collect::<Result<_, TableError>>().map_err(sentence)
}

/// The values of a key; whole numbers are integers where the key takes no others.
fn values(name: &str, numbers: &[f64], measured: &Measured) -> Result<Vec<Value>, TableError> {
    let is_whole = keys::find(name).is_some_and(|key| !key.takes(&Value::Float(0.5)));
    let values = numbers.iter().enumerate().map(|(row, &number)| {
        if number.is_nan() {
            return Err(measured.refuse_value(row, name, "there is no value".to_owned()));
        }
        Ok(match is_whole && number.fract() == 0.0 {
            true => Value::Integer(number as i64),
            false => Value::Float(number),
        })
    });
    values.collect()
}
