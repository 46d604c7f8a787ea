//! [`Cost`]: what steps cost, for the choice of a tile's size.

use super::kernel::Kernel;
use super::processor::{Durations, Processor, TwoLevelUse};
use diff2d_sys::Caches;

/// The largest depth of a tile. Only tiles with short rows fit so many levels into the second-level cache.
pub const MAX_DEPTH: usize = 256;

/// What the steps of a tile cost, relative to a step alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub processor: Processor,
    pub kernel: Kernel,
    pub caches: Caches,
    /// Bytes of a node.
    pub size: usize,
    /// Arrays that a step reads besides the field.
    pub arrays: usize,
    /// The most levels of a pass that may take three operations, where any may.
    pub scaled_levels: Option<usize>,
    /// Whether most sweeps may compute two levels.
    pub may_be_two: bool,
    /// Whether a step takes so few operations that the caches matter as they do with three.
    pub is_light: bool,
}

/// Rows that a sweep of two levels accesses: those of a band, two of the level between, and one on each side.
const ROWS_OF_TWO: usize = 10;

/// Whether arrays of so many bytes are far beyond the second-level cache. Then lifting and lowering rows takes
/// longer, and results had better go past the caches.
pub(super) fn is_far(bytes: usize, caches: Caches) -> bool {
    bytes / 32 > caches.l2
}

impl Cost {
    /// The largest depth of a tile.
    pub fn most_depth(&self) -> usize {
        self.scaled_levels.unwrap_or(MAX_DEPTH)
    }

    /// Bytes of a lifted row of so many columns, in registers of 64 bytes.
    pub fn row(&self, columns: usize) -> usize {
        (((columns * self.size).div_ceil(64) + 2) | 1) * 64
    }

    /// Lifting and lowering a row of arrays of so many bytes.
    pub fn lift(&self, bytes: usize) -> f64 {
        let lift = self.of_operations(self.processor.lift);
        match is_far(bytes, self.caches) {
            true => lift * self.processor.lift_from_afar,
            false => lift,
        }
    }

    /// Whether the rows of so many bytes that a pass keeps fit the caches.
    pub fn fits(&self, depth: usize, row: usize) -> bool {
        self.fits_second_level(depth, row)
            || self.kept(depth, row) <= self.share_of_last_level().unwrap_or(0)
    }

    /// Bytes of the last-level cache that the rows of a pass of one thread may take, where they may.
    pub fn share_of_last_level(&self) -> Option<usize> {
        /// Cores that share the cache.
        const CORES: usize = 8;
        /// Enough for 4096 columns and 60 levels.
        const MOST: usize = 4 << 20;
        let share = (self.caches.last / CORES).min(MOST);
        self.processor.beyond.map(|_| share)
    }

    fn fits_second_level(&self, depth: usize, row: usize) -> bool {
        self.kept(depth, row) as f64 <= self.processor.share * self.caches.l2 as f64
    }

    /// Bytes of the rows that a pass keeps.
    fn kept(&self, depth: usize, row: usize) -> usize {
        (2 + self.arrays) * depth * row + self.accessed(row)
    }

    /// Bytes that a sweep of one level accesses.
    pub fn accessed(&self, row: usize) -> usize {
        let rows = self.kernel.band_rows().with(self.arrays) + 2;
        (1 + self.arrays) * rows * row
    }

    /// Whether sweeps over such rows compute two levels.
    pub fn is_by_two(&self, row: usize) -> bool {
        self.may_be_two
            && match self.processor.two_levels {
                TwoLevelUse::Always => true,
                TwoLevelUse::IfShort => ROWS_OF_TWO * row <= self.caches.l1 / 8 * 7,
            }
    }

    /// The relative duration of a step in passes of so many levels with rows of so many bytes.
    pub fn duration(&self, depth: usize, row: usize) -> f64 {
        let beyond = match self.processor.beyond {
            Some(durations) if !self.fits_second_level(depth, row) => self.of_operations(durations),
            _ => 1.0,
        };
        let ends = match self.scaled_levels.is_some() || self.arrays > 0 {
            true => self.processor.row_ends,
            false => 0,
        };
        self.of_sweeps(row) * beyond * (row + ends) as f64 / row as f64
    }

    /// The same as far as the first-level cache matters.
    fn of_sweeps(&self, row: usize) -> f64 {
        /// The relative duration of steps of two levels a sweep, where these depend on the cache.
        const OF_TWO: f64 = 0.94;
        if self.processor.two_levels == TwoLevelUse::IfShort && self.is_by_two(row) {
            return OF_TWO;
        }
        match self.accessed(row) <= self.caches.l1 / 8 * 7 {
            true => 1.0,
            false => self.of_operations(self.processor.spill),
        }
    }

    fn of_operations(&self, durations: Durations) -> f64 {
        match self.is_light {
            true => durations.three,
            false => durations.more,
        }
    }
}
