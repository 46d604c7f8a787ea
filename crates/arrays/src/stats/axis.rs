//! [`AxisReduction`]: statistics along neighbouring axes of a whole array, in one pass.

use super::{
    asked::Options,
    run::{MOST_READ, TASK, element_bytes, read_at_once, run},
};
use crate::npy::{ArrayFile, NpyError};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::{size, threads_within},
    moments::{BATCH_ROWS, Moments},
    statistics::Statistics,
    summable::Summable,
};
use rayon::prelude::*;
use std::ops::Range;

/// Columns of a task where rows are long.
const TASK_COLUMNS: usize = 512;
/// Columns of which a batch of rows stays in the last-level cache.
const CACHED_COLUMNS: usize = 1 << 15;
/// Results emitted at a time at most.
const MOST_EMITTED: u64 = 1 << 13;

/// The reduction of an array along neighbouring axes, as an array of shape `(outer, length, inner)` in file
/// order.
pub(super) struct AxisReduction<'a> {
    array: &'a ArrayFile,
    outer: u64,
    length: u64,
    inner: u64,
}

impl<'a> AxisReduction<'a> {
    /// Along some neighbouring axes, counted in file order.
    pub(super) fn new(array: &'a ArrayFile, axes: Range<usize>) -> Self {
        let shape = array.npy.in_file_order(&array.shape());
        Self {
            array,
            outer: shape[..axes.start].iter().product(),
            length: shape[axes.clone()].iter().product(),
            inner: shape[axes.end..].iter().product(),
        }
    }

    pub(super) fn reduce<T: Summable, E: From<AnalysisError>>(
        &self,
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.length * self.inner <= TASK && self.inner <= MOST_EMITTED {
            self.reduce_many::<T, E>(options, progress, emit)
        } else if self.inner == 1 {
            for outer in 0..self.outer {
                let places = outer * self.length..(outer + 1) * self.length;
                let found = run::<T>(self.array, places, options, progress)?;
                emit(outer, &[found.moments.statistics()])?;
            }
            Ok(())
        } else {
            // For every column: its moments and results, twice, and a batch of rows.
            let results = size_of::<Moments<T>>() as u64 + size_of::<Statistics>() as u64;
            let each = 2 * results + 8 * BATCH_ROWS as u64;
            threads_within(options.memory, each)?;
            let most = options.memory / each;
            for outer in 0..self.outer {
                let mut start = 0;
                while start < self.inner {
                    let columns = start..self.inner.min(start + most);
                    let moments = if self.inner < 2 * TASK_COLUMNS as u64 {
                        self.narrow::<T>(outer, options, progress)?
                    } else {
                        self.wide::<T>(outer, columns.clone(), options, progress)?
                    };
                    for (batch, moments) in moments.chunks(MOST_EMITTED as usize).enumerate() {
                        let summaries: Vec<Statistics> =
                            moments.iter().map(Moments::statistics).collect();
                        emit(
                            outer * self.inner + start + batch as u64 * MOST_EMITTED,
                            &summaries,
                        )?;
                    }
                    start = columns.end;
                }
            }
            Ok(())
        }
    }

    /// Short reductions, many of them in a task.
    fn reduce_many<T: Summable, E: From<AnalysisError>>(
        &self,
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
    ) -> Result<(), E> {
        let elements = self.length * self.inner;
        let each = (2 * 8 * elements + 256 * self.inner).max(1);
        let group = (TASK / elements.max(1))
            .min(MOST_EMITTED / self.inner.max(1))
            .min(options.memory / each)
            .max(1);
        let threads = threads_within(options.memory, group.min(self.outer) * each)?;
        let groups = self.outer.div_ceil(group);
        let inner = size(self.inner);
        let mut first = 0;
        while first < groups {
            let batch = first..groups.min(first + threads);
            let results: Vec<Vec<Statistics>> = batch
                .into_par_iter()
                .map_init(Vec::new, |buffer, number| {
                    let outer = number * group..self.outer.min((number + 1) * group);
                    let count = outer.end - outer.start;
                    let mut columns = vec![Moments::<T>::default(); size(count) * inner];
                    let values = self.read(outer.start * elements, count * elements, buffer)?;
                    for (values, columns) in values
                        .chunks_exact(size(elements).max(1))
                        .zip(columns.chunks_exact_mut(inner.max(1)))
                    {
                        add(values, inner, columns, options.skip_nan);
                    }
                    progress.add(count * elements * element_bytes(self.array));
                    Ok::<_, AnalysisError>(columns.iter().map(Moments::statistics).collect())
                })
                .collect::<Result<_, _>>()?;
            for (number, summaries) in results.iter().enumerate() {
                emit((first + number as u64) * group * self.inner, summaries)?;
            }
            first += threads;
        }
        Ok(())
    }

    /// Few columns and many rows: a task takes a group of rows.
    fn narrow<T: Summable>(
        &self,
        outer: u64,
        options: Options,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let inner = size(self.inner);
        let group = (TASK / self.inner).next_multiple_of(BATCH_ROWS as u64);
        let batches = read_at_once(options) as u64 / self.inner / BATCH_ROWS as u64;
        let chunk = batches.max(1) * BATCH_ROWS as u64;
        let threads = threads_within(options.memory, 2 * 8 * chunk * self.inner)?;
        let groups = self.length.div_ceil(group);
        let mut all = vec![Moments::<T>::default(); inner];
        let mut first = 0;
        while first < groups {
            let parts: Vec<Vec<Moments<T>>> = (first..groups.min(first + threads))
                .into_par_iter()
                .map_init(Vec::new, |buffer, number| {
                    let rows = number * group..self.length.min((number + 1) * group);
                    let mut columns = vec![Moments::default(); inner];
                    let mut start = rows.start;
                    while start < rows.end {
                        let count = chunk.min(rows.end - start) * self.inner;
                        let place = (outer * self.length + start) * self.inner;
                        let values = self.read(place, count, buffer)?;
                        add(values, inner, &mut columns, options.skip_nan);
                        progress.add(count * element_bytes(self.array));
                        start += chunk;
                    }
                    Ok::<_, AnalysisError>(columns)
                })
                .collect::<Result<_, _>>()?;
            for part in parts {
                for (all, part) in all.iter_mut().zip(part) {
                    *all = all.merge(part);
                }
            }
            first += threads;
        }
        Ok(all)
    }

    /// Long rows: a batch of them is read, then a task takes a strip of columns.
    fn wide<T: Summable>(
        &self,
        outer: u64,
        columns: Range<u64>,
        options: Options,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let width = size(columns.end - columns.start);
        let group = width.div_ceil(width.div_ceil(CACHED_COLUMNS));
        let mut all = vec![Moments::<T>::default(); width];
        let mut values = vec![T::default(); BATCH_ROWS.min(size(self.length)) * group];
        for start in (0..self.length).step_by(BATCH_ROWS) {
            let rows = BATCH_ROWS.min(size(self.length - start));
            let place = (outer * self.length + start) * self.inner + columns.start;
            for (number, all) in all.chunks_mut(group).enumerate() {
                let width = all.len();
                let values = &mut values[..rows * width];
                let place = place + (number * group) as u64;
                // Disks are fast where runs are as long as the file has them.
                let (run, step) = match width as u64 == self.inner {
                    true => (MOST_READ, MOST_READ as u64),
                    false => (width, self.inner),
                };
                let runs = values.par_chunks_mut(run).enumerate();
                runs.try_for_each(|(number, run)| {
                    self.array.read(place + number as u64 * step, run)
                })?;
                let values = &*values;
                let strips = all.par_chunks_mut(TASK_COLUMNS).enumerate();
                strips.for_each_init(Vec::new, |batch, (strip, columns)| {
                    batch.clear();
                    for row in values.chunks_exact(width) {
                        batch.extend_from_slice(&row[strip * TASK_COLUMNS..][..columns.len()]);
                    }
                    Moments::add_rows(batch, columns.len(), rows, columns, options.skip_nan);
                    progress.add((rows * columns.len()) as u64 * element_bytes(self.array));
                });
            }
        }
        Ok(all)
    }

    /// Reads consecutive elements.
    fn read<'b, T: Summable>(
        &self,
        place: u64,
        count: u64,
        buffer: &'b mut Vec<T>,
    ) -> Result<&'b [T], NpyError> {
        buffer.resize(size(count), T::default());
        self.array.read(place, buffer)?;
        Ok(buffer)
    }
}

/// Adds rows of `inner` values to the moments of their columns.
#[inline(always)]
pub(super) fn add<T: Summable>(
    values: &[T],
    inner: usize,
    columns: &mut [Moments<T>],
    skip_nan: bool,
) {
    if let [column] = columns {
        *column = column.merge(Moments::of_run(values, skip_nan));
        return;
    }
    for batch in values.chunks(BATCH_ROWS * inner.max(1)) {
        Moments::add_rows(batch, inner, batch.len() / inner, columns, skip_nan);
    }
}
