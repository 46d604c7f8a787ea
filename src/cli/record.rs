//! Columns and rows of the record of a run, from what was typed.

use super::{
    along::Along,
    axes, number,
    rows::{Cell, Column, Rows, Style},
    selection::Selection,
    terminal::Terminal,
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
                let names = number::joined(names, ", ");
                format!(": there are {}", excerpt(&names, 400))
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
        let mut selection = Selection::parse_along_one_axis("--at", text)?;
        // Rows have numbers in the whole record, and times in their scenario.
        let mut parts = vec![(None, 0..record.rows())];
        if selection.is_named() {
            parts = record.scenarios();
        }
        if record.find("scenario").is_some()
            && let Some(entry) = selection.take("scenario")
        {
            let scenario = axes::finite("scenario", &entry.text)?;
            parts.retain(|(number, _)| *number == Some(scenario));
        }
        if parts.is_empty() {
            let path = record.path.display();
            return Err(selection.refused(&format!("{path} has no such scenario")));
        }
        for (_, rows) in parts {
            let times = times_of(record, rows.clone());
            let along = Along {
                file: &record.path,
                word: "row",
                count: rows.len() as u64,
                times: Some(&times),
            };
            let (slices, at_times) = along.slices(&selection)?;
            let number_of = |row: u64| rows.start as u64 + row;
            along.tell(&selection, &at_times, number_of, terminal);
            let chosen = slices.iter().flat_map(|slice| slice.indices());
            numbers.extend(chosen.map(number_of));
        }
    }
    let names = record.columns.iter().map(|column| column.name.as_str());
    Ok(Rows {
        columns: iter::once("i0").chain(names).map(Column::new).collect(),
        style: Style::Csv,
        count: numbers.len(),
        row: Box::new(move |place| {
            let row = numbers[place];
            let columns = record.columns.iter().zip(&record.values);
            let values = columns.map(|(column, values)| scalar(&column.name, values[row as usize]));
            let cells = values.map(Cell::Number);
            iter::once(Cell::from(row)).chain(cells).collect()
        }),
    })
}

/// The times of some rows. What is asked for may lie half an interval before the first row or behind the last one.
fn times_of(record: &RecordTable, rows: Range<usize>) -> NamedAxis {
    let times = &record.column("t").unwrap_or_default()[rows];
    let mut intervals = times.windows(2).map(|pair| pair[1] - pair[0]);
    NamedAxis::listed("t", times.to_vec(), intervals.next_back().unwrap_or(0.0))
}
