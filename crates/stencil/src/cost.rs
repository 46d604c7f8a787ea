//! [`Cost`]: the cost of steps, for choosing the size of tiles.

use super::kernel::Kernel;
use super::processor::{Durations, Processor, TwoLevelUse};
use diff2d_sys::Caches;

/// The largest depth of a tile. Only in tiles with short rows do 256 levels fit into the second-level cache.
pub const MAX_DEPTH: usize = 256;

/// The cost of steps in a tile, relative to a single step of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub processor: Processor,
    pub kernel: Kernel,
    pub caches: Caches,
    /// Bytes of a node.
    pub size: usize,
    /// The number of arrays that a step reads besides the field.
    pub arrays: usize,
    /// The largest number of levels in a pass that may take three operations; `None` if none may.
    pub scaled_levels: Option<usize>,
    /// Whether most sweeps may compute two levels.
    pub may_be_two: bool,
    /// Whether a step takes few enough operations that the caches matter as much as with three operations.
    pub is_light: bool,
}

/// The number of rows that a sweep of two levels accesses: the rows of a band, two rows of the level between, and one
/// row on each side.
const ROWS_OF_TWO: usize = 10;

/// Whether arrays of `bytes` bytes are far larger than the second-level cache. Then lifting and lowering rows takes
/// longer, and results should bypass the caches.
pub(super) fn is_far(bytes: usize, caches: Caches) -> bool {
    bytes / 32 > caches.l2
}

impl Cost {
    /// The largest depth of a tile.
    pub fn most_depth(&self) -> usize {
        self.scaled_levels.unwrap_or(MAX_DEPTH)
    }

    /// Bytes of a lifted row with the given number of columns, in registers of 64 bytes.
    pub fn row(&self, columns: usize) -> usize {
        (((columns * self.size).div_ceil(64) + 2) | 1) * 64
    }

    /// The cost of lifting and lowering a row, for arrays of `bytes` bytes.
    pub fn lift(&self, bytes: usize) -> f64 {
        let lift = self.of_operations(self.processor.lift);
        match is_far(bytes, self.caches) {
            true => lift * self.processor.lift_from_afar,
            false => lift,
        }
    }

    /// Whether the rows that a pass keeps, of `row` bytes each, fit the caches.
    pub fn fits(&self, depth: usize, row: usize) -> bool {
        self.fits_second_level(depth, row)
            || self.kept(depth, row) <= self.share_of_last_level().unwrap_or(0)
    }

    /// The number of bytes of the last-level cache that the rows of a pass on one thread may take, if they may use it.
    pub fn share_of_last_level(&self) -> Option<usize> {
        /// The number of cores that share the cache.
        const CORES: usize = 8;
        /// An upper limit, enough for 4096 columns and 60 levels.
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

    /// Whether sweeps over rows of this size compute two levels.
    pub fn is_by_two(&self, row: usize) -> bool {
        self.may_be_two
            && match self.processor.two_levels {
                TwoLevelUse::Always => true,
                TwoLevelUse::IfShort => ROWS_OF_TWO * row <= self.caches.l1 / 8 * 7,
            }
    }

    /// The relative duration of a step in passes of `depth` levels with rows of `row` bytes.
    pub fn duration(&self, depth: usize, row: usize) -> f64 {
        let slowdown = match self.processor.beyond {
            Some(durations) if !self.fits_second_level(depth, row) => self.of_operations(durations),
            _ => 1.0,
        };
        let bytes_of_ends = match self.scaled_levels.is_some() || self.arrays > 0 {
            true => self.processor.row_ends,
            false => 0,
        };
        self.of_sweeps(row) * slowdown * (row + bytes_of_ends) as f64 / row as f64
    }

    /// The part of the relative duration of a step that depends on the first-level cache.
    fn of_sweeps(&self, row: usize) -> f64 {
        /// The relative duration of steps in sweeps of two levels, on processors where these sweeps pay only if the
        /// rows fit the first-level cache.
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
