//! The moments of consecutive elements, task by task.

use super::asked::Options;
use crate::npy::ArrayFile;
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::{size, threads_within},
    moments::{BATCH, Moments},
    summable::Summable,
};
use rayon::prelude::*;
use std::ops::Range;

/// Elements of a task. Which values are merged, and in which order, depends on this alone, never on
/// threads or memory.
pub(super) const TASK: u64 = 1 << 18;
/// Elements read at a time at most: enough for a disk to reach its full speed.
pub(super) const MOST_READ: usize = 64 * BATCH;

/// Moments, and the tasks in which minimum and maximum are.
pub(super) struct Found<T: Summable> {
    pub(super) moments: Moments<T>,
    tasks: [Vec<u64>; 2],
}

impl<T: Summable> Default for Found<T> {
    fn default() -> Self {
        Self {
            moments: Moments::default(),
            tasks: [Vec::new(), Vec::new()],
        }
    }
}

impl<T: Summable> Found<T> {
    /// Adds the moments of the next task.
    pub(super) fn join(&mut self, task: u64, moments: Moments<T>) {
        let (before, own) = (self.moments.range(), moments.range());
        self.moments = self.moments.merge(moments);
        let after = self.moments.range();
        for end in 0..2 {
            let [was, is, own] =
                [before, after, own].map(|range| range.map(|range: [T; 2]| range[end]));
            if !is_same(was, is) {
                self.tasks[end].clear();
            }
            if own.is_some() && is_same(own, is) {
                self.tasks[end].push(task);
            }
        }
    }
}

fn is_same<T: Summable>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || (one.is_nan() && other.is_nan()),
        (None, None) => true,
        _ => false,
    }
}

/// The first places of minimum and maximum in the order of indices, if there are any. `place` has the first
/// one of a task.
pub(super) fn places<T: Summable>(
    array: &ArrayFile,
    found: &Found<T>,
    place: impl Fn(u64, T) -> Result<Vec<u64>, AnalysisError> + Sync,
) -> Result<Option<[Vec<u64>; 2]>, AnalysisError> {
    let Some(range) = found.moments.range() else {
        return Ok(None);
    };
    let first = |end: usize| {
        let tasks = &found.tasks[end];
        let some = match array.npy.fortran_order {
            true => tasks.len(),
            false => 1,
        };
        let places = tasks[..some.min(tasks.len())].par_iter();
        let places = places.map(|&task| place(task, range[end]).map(Some));
        let least = places.try_reduce(|| None, |one, other| Ok(one.into_iter().chain(other).min()));
        least.map(Option::unwrap_or_default)
    };
    Ok(Some([first(0)?, first(1)?]))
}

/// The number of the first element, in the order of indices, that equals a value, of some that have these
/// numbers in a box of this shape in file order.
pub(super) fn first_of<T: Summable>(
    array: &ArrayFile,
    shape: &[u64],
    values: &[T],
    numbers: Range<u64>,
    wanted: T,
) -> Option<u64> {
    let mut equal = numbers
        .zip(values)
        .filter(|(_, value)| is_same(Some(**value), Some(wanted)))
        .map(|(number, _)| number);
    match array.npy.fortran_order {
        false => equal.next(),
        true => equal.min_by_key(|&number| reversed(shape, number)),
    }
}

/// The number of an element in a box if its axes had the reverse order.
fn reversed(shape: &[u64], number: u64) -> u64 {
    let axes = shape.iter().rev();
    let (_, reversed) = axes.fold((number, 0), |(rest, reversed), length| {
        (rest / length, reversed * length + rest % length)
    });
    reversed
}

/// Bytes of an element.
pub(super) fn element_bytes(array: &ArrayFile) -> u64 {
    array.npy.dtype.bytes as u64
}

/// Elements to read at a time, in whole batches.
pub(super) fn read_at_once(options: Options) -> usize {
    let most = size(options.memory / (2 * 8)).min(MOST_READ);
    (most / BATCH).max(1) * BATCH
}

/// The moments of a contiguous run of elements.
pub(super) fn run<T: Summable>(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress,
) -> Result<Found<T>, AnalysisError> {
    let elements = places.end - places.start;
    let tasks = elements.div_ceil(TASK);
    let chunk = read_at_once(options);
    let threads = threads_within(options.memory, 2 * 8 * elements.min(chunk as u64))?;
    let mut all = Found::default();
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
        for (task, moments) in (first..).zip(moments) {
            all.join(task, moments);
        }
        first += at_once;
    }
    Ok(all)
}
