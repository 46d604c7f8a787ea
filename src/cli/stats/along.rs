//! A row for every index along the axes that are left, or an array of these.

use super::{
    args::StatsArgs,
    results::{hint, new_array, row, values},
};
use crate::{
    cli::{
        axes::Axes,
        bar::Unit,
        open::{self, NewArray},
        rows::{Row, Table},
        select,
    },
    cube::JournalledArray,
    error::Error,
};
use diff2d_arrays::npy::{Dtype, NpyHeader, Scalar};
use diff2d_arrays::{
    Statistics,
    labels::NamedAxis,
    output::Output,
    stats::{self, Options, Select, Trend},
};

pub(super) fn along(
    args: &StatsArgs,
    array: JournalledArray,
    text: &str,
    options: Options,
    table: Table<'_>,
) -> Result<(), Error> {
    let terminal = table.terminal;
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let (array, select, axes) = (&array, &select, Axes::of(&array));
    let reduced = match args.op {
        Some(_) => vec![axes.axis(text)?],
        None => axes.axes(text)?,
    };
    let columns = Columns::new(args, array, axes, select, &reduced, table)?;
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    let bar = terminal.bar(elements * array.npy.dtype.bytes as u64, Unit::Bytes);
    let progress = bar.progress();
    let mut hinted = false;
    if args.op.is_some() {
        let axis = reduced[0];
        columns.tell_units(axis)?;
        #[expect(clippy::cast_precision_loss, reason = "indices are below 2^53")]
        let coordinate = |index| {
            let coordinate = columns.axes.coordinate(axis, index);
            coordinate.unwrap_or(array.index_in_file(axis, index) as f64)
        };
        let take = |first, trends: &[Trend]| {
            if !options.skip_nan && !hinted && trends.iter().any(|trend| trend.slope.is_nan()) {
                hinted = true;
                terminal.note(
                    "some elements are NaN or infinite, and so are their trends: --skip-nan leaves NaN out",
                );
            }
            let values = trends.iter().map(|trend| [trend.slope, trend.intercept]);
            if let Some(output) = &columns.output {
                let numbers: Vec<f64> = values.flatten().collect();
                return columns.write(output, first, &numbers);
            }
            let rows = values.map(|values| Row {
                values: values.map(Scalar::Float).into(),
                ..Row::default()
            });
            columns.print(first, rows.collect())
        };
        stats::trends(array, select, axis, coordinate, options, progress, take)?;
    } else {
        let take = |first: u64, results: &[Statistics]| -> Result<(), Error> {
            let with_nan = results.iter().find(|one| one.nan > 0);
            if let Some(one) = with_nan.filter(|_| !hinted) {
                hinted = true;
                hint(options, one, terminal);
            }
            let places = first..first + results.len() as u64;
            let quantiles = match args.quantiles.is_empty() {
                true => vec![Vec::new(); results.len()],
                false => {
                    let wanted = &args.quantiles;
                    stats::column_quantiles(array, select, &reduced, places, wanted, options)?
                }
            };
            let all = results.iter().zip(&quantiles);
            if let Some(output) = &columns.output {
                let mut numbers = Vec::with_capacity(results.len() * columns.table.values.len());
                for (one, quantiles) in all {
                    numbers.extend(values(options, one, quantiles).map(Scalar::to_f64));
                }
                return columns.write(output, first, &numbers);
            }
            let rows = all
                .map(|(one, quantiles)| row(args, &columns.table, options, one, quantiles))
                .collect();
            columns.print(first, rows)
        };
        stats::along(array, select, &reduced, options, progress, take)?;
    }
    drop(bar);
    columns.finish(args)
}

/// Where the results of all indices along the axes that are left go.
struct Columns<'a> {
    axes: Axes<'a>,
    select: &'a Select,
    /// The axes that are left.
    left: Vec<usize>,
    /// Those of them that have coordinates, and their places among them.
    named: Vec<(usize, usize)>,
    /// Their lengths, as an array.
    rest: NpyHeader,
    table: Table<'a>,
    output: Option<NewArray>,
}

impl<'a> Columns<'a> {
    fn new(
        args: &StatsArgs,
        array: &JournalledArray,
        axes: Axes<'a>,
        select: &'a Select,
        reduced: &[usize],
        table: Table<'a>,
    ) -> Result<Self, Error> {
        let left: Vec<usize> = (0..select.len())
            .filter(|axis| !reduced.contains(axis))
            .collect();
        let lengths = left
            .iter()
            .map(|&axis| select[axis].end - select[axis].start);
        let rest = NpyHeader::new(lengths.collect(), Dtype::F64, array.npy.fortran_order);
        let output = new_array(args, array, &table, &rest.shape, rest.fortran_order)?;
        let place = |axis| left.iter().position(|&one| one == axis);
        let known = axes.with_coordinates().into_iter();
        let known = known.filter_map(|(axis, name)| Some((axis, place(axis)?, name.to_owned())));
        let known: Vec<_> = known.collect();
        let table = Table {
            indices: Some(left.len()).filter(|&left| left > 0),
            coordinates: known.iter().map(|(.., name)| name.clone()).collect(),
            ..table
        };
        let named = known.into_iter().map(|(axis, place, _)| (axis, place));
        let named = named.collect();
        if output.is_none() {
            table.print_head()?;
        }
        Ok(Self {
            axes,
            select,
            left,
            named,
            rest,
            table,
            output,
        })
    }

    /// Prints results with successive numbers.
    fn print(&self, first: u64, mut rows: Vec<Row>) -> Result<(), Error> {
        for (place, row) in (first..).zip(&mut rows) {
            let index = self.rest.index_of(place).into_iter().zip(&self.left);
            let index: Vec<u64> = index
                .map(|(at, &axis)| self.select[axis].start + at)
                .collect();
            let coordinate = |&(axis, place): &(usize, usize)| {
                let coordinate = self.axes.coordinate(axis, index[place]);
                coordinate.unwrap_or(f64::NAN)
            };
            row.coordinates = self.named.iter().map(coordinate).collect();
            let in_file = index.iter().zip(&self.left);
            row.index = in_file
                .map(|(&at, &axis)| self.axes.array.index_in_file(axis, at))
                .collect();
        }
        self.table.print(&rows)
    }

    /// Puts the numbers of results, one after the other, into the file, in which those of one follow one another
    /// slowest, or fastest in Fortran order.
    fn write(&self, output: &Output, first: u64, numbers: &[f64]) -> Result<(), Error> {
        let each = self.table.values.len();
        if self.rest.fortran_order {
            output.write(first * each as u64, bytemuck::cast_slice(numbers))?;
            return Ok(());
        }
        let plane: u64 = self.rest.shape.iter().product();
        for number in 0..each {
            let one: Vec<f64> = numbers.iter().skip(number).step_by(each).copied().collect();
            output.write(number as u64 * plane + first, bytemuck::cast_slice(&one))?;
        }
        Ok(())
    }

    /// Says in which units the trends along an axis are.
    fn tell_units(&self, axis: usize) -> Result<(), Error> {
        let range = &self.select[axis];
        let length = range.end - range.start;
        if length < 2 {
            let is = if length == 1 { "is" } else { "are" };
            return Err(Error::Usage(format!(
                "--op trend: a straight line takes two values at least, and there {is} {length} along axis {axis}"
            )));
        }
        let labels = &self.axes.labels;
        let named = labels.axis(axis);
        let unit = named.and_then(|axis| axis.unit.as_deref());
        let sentence = match (labels.unit_of("p"), unit) {
            _ if named.and_then(NamedAxis::spacing).is_none() => {
                format!(
                    "axis {axis} has no coordinates: slopes are changes from one index to the next"
                )
            }
            (Some(p), Some(unit)) => format!("slopes are in {p}/{unit}, intercepts in {p}"),
            (Some(p), None) => format!("intercepts are in {p}"),
            (None, Some(unit)) => format!("slopes are changes per {unit}"),
            (None, None) => return Ok(()),
        };
        self.table.terminal.note(&sentence);
        Ok(())
    }

    /// The array is there, with its coordinates.
    fn finish(self, args: &StatsArgs) -> Result<(), Error> {
        let (Some(output), Some(path)) = (self.output, &args.output) else {
            return Ok(());
        };
        let all = 0..self.select.len();
        let reduced: Vec<usize> = all.filter(|axis| !self.left.contains(axis)).collect();
        let mut labels = self.axes.labels.of_box(self.select).without(&reduced);
        if labels.axes.iter().any(Option::is_some) {
            let statistic = NamedAxis::labelled("statistic", self.table.values);
            labels.axes.insert(0, Some(statistic));
        }
        open::finish(output, path, &labels)
    }
}
