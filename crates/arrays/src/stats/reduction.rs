//! [`Reduction`]: statistics of any box along any of its axes, task by task.
//!
//! What is merged, and in which order, depends on the shape of the box alone, never on threads or memory: a task
//! is cut into pieces, whose moments are merged in order, and a piece is read in parts that are whole batches.
//! Tasks have columns of their own, or are merged in order, too.

use super::asked::Options;
use crate::npy::{ArrayFile, Cut, NpyError, Region, Runs, elements, length};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::{size, threads_within},
    moments::{BATCH, BATCH_ROWS, Counted, Moments},
    statistics::Statistics,
    summable::Summable,
    walk,
};
use std::ops::Range;

/// Elements of a task of a whole array.
pub(super) const TASK: u64 = 1 << 18;
/// Elements of a piece of any other box.
const PIECE: u64 = 1 << 15;
/// Columns of a task of any other box.
const COLUMNS: u64 = 1024;
/// Elements read at a time at most: enough for a disk to reach its full speed.
pub(super) const MOST_READ: usize = 64 * BATCH;
/// Results emitted at a time at most.
pub(super) const MOST_EMITTED: u64 = 1 << 13;
/// From so many columns of many rows on, threads divide rows and not the array.
const WIDE: u64 = 1024;

/// A box and the axes along which it is reduced, in file order.
pub(super) struct Reduction<'a> {
    pub(super) array: &'a ArrayFile,
    /// Lengths of the axes of the file.
    shape: Vec<u64>,
    region: Region,
    reduced: Vec<bool>,
    /// Whether it is a whole array, reduced along neighbouring axes, with three axes: those before, these, and
    /// those behind.
    is_whole: bool,
}

/// How a box is cut.
pub(super) struct Tasks {
    pub(super) cut: Cut,
    /// Successive tasks that have the same columns, or parts of them.
    merged: u64,
    /// Elements of a piece.
    piece: u64,
    /// Elements read at a time at most, and a number of them that makes whole batches.
    read: [u64; 2],
    threads: u64,
}

impl<'a> Reduction<'a> {
    /// Of a box of an array, along the axes for which `reduced` is true.
    pub(super) fn new(array: &'a ArrayFile, select: &[Range<u64>], reduced: &[bool]) -> Self {
        let shape = array.npy.in_file_order(&array.shape());
        let region = array.npy.in_file_order(select);
        let reduced = array.npy.in_file_order(reduced);
        let start = reduced.iter().position(|&is| is).unwrap_or(0);
        let behind = reduced[start..].iter().position(|&is| !is);
        let end = behind.map_or(reduced.len(), |count| start + count);
        let both = || region.iter().zip(&shape);
        let is_whole = !array.is_view() && both().all(|(range, &all)| *range == (0..all));
        if !is_whole || reduced[end..].contains(&true) {
            return Self {
                array,
                shape,
                region,
                reduced,
                is_whole: false,
            };
        }
        let axes = [&shape[..start], &shape[start..end], &shape[end..]];
        let shape: [u64; 3] = axes.map(|axes| axes.iter().product());
        Self::of_axes(array, shape, 0..shape[1])
    }

    /// Of a range of elements in file order.
    pub(super) fn of_places(array: &'a ArrayFile, places: Range<u64>) -> Self {
        Self::of_axes(array, [1, array.elements(), 1], places)
    }

    fn of_axes(array: &'a ArrayFile, shape: [u64; 3], range: Range<u64>) -> Self {
        Self {
            array,
            region: vec![0..shape[0], range, 0..shape[2]],
            shape: shape.into(),
            reduced: vec![false, true, false],
            is_whole: true,
        }
    }

    /// The lengths before, along and behind the axes that are reduced.
    pub(super) fn lengths(&self) -> Option<[u64; 3]> {
        match &self.region[..] {
            [outer, along, inner] if self.is_whole => Some([outer, along, inner].map(length)),
            _ => None,
        }
    }

    /// Whether no thread has all rows of some columns, or all columns of some rows.
    pub(super) fn is_wide(&self) -> bool {
        self.lengths().is_some_and(|[_, length, inner]| {
            inner > MOST_EMITTED || (length * inner > TASK && inner >= WIDE)
        })
    }

    fn columns(&self, of: &[Range<u64>]) -> Region {
        let axes = of.iter().zip(&self.reduced).filter(|&(_, &is)| !is);
        axes.map(|(range, _)| range.clone()).collect()
    }

    pub(super) fn tasks<T: Summable>(&self, options: Options) -> Result<Tasks, AnalysisError> {
        let Some([outer, along, inner]) = self.lengths() else {
            return self.tasks_of_part::<T>(options);
        };
        let elements = along * inner;
        if elements == 0 || (outer > 1 && elements <= TASK && inner <= MOST_EMITTED) {
            let each = (2 * 8 * elements + 256 * inner).max(1);
            let group = (TASK / elements.max(1))
                .min(MOST_EMITTED / inner.max(1))
                .min(options.memory / each)
                .max(1);
            return Ok(Tasks {
                cut: Cut::new(&self.region, vec![group, along, inner]),
                merged: 1,
                piece: u64::MAX,
                read: [u64::MAX, 1],
                threads: threads_within(options.memory, group.min(outer) * each)?,
            });
        }
        let batch = match inner {
            1 => BATCH as u64,
            inner => inner * BATCH_ROWS as u64,
        };
        let rows = (TASK / inner).next_multiple_of(batch / inner);
        let read = (options.memory / (2 * 8)).min(MOST_READ as u64) / batch;
        let read = read.max(1) * batch;
        Ok(Tasks {
            cut: Cut::new(&self.region, vec![1, rows, inner]),
            merged: along.div_ceil(rows),
            piece: u64::MAX,
            read: [read, batch],
            threads: threads_within(options.memory, 2 * 8 * elements.min(read))?,
        })
    }

    fn tasks_of_part<T: Summable>(&self, options: Options) -> Result<Tasks, AnalysisError> {
        let columns = self.columns(&self.region);
        let count = elements(&columns);
        let each = (2 * size_of::<Moments<T>>() + size_of::<Statistics>()) as u64;
        let results = count.saturating_sub(1).min(COLUMNS) * each;
        let mut cut = Cut::of_elements(&self.region, PIECE);
        let mut merged = cut.count();
        if count > COLUMNS {
            let mut some = Cut::of_elements(&columns, COLUMNS).get(0).into_iter();
            let axes = self.region.iter().zip(&self.reduced);
            let step = axes.map(|(range, &is)| match is {
                true => length(range),
                false => some.next().as_ref().map_or(1, length),
            });
            cut = Cut::new(&self.region, step.collect());
            merged = 1;
        }
        Ok(Tasks {
            cut,
            merged,
            piece: PIECE,
            read: [PIECE, 1],
            threads: threads_within(options.memory, 2 * 8 * PIECE + results)?,
        })
    }

    /// The moments of the columns of every task, joined in order.
    pub(super) fn each_task<T: Summable, R: Send, E: From<AnalysisError>>(
        &self,
        tasks: &Tasks,
        options: Options,
        progress: &Progress,
        found: impl Fn(Vec<Moments<T>>) -> R + Sync,
        join: impl FnMut(u64, R) -> Result<(), E>,
    ) -> Result<(), E> {
        let visit = |buffer: &mut Vec<T>, _, task: Region| {
            let moments = self.task(tasks, &task, options, buffer, progress)?;
            Ok::<_, AnalysisError>(found(moments))
        };
        // Results of so many tasks are kept until they are joined.
        let columns = match tasks.merged {
            1 => MOST_EMITTED,
            _ => elements(&self.columns(&tasks.cut.get(0))),
        };
        let at_once = tasks.threads * (COLUMNS / columns.max(1)).max(1);
        walk::in_order(&tasks.cut, tasks.threads, at_once, visit, join)
    }

    fn task<T: Summable>(
        &self,
        tasks: &Tasks,
        task: &Region,
        options: Options,
        buffer: &mut Vec<T>,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let [most, batch] = tasks.read;
        let most = match batch {
            1 => most,
            batch => most.min((self.array.chunk_elements() as u64).next_multiple_of(batch)),
        };
        let mut add = |piece: &Region, moments: &mut [Moments<T>]| {
            for part in Cut::of_elements(piece, most).iter() {
                let values = self.read(&part, buffer)?;
                self.fold(values, &part, moments, options.counted());
                progress.add((values.len() * self.array.npy.dtype.bytes) as u64);
            }
            Ok::<_, AnalysisError>(())
        };
        let columns = self.columns(task);
        let mut all = vec![Moments::default(); size(elements(&columns))];
        let pieces = Cut::of_elements(task, tasks.piece);
        if pieces.count() == 1 {
            add(task, &mut all)?;
            return Ok(all);
        }
        for piece in pieces.iter() {
            let own = self.columns(&piece);
            let mut found = vec![Moments::default(); size(elements(&own))];
            add(&piece, &mut found)?;
            merge(&mut all, &columns, &found, &own);
        }
        Ok(all)
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

    /// Adds what was read to the moments of its columns.
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
        for (range, &is) in part.iter().zip(&self.reduced) {
            let length = size(length(range));
            match groups.last_mut() {
                Some((all, same)) if *same == is => *all *= length,
                _ => groups.push((length, is)),
            }
        }
        fold_groups(values, &groups, columns, counted);
    }

    /// The statistics of every column, in the order of the file. `emit` gets the number of the first of some.
    pub(super) fn along<T: Summable, E: From<AnalysisError>>(
        &self,
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
    ) -> Result<(), E> {
        let tasks = self.tasks::<T>(options)?;
        let of = |moments: Vec<Moments<T>>| moments.iter().map(Moments::statistics).collect();
        let mut first = 0;
        let mut emit = |statistics: &[Statistics]| {
            emit(first, statistics)?;
            first += statistics.len() as u64;
            Ok::<_, E>(())
        };
        let all = elements(&self.columns(&self.region));
        if tasks.cut.count() == 0 {
            let of_none = vec![Moments::<T>::default().statistics(); size(all.min(MOST_EMITTED))];
            let mut left = size(all);
            while left > 0 {
                let some = left.min(of_none.len());
                emit(&of_none[..some])?;
                left -= some;
            }
            return Ok(());
        }
        if tasks.merged == 1 {
            let join = |_, statistics: Vec<Statistics>| emit(&statistics);
            return self.each_task(&tasks, options, progress, of, join);
        }
        let mut open = (Region::new(), Vec::new());
        self.each_task(
            &tasks,
            options,
            progress,
            |moments| moments,
            |number, moments| {
                let own = self.columns(&tasks.cut.get(number));
                if number % tasks.merged == 0 {
                    let columns = match self.is_whole {
                        true => own.clone(),
                        false => self.columns(&self.region),
                    };
                    open.1 = vec![Moments::default(); size(elements(&columns))];
                    open.0 = columns;
                }
                merge(&mut open.1, &open.0, &moments, &own);
                match number % tasks.merged + 1 == tasks.merged {
                    true => emit(&of(std::mem::take(&mut open.1))),
                    false => Ok(()),
                }
            },
        )
    }

    /// The place in file order of the first element of a task, in the order of indices, that is `wanted`.
    pub(super) fn first_in<T: Summable>(
        &self,
        task: &Region,
        is_wanted: impl Fn(T) -> bool,
    ) -> Result<Option<u64>, AnalysisError> {
        let npy = &self.array.npy;
        let in_file = npy.in_file_order(&npy.shape);
        let mut buffer = Vec::new();
        let mut found = None;
        for part in Cut::of_elements(task, PIECE).iter() {
            let mut values = self.read::<T>(&part, &mut buffer)?.iter();
            let runs = Runs::of(&self.shape, &part);
            let first = runs.span().start;
            runs.for_each(|place, count| {
                let places = first + place..first + place + count;
                for (place, _) in places
                    .zip(&mut values)
                    .filter(|(_, value)| is_wanted(**value))
                {
                    let order = match npy.fortran_order {
                        true => reversed(&in_file, place),
                        false => place,
                    };
                    found = found.into_iter().chain([(order, place)]).min();
                }
            });
            if found.is_some() && !npy.fortran_order {
                break;
            }
        }
        Ok(found.map(|(_, place)| place))
    }
}

/// The number of an element in an array if its axes had the reverse order.
fn reversed(shape: &[u64], number: u64) -> u64 {
    let axes = shape.iter().rev();
    let (_, reversed) = axes.fold((number, 0), |(rest, reversed), length| {
        (rest / length, reversed * length + rest % length)
    });
    reversed
}

/// Merges the moments of some columns, which are a box of the others.
fn merge<T: Summable>(
    all: &mut [Moments<T>],
    columns: &[Range<u64>],
    some: &[Moments<T>],
    own: &[Range<u64>],
) {
    let shape: Vec<u64> = columns.iter().map(length).collect();
    let within = own.iter().zip(columns);
    let within = within.map(|(own, all)| own.start - all.start..own.end - all.start);
    let runs = Runs::of(&shape, &within.collect::<Region>());
    let first = runs.span().start;
    let mut some = some.iter();
    runs.for_each(|place, count| {
        let all = &mut all[size(first + place)..][..size(count)];
        for (all, one) in all.iter_mut().zip(&mut some) {
            *all = all.merge(*one);
        }
    });
}

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
        [(length, true), rest @ ..] => {
            let inner = values.len() / length;
            for values in values.chunks_exact(inner) {
                fold_groups(values, rest, columns, counted);
            }
        }
        [(length, false), rest @ ..] => {
            let (inner, each) = (values.len() / length, columns.len() / length);
            let parts = values
                .chunks_exact(inner)
                .zip(columns.chunks_exact_mut(each));
            for (values, columns) in parts {
                fold_groups(values, rest, columns, counted);
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
