//! [`PartFootprint`]: what a stream of rows holds of a part of the output.

use super::{
    axis::WindowAxis,
    partition::{CACHE, Needs},
    slide::scratch_bytes,
};
use crate::npy::{Region, length};

/// Elements of the input taken at a time, where windows are short.
const BATCH: u64 = 1 << 17;

/// What streams of partial results with `C` components need.
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

/// The sizes that follow from a part of the output. A row is what lies at one index of the first axis.
pub(super) struct PartFootprint {
    pub(super) first: WindowAxis,
    /// Windows of the part along the first axis.
    windows: u64,
    /// Elements of a row of the input.
    pub(super) row_in: u64,
    /// The most elements of a row between two axes.
    pub(super) row_between: u64,
    /// Elements of a row of the output.
    pub(super) row_out: u64,
    /// Whether windows slide within rows.
    pub(super) within: bool,
    /// Bytes that slides need for themselves, over many interleaved lines and over one.
    scratch: [u64; 2],
    /// How often the input is in memory: as it is in the file, as numbers, and before a rim is put
    /// around it.
    copies: u64,
}

/// How the rows of a part are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPlan {
    /// Rows taken at a time.
    pub(super) rows: u64,
    /// Whether slides take many interleaved lines at a time.
    pub(super) wide: bool,
}

impl PartFootprint {
    pub(super) fn of<const C: usize>(axes: &[WindowAxis], part: &Region, padded: bool) -> Self {
        let mut lengths: Vec<u64> = axes
            .iter()
            .zip(part)
            .map(|(axis, windows)| length(&axis.covered(windows)))
            .collect();
        let row = |lengths: &[u64]| lengths[1..].iter().product::<u64>();
        let row_in = row(&lengths);
        let mut row_between = 0;
        let mut scratch = [0; 2];
        let mut slides = |axis: &WindowAxis| {
            for (most, wide) in scratch.iter_mut().zip([true, false]) {
                *most = (*most).max(scratch_bytes::<C>(axis.window, axis.stride, wide));
            }
        };
        for axis in (1..axes.len())
            .rev()
            .filter(|&axis| !axes[axis].is_identity())
        {
            lengths[axis] = length(&part[axis]);
            row_between = row_between.max(row(&lengths));
            slides(&axes[axis]);
        }
        if !axes[0].is_disjoint() {
            slides(&axes[0]);
        }
        Self {
            first: axes[0],
            windows: length(&part[0]),
            row_in,
            row_between,
            row_out: row(&lengths),
            within: row_between > 0,
            scratch,
            copies: 2 + u64::from(padded),
        }
    }

    /// Elements of the input.
    fn elements(&self) -> u64 {
        let rows = (self.windows - 1) * self.first.stride + self.first.window;
        rows.saturating_mul(self.row_in)
    }

    /// Rows kept for later windows.
    pub(super) fn kept_rows(&self) -> u64 {
        if self.first.is_disjoint() {
            0
        } else {
            self.first.window - 1
        }
    }

    /// Bytes that do not depend on how many rows are taken at a time.
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

    /// Bytes for every row taken at a time: input, between axes twice, kept, output four times.
    fn bytes_per_row<const C: usize>(&self) -> u64 {
        let between = 2 * C as u64 * self.row_between;
        let out = (C as u64 + 4) * self.row_out;
        (self.copies * self.row_in + between + out).saturating_mul(8)
    }

    /// Bytes with which a part can be computed at an acceptable speed: at least as many rows are taken at
    /// a time as are kept.
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

    /// How to take the rows within so many bytes, and within the caches if possible.
    pub(super) fn row_plan<const C: usize>(&self, memory: u64) -> RowPlan {
        let wide = self.least_bytes::<C>(true) <= memory;
        let least = self.rows_at_least();
        let more = |bytes: u64| {
            bytes.saturating_sub(self.least_bytes::<C>(wide)) / self.bytes_per_row::<C>().max(1)
        };
        let good = (3 * self.kept_rows()).max(BATCH / self.row_in.max(1));
        let all = self.elements() / self.row_in.max(1);
        let rows = good
            .min(least + more(memory.min(CACHE)))
            .max(least)
            .min(all.max(1));
        RowPlan { rows, wide }
    }
}
