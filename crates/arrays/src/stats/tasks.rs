//! [`Tasks`]: the division of a box among threads.

use super::boxes::ranges_of_axes;
use crate::npy::{Cut, elements, length};
use crate::{
    AnalysisError,
    memory::threads_within,
    moments::{BATCH, BATCH_ROWS, Moments},
    statistics::Statistics,
    summable::Summable,
};
use std::ops::Range;

/// The number of elements in a task of a whole array.
pub(super) const TASK: u64 = 1 << 18;
/// The number of elements in a piece of any other box.
pub(super) const PIECE: u64 = 1 << 15;
/// The number of columns in a task of any other box.
pub(super) const COLUMNS: u64 = 1024;
/// The largest number of elements read at a time, enough for a disk to reach its full speed.
const MOST_READ: u64 = 64 * BATCH as u64;
/// The number of results from which on they are emitted, and the largest number in a task.
pub(super) const EMITTED: u64 = 1 << 13;
/// The number of columns in a row from which on threads divide rows, and not the array.
const WIDE: u64 = 1024;

/// The division of a box. One thread computes a task, piece by piece.
pub(super) struct Tasks {
    pub(super) cut: Cut,
    /// The number of consecutive tasks that share their columns, or parts of them.
    pub(super) merged: u64,
    /// The number of elements in a piece.
    pub(super) piece: u64,
    /// The largest number of elements read at a time, and the number of elements in a whole batch.
    pub(super) read: [u64; 2],
    pub(super) threads: u64,
    /// The number of results that are collected before they are emitted.
    pub(super) collected: u64,
}

/// Whether rows are too long for one thread, so that each thread takes a part of the columns.
pub(super) fn is_wide([_, length, inner]: [u64; 3]) -> bool {
    inner > EMITTED || (length * inner > TASK && inner >= WIDE)
}

impl Tasks {
    /// The division of an array into tasks that are reduced along its middle axis; a range of that axis may be selected.
    pub(super) fn of_array(region: &[Range<u64>; 3], memory: u64) -> Result<Self, AnalysisError> {
        let [outer, reduced, inner] = region.each_ref().map(length);
        let elements = reduced * inner;
        if elements == 0 || (outer > 1 && elements <= TASK && inner <= EMITTED) {
            let index_memory = (2 * 8 * elements + 256 * inner).max(1);
            let group = (TASK / elements.max(1))
                .min(EMITTED / inner.max(1))
                .min(memory / index_memory)
                .max(1);
            return Ok(Self {
                cut: Cut::new(region, vec![group, reduced, inner]),
                merged: 1,
                piece: u64::MAX,
                read: [u64::MAX, 1],
                threads: threads_within(memory, group.min(outer) * index_memory)?,
                collected: 1,
            });
        }
        let batch = match inner {
            1 => BATCH as u64,
            inner => inner * BATCH_ROWS as u64,
        };
        let rows = (TASK / inner).next_multiple_of(batch / inner);
        let read = (memory / (2 * 8)).min(MOST_READ) / batch;
        let read = read.max(1) * batch;
        Ok(Self {
            cut: Cut::new(region, vec![1, rows, inner]),
            merged: reduced.div_ceil(rows),
            piece: u64::MAX,
            read: [read, batch],
            threads: threads_within(memory, 2 * 8 * elements.min(read))?,
            collected: 1,
        })
    }

    /// The division of any box. `T` is the type of its numbers.
    pub(super) fn of_box<T: Summable>(
        region: &[Range<u64>],
        is_reduced: &[bool],
        memory: u64,
    ) -> Result<Self, AnalysisError> {
        let columns = ranges_of_axes(region, is_reduced, false);
        let count = elements(&columns);
        let column_memory = (2 * size_of::<Moments<T>>() + size_of::<Statistics>()) as u64;
        let results = count.saturating_sub(1).min(COLUMNS) * column_memory;
        let mut cut = Cut::of_elements(region, PIECE);
        let mut merged = cut.count();
        if count > COLUMNS {
            let mut steps = Cut::of_elements(&columns, COLUMNS).get(0).into_iter();
            let axes = region.iter().zip(is_reduced);
            let step = axes.map(|(range, &is_reduced)| {
                if is_reduced {
                    length(range)
                } else {
                    steps.next().as_ref().map_or(1, length)
                }
            });
            cut = Cut::new(region, step.collect());
            merged = 1;
        }
        let most_elements = PIECE.min(elements(region));
        let thread_memory = 2 * 8 * most_elements + results;
        let threads = threads_within(memory, thread_memory)?;
        // Results are held twice, as those of tasks and in one list.
        let result_memory = 2 * size_of::<Statistics>() as u64;
        let collected = memory.saturating_sub(threads * thread_memory) / result_memory;
        Ok(Self {
            cut,
            merged,
            piece: PIECE,
            read: [PIECE, 1],
            threads,
            collected: collected.clamp(1, EMITTED),
        })
    }
}
