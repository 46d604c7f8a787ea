//! Count, sum, mean, std, min and max of an array, or along one axis of it, in one pass.

use super::{
    AnalysisError,
    moments::{BLOCK, Measure, Moments, ROWS, Summary},
    with_number,
};
use crate::cube::{ArrayFile, number};
use rayon::prelude::*;
use std::ops::Range;

/// Elements of one piece of work: what is joined, and in which order, depends on this alone and
/// never on threads or memory.
const PIECE: u64 = 1 << 18;
/// Columns of one piece of work where rows are long.
const STRIP: usize = 512;
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

/// Told how many more elements have been read.
pub type Progress<'a> = dyn Fn(u64) + Sync + 'a;

/// The six numbers of all elements.
///
/// Sums of floats are [`Twofold`](super::twofold::Twofold), those of integers exact; deviations are
/// squared about the means of blocks and joined by Chan's formula.
///
/// # Errors
/// [`AnalysisError::Memory`], [`AnalysisError::Cube`].
pub fn whole(
    array: &ArrayFile,
    options: Options,
    progress: &Progress<'_>,
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
    progress: &Progress<'_>,
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
    progress: &Progress<'_>,
    emit: impl FnMut(u64, &[Summary]) -> Result<(), E>,
) -> Result<(), E> {
    with_number!(array.npy.dtype.kind, T => {
        Axis::new(array, axis).reduce::<T, E>(options, progress, emit)
    })
}

/// Threads that may work at once so that each has `bytes`.
fn workers(bytes: u64, options: Options) -> Result<u64, AnalysisError> {
    let threads = (rayon::current_num_threads() as u64).min(options.memory / bytes.max(1));
    if threads == 0 {
        return Err(AnalysisError::Memory {
            what: "one piece of the array",
            needed: bytes,
            allowed: options.memory,
            instead: "leave it at its default",
        });
    }
    Ok(threads)
}

/// The moments of a contiguous run of elements.
fn run<T: Measure>(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress<'_>,
) -> Result<Moments<T>, AnalysisError> {
    let elements = places.end - places.start;
    let pieces = elements.div_ceil(PIECE);
    let threads = workers(2 * 8 * elements.min(PIECE), options)?;
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
                let count = places.end - places.start;
                let bytes = array.piece(places)?;
                let dtype = array.npy.dtype;
                let of_block = |bytes| {
                    let values = number::elements(dtype, bytes, buffer);
                    Moments::of_run(values, options.skip_nan)
                };
                let moments = bytes
                    .chunks(BLOCK * dtype.bytes)
                    .map(of_block)
                    .fold(Moments::default(), Moments::and);
                progress(count);
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
        progress: &Progress<'_>,
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
            let each = size_of::<Moments<T>>() as u64 + size_of::<Summary>() as u64;
            let least = 2 * each * self.inner.min(BATCH);
            workers(least, options)?;
            let most = (options.memory / (2 * each)).max(BATCH);
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
        progress: &Progress<'_>,
        mut emit: impl FnMut(u64, &[Summary]) -> Result<(), E>,
    ) -> Result<(), E> {
        let elements = self.length * self.inner;
        let group = (PIECE / elements.max(1))
            .min(BATCH / self.inner.max(1))
            .max(1);
        let each = 2 * 8 * group * elements + 256 * group * self.inner;
        let threads = workers(each.min(self.outer * elements * 256), options)?;
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
                    let places = outer.start * elements..outer.end * elements;
                    let bytes = self.array.piece(places)?;
                    let mut columns = vec![Moments::<T>::default(); usize(count) * inner];
                    let values = number::elements(self.array.npy.dtype, &bytes, buffer);
                    for (values, columns) in values
                        .chunks_exact(usize(elements).max(1))
                        .zip(columns.chunks_exact_mut(inner.max(1)))
                    {
                        add(values, inner, columns, options.skip_nan);
                    }
                    progress(count * elements);
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
        progress: &Progress<'_>,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let inner = usize(self.inner);
        let group = (PIECE / self.inner).next_multiple_of(ROWS as u64);
        let threads = workers(2 * 8 * group * self.inner, options)?;
        let groups = self.length.div_ceil(group);
        let mut all = vec![Moments::<T>::default(); inner];
        let mut first = 0;
        while first < groups {
            let parts: Vec<Vec<Moments<T>>> = (first..groups.min(first + threads))
                .into_par_iter()
                .map_init(Vec::new, |buffer, number| {
                    let rows = number * group..self.length.min((number + 1) * group);
                    let count = (rows.end - rows.start) * self.inner;
                    let start = (outer * self.length + rows.start) * self.inner;
                    let bytes = self.array.piece(start..start + count)?;
                    let mut columns = vec![Moments::default(); inner];
                    let values = number::elements(self.array.npy.dtype, &bytes, buffer);
                    add(values, inner, &mut columns, options.skip_nan);
                    progress(count);
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
        progress: &Progress<'_>,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let width = usize(columns.end - columns.start);
        let dtype = self.array.npy.dtype;
        let mut all = vec![Moments::<T>::default(); width];
        for start in (0..self.length).step_by(ROWS) {
            let rows = ROWS.min(usize(self.length - start));
            let place = |row: usize| (outer * self.length + start + row as u64) * self.inner;
            // All rows at once; or, where not all of their columns are wanted, one after another.
            let pieces = if width as u64 == self.inner {
                vec![self.array.piece(place(0)..place(rows))?]
            } else {
                (0..rows)
                    .map(|row| place(row) + columns.start..place(row) + columns.end)
                    .map(|places| self.array.piece(places))
                    .collect::<Result<_, _>>()?
            };
            let row = |row: usize, columns: Range<usize>| {
                let (piece, row) = match &pieces[..] {
                    [all] => (all, row),
                    one_each => (&one_each[row], 0),
                };
                let at = row * width + columns.start;
                &piece[at * dtype.bytes..(at + columns.len()) * dtype.bytes]
            };
            all.par_chunks_mut(STRIP).enumerate().for_each_init(
                || (Vec::new(), Vec::new()),
                |(block, buffer), (strip, columns)| {
                    let first = strip * STRIP;
                    let range = first..first + columns.len();
                    block.clear();
                    for number in 0..rows {
                        let bytes = row(number, range.clone());
                        block.extend_from_slice(number::elements::<T>(dtype, bytes, buffer));
                    }
                    Moments::add_rows(block, columns.len(), rows, columns, options.skip_nan);
                    progress((rows * range.len()) as u64);
                },
            );
        }
        Ok(all)
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
