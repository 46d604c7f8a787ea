//! Count, sum, mean, std, min and max of an array, or along one axis of it, in one pass.

use super::{
    AnalysisError,
    measure::Measure,
    moments::{BLOCK, Moments, ROWS, Summary},
    with_number, workers,
};
use crate::{
    cube::{ArrayFile, CubeError},
    progress::Progress,
};
use rayon::prelude::*;
use std::ops::Range;

/// Elements of one piece of work: what is joined, and in which order, depends on this alone and
/// never on threads or memory.
const PIECE: u64 = 1 << 18;
/// Elements read at a time at most: enough for a disk to do its best.
const CHUNK: usize = 64 * BLOCK;
/// Columns of one piece of work where rows are long.
const STRIP: usize = 512;
/// Columns of which a block of rows stays in the last cache.
const GROUP: usize = 1 << 15;
/// Results handed out at a time.
const BATCH: u64 = 1 << 13;

/// What to do, and with how much memory.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Leave NaN out, instead of NaN as the result of whatever it touches.
    pub skip_nan: bool,
    /// Bytes of memory that may be used.
    pub memory: u64,
}

/// The six numbers of all elements. Bytes read are added to `progress`.
///
/// Sums of floats are [`Twofold`](super::twofold::Twofold), those of integers exact; deviations are
/// squared about the means of blocks and joined by Chan's formula.
///
/// # Errors
/// [`AnalysisError::Memory`], [`AnalysisError::Cube`].
pub fn whole(
    array: &ArrayFile,
    options: Options,
    progress: &Progress,
) -> Result<Summary, AnalysisError> {
    part(array, 0..array.elements(), options, progress)
}

/// The six numbers of a range of elements in file order.
///
/// # Errors
/// As [`whole`].
pub fn part(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress,
) -> Result<Summary, AnalysisError> {
    with_number!(array.npy.dtype.kind, T => {
        Ok(run::<T>(array, places, options, progress)?.summary())
    })
}

/// The six numbers along one axis, for every index along the others.
///
/// `emit` gets them in the order of the file, with the number of the first.
///
/// # Errors
/// [`AnalysisError`], those of `emit` among them.
pub fn along<E: From<AnalysisError>>(
    array: &ArrayFile,
    axis: usize,
    options: Options,
    progress: &Progress,
    emit: impl FnMut(u64, &[Summary]) -> Result<(), E>,
) -> Result<(), E> {
    with_number!(array.npy.dtype.kind, T => {
        Axis::new(array, axis).reduce::<T, E>(options, progress, emit)
    })
}

/// Bytes of an element.
fn element_bytes(array: &ArrayFile) -> u64 {
    array.npy.dtype.bytes as u64
}

/// Elements to read at a time, in whole blocks.
fn chunk(options: Options) -> usize {
    let most = usize(options.memory / (2 * 8)).min(CHUNK);
    (most / BLOCK).max(1) * BLOCK
}

/// The moments of a contiguous run of elements.
fn run<T: Measure>(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress,
) -> Result<Moments<T>, AnalysisError> {
    let elements = places.end - places.start;
    let pieces = elements.div_ceil(PIECE);
    let chunk = chunk(options);
    let threads = workers(2 * 8 * elements.min(chunk as u64), options.memory)?;
    let mut all = Moments::default();
    // Moments of a batch are kept until they are joined in order.
    let batch = threads * (1 << 10);
    let mut first = 0;
    while first < pieces {
        let moments: Vec<Moments<T>> = (first..pieces.min(first + batch))
            .into_par_iter()
            .map_init(Vec::new, |buffer, number| {
                let start = places.start + number * PIECE;
                let places = start..places.end.min(start + PIECE);
                let mut moments = Moments::default();
                buffer.resize(chunk, T::default());
                let mut start = places.start;
                while start < places.end {
                    let most = chunk.min(array.stretch().next_multiple_of(BLOCK));
                    let values = &mut buffer[..most.min(usize(places.end - start))];
                    array.read(start, values)?;
                    start += values.len() as u64;
                    moments = values
                        .chunks(BLOCK)
                        .map(|block| Moments::of_run(block, options.skip_nan))
                        .fold(moments, Moments::and);
                }
                progress.add((places.end - places.start) * element_bytes(array));
                Ok::<_, AnalysisError>(moments)
            })
            .collect::<Result<_, _>>()?;
        all = moments.into_iter().fold(all, Moments::and);
        first += batch;
    }
    Ok(all)
}

/// An array in file order, seen as `(outer, length, inner)` about one axis.
struct Axis<'a> {
    array: &'a ArrayFile,
    outer: u64,
    length: u64,
    inner: u64,
}

impl<'a> Axis<'a> {
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

    fn reduce<T: Measure, E: From<AnalysisError>>(
        &self,
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Summary]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.length * self.inner <= PIECE && self.inner <= BATCH {
            self.reduce_many::<T, E>(options, progress, emit)
        } else if self.inner == 1 {
            for outer in 0..self.outer {
                let places = outer * self.length..(outer + 1) * self.length;
                let moments = run::<T>(self.array, places, options, progress)?;
                emit(outer, &[moments.summary()])?;
            }
            Ok(())
        } else {
            // Of a column: what is known of it, twice, and a block of rows.
            let known = size_of::<Moments<T>>() as u64 + size_of::<Summary>() as u64;
            let each = 2 * known + 8 * ROWS as u64;
            workers(each, options.memory)?;
            let most = options.memory / each;
            for outer in 0..self.outer {
                let mut start = 0;
                while start < self.inner {
                    let columns = start..self.inner.min(start + most);
                    let moments = if self.inner < 2 * STRIP as u64 {
                        self.narrow::<T>(outer, options, progress)?
                    } else {
                        self.wide::<T>(outer, columns.clone(), options, progress)?
                    };
                    for (batch, moments) in moments.chunks(1 << 13).enumerate() {
                        let summaries: Vec<Summary> =
                            moments.iter().map(Moments::summary).collect();
                        emit(
                            outer * self.inner + start + batch as u64 * BATCH,
                            &summaries,
                        )?;
                    }
                    start = columns.end;
                }
            }
            Ok(())
        }
    }

    /// Many reductions that fit a piece together.
    fn reduce_many<T: Measure, E: From<AnalysisError>>(
        &self,
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Summary]) -> Result<(), E>,
    ) -> Result<(), E> {
        let elements = self.length * self.inner;
        let each = (2 * 8 * elements + 256 * self.inner).max(1);
        let group = (PIECE / elements.max(1))
            .min(BATCH / self.inner.max(1))
            .min(options.memory / each)
            .max(1);
        let threads = workers(group.min(self.outer) * each, options.memory)?;
        let groups = self.outer.div_ceil(group);
        let inner = usize(self.inner);
        let mut first = 0;
        while first < groups {
            let batch = first..groups.min(first + threads);
            let results: Vec<Vec<Summary>> = batch
                .into_par_iter()
                .map_init(Vec::new, |buffer, number| {
                    let outer = number * group..self.outer.min((number + 1) * group);
                    let count = outer.end - outer.start;
                    let mut columns = vec![Moments::<T>::default(); usize(count) * inner];
                    let values = self.read(outer.start * elements, count * elements, buffer)?;
                    for (values, columns) in values
                        .chunks_exact(usize(elements).max(1))
                        .zip(columns.chunks_exact_mut(inner.max(1)))
                    {
                        add(values, inner, columns, options.skip_nan);
                    }
                    progress.add(count * elements * element_bytes(self.array));
                    Ok::<_, AnalysisError>(columns.iter().map(Moments::summary).collect())
                })
                .collect::<Result<_, _>>()?;
            for (number, summaries) in results.iter().enumerate() {
                emit((first + number as u64) * group * self.inner, summaries)?;
            }
            first += threads;
        }
        Ok(())
    }

    /// Few columns and many rows: groups of rows side by side.
    fn narrow<T: Measure>(
        &self,
        outer: u64,
        options: Options,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let inner = usize(self.inner);
        let group = (PIECE / self.inner).next_multiple_of(ROWS as u64);
        let chunk = (chunk(options) as u64 / self.inner / ROWS as u64).max(1) * ROWS as u64;
        let threads = workers(2 * 8 * chunk * self.inner, options.memory)?;
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
                    *all = all.and(part);
                }
            }
            first += threads;
        }
        Ok(all)
    }

    /// Long rows: a block of them at a time, strips of columns side by side.
    fn wide<T: Measure>(
        &self,
        outer: u64,
        columns: Range<u64>,
        options: Options,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let width = usize(columns.end - columns.start);
        let group = width.div_ceil(width.div_ceil(GROUP));
        let mut all = vec![Moments::<T>::default(); width];
        let mut values = vec![T::default(); ROWS.min(usize(self.length)) * group];
        for start in (0..self.length).step_by(ROWS) {
            let rows = ROWS.min(usize(self.length - start));
            let place = (outer * self.length + start) * self.inner + columns.start;
            for (number, all) in all.chunks_mut(group).enumerate() {
                let width = all.len();
                let values = &mut values[..rows * width];
                let place = place + (number * group) as u64;
                // Read in runs as long as they are in the file, for the sake of disks.
                let (run, step) = match width as u64 == self.inner {
                    true => (CHUNK, CHUNK as u64),
                    false => (width, self.inner),
                };
                let runs = values.par_chunks_mut(run).enumerate();
                runs.try_for_each(|(number, run)| {
                    self.array.read(place + number as u64 * step, run)
                })?;
                let values = &*values;
                let strips = all.par_chunks_mut(STRIP).enumerate();
                strips.for_each_init(Vec::new, |block, (strip, columns)| {
                    block.clear();
                    for row in values.chunks_exact(width) {
                        block.extend_from_slice(&row[strip * STRIP..][..columns.len()]);
                    }
                    Moments::add_rows(block, columns.len(), rows, columns, options.skip_nan);
                    progress.add((rows * columns.len()) as u64 * element_bytes(self.array));
                });
            }
        }
        Ok(all)
    }

    /// Reads consecutive elements.
    fn read<'b, T: Measure>(
        &self,
        place: u64,
        count: u64,
        buffer: &'b mut Vec<T>,
    ) -> Result<&'b [T], CubeError> {
        buffer.resize(usize(count), T::default());
        self.array.read(place, buffer)?;
        Ok(buffer)
    }
}

/// Adds rows of `inner` values to the moments of their columns.
#[inline(always)]
fn add<T: Measure>(values: &[T], inner: usize, columns: &mut [Moments<T>], skip_nan: bool) {
    if let [column] = columns {
        *column = column.and(Moments::of_run(values, skip_nan));
        return;
    }
    for block in values.chunks(ROWS * inner.max(1)) {
        Moments::add_rows(block, inner, block.len() / inner, columns, skip_nan);
    }
}

/// A count of what is in memory; one that does not fit makes the next access panic, not wrap.
fn usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
