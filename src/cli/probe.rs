//! `diff2d probe`: single elements of an array, or their history.

use super::{
    axes::{Axes, Entries},
    follow::follow,
    open::{InputArgs, open_as},
    points::PointFile,
    record::{self, RecordRows},
    rows::{Row, Style, Table},
    scenario, select,
    terminal::Terminal,
    values,
};
use crate::{cube::JournalledArray, error::Error};
use clap::Args;
use diff2d_arrays::{npy::Slice, probe};
use std::{iter, ops::Range, path::PathBuf};

/// Print elements of any .npy file, or their history along its first axis, as CSV; rows of a record
///
/// Reads the pages that hold them and no others. Of a record, --at chooses rows: -1, 2:8, or the one nearest to a time, t=2.5.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d probe output/diff2dparams.npy --at -1,150,150 --at 0,150,150
  diff2d probe output/diff2dparams.npy --at x=0,y=0 --series
  diff2d probe output/diff2dparams.npy --at -1,150,::10
  diff2d probe output/sweep.npy --at D=0.5,t=1,y=0,x=0
  diff2d probe huge.npy --points points.csv
  diff2d probe output/wall.record.csv --at t=3600 --at -1")]
pub(super) struct ProbeArgs {
    /// Any .npy file, or the record of a run, STEM.record.csv
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    #[command(flatten)]
    input: InputArgs,
    /// An index along every axis, negative from the end, or a range of them, 2:8 or ::10; of a cube also
    /// t=, y=, x= in its units, of a sweep with its parameters
    #[arg(
        long,
        value_name = "K,J,I…",
        allow_hyphen_values = true,
        required_unless_present = "points"
    )]
    at: Vec<String>,
    /// A file with such a point a line; a header line may name its columns, in any order: i0,i1,… or,
    /// of a cube, t,y,x and a sweep's parameters
    #[arg(long, value_name = "FILE.csv")]
    points: Option<PathBuf>,
    /// The history of the points over the first axis, of which an index may be left out
    #[arg(long)]
    series: bool,
    /// Wait for the snapshots of a run that is going on
    #[arg(long, requires = "series")]
    follow: bool,
    /// Also print masked nodes of a cube, whose values are NaN
    #[arg(long)]
    keep_nan: bool,
    /// Print JSON: an array of objects
    #[arg(long)]
    json: bool,
    /// Print CSV with a header line (the default)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    memory: u64,
}

pub(super) fn probe(args: &ProbeArgs, terminal: &Terminal) -> Result<(), Error> {
    if let Some(record) = record::named(&args.file)? {
        if args.points.is_some() || args.series {
            return Err(Error::Usage(format!(
                "{} is a record, of which --at chooses rows: leave out --points and --series",
                args.file.display()
            )));
        }
        let rows = RecordRows::new(&record, &args.at, terminal)?;
        return terminal.answer(&rows, args.json);
    }
    let mut array = open_as(&args.file, &args.input, terminal)?;
    let dimensions = array.npy.shape.len();
    if args.series && dimensions == 0 {
        return Err(Error::Usage(format!(
            "--series: {} has no axis to follow",
            array.path.display()
        )));
    }
    // Points and their values take about this much, so many are dealt with at a time.
    let each = 128 + 16 * dimensions as u64;
    let batch = usize::try_from((args.memory / each).clamp(1, 1 << 14)).unwrap_or(1);
    let mut elements = Elements::new(args, dimensions, terminal);
    let file = args.points.as_deref();
    let file = file.map(|path| PointFile::open(path, &array)).transpose()?;
    let typed = args.at.iter().cloned().map(Ok);
    let texts = typed.chain(file.into_iter().flatten());
    let axes = Axes::of(&array);
    let mut points = texts.flat_map(|text| {
        let slices = text.and_then(|text| slices(&array, &axes, &text, args.series, terminal));
        let (slices, error) = match slices {
            Ok(slices) => (Some(slices), None),
            Err(error) => (None, Some(Err(error))),
        };
        let points = slices.into_iter().flat_map(points_of);
        points.map(Ok).chain(error)
    });
    if args.follow {
        let all: Vec<Vec<u64>> = points.collect::<Result<_, _>>()?;
        let followed = follow(&mut array, |array, new| {
            new.clone()
                .try_for_each(|k| elements.print_histories(array, &all, k..k + 1))
        })?;
        elements.end(&Axes::of(&array))?;
        return followed.conclude();
    }
    let at_a_time = if args.series { 1 } else { batch };
    loop {
        let some = points.by_ref().take(at_a_time);
        let some: Vec<Vec<u64>> = some.collect::<Result<_, _>>()?;
        if some.is_empty() {
            return elements.end(&axes);
        }
        if !args.series {
            elements.print(&array, some)?;
            continue;
        }
        let all = 0..array.available();
        for start in all.clone().step_by(batch) {
            let range = start..all.end.min(start + batch as u64);
            elements.print_histories(&array, &some, range)?;
        }
    }
}

/// The indices along each axis that a text stands for; of a history, 0 along the first axis.
fn slices(
    array: &JournalledArray,
    axes: &Axes<'_>,
    text: &str,
    series: bool,
    terminal: &Terminal,
) -> Result<Vec<Slice>, Error> {
    if !text.contains(':') || scenario::sweep(array).is_some_and(|_| text.contains('=')) {
        let point = point(array, axes, text, series, terminal)?;
        let alone = point
            .iter()
            .map(|&index| Slice::new(&(index..index + 1), 1));
        return Ok(alone.collect());
    }
    let typed = format!("--at {text}");
    let dimensions = array.npy.shape.len();
    let (given, is_short) = match axes.entries(&typed, text)? {
        Entries::Listed(parts) => (parts.len(), series && parts.len() + 1 == dimensions),
        Entries::Named(parts) => {
            let history = usize::from(series && parts.first().is_some_and(Option::is_none));
            (parts.iter().flatten().count() + history, false)
        }
    };
    if given + usize::from(is_short) != dimensions {
        return Err(Error::Usage(format!(
            "{typed} has {given} indices or ranges; {} needs {dimensions}",
            array.path.display()
        )));
    }
    let all = if is_short {
        format!(":,{text}")
    } else {
        text.to_owned()
    };
    let mut slices = select::slices(array, &array.shape(), &all, &typed, terminal)?;
    if let Some(first) = slices.first_mut().filter(|_| series) {
        *first = Slice::new(&(0..1), 1);
    }
    Ok(slices)
}

/// The points of slices, in the order of C, one after the other.
fn points_of(slices: Vec<Slice>) -> impl Iterator<Item = Vec<u64>> {
    let is_any = slices.iter().all(|slice| slice.count > 0);
    let mut next = is_any.then(|| vec![0; slices.len()]);
    iter::from_fn(move || {
        let numbers = next.as_mut()?;
        let of_axes = slices.iter().zip(numbers.iter());
        let point = of_axes
            .map(|(slice, &number)| slice.index(number))
            .collect();
        let axis = (0..slices.len())
            .rev()
            .find(|&axis| numbers[axis] + 1 < slices[axis].count);
        match axis {
            Some(axis) => {
                numbers[axis] += 1;
                numbers[axis + 1..].fill(0);
            }
            None => next = None,
        }
        Some(point)
    })
}

/// The index that a text stands for; of a history, 0 along the first axis.
fn point(
    array: &JournalledArray,
    axes: &Axes<'_>,
    text: &str,
    series: bool,
    terminal: &Terminal,
) -> Result<Vec<u64>, Error> {
    let dimensions = array.npy.shape.len();
    if let Some(header) = scenario::sweep(array).filter(|_| text.contains('=')) {
        let (index, told) = scenario::point(array, header, text)?;
        terminal.note(&format!("{text}: {told}"));
        return Ok(index);
    }
    match axes.entries(&format!("--at {text}"), text)? {
        Entries::Listed(parts) => {
            let index: Vec<i64> = parts
                .iter()
                .map(|part| {
                    part.parse().map_err(|_| {
                        Error::Usage(format!(
                            "the point {text}: '{part}' is no index; expected whole numbers, such as -1,150,150"
                        ))
                    })
                })
                .collect::<Result<_, _>>()?;
            let first = usize::from(series);
            if series && index.len() + 1 == dimensions {
                let along: Vec<usize> = (first..dimensions).collect();
                let rest = probe::resolve(array, &along, &index)?;
                return Ok([&[0], &rest[..]].concat());
            }
            let along: Vec<usize> = (0..dimensions).collect();
            Ok(probe::resolve(array, &along, &index)?)
        }
        Entries::Named(parts) => {
            let mut index = vec![0; dimensions];
            let mut given = Vec::new();
            for (axis, part) in parts.iter().enumerate() {
                match part {
                    Some(part) => {
                        index[axis] = axes.nearest(axis, part)?;
                        given.push((axis, index[axis]));
                    }
                    None if series && axis == 0 => {}
                    None => {
                        return Err(Error::Usage(format!(
                            "the point {text}: axis {axis} is missing; expected t=…,y=…,x=…"
                        )));
                    }
                }
            }
            terminal.note(&format!("{text}: {}", axes.describe(given)));
            Ok(index)
        }
    }
}

/// Elements as they are printed.
struct Elements<'a> {
    table: Table<'a>,
    /// Whether something is printed.
    begun: bool,
    keep_nan: bool,
    /// How many were left out, as their nodes are masked.
    masked: usize,
}

impl<'a> Elements<'a> {
    fn new(args: &ProbeArgs, dimensions: usize, terminal: &'a Terminal) -> Self {
        let is_json = terminal.takes_values(args.json);
        let style = if is_json { Style::Json } else { Style::Csv };
        Self {
            table: Table {
                style,
                of: None,
                indices: Some(dimensions),
                coordinates: Vec::new(),
                values: vec!["value".to_owned()],
                in_json: 1,
                terminal,
            },
            begun: false,
            keep_nan: args.keep_nan,
            masked: 0,
        }
    }

    /// The header line, once it is known that values follow.
    fn begin(&mut self, axes: &Axes<'_>) -> Result<(), Error> {
        let known = axes.with_coordinates().into_iter();
        self.table.coordinates = known.map(|(_, name)| name.to_owned()).collect();
        if self.table.style == Style::Json || self.begun {
            return Ok(());
        }
        self.begun = true;
        self.table.print_head()
    }

    /// The elements over a range of the first axis, point after point.
    fn print_histories(
        &mut self,
        array: &JournalledArray,
        points: &[Vec<u64>],
        range: Range<u64>,
    ) -> Result<(), Error> {
        let all: Vec<Vec<u64>> = points
            .iter()
            .flat_map(|point| range.clone().map(|k| [&[k], &point[1..]].concat()))
            .collect();
        self.print(array, all)
    }

    fn print(&mut self, array: &JournalledArray, points: Vec<Vec<u64>>) -> Result<(), Error> {
        if points.is_empty() {
            return Ok(());
        }
        let values = probe::values(array, &points)?;
        let axes = Axes::of(array);
        self.begin(&axes)?;
        let known = axes.with_coordinates();
        let rows = points.into_iter().zip(values).map(|(index, value)| {
            let coordinates = known.iter().map(|&(axis, _)| {
                let coordinate = axes.coordinate(axis, index[axis]);
                coordinate.unwrap_or(f64::NAN)
            });
            Row {
                coordinates: coordinates.collect(),
                index,
                values: vec![value],
                facts: Vec::new(),
            }
        });
        let mut rows: Vec<Row> = rows.collect();
        if array.labels.is_masked && !self.keep_nan {
            let all = rows.len();
            rows.retain(|row| !row.values[0].to_f64().is_nan());
            self.masked += all - rows.len();
        }
        if rows.is_empty() {
            return Ok(());
        }
        if self.table.style == Style::Csv || self.table.terminal.takes_values(false) {
            return self.table.print(&rows);
        }
        let before = if self.begun { "," } else { "[" };
        self.begun = true;
        let lines: Vec<String> = rows.iter().map(|row| self.table.line(row)).collect();
        let text = format!("{before}{}", lines.join("\n,"));
        self.table.terminal.result(&text)
    }

    fn end(&mut self, axes: &Axes<'_>) -> Result<(), Error> {
        if self.masked > 0 {
            let elements = if self.masked == 1 {
                "element"
            } else {
                "elements"
            };
            let header = axes.array.header();
            let ends = header.is_some_and(|header| header.places_behind(u64::MAX) > 0);
            let or_behind = if ends {
                ", or behind the end of a scenario,"
            } else {
                ""
            };
            self.table.terminal.note(&format!(
                "{} {elements} at masked nodes{or_behind} left out; --keep-nan prints them",
                self.masked
            ));
        }
        match (self.table.style, self.begun) {
            _ if self.table.terminal.takes_values(false) => Ok(()),
            (Style::Json, true) => self.table.terminal.result("]"),
            (Style::Json, false) => self.table.terminal.result("[]"),
            _ => self.begin(axes),
        }
    }
}
