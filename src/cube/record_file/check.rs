//! Whether a record is as its run has written it.

use super::{
    description::{FIELDS_SEAL_KEY, MARK, SEAL_KEY, own_fields},
    rows::read_rows,
};
use crate::cube::{
    digest,
    error::CubeError,
    field_files::{self, FieldFile},
    journal::Scenario,
    read::Cube,
};
use crate::params::Choice;
use serde_json::Value;
use std::{collections::BTreeMap, fs};

/// What is wrong with the record beside a cube, in sentences: nothing where it is as its run has written it so far, and where the
/// run has none.
///
/// # Errors
/// [`CubeError::Io`] when the journal cannot be read.
pub fn check(cube: &Cube) -> Result<Vec<String>, CubeError> {
    let paths = cube.paths();
    let is_recorded = |scenario: &Scenario| {
        let pairs = scenario.params.pairs();
        pairs.iter().any(|(name, _)| name.starts_with("record."))
    };
    let mut scenarios = cube.scenarios();
    if cube.committed() == 0 || !scenarios.next().is_some_and(|first| is_recorded(&first)) {
        return Ok(Vec::new());
    }
    let (path, beside) = (paths.record(), paths.record_description());
    let is_sweep = cube.header().is_sweep();
    if is_sweep && !cube.is_complete() {
        // It appears at the end of a process.
        return Ok(Vec::new());
    }
    let described = fs::read_to_string(&beside).unwrap_or_default();
    let known: Option<Value> = serde_json::from_str(&described).ok();
    let columns = known
        .as_ref()
        .and_then(|known| known.get("columns")?.as_array());
    let Some(columns) = columns.filter(|_| described.contains(MARK)) else {
        return Ok(vec![format!(
            "{} is damaged or not there",
            beside.display()
        )]);
    };
    let names = columns.iter().map(|column| column.get("name")?.as_str());
    let names: Vec<&str> = names.map(Option::unwrap_or_default).collect();
    let name = path.display();
    let Ok((rows, bytes)) = read_rows(&path, &(names.join(",") + "\n")) else {
        return Ok(vec![format!(
            "{name} is not there, or does not begin with the names of its columns"
        )]);
    };
    let mut wrong = Vec::new();
    let sum = known
        .as_ref()
        .and_then(|known| known.get(SEAL_KEY)?.as_str());
    if sum.is_some_and(|sum| sum != digest::of_bytes(&bytes)) {
        wrong.push(format!(
            "{name} does not have the check sum of the rows that its run has written"
        ));
    }
    if let [_, ny, nx] = cube.header().shape()[..] {
        let shape = [cube.header().snapshots(), ny, nx];
        for field in own_fields(paths) {
            let header = FieldFile::header(field, shape, cube.header().dtype);
            let path = FieldFile::path(&paths.cube, field);
            let sum = known
                .as_ref()
                .and_then(|known| known.get(FIELDS_SEAL_KEY)?.get(field.name())?.as_str());
            if FieldFile::open(&paths.cube, field, header).is_err() {
                let name = path.display();
                wrong.push(format!("{name} is not there, or is another array"));
            } else if sum.is_some_and(|sum| {
                !field_files::digest_of(&paths.cube, field).is_ok_and(|found| found == sum)
            }) {
                let name = path.display();
                wrong.push(format!(
                    "{name} does not have the check sum of the field that its run has written"
                ));
            }
        }
    }
    let ends = rows.last().map_or(0, |(_, end)| *end);
    if cube.is_complete() && ends < bytes.len() as u64 {
        wrong.push(format!(
            "{name} has something else than rows after byte {ends}"
        ));
    }
    if let (Some(run), Some(last), Some((row, _))) =
        (cube.run(), cube.records().last(), rows.last())
    {
        let names = names.iter().zip(row);
        let time = names.clone().find(|(name, _)| **name == "t");
        let time = time.map_or(f64::NAN, |(_, time)| *time);
        let pairs = run.params.pairs();
        let every = pairs.iter().find(|(name, _)| name == "record.every");
        let every = every.map_or(f64::INFINITY, |(_, every)| every.as_f64().unwrap_or(0.0));
        if time + every + run.dt < last.simtime {
            wrong.push(format!(
                "{name} ends with the row of t = {time:?}, and there is a snapshot of t = {:?}",
                last.simtime
            ));
        }
    }
    let at = |wanted: &str| names.iter().position(|name| *name == wanted);
    let value = |row: &[f64], wanted: &str| Some(row[at(wanted)?]);
    let of = |row: &[f64]| value(row, "scenario").map_or(0, f64::to_bits);
    let mut times = BTreeMap::new();
    for pair in rows.windows(2) {
        let [(one, _), (next, _)] = pair else {
            continue;
        };
        if of(one) == of(next) && value(one, "t") >= value(next, "t") {
            wrong.push(format!(
                "{name} has rows whose times do not ascend, at t = {:?}",
                value(next, "t").unwrap_or(f64::NAN)
            ));
            break;
        }
    }
    for (row, _) in &rows {
        let time = value(row, "t").unwrap_or(f64::NAN);
        times.insert((of(row), time.to_bits()), row);
    }
    for record in cube.each_record()? {
        let record = record?;
        let scenario = record.slot().scenario();
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let of_scenario = if is_sweep {
            (scenario as f64).to_bits()
        } else {
            0
        };
        let Some(row) = times.get(&(of_scenario, record.simtime.to_bits())) else {
            // The first and the last snapshot have rows.
            let last = cube.header().snapshots_of(scenario);
            if record.index == 0 || record.index + 1 == last {
                wrong.push(format!(
                    "{name} has no row of t = {:?}, where a snapshot is",
                    record.simtime
                ));
            }
            continue;
        };
        let pairs = [
            ("mass", record.mass),
            ("min", record.min),
            ("max", record.max),
        ];
        let differs = |(name, of_snapshot): &(&str, f64)| {
            value(row, name).is_some_and(|of_row| of_row.to_bits() != of_snapshot.to_bits())
        };
        if pairs.iter().any(differs) {
            wrong.push(format!(
                "the row of {name} at t = {:?} has other numbers than the journal",
                record.simtime
            ));
        }
    }
    Ok(wrong)
}
