//! What commands tell of the record of a run: its columns by their names, and rows of it.

use super::{axes, json::Object, number, terminal::Terminal, values};
use crate::{
    cube::{CubeError, Paths, RecordTable},
    error::Error,
    params::hint,
};
use diff2d_arrays::{npy::Scalar, wording::excerpt};
use serde::{Serialize, Serializer};
use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

/// What the names of records end in.
const ENDING: &str = ".record.csv";

/// The record beside a cube.
pub(super) fn of_cube(cube: &Path) -> Result<RecordTable, Error> {
    let paths = Paths::of_existing(cube)?;
    RecordTable::read(&paths)?.ok_or_else(|| {
        Error::System(format!(
            "{} has no record beside it, which a run writes where its parameters have a table [record]",
            cube.display()
        ))
    })
}

/// The record that a file is, if it has the name of one.
pub(super) fn named(path: &Path) -> Result<Option<RecordTable>, Error> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(stem) = name.and_then(|name| name.strip_suffix(ENDING)) else {
        return Ok(None);
    };
    let cube: PathBuf = path.with_file_name(format!("{stem}.npy"));
    match RecordTable::read(&Paths::of(&cube)?)? {
        Some(record) => Ok(Some(record)),
        None => Err(CubeError::DamagedRecord {
            path: path.to_owned(),
            reason: "is not there".to_owned(),
        }
        .into()),
    }
}

/// The place of a column.
pub(super) fn column(record: &RecordTable, name: &str, option: &str) -> Result<usize, Error> {
    record.find(name).ok_or_else(|| {
        let names = record.columns.iter().map(|column| column.name.as_str());
        let hint = match hint(name, names.clone()) {
            none if none.is_empty() => {
                let names: Vec<&str> = names.collect();
                format!(": there are {}", excerpt(&names.join(", "), 400))
            }
            hint => hint,
        };
        let (typed, path) = (excerpt(name, 60), record.path.display());
        Error::Usage(format!("{option}: {path} has no column {typed}{hint}"))
    })
}

/// A number of a column: steps and scenarios are counted.
pub(super) fn scalar(name: &str, value: f64) -> Scalar {
    match name {
        #[expect(clippy::cast_possible_truncation, reason = "a count")]
        "step" | "scenario" if value.fract() == 0.0 => Scalar::Integer(value as i128),
        _ => Scalar::Float(value),
    }
}

/// Some rows of a record.
pub(super) struct RecordRows<'a> {
    record: &'a RecordTable,
    rows: Vec<usize>,
}

impl<'a> RecordRows<'a> {
    /// Those that were asked for: `12`, `-1`, `2:8`, `t=2.5`, of a sweep `scenario=3,t=2.5`.
    pub(super) fn new(
        record: &'a RecordTable,
        asked: &[String],
        terminal: &Terminal,
    ) -> Result<Self, Error> {
        let mut rows = Vec::new();
        for text in asked {
            if !text.contains('=') {
                let some = axes::slice(text.trim(), record.rows() as u64).ok_or_else(|| {
                    Error::Usage(format!(
                        "--at {}: expected a row, such as -1, rows, such as 2:8 or ::10, or the row nearest to a time, such as t=2.5, of the {} rows of {}",
                        excerpt(text, 60),
                        record.rows(),
                        record.path.display()
                    ))
                })?;
                #[expect(clippy::cast_possible_truncation, reason = "rows in memory")]
                rows.extend(some.indices().map(|row| row as usize));
                continue;
            }
            let nearest = nearest(record, text)?;
            let times = record.column("t").unwrap_or_default();
            for &row in &nearest {
                let time = number::python(times[row]);
                terminal.note(&format!("{}: t = {time} (row {row})", excerpt(text, 60)));
            }
            rows.extend(nearest);
        }
        Ok(Self { record, rows })
    }

    fn values(&self, row: usize) -> impl Iterator<Item = (&str, Scalar)> {
        let both = self.record.columns.iter().zip(&self.record.values);
        both.map(move |(column, values)| (column.name.as_str(), scalar(&column.name, values[row])))
    }
}

/// The rows nearest to a time: one, or where no scenario of a sweep is asked for, one of each.
fn nearest(record: &RecordTable, text: &str) -> Result<Vec<usize>, Error> {
    let (mut time, mut scenario) = (None, None);
    for part in text.split(',') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let place = match name.trim() {
            "t" => &mut time,
            "scenario" if record.find("scenario").is_some() => &mut scenario,
            other => {
                return Err(Error::Usage(format!(
                    "--at {}: rows of {} are found by t, and not by {}",
                    excerpt(text, 60),
                    record.path.display(),
                    excerpt(other, 60)
                )));
            }
        };
        *place = Some(values::finite(value).ok_or_else(|| {
            Error::Usage(format!("--at {}: expected a number", excerpt(text, 60)))
        })?);
    }
    let Some(time) = time else {
        return Err(Error::Usage(format!(
            "--at {}: the time is missing, as in t=2.5",
            excerpt(text, 60)
        )));
    };
    let parts = record.scenarios().into_iter();
    let parts = parts.filter(|(number, _)| scenario.is_none() || *number == scenario);
    let rows: Vec<usize> = parts
        .map(|(_, rows)| nearest_among(record, rows, time))
        .collect::<Result<_, _>>()?;
    match rows.is_empty() {
        false => Ok(rows),
        true => Err(Error::Usage(format!(
            "--at {}: {} has no such row",
            excerpt(text, 60),
            record.path.display()
        ))),
    }
}

/// The first of the rows nearest to a time, which may lie half an interval beyond the others.
fn nearest_among(record: &RecordTable, rows: Range<usize>, time: f64) -> Result<usize, Error> {
    let times = &record.column("t").unwrap_or_default()[rows.clone()];
    let after = times.partition_point(|&there| there < time);
    let place = match (after.checked_sub(1), times.get(after)) {
        (Some(before), Some(next)) if time - times[before] <= next - time => before,
        (Some(before), None) => before,
        _ => after,
    };
    let interval = match times {
        [first, next, ..] if after == 0 => next - first,
        [.., before, last] => last - before,
        _ => 0.0,
    };
    match (times.first(), times.last()) {
        (Some(&first), Some(&last)) if (first - time).max(time - last) <= 0.5 * interval => {
            Ok(rows.start + place)
        }
        (Some(first), Some(last)) => Err(Error::Usage(format!(
            "t={time:?}: {} reaches from {first:?} to {last:?}",
            record.path.display()
        ))),
        _ => Err(Error::Usage(format!(
            "t={time:?}: {} has no row yet",
            record.path.display()
        ))),
    }
}

impl fmt::Display for RecordRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.record.columns.iter().map(|one| one.name.as_str());
        write!(f, "i0,{}", names.collect::<Vec<_>>().join(","))?;
        for &row in &self.rows {
            let values = self.values(row).map(|(_, value)| number::scalar(value));
            write!(f, "\n{row},{}", values.collect::<Vec<_>>().join(","))?;
        }
        Ok(())
    }
}

impl Serialize for RecordRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = |&row: &usize| {
            let index = ("i0", Scalar::Integer(row as i128));
            Object(std::iter::once(index).chain(self.values(row)).collect())
        };
        serializer.collect_seq(self.rows.iter().map(object))
    }
}
