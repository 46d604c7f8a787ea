//! [`Results`]: the results at all places along the axes that remain, as rows of a table or elements of a new array.

use super::{
    args::StatsArgs,
    results::{hint, new_array, row, table, value_names, values},
};
use crate::cli::{
    axes::Axes,
    error::Error,
    open::{self, NewArray},
    rows::{Cell, Column, Table},
    terminal::Terminal,
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    Statistics,
    labels::{Labels, NamedAxis},
    npy::{Dtype, NpyHeader, Scalar},
    output::Output,
    progress::Progress,
    stats::{self, Options, Select, Trend},
};

/// The results of one or several groups, and where they go.
pub(super) struct Results<'a> {
    args: &'a StatsArgs,
    options: Options,
    terminal: &'a Terminal,
    /// The axes that are not reduced.
    remaining_axes: Vec<usize>,
    places: Places,
    sink: Sink<'a>,
    /// Whether it is said what helps where NaN hides results.
    hinted: bool,
}

enum Sink<'a> {
    Table(Table<'a>),
    Array(NewArray),
}

/// Where the results of groups stand in a new array.
struct Places {
    /// The header of an array of the results of one group, whose lengths are those of the remaining axes.
    of_group: NpyHeader,
    /// How many groups there are.
    groups: u64,
    /// How many results of a group follow one another in the array.
    together: u64,
    /// How many numbers a result has.
    value_count: usize,
}

impl<'a> Results<'a> {
    /// The results of a box of an array along the axes that are not `reduced`; of groups along the one axis that is, with their
    /// number and the column of their names.
    pub fn new(
        args: &'a StatsArgs,
        array: &JournalledArray,
        select: &Select,
        reduced: &[usize],
        of_groups: Option<(u64, Column)>,
        options: Options,
        terminal: &'a Terminal,
    ) -> Result<Self, Error> {
        let remaining_axes = (0..select.len()).filter(|axis| !reduced.contains(axis));
        let remaining_axes: Vec<usize> = remaining_axes.collect();
        let lengths = remaining_axes
            .iter()
            .map(|&axis| select[axis].end - select[axis].start);
        let lengths: Vec<u64> = lengths.collect();
        let fortran_order = array.npy.fortran_order;
        let mut shape = lengths.clone();
        let (mut columns, mut groups, mut together) = (Vec::new(), 1, lengths.iter().product());
        if let Some((count, column)) = of_groups {
            let axis = reduced[0];
            shape.insert(axis, count);
            let neighbours = match fortran_order {
                true => &lengths[..axis],
                false => &lengths[axis..],
            };
            (groups, together) = (count, neighbours.iter().product());
            columns.push(column);
        }
        if !remaining_axes.is_empty() {
            columns.extend(Axes::of(array).columns(&remaining_axes));
        }
        let sink = match new_array(args, array, &shape, fortran_order)? {
            Some(output) => Sink::Array(output),
            None => Sink::Table(table(args, columns, terminal)),
        };
        Ok(Self {
            args,
            options,
            terminal,
            remaining_axes,
            places: Places {
                of_group: NpyHeader::new(lengths, Dtype::F64, fortran_order),
                groups,
                together,
                value_count: value_names(args).len(),
            },
            sink,
            hinted: false,
        })
    }

    /// How often the elements are read: quantiles read them once more.
    pub fn readings(&self) -> u64 {
        if self.args.quantiles.is_empty() { 1 } else { 2 }
    }

    /// Adds the statistics of a box of an array: those of the group with this number, whose rows begin with its name.
    pub fn add(
        &mut self,
        array: &JournalledArray,
        select: &Select,
        reduced: &[usize],
        (group, name): (u64, Option<Cell>),
        progress: &Progress,
    ) -> Result<(), Error> {
        let (args, options) = (self.args, self.options);
        stats::along(
            array,
            select,
            reduced,
            options,
            progress,
            |first: u64, statistics: &[Statistics]| -> Result<(), Error> {
                let with_nan = statistics.iter().find(|statistics| statistics.nan > 0);
                if let Some(statistics) = with_nan.filter(|_| !self.hinted) {
                    self.hinted = true;
                    hint(options, statistics, self.terminal);
                }
                let places = first..first + statistics.len() as u64;
                let quantiles = match args.quantiles[..] {
                    [] => vec![Vec::new(); statistics.len()],
                    ref fractions => stats::column_quantiles(
                        array, select, reduced, places, fractions, options, progress,
                    )?,
                };
                let results = statistics.iter().zip(&quantiles);
                match &mut self.sink {
                    Sink::Array(output) => {
                        let numbers = results.flat_map(|(statistics, quantiles)| {
                            values(options, statistics, quantiles).map(Scalar::to_f64)
                        });
                        let numbers: Vec<f64> = numbers.collect();
                        self.places.write(&output.data, group, first, &numbers)
                    }
                    Sink::Table(table) => {
                        let axes = Axes::of(array);
                        let rows =
                            (first..)
                                .zip(results)
                                .map(|(place, (statistics, quantiles))| {
                                    let mut cells = Vec::from_iter(name.clone());
                                    cells.extend(self.places.cells(
                                        &axes,
                                        select,
                                        &self.remaining_axes,
                                        place,
                                    ));
                                    row(args, cells, options, statistics, quantiles)
                                });
                        table.print(rows.collect())
                    }
                }
            },
        )?;
        Ok(())
    }

    /// Adds the trends along an axis of a box of an array, along which `place` has the coordinates.
    pub fn add_trends(
        &mut self,
        array: &JournalledArray,
        select: &Select,
        axis: usize,
        place: impl Fn(u64) -> f64 + Sync,
        progress: &Progress,
    ) -> Result<(), Error> {
        let skip_nan = self.options.skip_nan;
        stats::trends(
            array,
            select,
            axis,
            place,
            self.options,
            progress,
            |first, trends: &[Trend]| {
                let is_nan = trends.iter().any(|trend| trend.slope.is_nan());
                if is_nan && !skip_nan && !self.hinted {
                    self.hinted = true;
                    self.terminal.note(
                        "some elements are NaN or infinite, and so are their trends: --skip-nan leaves NaN out",
                    );
                }
                let lines = trends.iter().map(|trend| [trend.slope, trend.intercept]);
                match &mut self.sink {
                    Sink::Array(output) => {
                        let numbers: Vec<f64> = lines.flatten().collect();
                        self.places.write(&output.data, 0, first, &numbers)
                    }
                    Sink::Table(table) => {
                        let axes = Axes::of(array);
                        let rows = (first..).zip(lines).map(|(place, line)| {
                            let cells =
                                self.places
                                    .cells(&axes, select, &self.remaining_axes, place);
                            cells.into_iter().chain(line.map(Cell::from)).collect()
                        });
                        table.print(rows.collect())
                    }
                }
            },
        )?;
        Ok(())
    }

    /// Ends the table, or puts the array in its place, with what is known of the axes behind its first one.
    pub fn finish(self, mut labels: Labels) -> Result<(), Error> {
        match self.sink {
            Sink::Table(mut table) => table.end(),
            Sink::Array(output) => {
                let statistic = NamedAxis::labelled("statistic", value_names(self.args));
                labels.axes.insert(0, Some(statistic));
                open::finish(output, &labels)
            }
        }
    }
}

impl Places {
    /// The cells that say where in a box the result of a group with this number lies; none where every axis is reduced.
    fn cells(
        &self,
        axes: &Axes<'_>,
        select: &Select,
        remaining_axes: &[usize],
        number: u64,
    ) -> Vec<Cell> {
        if remaining_axes.is_empty() {
            return Vec::new();
        }
        let offsets = self.of_group.index_of(number).into_iter();
        let indices = offsets.zip(remaining_axes);
        let indices = indices.map(|(offset, &axis)| (axis, select[axis].start + offset));
        axes.cells(&indices.collect::<Vec<_>>())
    }

    /// Puts the numbers of successive results of a group into the file: those of one result follow one another slowest, or fastest in
    /// Fortran order.
    fn write(
        &self,
        output: &Output,
        group: u64,
        first: u64,
        mut numbers: &[f64],
    ) -> Result<(), Error> {
        let value_count = self.value_count;
        let plane = self.groups * self.of_group.shape.iter().product::<u64>();
        let mut place = first;
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
