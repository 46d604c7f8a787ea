//! `diff2d probe`: single elements of an array, or their history.

use super::{
    axes::Axes,
    complete::tell_of_gap,
    follow::follow,
    number,
    open::{InputArgs, open_as},
    points::PointFile,
    record,
    rows::{Cell, Column, Row, Style, Table},
    select::Chosen,
    selection::Selection,
    terminal::Terminal,
    values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::JournalledArray;
use diff2d_arrays::{npy::Slice, probe};
use std::{iter, ops::Range, path::PathBuf};

/// Print elements of any .npy file, or their history along its first axis, as CSV; rows of a record
///
/// Reads the pages that hold them and no others. In a record, --at chooses rows: -1, 2:8, or the one nearest to a time, t=2.5.
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
    #[arg(long, value_name = "K,J,I…", required_unless_present = "points")]
    at: Vec<String>,
    /// A file with such a point a line; a header line may name its columns, in any order: i0,i1,… or,
    /// of a cube, t,y,x and a sweep's parameters
    #[arg(long, value_name = "FILE.csv")]
    points: Option<PathBuf>,
    /// How --points is read, a key of [function] and its value: skip, dates, since, from_unit, such as since=2026-01-05. Repeats
    #[arg(long, value_name = "KEY=VALUE", requires = "points")]
    read: Vec<String>,
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
        let rows = record::chosen_rows(&record, &args.at, terminal)?;
        return rows.print(terminal, args.json);
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
    let bytes_per_point = 128 + 16 * dimensions as u64;
    let batch = usize::try_from((args.memory / bytes_per_point).clamp(1, 1 << 14)).unwrap_or(1);
    let mut elements = Elements::new(args, terminal);
    let file = args.points.as_deref();
    let file = file.map(|path| PointFile::open(path, &array, &args.read));
    let file = file.transpose()?.flatten();
    let typed = args.at.iter().map(|text| Selection::parse("--at", text));
    let selections = typed.collect::<Result<Vec<_>, Error>>()?.into_iter();
    let selections = selections.map(Ok).chain(file.into_iter().flatten());
    let mut points = selections.flat_map(|selection| {
        let slices = selection.and_then(|typed| slices(&array, typed, args.series, terminal));
        let (slices, error) = match slices {
            Ok(slices) => (Some(slices), None),
            Err(error) => (None, Some(Err(error))),
        };
        let points = slices.into_iter().flat_map(points_of);
        points.map(Ok).chain(error)
    });
    if args.follow {
        let followed_points: Vec<Vec<u64>> = points.collect::<Result<_, _>>()?;
        let followed = follow(&mut array, |array, new| {
            new.clone()
                .try_for_each(|k| elements.print_histories(array, &followed_points, k..k + 1))
        })?;
        elements.end(&array)?;
        return followed;
    }
    if args.series {
        tell_of_gap(&array, terminal)?;
        let count = array.available();
        for point in points {
            let point = [point?];
            for start in (0..count).step_by(batch) {
                let range = start..count.min(start + batch as u64);
                elements.print_histories(&array, &point, range)?;
            }
        }
        return elements.end(&array);
    }
    loop {
        let next_points = points.by_ref().take(batch);
        let next_points: Vec<Vec<u64>> = next_points.collect::<Result<_, _>>()?;
        if next_points.is_empty() {
            return elements.end(&array);
        }
        elements.print(&array, next_points)?;
    }
}

/// The indices along each axis that a selection means; of a history, 0 along the first axis.
fn slices(
    array: &JournalledArray,
    mut selection: Selection,
    series: bool,
    terminal: &Terminal,
) -> Result<Vec<Slice>, Error> {
    let shape = array.shape();
    if series && !selection.is_named() && selection.entries().len() + 1 == shape.len() {
        selection = selection.with_leading_range();
    }
    let mut chosen = Chosen::new(array, &shape, &selection, terminal)?;
    if series {
        chosen.slices[0] = Slice::new(&(0..1), 1);
        chosen.is_typed[0] = true;
    } else {
        chosen.admit(array, &selection, terminal)?;
    }
    match chosen.is_typed.iter().position(|is_typed| !is_typed) {
        None => Ok(chosen.slices),
        Some(axis) => {
            let names = array.labels.axis(axis);
            let name = names.map_or_else(|| format!("axis {axis}"), |axis| axis.name.clone());
            Err(selection.refused(&format!(
                "{name} is missing; {} needs an index, a value or a range along each of its {} axes",
                array.path.display(),
                shape.len()
            )))
        }
    }
}

/// The points of slices one after the other, the index along the last axis first.
fn points_of(slices: Vec<Slice>) -> impl Iterator<Item = Vec<u64>> {
    let is_any = slices.iter().all(|slice| slice.count > 0);
    let mut next_numbers = is_any.then(|| vec![0; slices.len()]);
    iter::from_fn(move || {
        let numbers = next_numbers.as_mut()?;
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
            None => next_numbers = None,
        }
        Some(point)
    })
}

/// The elements that are printed.
struct Elements<'a> {
    style: Style,
    terminal: &'a Terminal,
    /// The table, once something is known of the axes of the array.
    table: Option<Table<'a>>,
    keep_nan: bool,
    /// How many elements were left out, as their nodes are masked.
    masked: u64,
}

impl<'a> Elements<'a> {
    fn new(args: &ProbeArgs, terminal: &'a Terminal) -> Self {
        Self {
            style: match (terminal.has_caller(), args.json) {
                (true, _) => Style::Values,
                (false, true) => Style::JsonArray,
                (false, false) => Style::Csv,
            },
            terminal,
            table: None,
            keep_nan: args.keep_nan,
            masked: 0,
        }
    }

    fn table(&mut self, axes: &Axes<'_>) -> &mut Table<'a> {
        let (style, terminal) = (self.style, self.terminal);
        self.table.get_or_insert_with(|| {
            let every_axis: Vec<usize> = (0..axes.array.npy.shape.len()).collect();
            let mut columns = axes.columns(&every_axis);
            columns.push(Column::new("value"));
            Table::new(columns, style, terminal)
        })
    }

    /// Prints the elements over a range of the first axis, point after point.
    fn print_histories(
        &mut self,
        array: &JournalledArray,
        points: &[Vec<u64>],
        range: Range<u64>,
    ) -> Result<(), Error> {
        let points_in_range: Vec<Vec<u64>> = points
            .iter()
            .flat_map(|point| range.clone().map(|k| [&[k], &point[1..]].concat()))
            .collect();
        self.print(array, points_in_range)
    }

    fn print(&mut self, array: &JournalledArray, points: Vec<Vec<u64>>) -> Result<(), Error> {
        if points.is_empty() {
            return Ok(());
        }
        let values = probe::values(array, &points)?;
        let leaves_nan_out = array.labels.is_masked && !self.keep_nan;
        let axes = Axes::of(array);
        let mut rows: Vec<Row> = Vec::new();
        for (index, value) in points.into_iter().zip(values) {
            if leaves_nan_out && value.to_f64().is_nan() {
                self.masked += 1;
                continue;
            }
            let indices: Vec<(usize, u64)> = index.into_iter().enumerate().collect();
            let cells = axes.cells(&indices).into_iter();
            rows.push(cells.chain([Cell::Number(value)]).collect());
        }
        self.table(&axes).print(rows)
    }

    /// Ends the table, and tells how many elements were left out.
    fn end(mut self, array: &JournalledArray) -> Result<(), Error> {
        if self.masked > 0 {
            let header = array.header();
            let has_early_ends = header.is_some_and(|header| header.places_behind(u64::MAX) > 0);
            let early_end_clause = if has_early_ends {
                ", or behind the end of a scenario,"
            } else {
                ""
            };
            self.terminal.note(&format!(
                "{} at masked nodes{early_end_clause} left out; --keep-nan prints them",
                number::counted(self.masked, "element")
            ));
        }
        self.table(&Axes::of(array)).end()
    }
}
