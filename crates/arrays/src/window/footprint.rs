//! [`PartFootprint`]: the memory of a stream of rows for a part of the output.

use super::{
    axis::WindowAxis,
    partition::{CACHE, Needs},
    slide::scratch_bytes,
};
use crate::npy::{Region, length};

/// The number of input elements processed at a time, if windows are short.
const BATCH: u64 = 1 << 17;

/// The memory that streams of partial results with `C` components need.
pub(super) struct StreamNeeds<'a, const C: usize> {
    pub(super) axes: &'a [WindowAxis],
    pub(super) padded: bool,
}

impl<const C: usize> Needs for StreamNeeds<'_, C> {
    // A stream takes rows along the first axis as they come.
    const FIRST: usize = 1;

    fn elements(&self, part: &Region) -> u64 {
        self.of(part).elements()
    }

    fn good_bytes(&self, part: &Region) -> u64 {
        self.of(part).least_bytes::<C>(true)
    }

    fn least_bytes(&self, part: &Region) -> u64 {
        self.of(part).least_bytes::<C>(false)
    }
}

impl<const C: usize> StreamNeeds<'_, C> {
    fn of(&self, part: &Region) -> PartFootprint {
        PartFootprint::of::<C>(self.axes, part, self.padded)
    }
}

/// The sizes for computing a part of the output. A row is everything at one index of the first axis.
pub(super) struct PartFootprint {
    pub(super) first: WindowAxis,
    /// The number of windows of the part along the first axis.
    windows: u64,
    /// The number of elements in a row of the input.
    pub(super) row_in: u64,
    /// The largest number of elements in a row between two axes.
    pub(super) row_between: u64,
    /// The number of elements in a row of the output.
    pub(super) row_out: u64,
    /// Whether windows slide within rows.
    pub(super) within: bool,
    /// Bytes of buffers for slides, over many interleaved lines and over one line.
    scratch: [u64; 2],
    /// The number of copies of the input in memory: as in the file, as numbers, and before a rim is added.
    copies: u64,
}

/// The number of rows of a part that are processed together.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPlan {
    /// The number of rows processed at a time.
    pub(super) rows: u64,
    /// Whether slides process many interleaved lines at a time.
    pub(super) wide: bool,
}

impl PartFootprint {
    pub(super) fn of<const C: usize>(axes: &[WindowAxis], part: &Region, padded: bool) -> Self {
        let mut lengths: Vec<u64> = axes
            .iter()
            .zip(part)
            .map(|(axis, windows)| length(&axis.covered(windows)))
            .collect();
        let row_in: u64 = lengths[1..].iter().product();
        let mut row_between = 0_u64;
        let mut sliding_axes = Vec::new();
        for axis in (1..axes.len())
            .rev()
            .filter(|&axis| !axes[axis].is_identity())
        {
            lengths[axis] = length(&part[axis]);
            row_between = row_between.max(lengths[1..].iter().product());
            sliding_axes.push(&axes[axis]);
        }
        if !axes[0].is_disjoint() {
            sliding_axes.push(&axes[0]);
        }
        let scratch = [true, false].map(|wide| {
            let bytes = sliding_axes
                .iter()
                .map(|axis| scratch_bytes::<C>(axis.window, axis.stride, wide));
            bytes.max().unwrap_or(0)
        });
        Self {
            first: axes[0],
            windows: length(&part[0]),
            row_in,
            row_between,
            row_out: lengths[1..].iter().product(),
            within: row_between > 0,
            scratch,
            copies: 2 + u64::from(padded),
        }
    }

    /// The number of input elements.
    fn elements(&self) -> u64 {
        let rows = (self.windows - 1) * self.first.stride + self.first.window;
        rows.saturating_mul(self.row_in)
    }

    /// The number of rows kept for later windows.
    pub(super) fn kept_rows(&self) -> u64 {
        if self.first.is_disjoint() {
            0
        } else {
            self.first.window - 1
        }
    }

    /// Bytes that do not depend on the number of rows processed at a time.
    fn fixed_bytes<const C: usize>(&self) -> u64 {
        let kept_row = if self.within {
            C as u64 * self.row_out
        } else {
            self.row_in
        };
        let open = 2 * C as u64 * self.row_out;
        let elements = self
            .kept_rows()
            .saturating_mul(kept_row)
            .saturating_add(open);
        elements.saturating_mul(8)
    }

    /// Bytes for every row processed at a time: the input, twice between axes, the kept row, and four times the output.
    fn bytes_per_row<const C: usize>(&self) -> u64 {
        let row_between = 2 * C as u64 * self.row_between;
        let out = (C as u64 + 4) * self.row_out;
        (self.copies * self.row_in + row_between + out).saturating_mul(8)
    }

    /// Bytes with which a part can be computed at an acceptable speed: at least as many rows are processed at a time as
    /// are kept.
    fn least_bytes<const C: usize>(&self, wide: bool) -> u64 {
        let rows = self
            .rows_at_least()
            .saturating_mul(self.bytes_per_row::<C>());
        rows.saturating_add(self.fixed_bytes::<C>())
            .saturating_add(self.scratch[usize::from(!wide)])
    }

    fn rows_at_least(&self) -> u64 {
        self.kept_rows().max(1)
    }

    /// The plan for the rows within `memory` bytes, and within the caches if possible.
    pub(super) fn row_plan<const C: usize>(&self, memory: u64) -> RowPlan {
        let wide = self.least_bytes::<C>(true) <= memory;
        let fewest_rows = self.rows_at_least();
        let cached_memory = memory
            .min(CACHE)
            .saturating_sub(self.least_bytes::<C>(wide));
        let further_rows = cached_memory / self.bytes_per_row::<C>().max(1);
        let good_rows = (3 * self.kept_rows()).max(BATCH / self.row_in.max(1));
        let rows_of_part = self.elements() / self.row_in.max(1);
        let rows = good_rows
            .min(fewest_rows + further_rows)
            .max(fewest_rows)
            .min(rows_of_part.max(1));
        RowPlan { rows, wide }
    }
}
