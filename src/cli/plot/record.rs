//! `--record`: columns of the record of a run over time, and what was measured beside them.

use super::{args::PlotArgs, curves};
use crate::cli::{
    dates,
    error::Error,
    frames::{Drawing, Frames},
    record,
    terminal::Terminal,
    typed,
};
use diff2d::program::{
    cube::{RecordColumn, RecordTable},
    measured::{
        self, Calendar, ColumnName, Doubles, Heading, Measured, ReadRequest, Reading, TableError,
        WantedColumn, WantedNames,
    },
};
use diff2d_arrays::wording::excerpt;
use diff2d_plot::{Chart, Curve, Sampled};
use diff2d_sys as sys;
use std::{fmt, fs::File, path::Path};

/// Draws the columns that were asked for: a chart for each unit, one below the other.
pub(super) fn record(
    args: &PlotArgs,
    drawing: &Drawing<'_>,
    terminal: &Terminal,
) -> Result<Chart, Error> {
    let record = record::of_cube(&args.cube)?;
    let frames = drawing.frames;
    let measured = match args.measured() {
        Some((path, names)) => {
            let reading = args.reading(frames.unit("t"))?;
            let file =
                LoggerFile::open(path, names, &reading, (&record, &args.record), args.memory)?;
            file.judge_origin(frames.calendar, &args.cube)?;
            terminal.warn(&Vec::from_iter(file.without_common_times(&record)));
            Some(file)
        }
        None => None,
    };
    let mut charts: Vec<(String, Chart)> = Vec::new();
    for name in &args.record {
        let place = record::column(&record, name, "--record")?;
        let unit = record.columns[place].unit.clone();
        let column_name = (args.record.len() > 1).then_some(&**name);
        let mut curves = curves_of(&record, place, column_name, frames);
        // The first scenario of a sweep has the circles.
        if let (Some(measured), Some(curve)) = (&measured, curves.first_mut()) {
            let (heading, points) = measured.points(&record.columns[place]);
            let mut sampled = Sampled::new(points.len());
            let points = points.into_iter();
            points.for_each(|(time, value)| sampled.push((frames.shown_time(time), value)));
            curve.measured = sampled.finish();
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
    if ["x", "y", "t", "p"]
        .into_iter()
        .all(|name| frames.unit(name).is_none())
    {
        // Columns of different kinds have charts of their own, also where nothing names their units.
        charts.iter_mut().for_each(|(unit, _)| unit.clear());
    }
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
    let calendar_of_file = measured.as_ref().and_then(LoggerFile::calendar);
    let calendar = frames.calendar.or(calendar_of_file);
    dates::put_along(&mut chart, calendar, frames.shown_time(1.0));
    if let Some(measured) = &measured {
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
        (Some(labels), _) => typed::list(labels).collect(),
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

/// The measured values of the columns that are drawn.
struct LoggerFile<'a> {
    path: &'a Path,
    /// The headings of the columns beside the times.
    names: Vec<String>,
    /// The columns that are drawn: the name in the file, and the column of the record.
    columns: Vec<[String; 2]>,
    times: Vec<f64>,
    measured: Measured,
}

impl<'a> LoggerFile<'a> {
    /// Reads the columns that correspond to the drawn columns of the record, by their name or by the pairs `NAME=COLUMN`
    /// behind the file.
    fn open(
        path: &'a Path,
        pairs: &str,
        reading: &Reading,
        (record, drawn): (&RecordTable, &[String]),
        memory: u64,
    ) -> Result<Self, Error> {
        let names = wanted_names(reading, pairs, drawn);
        let headings = measured::headings(open_stream(path)?, reading.skip, &names);
        let headings = headings.map_err(|error| fault(path, &error))?;
        let numbered_headings = headings.iter().enumerate();
        let value_headings =
            numbered_headings.filter(|(number, heading)| !is_time(reading, *number, heading));
        let names: Vec<String> = value_headings
            .map(|(_, heading)| heading.name.clone())
            .collect();
        let mut columns =
            typed_columns(pairs, &headings, drawn).map_err(|reason| refuse(path, &reason))?;
        for column in drawn {
            let is_paired = columns.iter().any(|[_, paired]| paired == column);
            if !is_paired && names.contains(column) {
                columns.push([column.clone(), column.clone()]);
            }
        }
        let wanted_columns = columns.iter().map(|[name, column_name]| {
            let place = record::column(record, column_name, "--record")?;
            let column = &record.columns[place];
            Ok(WantedColumn {
                name: ColumnName::Heading(name.clone()),
                unit: (reading.to_unit.as_deref().or(column.known_unit())).map(str::to_owned),
                instead: column.instead(),
                deviates: None,
            })
        });
        let wanted_columns = wanted_columns.collect::<Result<Vec<_>, Error>>()?;
        let request = ReadRequest {
            reading,
            columns: &wanted_columns,
            doubles: Doubles::Refuse,
            may_descend: false,
            skips_gaps: reading.skips_gaps.filter(|skips| !skips),
            // Times and values of a column are copied once.
            memory: Some(memory / 2),
        };
        let measured = request.read(open_stream(path)?);
        let measured = measured.map_err(|error| fault(path, &error))?;
        Ok(Self {
            path,
            names,
            columns,
            times: measured.middles(reading.between),
            measured,
        })
    }

    /// The dates of the times, if they are dates.
    fn calendar(&self) -> Option<Calendar> {
        self.measured.file.calendar
    }

    /// Refuses dates that are counted from another date than those of the run.
    fn judge_origin(&self, calendar_of_run: Option<Calendar>, cube: &Path) -> Result<(), Error> {
        let origins = [calendar_of_run, self.calendar()].map(|calendar| Some(calendar?.origin()));
        match origins {
            [Some(origin_of_run), Some(origin)] if origin != origin_of_run => {
                let cube = cube.display();
                let reason = format!(
                    "it is counted from {origin}, and {cube} from {origin_of_run}: --since '{origin_of_run}' says when t is 0"
                );
                Err(refuse(self.path, &reason))
            }
            _ => Ok(()),
        }
    }

    /// A sentence on times that all lie before or after those of the record.
    fn without_common_times(&self, record: &RecordTable) -> Option<String> {
        let times = record.column("t")?;
        let range = [*times.first()?, *times.last()?];
        let sentence = self.measured.file.without_common_times(range)?;
        Some(format!("--data {} {sentence}", self.path.display()))
    }

    /// The heading of a column in the file, and its values in the unit of the record at the times of the run.
    fn points(&self, column: &RecordColumn) -> (String, Vec<(f64, f64)>) {
        let mut pairs = self.columns.iter();
        let Some(place) = pairs.position(|[_, drawn]| *drawn == column.name) else {
            return (column.name.clone(), Vec::new());
        };
        let values = self.measured.values[place].iter();
        let points = self.times.iter().copied().zip(values.copied());
        (self.columns[place][0].clone(), points.collect())
    }

    /// The text on the file under the title; an error where the file has none of the columns.
    fn description(&self, drawn: &[String]) -> Result<String, Error> {
        if self.columns.is_empty() {
            let [names, drawn] =
                [self.names.join(", "), drawn.join(", ")].map(|list| excerpt(&list, 400));
            let reason = format!(
                "it has none of the columns {drawn} that --record names, but {}",
                if names.is_empty() {
                    "times alone".to_owned()
                } else {
                    format!("{names}: FILE.csv:NAME=COLUMN says which is which")
                }
            );
            return Err(refuse(self.path, &reason));
        }
        let name = self.path.file_name().unwrap_or_default().display();
        Ok(format!("circles: {name}"))
    }
}

fn open_stream(path: &Path) -> Result<File, Error> {
    let file = sys::open_stream(path);
    file.map_err(|error| Error::System(format!("cannot read --data {}: {error}", path.display())))
}

/// Whether a column of the file has the times.
fn is_time(reading: &Reading, number: usize, heading: &Heading) -> bool {
    reading.from.iter().any(|name| match name {
        ColumnName::Number(time) => *time == number,
        ColumnName::Heading(time) => [&heading.text, &heading.name].contains(&time),
    })
}

/// The names of columns of which some stand among the headings: those of the pairs that were typed, else those that are
/// drawn.
fn wanted_names(reading: &Reading, pairs: &str, drawn: &[String]) -> WantedNames {
    let typed_names = typed::list(pairs).filter_map(|pair| Some(typed::pair(pair)?.0.to_owned()));
    let typed_names: Vec<String> = typed_names.collect();
    let sets: Vec<&[String]> = match typed_names.is_empty() {
        true => drawn.chunks(1).collect(),
        false => vec![&typed_names],
    };
    let sets = sets.into_iter().map(|names| {
        let names = names.iter().cloned().map(ColumnName::Heading);
        reading.from.iter().cloned().chain(names).collect()
    });
    WantedNames(sets.collect())
}

/// The pairs of a column of the file and a drawn column of the record that were typed.
fn typed_columns(
    pairs: &str,
    headings: &[Heading],
    drawn: &[String],
) -> Result<Vec<[String; 2]>, String> {
    let pairs = typed::list(pairs).filter(|pair| !pair.is_empty());
    let columns = pairs.map(|pair| {
        let (name, column) = typed::pair(pair).ok_or_else(|| {
            let parts = "a column of the file and one of the record, such as q=left_rate";
            typed::is_no(pair, "NAME=COLUMN", parts)
        })?;
        let column = column.trim();
        let [is_in_file, is_reversed] =
            [name, column].map(|name| ColumnName::Heading(name.to_owned()).find(headings));
        if is_in_file.is_err() && is_reversed.is_ok() {
            return Err(format!(
                "{}: the column of the file stands first, {column}={name}",
                excerpt(pair, 60)
            ));
        }
        is_in_file?;
        match drawn.iter().any(|drawn_column| drawn_column == column) {
            true => Ok([name.to_owned(), column.to_owned()]),
            false => Err(format!(
                "{} is no column that --record names",
                excerpt(column, 60)
            )),
        }
    });
    columns.collect()
}

/// The error for a fault of the file.
fn fault(path: &Path, error: &TableError) -> Error {
    match error.is_of_system() {
        true => Error::System(format!("--data {}: {error}", path.display())),
        false => refuse(path, error),
    }
}

fn refuse(path: &Path, reason: &impl fmt::Display) -> Error {
    Error::Usage(format!("--data {}: {reason}", path.display()))
}
