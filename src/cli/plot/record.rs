//! `--record`: columns of the record of a run over time, and what was measured beside them.

use super::{args::PlotArgs, curves};
use crate::{
    cli::{
        frames::{Drawing, TimeUnit},
        record,
    },
    cube::RecordTable,
    error::Error,
    params::CsvColumns,
};
use diff2d_arrays::wording::excerpt;
use diff2d_plot::{Chart, Curve, Sampled};
use std::{fs, path::Path};

/// The columns that were asked for, those of each unit in a chart of their own below the one before.
pub(super) fn record(args: &PlotArgs, drawing: &Drawing<'_>) -> Result<Chart, Error> {
    let record = record::of_cube(&args.cube)?;
    let frames = drawing.frames;
    let mut measured = args.data.as_deref().map(LoggerFile::read).transpose()?;
    let mut charts: Vec<(String, Chart)> = Vec::new();
    for name in &args.record {
        let place = record::column(&record, name, "--record")?;
        let unit = match frames.has_units() {
            true => record.columns[place].unit.clone(),
            false => String::new(),
        };
        let mut curves = curves_of(&record, place, |time| frames.shown_time(time));
        if let (Some(measured), [curve]) = (&mut measured, &mut curves[..]) {
            let time = |time: f64, own: Option<TimeUnit>| frames.shown_time_in(time, own);
            curve.measured = measured.points(name, time)?;
        }
        match charts.iter_mut().find(|(of, _)| *of == unit) {
            Some((_, chart)) => chart.curves.extend(curves),
            None => charts.push((
                unit,
                Chart {
                    curves,
                    ..curves::chart(drawing)
                },
            )),
        }
    }
    for (unit, chart) in &mut charts {
        let name = match &chart.curves[..] {
            [only] => only.label.as_str(),
            _ => "",
        };
        chart.y = match unit.is_empty() {
            true => name.to_owned(),
            false => format!("{name} [{unit}]").trim_start().to_owned(),
        };
    }
    let mut charts = charts.into_iter().map(|(_, chart)| chart);
    let mut chart = charts.next().unwrap_or_default();
    chart.below = charts.collect();
    chart.x = frames.with_unit("t");
    if let Some(measured) = measured {
        chart.subtitle = measured.told(&args.record)?;
    }
    curves::entitle(&mut chart, drawing, drawing.chosen);
    Ok(chart)
}

/// A column over time; of a sweep that of each scenario.
fn curves_of(record: &RecordTable, place: usize, shown: impl Fn(f64) -> f64) -> Vec<Curve> {
    let (times, values) = (
        record.column("t").unwrap_or_default(),
        &record.values[place],
    );
    let name = &record.columns[place].name;
    let parts = record.scenarios().into_iter().map(|(scenario, rows)| {
        let mut sampled = Sampled::new(rows.len());
        let both = times[rows.clone()].iter().zip(&values[rows]);
        both.for_each(|(&time, &value)| sampled.push((shown(time), value)));
        Curve {
            label: match scenario {
                Some(scenario) => format!("{name}, scenario {scenario}"),
                None => name.clone(),
            },
            points: sampled.finish(),
            ..Curve::default()
        }
    });
    parts.collect()
}

/// A file of measured values, its times in the first column.
struct LoggerFile<'a> {
    path: &'a Path,
    text: Vec<u8>,
    /// The names of its columns, without their units.
    names: Vec<String>,
    /// The unit that the name of the first column has.
    unit: Option<TimeUnit>,
    /// How many of its columns have been drawn.
    drawn: usize,
}

impl<'a> LoggerFile<'a> {
    fn read(path: &'a Path) -> Result<Self, Error> {
        let text = fs::read(path).map_err(|error| {
            Error::System(format!("cannot read --data {}: {error}", path.display()))
        })?;
        let headings = CsvColumns::names(&text).map_err(|reason| wrong(path, &reason))?;
        let unit = headings.first().and_then(|heading| parts(heading).1);
        let unit = unit.map(|unit| {
            TimeUnit::of(unit).ok_or_else(|| {
                let unit = excerpt(unit, 40);
                wrong(
                    path,
                    &format!("its times are in {unit}, and may be in s, min, h or d"),
                )
            })
        });
        Ok(Self {
            path,
            names: headings.iter().map(|one| parts(one).0.to_owned()).collect(),
            unit: unit.transpose()?,
            text,
            drawn: 0,
        })
    }

    /// What was measured of a column, at times as they are shown.
    fn points(
        &mut self,
        name: &str,
        shown: impl Fn(f64, Option<TimeUnit>) -> Option<f64>,
    ) -> Result<Vec<(f64, f64)>, Error> {
        let mut places = (1..self.names.len()).filter(|&at| self.names[at] == name);
        let Some(place) = places.next() else {
            return Ok(Vec::new());
        };
        let columns = CsvColumns::measured(self.path.to_owned(), [0, place]);
        let points = columns.read(&self.text);
        let points = points.map_err(|reason| wrong(self.path, &reason))?;
        self.drawn += 1;
        let points = points.iter().map(|&[time, value]| {
            let time = shown(time, self.unit).ok_or_else(|| {
                wrong(self.path, "its times have a unit, and those of the run have none that is known: units.t may be s, min, h or d")
            })?;
            Ok((time, value))
        });
        points.collect()
    }

    /// What is told of it under the title; refused where it has none of the columns.
    fn told(&self, drawn: &[String]) -> Result<String, Error> {
        if self.drawn == 0 {
            let has = excerpt(&self.names[1..].join(", "), 400);
            let drawn = excerpt(&drawn.join(", "), 400);
            let reason =
                format!("it has none of the columns {drawn} that --record names, but {has}");
            return Err(wrong(self.path, &reason));
        }
        let name = self.path.file_name().unwrap_or_default().display();
        Ok(format!("dots: {name}"))
    }
}

fn wrong(path: &Path, reason: &str) -> Error {
    Error::Usage(format!("--data {}: {reason}", path.display()))
}

/// A heading without its unit, which is in brackets at its end: `T1 [K]`, `time (h)`.
fn parts(heading: &str) -> (&str, Option<&str>) {
    let bare = heading.trim();
    let inner = bare.strip_suffix([']', ')']);
    match inner.and_then(|inner| inner.rsplit_once(['[', '('])) {
        Some((name, unit)) if !name.trim().is_empty() => (name.trim(), Some(unit.trim())),
        _ => (bare, None),
    }
}
