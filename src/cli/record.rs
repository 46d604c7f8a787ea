//! Columns and rows of the record of a run, from what was typed.

use super::{
    axes, number,
    rows::{Cell, Column, Rows, Style},
    selection::{Entry, Parts, Selection},
    terminal::Terminal,
    values,
};
use crate::cli::error::Error;
use diff2d::{
    CubeError,
    program::{
        cube::{Paths, RecordTable},
        params::hint,
    },
};
use diff2d_arrays::{labels::NamedAxis, npy::Scalar, wording::excerpt};
use std::{
    io, iter,
    ops::Range,
    path::{Path, PathBuf},
};

/// The ending of the names of records.
const ENDING: &str = ".record.csv";

/// Reads the record beside a cube.
pub(super) fn of_cube(cube: &Path) -> Result<RecordTable, Error> {
    let paths = Paths::of_existing(cube)?;
    RecordTable::read(&paths)?.ok_or_else(|| {
        let path = cube.display();
        let in_journal = if paths.journal.exists() {
            format!("; mass, min and max of each snapshot are in its journal, and `diff2d info {path} --json` lists them")
        } else {
            String::new()
        };
        Error::System(format!(
            "{path} has no record beside it, which a run writes where its parameters have a table [record]{in_journal}"
        ))
    })
}

/// Reads a file as a record if its name ends as the names of records do.
pub(super) fn named(path: &Path) -> Result<Option<RecordTable>, Error> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(stem) = name.and_then(|name| name.strip_suffix(ENDING)) else {
        return Ok(None);
    };
    let cube: PathBuf = path.with_file_name(format!("{stem}.npy"));
    match RecordTable::read(&Paths::of(&cube)?)? {
        Some(record) => Ok(Some(record)),
        None if path.exists() => Err(Error::Usage(format!(
            "{} is not the record of a run: that of {} has none",
            path.display(),
            cube.display()
        ))),
        None => Err(CubeError::io("open", path)(io::ErrorKind::NotFound.into()).into()),
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

/// The rows of a record that were asked for: `12`, `-1`, `2:8`, `t=2.5`, of a sweep `scenario=3,t=2.5`.
pub(super) fn chosen_rows<'a>(
    record: &'a RecordTable,
    texts: &[String],
    terminal: &Terminal,
) -> Result<Rows<'a>, Error> {
    let mut numbers = Vec::new();
    for text in texts {
        let selection = Selection::parse("--at", text)?;
        let entries = match selection.parts()? {
            Parts::Listed(entries) => entries,
            Parts::Named(named) => {
                let nearest = nearest(record, &selection, &named)?;
                let times = record.column("t").unwrap_or_default();
                for &row in &nearest {
                    let time = number::python(times[row]);
                    let typed = &selection.typed;
                    terminal.note(&format!("{typed}: t = {time} (row {row})"));
                }
                numbers.extend(nearest);
                continue;
            }
        };
        let slice = match entries[..] {
            [entry] if !entry.text.is_empty() => entry.slice(record.rows() as u64),
            _ => None,
        };
        let slice = slice.ok_or_else(|| {
            selection.refused(&format!(
                "expected a row, such as -1, rows, such as 2:8 or ::10, or the row nearest to a time, such as t=2.5, of the {} rows of {}",
                record.rows(),
                record.path.display()
            ))
        })?;
        #[expect(clippy::cast_possible_truncation, reason = "rows in memory")]
        numbers.extend(slice.indices().map(|row| row as usize));
    }
    let names = record.columns.iter().map(|column| column.name.as_str());
    Ok(Rows {
        columns: iter::once("i0").chain(names).map(Column::new).collect(),
        style: Style::Csv,
        count: numbers.len(),
        row: Box::new(move |place| {
            let row = numbers[place];
            let columns = record.columns.iter().zip(&record.values);
            let values = columns.map(|(column, values)| scalar(&column.name, values[row]));
            let cells = values.map(Cell::Number);
            iter::once(Cell::from(row as u64)).chain(cells).collect()
        }),
    })
}

/// The row nearest to a time, of the scenario that was typed or of each scenario of a sweep.
fn nearest(
    record: &RecordTable,
    selection: &Selection,
    named: &[(&str, &Entry)],
) -> Result<Vec<usize>, Error> {
    let path = record.path.display();
    let (mut time, mut scenario) = (None, None);
    for (name, entry) in named {
        let place = match *name {
            "t" => &mut time,
            "scenario" if record.find("scenario").is_some() => &mut scenario,
            other => {
                return Err(selection.refused(&format!(
                    "rows of {path} are found by t, and not by {}",
                    excerpt(other, 60)
                )));
            }
        };
        let value = values::finite(&entry.text);
        *place = Some(value.ok_or_else(|| selection.refused("expected a number"))?);
    }
    let time = time.ok_or_else(|| selection.refused("the time is missing, as in t=2.5"))?;
    let parts = record.scenarios().into_iter();
    let parts = parts.filter(|(number, _)| scenario.is_none() || *number == scenario);
    let rows: Vec<usize> = parts
        .map(|(_, rows)| nearest_among(record, rows, time))
        .collect::<Result<_, _>>()?;
    if rows.is_empty() {
        Err(selection.refused(&format!("{path} has no such row")))
    } else {
        Ok(rows)
    }
}

/// The row nearest to a time, which may lie half an interval before the first row or behind the last one; the first of two rows
/// that are equally near.
fn nearest_among(record: &RecordTable, rows: Range<usize>, time: f64) -> Result<usize, Error> {
    let times = &record.column("t").unwrap_or_default()[rows.clone()];
    let mut intervals = times.windows(2).map(|pair| pair[1] - pair[0]);
    let end_interval = match times.first() {
        Some(&first) if time <= first => intervals.next(),
        _ => intervals.next_back(),
    };
    let axis = NamedAxis::listed("t", times.to_vec(), end_interval.unwrap_or(0.0));
    let row = axes::nearest_on(&axis, time, &format!("{time:?}"), &record.path.display());
    #[expect(clippy::cast_possible_truncation, reason = "rows in memory")]
    row.map_err(Error::Usage)
        .map(|row| rows.start + row as usize)
}
