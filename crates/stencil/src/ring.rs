//! [`Ring`]: the lifted rows of all levels of a tile, in one ring buffer.

use super::level::RowGroup;

/// Row slots shared by all levels of a tile.
///
/// A level with `remaining` steps to go has its row `j` in slot
/// `(remaining + j) mod slots`. The next level of row `j` is therefore written
/// one slot before its present one, over row `j - 1`, which is no longer needed. Where two levels are computed in
/// one sweep, the second is written two slots before.
///
/// Rows beyond the first and the last row are stored separately: they are walls or ghosts.
///
/// Rows are counted from the first row that the tile lifts.
///
/// ```text
///    after band b..b+3      slot    b-2  b-1   b   b+1  b+2  b+3  b+4
///    2 steps, 3 rows,       level    2    2    2    1    1    0    0
///    7 slots                row     b-2  b-1   b    b   b+1  b+1  b+2
/// ```
///
/// The rows of the last level are lowered into the target, and the next band is
/// lifted into their slots.
pub(super) struct Ring<T> {
    /// The address of each slot; the first `height + 3` addresses are repeated after the last.
    rows: *const *mut T,
    slots: usize,
    height: usize,
    /// The rows north of the first row and south of the last row.
    beyond: [*mut T; 2],
    /// The number of rows.
    end: usize,
}

impl<T> Ring<T> {
    /// A ring of `slots` rows in `memory`, `pitch` elements apart, followed by
    /// the two rows beyond the first and the last of `end` rows. Groups have up to
    /// `height` rows.
    ///
    /// # Safety
    /// `memory` has room for these rows, `addresses` for `slots + height + 3` addresses.
    #[inline(always)]
    pub unsafe fn new(
        memory: *mut T,
        pitch: usize,
        slots: usize,
        height: usize,
        addresses: *mut *mut T,
        end: usize,
    ) -> Self {
        for slot in 0..slots + height + 3 {
            // SAFETY: the caller's promise.
            unsafe { addresses.add(slot).write(memory.add(slot % slots * pitch)) };
        }
        Self {
            rows: addresses,
            slots,
            height,
            beyond: [0, 1].map(|side| memory.wrapping_add((slots + side) * pitch)),
            end,
        }
    }

    /// The slot of row `j` of the level with `remaining` steps to go.
    #[inline(always)]
    pub fn slot(&self, remaining: usize, j: usize) -> usize {
        (remaining + j) % self.slots
    }

    /// The slot two before, where the next level of a band begins: it starts one row earlier, and each of its rows is
    /// stored one slot earlier.
    #[inline(always)]
    pub fn two_before(&self, slot: usize) -> usize {
        if slot < 2 {
            slot + self.slots - 2
        } else {
            slot - 2
        }
    }

    /// The row in a slot, whose number may exceed the last slot by up to a group and two more.
    #[inline(always)]
    pub fn at(&self, slot: usize) -> *mut T {
        debug_assert!(slot < self.slots + self.height + 3);
        // SAFETY: there are that many addresses.
        unsafe { *self.rows.add(slot) }
    }

    /// Row `j` of the level with `remaining` steps to go.
    #[inline(always)]
    pub fn row(&self, remaining: usize, j: usize) -> *mut T {
        self.at(self.slot(remaining, j))
    }

    /// The rows north of the first and south of the last row.
    #[inline(always)]
    pub fn beyond(&self) -> [*mut T; 2] {
        self.beyond
    }

    /// The `N` rows whose next level begins in `slot`, without the first and the last row.
    #[inline(always)]
    pub fn inner_group<const N: usize>(&self, slot: usize) -> RowGroup<T, N> {
        // The row north of the group is in `slot`, which the first row overwrites.
        let north = self.at(slot);
        let mut rows = [north; N];
        for j in 0..N {
            rows[j] = self.at(slot + 1 + j);
        }
        RowGroup {
            next: north,
            north,
            rows,
            south: self.at(slot + N + 1),
        }
    }

    /// The rows `first..first + N`, to be advanced to the level with `remaining` steps to go. The first and the last
    /// row may be among them.
    #[inline(always)]
    pub fn outer_group<const N: usize>(&self, remaining: usize, first: usize) -> RowGroup<T, N> {
        let present_level = remaining + 1;
        let mut rows = [self.row(present_level, first); N];
        for j in 1..N {
            rows[j] = self.row(present_level, first + j);
        }
        let next_row = self.row(remaining, first);
        RowGroup {
            next: next_row,
            north: if first == 0 { self.beyond[0] } else { next_row },
            rows,
            south: if first + N == self.end {
                self.beyond[1]
            } else {
                self.row(present_level, first + N)
            },
        }
    }
}
