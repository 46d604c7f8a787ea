//! [`Reduction`]: computes statistics of any box along any of its axes, task by task.
//!
//! The order of merging depends on the shape of the box alone, never on threads or memory: a task is divided into
//! pieces, whose moments are merged in order, and a piece is read in parts that are whole batches. Tasks have columns
//! of their own, or are merged in order as well.

use super::{
    boxes::ranges_of_axes,
    options::Options,
    tasks::{COLUMNS, EMITTED, PIECE, Tasks, is_wide},
};
use crate::npy::{ArrayFile, Cut, NpyError, Region, Runs, elements, length};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::size,
    moments::{BATCH, BATCH_ROWS, Counted, Moments},
    statistics::Statistics,
    summable::Summable,
    walk,
};
use std::ops::Range;

/// A box and its reduced axes, in file order.
pub(super) struct Reduction<'a> {
    pub(super) array: &'a ArrayFile,
    /// The lengths of the axes of the file.
    shape: Vec<u64>,
    region: Region,
    is_reduced: Vec<bool>,
    /// Whether the box is a whole array that is reduced along neighbouring axes. It is then treated as three axes: the
    /// axes before the reduced ones, the reduced axes, and the axes after them.
    is_whole: bool,
}

impl<'a> Reduction<'a> {
    /// The reduction of a box of an array along the axes for which `is_reduced` is true.
    pub(super) fn new(array: &'a ArrayFile, select: &[Range<u64>], is_reduced: &[bool]) -> Self {
        let shape = array.npy.in_file_order(&array.shape());
        let region = array.npy.in_file_order(select);
        let is_reduced = array.npy.in_file_order(is_reduced);
        let start = is_reduced.iter().position(|&flag| flag).unwrap_or(0);
        let reduced_count = is_reduced[start..].iter().position(|&flag| !flag);
        let end_axis = reduced_count.map_or(is_reduced.len(), |count| start + count);
        let has_all_elements = region
            .iter()
            .zip(&shape)
            .all(|(range, &length)| *range == (0..length));
        let is_whole = !array.is_view() && has_all_elements;
        let has_further_axes = is_reduced[end_axis..].contains(&true);
        let axes = [&shape[..start], &shape[start..end_axis], &shape[end_axis..]];
        let lengths: [u64; 3] = axes.map(|axes| axes.iter().product());
        if is_whole && !has_further_axes && !is_wide(lengths) {
            return Self::of_axes(array, lengths, 0..lengths[1]);
        }
        Self {
            array,
            shape,
            region,
            is_reduced,
            is_whole: false,
        }
    }

    pub(super) fn of_axes(array: &'a ArrayFile, shape: [u64; 3], range: Range<u64>) -> Self {
        Self {
            array,
            region: vec![0..shape[0], range, 0..shape[2]],
            shape: shape.into(),
            is_reduced: vec![false, true, false],
            is_whole: true,
        }
    }

    fn columns(&self, region: &[Range<u64>]) -> Region {
        ranges_of_axes(region, &self.is_reduced, false)
    }

    pub(super) fn tasks<T: Summable>(&self, options: Options) -> Result<Tasks, AnalysisError> {
        match <&[Range<u64>; 3]>::try_from(&self.region[..]) {
            Ok(axes) if self.is_whole => Tasks::of_array(axes, options.memory),
            _ => Tasks::of_box::<T>(&self.region, &self.is_reduced, options.memory),
        }
    }

    /// The moments of the columns of every task, computed in parallel by `map` and joined in order.
    pub(super) fn each_task<T: Summable, R: Send, E: From<AnalysisError>>(
        &self,
        tasks: &Tasks,
        options: Options,
        progress: &Progress,
        map: impl Fn(Vec<Moments<T>>) -> R + Sync,
        join: impl FnMut(u64, R) -> Result<(), E>,
    ) -> Result<(), E> {
        // The results of tasks are kept until they are joined: those that are collected, or of about `COLUMNS` columns a
        // thread that are merged.
        let columns_of_task = elements(&self.columns(&tasks.cut.get(0))).max(1);
        let at_once = match tasks.merged {
            1 => tasks.threads.max(tasks.collected / columns_of_task),
            _ => tasks.threads * (COLUMNS / columns_of_task).max(1),
        };
        walk::in_order(
            &tasks.cut,
            tasks.threads,
            at_once,
            |buffer: &mut Vec<T>, _, task: Region| {
                let moments = self.task(tasks, &task, options, buffer, progress)?;
                Ok::<_, AnalysisError>(map(moments))
            },
            join,
        )
    }

    fn task<T: Summable>(
        &self,
        tasks: &Tasks,
        task: &Region,
        options: Options,
        buffer: &mut Vec<T>,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let [read_limit, batch] = tasks.read;
        let read_limit = match batch {
            1 => read_limit,
            batch => read_limit.min((self.array.chunk_elements() as u64).next_multiple_of(batch)),
        };
        let columns = self.columns(task);
        let mut task_moments = vec![Moments::default(); size(elements(&columns))];
        let pieces = Cut::of_elements(task, tasks.piece);
        for piece in pieces.iter() {
            let piece_columns = self.columns(&piece);
            let mut piece_moments = vec![Moments::default(); size(elements(&piece_columns))];
            for part in Cut::of_elements(&piece, read_limit).iter() {
                let values = self.read(&part, buffer)?;
                self.fold(values, &part, &mut piece_moments, options.counted());
                progress.add((values.len() * self.array.npy.dtype.bytes) as u64);
            }
            if pieces.count() == 1 {
                return Ok(piece_moments);
            }
            merge(&mut task_moments, &columns, &piece_moments, &piece_columns);
        }
        Ok(task_moments)
    }

    fn read<'b, T: Summable>(
        &self,
        part: &[Range<u64>],
        buffer: &'b mut Vec<T>,
    ) -> Result<&'b [T], NpyError> {
        buffer.resize(size(elements(part)), T::default());
        self.array.read_box_of(&self.shape, part, buffer)?;
        Ok(buffer)
    }

    /// Adds the values that were read to the moments of their columns.
    fn fold<T: Summable>(
        &self,
        values: &[T],
        part: &[Range<u64>],
        columns: &mut [Moments<T>],
        counted: Counted,
    ) {
        if let ([column], true) = (&mut *columns, self.is_whole) {
            let batches = values.chunks(BATCH);
            *column = batches
                .map(|batch| Moments::of_run(batch, counted))
                .fold(*column, Moments::merge);
            return;
        }
        // Neighbouring axes that are both kept or both reduced are one.
        let mut groups: Vec<(usize, bool)> = Vec::new();
        for (range, &is_reduced) in part.iter().zip(&self.is_reduced) {
            let length = size(length(range));
            match groups.last_mut() {
                Some((product, is_group_reduced)) if *is_group_reduced == is_reduced => {
                    *product *= length;
                }
                _ => groups.push((length, is_reduced)),
            }
        }
        fold_groups(values, &groups, columns, counted);
    }

    /// The statistics of every column, in the order of the file. `emit` gets the number of the first column and the
    /// statistics of some columns.
    pub(super) fn along<T: Summable, E: From<AnalysisError>>(
        &self,
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
    ) -> Result<(), E> {
        let tasks = self.tasks::<T>(options)?;
        let column_count = elements(&self.columns(&self.region));
        if tasks.cut.count() == 0 {
            let empty = Moments::<T>::default().statistics();
            let group = vec![empty; size(column_count.min(EMITTED))];
            for start in (0..column_count).step_by(group.len().max(1)) {
                let count = size(column_count - start).min(group.len());
                emit(start, &group[..count])?;
            }
            return Ok(());
        }
        let mut emitted = 0;
        if tasks.merged == 1 {
            let mut collected: Vec<Statistics> = Vec::new();
            return self.each_task(
                &tasks,
                options,
                progress,
                |moments: Vec<Moments<T>>| statistics_of(&moments),
                |number, statistics| {
                    collected.extend(statistics);
                    let is_last = number + 1 == tasks.cut.count();
                    if is_last || collected.len() as u64 >= tasks.collected {
                        emit(emitted, &collected)?;
                        emitted += collected.len() as u64;
                        collected.clear();
                    }
                    Ok(())
                },
            );
        }
        let mut open_columns = Region::new();
        let mut open_moments: Vec<Moments<T>> = Vec::new();
        self.each_task(
            &tasks,
            options,
            progress,
            |moments: Vec<Moments<T>>| moments,
            |number, moments| {
                let task_columns = self.columns(&tasks.cut.get(number));
                if number % tasks.merged == 0 {
                    open_columns = if self.is_whole {
                        task_columns.clone()
                    } else {
                        self.columns(&self.region)
                    };
                    open_moments = vec![Moments::default(); size(elements(&open_columns))];
                }
                merge(&mut open_moments, &open_columns, &moments, &task_columns);
                let is_last_of_columns = number % tasks.merged + 1 == tasks.merged;
                if !is_last_of_columns {
                    return Ok(());
                }
                let statistics = statistics_of(&std::mem::take(&mut open_moments));
                emit(emitted, &statistics)?;
                emitted += statistics.len() as u64;
                Ok(())
            },
        )
    }

    /// The position in file order of an element of a task for which `is_wanted` holds; of several the first in the
    /// order of indices.
    pub(super) fn first_in<T: Summable>(
        &self,
        task: &Region,
        is_wanted: impl Fn(T) -> bool,
    ) -> Result<Option<u64>, AnalysisError> {
        let npy = &self.array.npy;
        let in_file = npy.in_file_order(&npy.shape);
        let mut buffer = Vec::new();
        let mut earliest = None;
        for part in Cut::of_elements(task, PIECE).iter() {
            let mut values = self.read::<T>(&part, &mut buffer)?.iter();
            let runs = Runs::of(&self.shape, &part);
            let span_start = runs.span().start;
            runs.for_each(|place, count| {
                let places = span_start + place..span_start + place + count;
                for (place, _) in places
                    .zip(&mut values)
                    .filter(|(_, value)| is_wanted(**value))
                {
                    let order = if npy.fortran_order {
                        reversed(&in_file, place)
                    } else {
                        place
                    };
                    earliest = earliest.into_iter().chain([(order, place)]).min();
                }
            });
            if earliest.is_some() && !npy.fortran_order {
                break;
            }
        }
        Ok(earliest.map(|(_, place)| place))
    }
}

/// The number of an element if the axes of the array are reversed.
fn reversed(shape: &[u64], number: u64) -> u64 {
    let mut quotient = number;
    let mut reversed = 0;
    for length in shape.iter().rev() {
        reversed = reversed * length + quotient % length;
        quotient /= length;
    }
    reversed
}

fn statistics_of<T: Summable>(moments: &[Moments<T>]) -> Vec<Statistics> {
    moments.iter().map(Moments::statistics).collect()
}

/// Merges the moments of `part`, a box of columns, into the moments of all columns.
fn merge<T: Summable>(
    moments: &mut [Moments<T>],
    columns: &[Range<u64>],
    part_moments: &[Moments<T>],
    part: &[Range<u64>],
) {
    let shape: Vec<u64> = columns.iter().map(length).collect();
    let part_in_columns = part
        .iter()
        .zip(columns)
        .map(|(part, column)| part.start - column.start..part.end - column.start);
    let runs = Runs::of(&shape, &part_in_columns.collect::<Region>());
    let span_start = runs.span().start;
    let mut part_moments = part_moments.iter();
    runs.for_each(|place, count| {
        let run = &mut moments[size(span_start + place)..][..size(count)];
        for (column, addend) in run.iter_mut().zip(&mut part_moments) {
            *column = column.merge(*addend);
        }
    });
}

/// Adds values to the moments of their columns. `groups` has the length of every axis, from the slowest to the fastest,
/// and whether the axis is reduced.
fn fold_groups<T: Summable>(
    values: &[T],
    groups: &[(usize, bool)],
    columns: &mut [Moments<T>],
    counted: Counted,
) {
    match groups {
        [] | [(_, true)] => columns[0] = columns[0].merge(Moments::of_run(values, counted)),
        [(inner, false)] | [(_, true), (inner, false)] if columns.len() == *inner => {
            add(values, *inner, columns, counted);
        }
        [(length, true), inner_groups @ ..] => {
            let inner = values.len() / length;
            for values in values.chunks_exact(inner) {
                fold_groups(values, inner_groups, columns, counted);
            }
        }
        [(length, false), inner_groups @ ..] => {
            let values_of_index = values.chunks_exact(values.len() / length);
            let columns_of_index = columns.chunks_exact_mut(columns.len() / length);
            for (values, columns) in values_of_index.zip(columns_of_index) {
                fold_groups(values, inner_groups, columns, counted);
            }
        }
    }
}

/// Adds rows of `inner` values to the moments of their columns.
#[inline(always)]
fn add<T: Summable>(values: &[T], inner: usize, columns: &mut [Moments<T>], counted: Counted) {
    if let [column] = columns {
        *column = column.merge(Moments::of_run(values, counted));
        return;
    }
    for batch in values.chunks(BATCH_ROWS * inner.max(1)) {
        Moments::add_rows(batch, inner, batch.len() / inner, columns, counted);
    }
}
