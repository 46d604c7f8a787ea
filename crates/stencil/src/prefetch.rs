//! [`SourcePrefetch`]: source rows requested before they are lifted.

use std::ops::Range;

use super::lanes::Lanes;
use super::task::TileTask;
use crate::real::Real;

/// The cache lines of the next source rows to be lifted, requested a few at a time while other rows are computed.
pub(super) struct SourcePrefetch<T> {
    row: *const T,
    stride: usize,
    rows: usize,
    columns: usize,
    column: usize,
}

impl<T: Real> SourcePrefetch<T> {
    /// The number of elements in a cache line.
    const LINE: usize = 64 / size_of::<T>();

    /// Prefetches the lifted columns of `rows`. Rows beyond the array lead to requests for addresses that are not read,
    /// which does no harm.
    #[inline(always)]
    pub fn new(task: &TileTask<'_, T>, rows: Range<isize>) -> Self {
        let columns = task.lifted_columns();
        let source = &task.source;
        let offset = rows.start * source.stride as isize + columns.start;
        Self {
            row: source.base.wrapping_offset(offset),
            stride: source.stride,
            rows: rows.len(),
            columns: columns.len(),
            column: 0,
        }
    }

    /// The total number of cache lines.
    #[inline(always)]
    pub fn lines(&self) -> usize {
        self.rows * self.columns.div_ceil(Self::LINE)
    }

    /// Requests the next `lines` cache lines, if there are as many.
    #[inline(always)]
    pub fn request<V: Lanes<Element = T>>(&mut self, lines: usize) {
        for _ in 0..lines {
            if self.rows == 0 {
                return;
            }
            V::prefetch(self.row.wrapping_add(self.column));
            self.column += Self::LINE;
            if self.column >= self.columns {
                self.column = 0;
                self.rows -= 1;
                self.row = self.row.wrapping_add(self.stride);
            }
        }
    }
}
