//! Statistics of columns that are too many for one thread to have all of: rows are read by all threads together,
//! as long as the file has them, and a thread takes a strip of columns.

use super::{
    asked::Options,
    reduction::{MOST_EMITTED, MOST_READ, Reduction},
};
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

/// Columns of a strip.
const STRIP: usize = 512;
/// Columns of which a batch of rows stays in the last-level cache.
const CACHED_COLUMNS: usize = 1 << 15;

impl Reduction<'_> {
    /// The statistics of every column of a whole array, in the order of the file.
    pub(super) fn wide<T: Summable, E: From<AnalysisError>>(
        &self,
        [outer, length, inner]: [u64; 3],
        options: Options,
        progress: &Progress,
        mut emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
    ) -> Result<(), E> {
        // For every column: its moments and results, twice, and a batch of rows.
        let results = size_of::<Moments<T>>() as u64 + size_of::<Statistics>() as u64;
        let each = 2 * results + 8 * BATCH_ROWS as u64;
        threads_within(options.memory, each)?;
        let most = options.memory / each;
        for outer in 0..outer {
            let mut start = 0;
            while start < inner {
                let columns = start..inner.min(start + most);
                let moments =
                    self.rows::<T>([length, inner], outer, columns.clone(), options, progress)?;
                for some in moments.chunks(MOST_EMITTED as usize) {
                    let statistics: Vec<Statistics> =
                        some.iter().map(Moments::statistics).collect();
                    emit(outer * inner + start, &statistics)?;
                    start += some.len() as u64;
                }
            }
        }
        Ok(())
    }

    /// Long rows: a batch of them is read, then a task takes a strip of columns.
    fn rows<T: Summable>(
        &self,
        [length, inner]: [u64; 2],
        outer: u64,
        columns: Range<u64>,
        options: Options,
        progress: &Progress,
    ) -> Result<Vec<Moments<T>>, AnalysisError> {
        let width = size(columns.end - columns.start);
        let group = width.div_ceil(width.div_ceil(CACHED_COLUMNS));
        let mut all = vec![Moments::<T>::default(); width];
        let mut values = vec![T::default(); BATCH_ROWS.min(size(length)) * group];
        for start in (0..length).step_by(BATCH_ROWS) {
            let rows = BATCH_ROWS.min(size(length - start));
            let place = (outer * length + start) * inner + columns.start;
            for (number, all) in all.chunks_mut(group).enumerate() {
                let width = all.len();
                let values = &mut values[..rows * width];
                let place = place + (number * group) as u64;
                // Disks are fast where runs are as long as the file has them.
                let (run, step) = match width as u64 == inner {
                    true => (MOST_READ, MOST_READ as u64),
                    false => (width, inner),
                };
                let runs = values.par_chunks_mut(run).enumerate();
                runs.try_for_each(|(number, run)| {
                    self.array.read(place + number as u64 * step, run)
                })?;
                let values = &*values;
                let strips = all.par_chunks_mut(STRIP).enumerate();
                strips.for_each_init(Vec::new, |batch, (strip, columns)| {
                    batch.clear();
                    for row in values.chunks_exact(width) {
                        batch.extend_from_slice(&row[strip * STRIP..][..columns.len()]);
                    }
                    Moments::add_rows(batch, columns.len(), rows, columns, options.counted());
                    progress.add((rows * columns.len()) as u64 * self.array.npy.dtype.bytes as u64);
                });
            }
        }
        Ok(all)
    }
}
