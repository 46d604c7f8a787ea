//! Count, sum, mean, standard deviation, minimum and maximum of an array, or along one axis of it, in
//! one pass.

use super::{
    AnalysisError,
    memory::{size, threads_within},
    moments::{BATCH, BATCH_ROWS, Moments},
    statistics::Statistics,
    summable::{Summable, with_summable},
};
use crate::{
    npy::{ArrayFile, NpyError},
    progress::Progress,
};
use rayon::prelude::*;
use std::ops::Range;

/// Elements of a task. Which values are merged, and in which order, depends on this alone, never on
/// threads or memory.
const TASK: u64 = 1 << 18;
/// Columns of a task where rows are long.
const TASK_COLUMNS: usize = 512;
/// Elements read at a time at most: enough for a disk to reach its full speed.
const MOST_READ: usize = 64 * BATCH;
/// Columns of which a batch of rows stays in the last-level cache.
const CACHED_COLUMNS: usize = 1 << 15;
/// Results emitted at a time at most.
const MOST_EMITTED: u64 = 1 << 13;

/// How to treat NaN, and how much memory to use.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Leave NaN out. Otherwise a NaN makes every result but the count NaN.
    pub skip_nan: bool,
    /// Bytes of memory that may be used.
    pub memory: u64,
}

/// The statistics of all elements. Bytes read are added to `progress`.
///
/// Sums of floats are compensated ([`DoubleDouble`](super::double_double::DoubleDouble)), those of
/// integers exact. Squared deviations are merged by Chan's formula
/// ([`SquaredDeviations`](super::double_double::SquaredDeviations)).
///
/// # Errors
/// [`AnalysisError::Memory`], [`AnalysisError::Npy`].
pub fn whole(
    array: &ArrayFile,
    options: Options,
    progress: &Progress,
) -> Result<Statistics, AnalysisError> {
    part(array, 0..array.elements(), options, progress)
}

/// The statistics of a range of elements in file order.
///
/// # Errors
/// As [`whole`].
pub fn part(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress,
) -> Result<Statistics, AnalysisError> {
    with_summable!(array.npy.dtype.kind, T => {
        Ok(run::<T>(array, places, options, progress)?.statistics())
    })
}

/// The statistics along one axis, for every index along the others.
///
/// `emit` gets them in the order of the file, with the number of the first of them.
///
/// # Errors
/// [`AnalysisError`], those of `emit` among them.
pub fn along<E: From<AnalysisError>>(
    array: &ArrayFile,
    axis: usize,
    options: Options,
    progress: &Progress,
    emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
) -> Result<(), E> {
    with_summable!(array.npy.dtype.kind, T => {
        AxisReduction::new(array, axis).reduce::<T, E>(options, progress, emit)
    })
}

/// Bytes of an element.
fn element_bytes(array: &ArrayFile) -> u64 {
    array.npy.dtype.bytes as u64
}

/// Elements to read at a time, in whole batches.
fn read_at_once(options: Options) -> usize {
    let most = size(options.memory / (2 * 8)).min(MOST_READ);
    (most / BATCH).max(1) * BATCH
}

/// The moments of a contiguous run of elements.
fn run<T: Summable>(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress,
) -> Result<Moments<T>, AnalysisError> {
    let elements = places.end - places.start;
    let tasks = elements.div_ceil(TASK);
    let chunk = read_at_once(options);
    let threads = threads_within(options.memory, 2 * 8 * elements.min(chunk as u64))?;
    let mut all = Moments::default();
    // Moments of so many tasks are kept until they are merged in order.
    let at_once = threads * (1 << 10);
    let mut first = 0;
    while first < tasks {
        let moments: Vec<Moments<T>> = (first..tasks.min(first + at_once))
            .into_par_iter()
            .map_init(Vec::new, |buffer, number| {
                let start = places.start + number * TASK;
                let places = start..places.end.min(start + TASK);
                let mut moments = Moments::default();
                buffer.resize(chunk, T::default());
                let mut start = places.start;
                while start < places.end {
                    let most = chunk.min(array.chunk_elements().next_multiple_of(BATCH));
                    let values = &mut buffer[..most.min(size(places.end - start))];
                    array.read(start, values)?;
                    start += values.len() as u64;
                    moments = values
                        .chunks(BATCH)
                        .map(|batch| Moments::of_run(batch, options.skip_nan))
                        .fold(moments, Moments::merge);
                }
                progress.add((places.end - places.start) * element_bytes(array));
                Ok::<_, AnalysisError>(moments)
            })
            .collect::<Result<_, _>>()?;
        all = moments.into_iter().fold(all, Moments::merge);
        first += at_once;
    }
    Ok(all)
}

/// The reduction of an array along one axis, as an array of shape `(outer, length, inner)` in file
/// order.
struct AxisReduction<'a> {
    array: &'a ArrayFile,
    outer: u64,
    length: u64,
    inner: u64,
}

impl<'a> AxisReduction<'a> {
    fn new(array: &'a ArrayFile, axis: usize) -> Self {
        let shape = array.npy.in_file_order(&array.shape());
        let axis = if array.npy.fortran_order {
            shape.len() - 1 - axis
        } else {
            axis
        };
        Self {
            array,
            outer: shape[..axis].iter().product(),
            length: shape[axis],
            inner: shape[axis + 1..].iter().product(),
        }
    }

    fn reduce<T: Summable, E: From<AnalysisError>>(
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
                let moments = run::<T>(self.array, places, options, progress)?;
                emit(outer, &[moments.statistics()])?;
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
fn add<T: Summable>(values: &[T], inner: usize, columns: &mut [Moments<T>], skip_nan: bool) {
    if let [column] = columns {
        *column = column.merge(Moments::of_run(values, skip_nan));
        return;
    }
    for batch in values.chunks(BATCH_ROWS * inner.max(1)) {
        Moments::add_rows(batch, inner, batch.len() / inner, columns, skip_nan);
    }
}
