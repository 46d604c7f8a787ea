//! `--record`: columns of the record of a run over time, and what was measured beside them.

use super::{args::PlotArgs, curves};
use crate::{
    cli::{
        frames::{Drawing, Frames},
        record,
    },
    cube::{RecordColumn, RecordTable},
    error::Error,
    measured::{ArgumentScale, ColumnName, Heading, MeasuredTable},
};
use diff2d_arrays::wording::excerpt;
use diff2d_plot::{Chart, Curve, Sampled};
use std::{fmt, fs, path::Path};

/// Draws the columns that were asked for: a chart for each unit, one below the other.
pub(super) fn record(args: &PlotArgs, drawing: &Drawing<'_>) -> Result<Chart, Error> {
    let record = record::of_cube(&args.cube)?;
    let frames = drawing.frames;
    let scale = ArgumentScale {
        unit: frames.unit("t").map(str::to_owned),
        since: args.since,
    };
    let mut measured = args
        .measured()
        .map(|(path, names)| LoggerFile::read(path, names, &scale))
        .transpose()?;
    if let Some(measured) = &measured {
        measured.check_names(&args.record)?;
    }
    let mut charts: Vec<(String, Chart)> = Vec::new();
    for name in &args.record {
        let place = record::column(&record, name, "--record")?;
        let unit = if frames.has_units() {
            record.columns[place].unit.clone()
        } else {
            String::new()
        };
        let column_name = (args.record.len() > 1).then_some(&**name);
        let mut curves = curves_of(&record, place, column_name, frames);
        // The first scenario of a sweep has the circles.
        if let (Some(measured), Some(curve)) = (&mut measured, curves.first_mut()) {
            let (heading, points) = measured.points(&record.columns[place])?;
            let points = points.into_iter();
            let points = points.map(|(time, value)| (frames.shown_time(time), value));
            curve.measured = points.collect();
            curve.measured_label = format!("{heading}, measured");
        }
        match charts
            .iter_mut()
            .find(|(charted_unit, _)| *charted_unit == unit)
        {
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
    let labels = labels(args.label.as_deref(), charts.len())?;
    for (number, (unit, chart)) in charts.iter_mut().enumerate() {
        if let Some(&label) = labels.get(number) {
            chart.y = if unit.is_empty() || label.is_empty() || label.ends_with([']', ')']) {
                label.to_owned()
            } else {
                format!("{label} [{unit}]")
            };
            continue;
        }
        let name = match (&args.record[..], &chart.curves[..]) {
            ([only_column], _) => only_column.as_str(),
            (_, [only_curve]) => only_curve.label.as_str(),
            _ => "",
        };
        chart.y = if unit.is_empty() {
            name.to_owned()
        } else {
            format!("{name} [{unit}]").trim_start().to_owned()
        };
    }
    let mut charts = charts.into_iter().map(|(_, chart)| chart);
    let mut chart = charts.next().unwrap_or_default();
    chart.below = charts.collect();
    chart.x = frames.with_unit("t");
    if let Some(measured) = measured {
        chart.subtitle = measured.description(&args.record)?;
    }
    curves::entitle(&mut chart, drawing, drawing.chosen);
    Ok(chart)
}

/// The names of the vertical axes that `--label` gives, if it is there.
fn labels(typed: Option<&str>, charts: usize) -> Result<Vec<&str>, Error> {
    let labels: Vec<&str> = match (typed, charts) {
        (None, _) => return Ok(Vec::new()),
        (Some(label), 1) => vec![label],
        (Some(labels), _) => labels.split(',').map(str::trim).collect(),
    };
    if labels.len() == charts {
        Ok(labels)
    } else {
        Err(Error::Usage(format!(
            "--label {}: the columns of --record have {charts} units, each with an axis of its own, and so take {charts} names separated by commas",
            excerpt(typed.unwrap_or_default(), 60)
        )))
    }
}

/// The curve of a column over time; a sweep has one for each scenario, labelled with its parameters, and with the name
/// of the column if that is given.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of scenarios are whole"
)]
fn curves_of(
    record: &RecordTable,
    place: usize,
    column_name: Option<&str>,
    frames: &Frames<'_>,
) -> Vec<Curve> {
    let (times, values) = (
        record.column("t").unwrap_or_default(),
        &record.values[place],
    );
    let parts = record.scenarios().into_iter().map(|(scenario, rows)| {
        let mut sampled = Sampled::new(rows.len());
        let pairs = times[rows.clone()].iter().zip(&values[rows]);
        pairs.for_each(|(&time, &value)| sampled.push((frames.shown_time(time), value)));
        Curve {
            label: match scenario.map(|scenario| frames.title(scenario as u64)) {
                Some(title) => column_name.map_or(title.clone(), |name| format!("{name}, {title}")),
                None => record.columns[place].name.clone(),
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
    /// Headings in the file and the columns of the record that they stand for, where their names differ.
    columns: Vec<[&'a str; 2]>,
    table: MeasuredTable,
    times: Vec<f64>,
    /// How many of its columns have been drawn.
    drawn: usize,
}

impl<'a> LoggerFile<'a> {
    fn read(path: &'a Path, names: &'a str, scale: &ArgumentScale) -> Result<Self, Error> {
        let pairs = names.split(',').filter(|pair| !pair.is_empty());
        let columns = pairs.map(|pair| {
            let names = pair.split_once('=').ok_or_else(|| {
                let pair = excerpt(pair, 60);
                let reason = format!(
                    "'{pair}' is no NAME=COLUMN, a column of the file and one of the record"
                );
                refuse(path, &reason)
            })?;
            Ok([names.0.trim(), names.1.trim()])
        });
        let columns = columns.collect::<Result<_, Error>>()?;
        let bytes = fs::read(path).map_err(|error| {
            Error::System(format!("cannot read --data {}: {error}", path.display()))
        })?;
        let table = MeasuredTable::parse(&bytes);
        let table = table.map_err(|error| refuse(path, &error))?;
        let times = table.arguments(0, scale);
        Ok(Self {
            path,
            times: times.map_err(|error| refuse(path, &error))?,
            columns,
            table,
            drawn: 0,
        })
    }

    /// The headings of the values.
    fn headings(&self) -> &[Heading] {
        &self.table.headings()[1..]
    }

    /// Refuses names behind the file that neither its columns nor the drawn columns have.
    fn check_names(&self, drawn: &[String]) -> Result<(), Error> {
        for [heading, column] in &self.columns {
            if self.headings().iter().all(|column| column.name != *heading) {
                let reason = format!("it has no column {}", excerpt(heading, 60));
                return Err(refuse(self.path, &reason));
            }
            if drawn.iter().all(|name| name != column) {
                let reason = format!("{} is no column that --record names", excerpt(column, 60));
                return Err(refuse(self.path, &reason));
            }
        }
        Ok(())
    }

    /// What was measured of a column, in its unit, at the times of the run, and its heading in the file.
    fn points(&mut self, column: &RecordColumn) -> Result<(String, Vec<(f64, f64)>), Error> {
        let mut pairs = self.columns.iter();
        let pair = pairs.find(|[_, drawn]| *drawn == column.name);
        let name = pair
            .map_or(&*column.name, |[heading, _]| heading)
            .to_owned();
        if self.headings().iter().all(|heading| heading.name != name) {
            return Ok((name, Vec::new()));
        }
        let unit = Some(&*column.unit).filter(|unit| !unit.is_empty());
        let values = self
            .table
            .column(&ColumnName::Heading(name.clone()))
            .and_then(|place| self.table.values(place, unit));
        let values = values.map_err(|error| refuse(self.path, &error))?;
        self.drawn += 1;
        Ok((name, self.times.iter().copied().zip(values).collect()))
    }

    /// The text on the file under the title; an error where the file has none of the columns.
    fn description(&self, drawn: &[String]) -> Result<String, Error> {
        if self.drawn == 0 {
            let names: Vec<&str> = self
                .headings()
                .iter()
                .map(|heading| &*heading.name)
                .collect();
            let [names, drawn] =
                [names.join(", "), drawn.join(", ")].map(|list| excerpt(&list, 400));
            let reason = format!(
                "it has none of the columns {drawn} that --record names, but {}",
                if names.is_empty() {
                    "times alone"
                } else {
                    &names
                }
            );
            return Err(refuse(self.path, &reason));
        }
        let name = self.path.file_name().unwrap_or_default().display();
        Ok(format!("circles: {name}"))
    }
}

fn refuse(path: &Path, reason: &impl fmt::Display) -> Error {
    Error::Usage(format!("--data {}: {reason}", path.display()))
}
