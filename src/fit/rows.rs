//! The rows and columns of a record that are compared with data.

use super::{data::Series, error::FitError};
use crate::{
    params::{Place, RawParams, StepMethod, value::Value},
    problem::Problem,
    run::{self, Row, RowSums},
};
use std::collections::BTreeSet;

/// The tolerance of steady states.
const STEADY_TOLERANCE: f64 = 1e-14;

/// The row of a time, which may differ from the time of its state by rounding.
pub fn row_at(rows: &[Row], time: f64) -> Option<&Row> {
    let later = rows.partition_point(|row| row.time < time);
    let neighbours = rows[later.saturating_sub(1)..rows.len().min(later + 1)].iter();
    neighbours.min_by(|r, s| (r.time - time).abs().total_cmp(&(s.time - time).abs()))
}

/// The places of the record's columns for the measured series.
pub fn columns_of(problem: &Problem, series: &[Series]) -> Result<Vec<usize>, FitError> {
    let columns = run::record_columns(problem);
    let mut places = Vec::new();
    for series in series {
        let place = columns
            .iter()
            .position(|column| column.name == series.column);
        let Some(place) = place else {
            let names = columns.iter().skip(2).map(|column| column.name.as_str());
            let names: Vec<&str> = names.collect();
            let hint = if names.is_empty() {
                "the file has no [record]: points = { … } or totals = true in it give columns"
                    .to_owned()
            } else {
                format!("the record has {}", names.join(", "))
            };
            return Err(FitError::refused(format!(
                "[[fit.data]] compares {} with the column {} of the record, which there is not: {hint}",
                series.name, series.column
            )));
        };
        places.push(place);
    }
    let units: BTreeSet<&str> = places
        .iter()
        .map(|&place| columns[place].unit.as_str())
        .collect();
    if units.len() > 1 && series.iter().any(|series| !series.has_sigma) {
        let units: Vec<&str> = units.into_iter().collect();
        return Err(FitError::refused(format!(
            "[[fit.data]] has values in {}, which only sigma can weigh against one another: sigma = {{ {} = 0.1, … }} says the deviation of each column",
            units.join(" and in "),
            series[0].name
        )));
    }
    Ok(places)
}

/// The rule for sums in a run whose rows are compared with the measured series: what each step has moved, if a series is an
/// amount that has come in and the method has steps. An amount has a column of its rate beside it.
pub fn sums_of(problem: &Problem, series: &[Series]) -> RowSums {
    let columns = run::record_columns(problem);
    let has_amount = series.iter().any(|series| {
        let rate = format!("{}_rate", series.column);
        series.column == "unexplained" || columns.iter().any(|column| column.name == rate)
    });
    match problem.params.method {
        StepMethod::Euler | StepMethod::Rkl2 if has_amount => RowSums::OfSteps,
        _ => RowSums::AsRecorded,
    }
}

/// The parameters of a run that has rows at `times` and ends at the last of them. For sums of steps, a step ends at each of
/// these times.
pub fn at_times(
    raw: &RawParams,
    problem: &Problem,
    times: &[f64],
    sums: RowSums,
) -> Result<RawParams, FitError> {
    const WITHOUT: [&str; 4] = ["record.every", "record.fields", "until", "graphics"];
    let raw = WITHOUT
        .iter()
        .fold(raw.clone(), |raw, key| raw.without(key));
    let raw = raw.with("precision", "f64".into(), Place::Default);
    let (params, start) = (&problem.params, problem.params.t0);
    if params.method == StepMethod::Steady {
        // What is left of the right side would be noise of the derivatives.
        let tolerance = Value::Float(STEADY_TOLERANCE.min(params.tolerance));
        let raw = raw.without("record.at");
        return Ok(raw.with("tolerance", tolerance, Place::Default));
    }
    let Some(&last) = times.last().filter(|last| **last > start) else {
        return Err(FitError::refused(format!(
            "[[fit.data]] has no row after the beginning of the run, t = {start:?}"
        )));
    };
    if let Some(early) = times.first().filter(|first| **first < start) {
        return Err(FitError::refused(format!(
            "[[fit.data]] has a row of t = {early:?}, before the beginning of the run, t = {start:?}: use = [from, to] leaves rows out"
        )));
    }
    let rows = times.iter().copied().map(Value::Float).collect();
    let raw = raw.with("record.at", Value::Array(rows), Place::Default);
    if params.method == StepMethod::Exact {
        // Steps that end at multiples of outtime are part of the method.
        let intervals = ((last - start) / params.outtime - 1e-9).ceil().max(1.0);
        let runtime = Value::Float(intervals * params.outtime);
        return Ok(raw.with("runtime", runtime, Place::Default));
    }
    let raw = ["runtime", "outtime", "times"]
        .iter()
        .fold(raw, |raw, key| raw.without(key));
    let snapshots = match sums {
        RowSums::AsRecorded => vec![last],
        RowSums::OfSteps => times.iter().copied().filter(|&time| time > start).collect(),
    };
    let snapshots = snapshots.into_iter().map(Value::Float).collect();
    Ok(raw.with("outtimes", Value::Array(snapshots), Place::Default))
}
