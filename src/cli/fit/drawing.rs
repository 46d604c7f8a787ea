//! `--plot`: data, curves and residuals of each column over time, and the profiles of the unknowns.

use crate::cli::{dates, error::Error, frames::readable_unit};
use diff2d::{
    RawParams,
    fit::{ColumnAnswer, FitAnswer, UnknownAnswer},
    program::measured::TimeUnit,
};
use diff2d_plot::{Chart, Curve, Range};
use diff2d_sys::{AtomicFile, Destination};

/// Draws a fit: charts over a common axis of time, and below them one with all profiles. The file has no name yet.
pub(super) fn draw(
    answer: &FitAnswer,
    raw: &RawParams,
    destination: &Destination,
) -> Result<AtomicFile, Error> {
    let typed_unit = raw.typed().get("units.t");
    let typed_unit = typed_unit.and_then(|entry| entry.value.as_str());
    let (unit, scale) = shown_unit(answer, typed_unit);
    let mut charts = answer
        .columns
        .iter()
        .flat_map(|column| charts_of_column(column, scale));
    let first_chart = charts.next().unwrap_or_default();
    let mut over_time = Chart {
        title: "data (circles), fitted curves and residuals".to_owned(),
        x: unit.map_or_else(|| "t".to_owned(), |unit| format!("t [{unit}]")),
        below: charts.collect(),
        ..first_chart
    };
    dates::put_along(&mut over_time, answer.calendar, scale);
    // A search for an end may have looked far beyond it.
    let highest = 3.0 * answer.widened_by;
    let profiles = Chart {
        title: "profiles (straight where an unknown is linear)".to_owned(),
        x: "distance from the estimate in standard errors".to_owned(),
        y: "root of the rise".to_owned(),
        range: Range::new(-highest, highest),
        curves: answer.unknowns.iter().map(curve_of_profile).collect(),
        ..Chart::default()
    };
    Ok(Chart::write_stacked(&[over_time, profiles], destination)?)
}

/// The unit in which times are shown, and how many of it a time of 1 has. Seconds become the unit that is readable, where
/// there are no dates.
fn shown_unit<'u>(answer: &FitAnswer, typed_unit: Option<&'u str>) -> (Option<&'u str>, f64) {
    let seconds = TimeUnit::S.name();
    if typed_unit != Some(seconds) || answer.calendar.is_some() {
        return (typed_unit, 1.0);
    }
    let rows = answer.columns.iter().flat_map(|column| &column.rows);
    let last_time = rows.map(|[time, ..]| *time).fold(0.0, f64::max);
    let unit = readable_unit(last_time);
    (Some(unit.name()), 1.0 / unit.seconds())
}

/// Data and curve of a column, and the residuals, over times multiplied by `scale`.
fn charts_of_column(column: &ColumnAnswer, scale: f64) -> [Chart; 2] {
    let rows = column.rows.iter();
    let rows: Vec<[f64; 3]> = rows
        .map(|&[time, measured, computed]| [time * scale, measured, computed])
        .collect();
    let values = Curve {
        label: column.name.clone(),
        points: rows
            .iter()
            .map(|&[time, _, computed]| (time, computed))
            .collect(),
        measured: rows
            .iter()
            .map(|&[time, measured, _]| (time, measured))
            .collect(),
        ..Curve::default()
    };
    let residuals = rows
        .iter()
        .map(|&[time, measured, computed]| (time, measured - computed));
    let residuals = Curve {
        label: "residual".to_owned(),
        points: rows.iter().map(|&[time, ..]| (time, 0.0)).collect(),
        measured: residuals.collect(),
        ..Curve::default()
    };
    [(column.name.as_str(), values), ("residual", residuals)].map(|(name, curve)| Chart {
        y: name.to_owned(),
        curves: vec![curve],
        ..Chart::default()
    })
}

/// The profile of an unknown over the distance from its estimate.
fn curve_of_profile(unknown: &UnknownAnswer) -> Curve {
    let [low, high] = unknown.interval.map(|end| end.unwrap_or(unknown.estimate));
    let scale = unknown.standard_error.unwrap_or((high - low) / 2.0);
    let points = unknown.profile.iter();
    Curve {
        label: unknown.name.clone(),
        points: points
            .map(|&[value, rise]| ((value - unknown.estimate) / scale, rise))
            .collect(),
        ..Curve::default()
    }
}
