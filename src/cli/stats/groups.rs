//! A result for each group of the dates of an axis: `--by month`.

use super::{
    args::StatsArgs,
    results::{hint, new_array, row, table, value_names, values},
};
use crate::cli::{
    axes::Axes,
    bar::Unit,
    error::Error,
    groups::{CalendarPart, Groups, date_times},
    open,
    rows::{Cell, Column, Row},
    select,
    terminal::Terminal,
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    Statistics,
    labels::NamedAxis,
    npy::{Dtype, NpyHeader, Scalar, Slice},
    output::Output,
    stats::{self, Options, Select},
};

/// Where the results of groups stand in a new array.
struct Places {
    /// The header of an array of the results of one group.
    of_group: NpyHeader,
    /// How many groups there are.
    groups: u64,
    /// How many results of a group follow one another in the array.
    together: u64,
}

pub(super) fn by(
    args: &StatsArgs,
    mut array: JournalledArray,
    text: &str,
    part: CalendarPart,
    options: Options,
    terminal: &Terminal,
) -> Result<(), Error> {
    date_times(&mut array);
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let axis = Axes::of(&array).axis(text)?;
    let slices: Vec<Slice> = select.iter().map(|range| Slice::new(range, 1)).collect();
    let mut array = array.view(&slices);
    let option = format!("--by {}", part.name());
    let groups = Groups::of(&Axes::of(&array), axis, part, &option)?;
    let remaining_axes: Vec<usize> = (0..slices.len()).filter(|&other| other != axis).collect();
    let places = Places::new(&array, axis, groups.indices.len() as u64);
    let mut shape = places.of_group.shape.clone();
    shape.insert(axis, places.groups);
    let output = new_array(args, &array, &shape, array.npy.fortran_order)?;
    let mut columns = vec![Column::new(part.name()).of_width(6)];
    if !remaining_axes.is_empty() {
        columns.extend(Axes::of(&array).columns(&remaining_axes));
    }
    let mut table = table(args, columns, terminal);
    // Quantiles read the elements once more.
    let readings = if args.quantiles.is_empty() { 1 } else { 2 };
    let bytes = readings * array.elements() * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let mut labels = array.labels.without(&[axis]);
    let mut hinted = false;
    for (place, (&number, indices)) in (0..).zip(&groups.indices) {
        array.pick(axis, indices.clone(), None);
        let select: Select = array.shape().into_iter().map(|length| 0..length).collect();
        let axes = Axes::of(&array);
        let group_cell = match part {
            CalendarPart::Season => Cell::Text(groups.name(number)),
            _ => Cell::Number(Scalar::Integer(number.into())),
        };
        stats::along(
            &array,
            &select,
            &[axis],
            options,
            bar.progress(),
            |first: u64, statistics: &[Statistics]| -> Result<(), Error> {
                let with_nan = statistics.iter().find(|statistics| statistics.nan > 0);
                if let Some(statistics) = with_nan.filter(|_| !hinted) {
                    hinted = true;
                    hint(options, statistics, terminal);
                }
                let quantiles = match args.quantiles[..] {
                    [] => vec![Vec::new(); statistics.len()],
                    ref fractions => stats::column_quantiles(
                        &array,
                        &select,
                        &[axis],
                        first..first + statistics.len() as u64,
                        fractions,
                        options,
                        bar.progress(),
                    )?,
                };
                let pairs = statistics.iter().zip(&quantiles);
                match &output {
                    Some(output) => {
                        let numbers = pairs.flat_map(|(statistics, quantiles)| {
                            values(options, statistics, quantiles).map(Scalar::to_f64)
                        });
                        let numbers: Vec<f64> = numbers.collect();
                        let value_count = value_names(args).len();
                        places.write(output, place, first, value_count, &numbers)
                    }
                    None => {
                        let rows = (first..)
                            .zip(pairs)
                            .map(|(number, (statistics, quantiles))| {
                                let index = places.of_group.index_of(number);
                                let indices: Vec<(usize, u64)> =
                                    remaining_axes.iter().copied().zip(index).collect();
                                let mut cells = vec![group_cell.clone()];
                                if !indices.is_empty() {
                                    cells.extend(axes.cells(&indices));
                                }
                                row(args, cells, options, statistics, quantiles)
                            });
                        table.print(&rows.collect::<Vec<Row>>())
                    }
                }
            },
        )?;
    }
    drop(bar);
    let (Some(output), Some(path)) = (output, &args.output) else {
        return table.end();
    };
    labels.axes.insert(axis, Some(groups.axis()));
    let statistic = NamedAxis::labelled("statistic", value_names(args));
    labels.axes.insert(0, Some(statistic));
    open::finish(output, path, &labels)
}

impl Places {
    fn new(array: &JournalledArray, axis: usize, groups: u64) -> Self {
        let mut shape = array.shape();
        shape.remove(axis);
        let fortran_order = array.npy.fortran_order;
        let neighbours = match fortran_order {
            true => &shape[..axis],
            false => &shape[axis..],
        };
        Self {
            groups,
            together: neighbours.iter().product(),
            of_group: NpyHeader::new(shape.clone(), Dtype::F64, fortran_order),
        }
    }

    /// Puts the numbers of successive results of a group, `value_count` of each, into the file: those of one result follow one another
    /// slowest, or fastest in Fortran order.
    fn write(
        &self,
        output: &Output,
        group: u64,
        first: u64,
        value_count: usize,
        numbers: &[f64],
    ) -> Result<(), Error> {
        let plane = self.groups * self.of_group.shape.iter().product::<u64>();
        let mut place = first;
        let mut numbers = numbers;
        while !numbers.is_empty() {
            let (outer, inner) = (place / self.together, place % self.together);
            let left = numbers.len() / value_count;
            let count = left.min(usize::try_from(self.together - inner).unwrap_or(left));
            let (run, later) = numbers.split_at(count * value_count);
            let start = (outer * self.groups + group) * self.together + inner;
            if self.of_group.fortran_order {
                output.write(start * value_count as u64, bytemuck::cast_slice(run))?;
            } else {
                for number in 0..value_count {
                    let values = run.iter().skip(number).step_by(value_count);
                    let values: Vec<f64> = values.copied().collect();
                    let value_start = number as u64 * plane + start;
                    output.write(value_start, bytemuck::cast_slice(&values))?;
                }
            }
            numbers = later;
            place += count as u64;
        }
        Ok(())
    }
}
