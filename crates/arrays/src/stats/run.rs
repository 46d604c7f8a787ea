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

/// Moments, and the tasks in which minimum and maximum come first.
pub(super) struct Found<T: Summable> {
    pub(super) moments: Moments<T>,
    pub(super) tasks: [u64; 2],
}

impl<T: Summable> Default for Found<T> {
    fn default() -> Self {
        Self {
            moments: Moments::default(),
            tasks: [0; 2],
        }
    }
}

impl<T: Summable> Found<T> {
    /// Adds the moments of the next task.
    pub(super) fn join(&mut self, task: u64, moments: Moments<T>) {
        let before = self.moments.range();
        self.moments = self.moments.merge(moments);
        let after = self.moments.range();
        for end in 0..2 {
            let [was, is] = [before, after].map(|range| range.map(|range| range[end]));
            let is_same = match (was, is) {
                (Some(was), Some(is)) => was == is || (was.is_nan() && is.is_nan()),
                (None, None) => true,
                _ => false,
            };
            if !is_same {
                self.tasks[end] = task;
            }
        }
    }
}

/// The places of minimum and maximum, if there are any.
pub(super) fn places<T: Summable>(
    found: &Found<T>,
    place: impl Fn(u64, T) -> Result<Vec<u64>, AnalysisError>,
) -> Result<Option<[Vec<u64>; 2]>, AnalysisError> {
    let Some([min, max]) = found.moments.range() else {
        return Ok(None);
    };
    let [first, second] = found.tasks;
    Ok(Some([place(first, min)?, place(second, max)?]))
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
