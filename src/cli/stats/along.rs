//! A row for every index along the remaining axes, or an array of such results.

use super::{
    args::StatsArgs,
    results::{hint, new_array, row, table, value_names, values},
};
use crate::cli::{
    axes::Axes,
    bar::Unit,
    error::Error,
    open::{self, NewArray},
    rows::{Cell, Column, Row, Table},
    select,
    terminal::Terminal,
};
use diff2d::{
    JournalledArray,
    program::measured::{Date, TimeUnit},
};
use diff2d_arrays::npy::{Dtype, NpyHeader, Scalar, Slice};
use diff2d_arrays::{
    Statistics,
    labels::NamedAxis,
    output::Output,
    stats::{self, Options, Select, Trend},
};
use std::ops::Range;

pub(super) fn along(
    args: &StatsArgs,
    array: JournalledArray,
    text: &str,
    options: Options,
    terminal: &Terminal,
) -> Result<(), Error> {
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let (array, select, reduced) = match args.every {
        Some(period) => by_period(array, &select, text, period, terminal)?,
        None => {
            let axes = Axes::of(&array);
            let reduced = match args.op {
                Some(_) => vec![axes.axis(text)?],
                None => axes.axes(text)?,
            };
            (array, select, reduced)
        }
    };
    let (array, select) = (&array, &select);
    let mut results = Results::new(args, array, select, &reduced, terminal)?;
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    // Quantiles read the elements once more.
    let readings = if args.quantiles.is_empty() { 1 } else { 2 };
    let bytes = readings * elements * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let progress = bar.progress();
    let mut hinted = false;
    if args.op.is_some() {
        let axis = reduced[0];
        let axes = Axes::of(array);
        let abscissas = Abscissas::of(&axes, axis)?;
        abscissas.tell_units(&axes, axis, &select[axis], terminal)?;
        stats::trends(
            array,
            select,
            axis,
            |index| abscissas.at(&axes, axis, index),
            options,
            progress,
            |first, trends: &[Trend]| {
                if !options.skip_nan && !hinted && trends.iter().any(|trend| trend.slope.is_nan()) {
                    hinted = true;
                    terminal.note(
                    "some elements are NaN or infinite, and so are their trends: --skip-nan leaves NaN out",
                );
                }
                let lines = trends.iter().map(|trend| [trend.slope, trend.intercept]);
                match &mut results.sink {
                    Sink::Array(output) => {
                        let numbers: Vec<f64> = lines.flatten().collect();
                        results.layout.write(output, first, &numbers)
                    }
                    Sink::Table(table) => {
                        let rows = (first..).zip(lines).map(|(place, line)| {
                            let cells = results.layout.cells(place).into_iter();
                            cells.chain(line.map(Cell::from)).collect()
                        });
                        table.print(&rows.collect::<Vec<Row>>())
                    }
                }
            },
        )?;
    } else {
        stats::along(
            array,
            select,
            &reduced,
            options,
            progress,
            |first: u64, statistics: &[Statistics]| -> Result<(), Error> {
                let with_nan = statistics.iter().find(|statistics| statistics.nan > 0);
                if let Some(statistics) = with_nan.filter(|_| !hinted) {
                    hinted = true;
                    hint(options, statistics, terminal);
                }
                let places = first..first + statistics.len() as u64;
                let quantiles = if args.quantiles.is_empty() {
                    vec![Vec::new(); statistics.len()]
                } else {
                    let fractions = &args.quantiles;
                    stats::column_quantiles(
                        array, select, &reduced, places, fractions, options, progress,
                    )?
                };
                let pairs = statistics.iter().zip(&quantiles);
                match &mut results.sink {
                    Sink::Array(output) => {
                        let value_count = results.layout.value_names.len();
                        let mut numbers = Vec::with_capacity(statistics.len() * value_count);
                        for (statistics, quantiles) in pairs {
                            let values = values(options, statistics, quantiles);
                            numbers.extend(values.map(Scalar::to_f64));
                        }
                        results.layout.write(output, first, &numbers)
                    }
                    Sink::Table(table) => {
                        let rows = (first..)
                            .zip(pairs)
                            .map(|(place, (statistics, quantiles))| {
                                let cells = results.layout.cells(place);
                                row(args, cells, options, statistics, quantiles)
                            });
                        table.print(&rows.collect::<Vec<Row>>())
                    }
                }
            },
        )?;
    }
    drop(bar);
    results.finish(args)
}

/// The difference of distances, relative to the shortest one, by which coordinates are not equally far apart.
const UNEVEN: f64 = 1e-3;

/// The box of an array with its axis divided into periods: the array, the whole of it, and the axis of the periods.
fn by_period(
    array: JournalledArray,
    select: &Select,
    text: &str,
    period: u64,
    terminal: &Terminal,
) -> Result<(JournalledArray, Select, Vec<usize>), Error> {
    let axis = Axes::of(&array).axis(text)?;
    let length = select[axis].end - select[axis].start;
    if length < period {
        return Err(Error::Usage(format!(
            "--every {period}: axis {axis} has {length} indices, and so no whole period"
        )));
    }
    let remainder = length % period;
    if remainder > 0 {
        terminal.note(&format!(
            "--every {period}: the last {remainder} of {length} indices along axis {axis} are no whole period, and are left out"
        ));
    }
    let axes = Axes::of(&array);
    let coordinates = select[axis]
        .clone()
        .map_while(|index| axes.coordinate(axis, index));
    let coordinates: Vec<f64> = coordinates.collect();
    let distances = coordinates.windows(2).map(|pair| pair[1] - pair[0]);
    let [shortest, longest] = [
        distances.clone().fold(f64::INFINITY, f64::min),
        distances.fold(0.0, f64::max),
    ];
    if longest > shortest * (1.0 + UNEVEN) {
        terminal.note(&format!(
            "--every {period}: indices along axis {axis} are from {shortest:?} to {longest:?} apart, so periods of {period} indices are not equally long"
        ));
    }
    let slices: Vec<Slice> = select.iter().map(|range| Slice::new(range, 1)).collect();
    let is_period_first = array.npy.fortran_order;
    let array = array.view(&slices).split(axis, period);
    let region = array.shape().into_iter().map(|length| 0..length).collect();
    Ok((array, region, vec![axis + usize::from(is_period_first)]))
}

/// The results at all indices along the remaining axes, and where they go.
struct Results<'a> {
    layout: Layout<'a>,
    sink: Sink<'a>,
}

enum Sink<'a> {
    Table(Table<'a>),
    Array(NewArray),
}

/// The order of the results.
struct Layout<'a> {
    axes: Axes<'a>,
    select: &'a Select,
    /// The axes that are not reduced.
    remaining_axes: Vec<usize>,
    /// The header of an array of the results, whose lengths are those of the remaining axes.
    result_header: NpyHeader,
    value_names: Vec<String>,
}

impl<'a> Results<'a> {
    fn new(
        args: &StatsArgs,
        array: &'a JournalledArray,
        select: &'a Select,
        reduced: &[usize],
        terminal: &'a Terminal,
    ) -> Result<Self, Error> {
        let remaining_axes: Vec<usize> = (0..select.len())
            .filter(|axis| !reduced.contains(axis))
            .collect();
        let lengths = remaining_axes
            .iter()
            .map(|&axis| select[axis].end - select[axis].start);
        let result_header = NpyHeader::new(lengths.collect(), Dtype::F64, array.npy.fortran_order);
        let layout = Layout {
            axes: Axes::of(array),
            select,
            remaining_axes,
            result_header,
            value_names: value_names(args),
        };
        let header = &layout.result_header;
        let sink = match new_array(args, array, &header.shape, header.fortran_order)? {
            Some(output) => Sink::Array(output),
            None => {
                let mut table = table(args, layout.columns(), terminal);
                table.print_head()?;
                Sink::Table(table)
            }
        };
        Ok(Self { layout, sink })
    }

    /// Puts the array in its place, with its coordinates.
    fn finish(self, args: &StatsArgs) -> Result<(), Error> {
        let (Sink::Array(output), Some(path)) = (self.sink, &args.output) else {
            return Ok(());
        };
        let layout = self.layout;
        let reduced: Vec<usize> = (0..layout.select.len())
            .filter(|axis| !layout.remaining_axes.contains(axis))
            .collect();
        let mut labels = layout.axes.labels.of_box(layout.select).without(&reduced);
        let statistic = NamedAxis::labelled("statistic", layout.value_names);
        labels.axes.insert(0, Some(statistic));
        open::finish(output, path, &labels)
    }
}

impl Layout<'_> {
    /// The columns that say where each row lies; none where every axis is reduced.
    fn columns(&self) -> Vec<Column> {
        if self.remaining_axes.is_empty() {
            Vec::new()
        } else {
            self.axes.columns(&self.remaining_axes)
        }
    }

    /// The cells of these columns for the result with this number.
    fn cells(&self, number: u64) -> Vec<Cell> {
        if self.remaining_axes.is_empty() {
            return Vec::new();
        }
        let offsets = self.result_header.index_of(number).into_iter();
        let indices: Vec<(usize, u64)> = offsets
            .zip(&self.remaining_axes)
            .map(|(offset, &axis)| (axis, self.select[axis].start + offset))
            .collect();
        self.axes.cells(&indices)
    }

    /// Puts the numbers of successive results into the file: those of one result follow one another slowest, or fastest in Fortran
    /// order.
    fn write(&self, output: &Output, first: u64, numbers: &[f64]) -> Result<(), Error> {
        let value_count = self.value_names.len();
        if self.result_header.fortran_order {
            output.write(first * value_count as u64, bytemuck::cast_slice(numbers))?;
            return Ok(());
        }
        let plane: u64 = self.result_header.shape.iter().product();
        for number in 0..value_count {
            let values: Vec<f64> = numbers
                .iter()
                .skip(number)
                .step_by(value_count)
                .copied()
                .collect();
            output.write(number as u64 * plane + first, bytemuck::cast_slice(&values))?;
        }
        Ok(())
    }
}

/// The coordinates of the axis of a trend.
enum Abscissas {
    /// The coordinates of the axis, or the indices in the file.
    OfAxis,
    /// Times since the first date of the axis, in a unit.
    OfDates(Vec<f64>, TimeUnit, Date),
}

impl Abscissas {
    /// The coordinates of an axis. Dates become times in the largest unit that no two of them are closer than.
    fn of(axes: &Axes<'_>, axis: usize) -> Result<Self, Error> {
        let Some(labels) = axes.labels(axis) else {
            return Ok(Self::OfAxis);
        };
        let dates = labels.iter().map(|label| Date::parse(label, None).ok());
        let dates: Option<Vec<Date>> = dates.collect();
        let seconds = dates.as_deref().and_then(|dates| {
            let first = *dates.first()?;
            let seconds: Vec<f64> = dates.iter().map(|date| *date - first).collect();
            let ascend = seconds.windows(2).all(|pair| pair[0] < pair[1]);
            ascend.then_some((first, seconds))
        });
        let Some((first, mut times)) = seconds else {
            return Err(Error::Usage(format!(
                "--op trend: axis {axis} has words for coordinates, which are no numbers or dates that ascend, so there is no slope along it"
            )));
        };
        let distances = times.windows(2).map(|pair| pair[1] - pair[0]);
        let shortest = distances.fold(f64::INFINITY, f64::min);
        let mut units = TimeUnit::ALL.into_iter().rev();
        let unit = units
            .find(|unit| unit.seconds() <= shortest)
            .unwrap_or(TimeUnit::S);
        times.iter_mut().for_each(|time| *time /= unit.seconds());
        Ok(Self::OfDates(times, unit, first))
    }

    /// The coordinate of an index along the axis.
    #[expect(clippy::cast_precision_loss, reason = "indices are below 2^53")]
    fn at(&self, axes: &Axes<'_>, axis: usize, index: u64) -> f64 {
        match self {
            Self::OfAxis => axes
                .coordinate(axis, index)
                .unwrap_or(axes.array.index_in_file(axis, index) as f64),
            Self::OfDates(times, ..) => times.get(index as usize).copied().unwrap_or(f64::NAN),
        }
    }

    /// Says in which units the trends along a range of an axis are.
    fn tell_units(
        &self,
        axes: &Axes<'_>,
        axis: usize,
        range: &Range<u64>,
        terminal: &Terminal,
    ) -> Result<(), Error> {
        let length = range.end - range.start;
        if length < 2 {
            let verb = if length == 1 { "is" } else { "are" };
            return Err(Error::Usage(format!(
                "--op trend: a straight line takes two values at least, and there {verb} {length} along axis {axis}"
            )));
        }
        let labels = &axes.labels;
        let named = labels.axis(axis);
        let unit = named.and_then(|axis| axis.unit.as_deref());
        let sentence = match (self, labels.unit_of("p"), unit) {
            (Self::OfDates(_, unit, first), p, _) => format!(
                "slopes are {} {}, intercepts are values at {first}",
                p.map_or_else(|| "changes per".to_owned(), |p| format!("in {p} per")),
                unit.name()
            ),
            _ if named.and_then(NamedAxis::spacing).is_none() => format!(
                "axis {axis} has no coordinates: slopes are changes from one index to the next"
            ),
            (_, Some(p), Some(unit)) => format!("slopes are in {p}/{unit}, intercepts in {p}"),
            (_, Some(p), None) => format!("intercepts are in {p}"),
            (_, None, Some(unit)) => format!("slopes are changes per {unit}"),
            (_, None, None) => return Ok(()),
        };
        terminal.note(&sentence);
        Ok(())
    }
}
