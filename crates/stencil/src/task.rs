//! [`TileTask`]: one tile and the steps it is advanced by.

use std::ops::Range;

use ndarray::Array2;

use super::equation::Equation;
use super::kernel::{Additions, LevelsPerSweep};
use super::knowledge::Smoothness;
use super::pipeline::PassUnderWay;
use super::walls::{Computed, Walls};

/// A shared array of `rows × columns`, with contiguous rows `stride` elements apart. Threads never access the same
/// nodes at the same time.
#[derive(Clone, Copy)]
pub(super) struct Plane<T> {
    pub base: *mut T,
    pub rows: usize,
    pub columns: usize,
    pub stride: usize,
}

// SAFETY: a plane is an address; whoever reads or writes through it states why
// no other thread does so at the same place and time.
unsafe impl<T: Send> Send for Plane<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Plane<T> {}

impl<T> Plane<T> {
    /// The array at `base`.
    ///
    /// # Panics
    /// If its rows are not contiguous, or not in order.
    pub fn new(base: *mut T, (rows, columns): (usize, usize), strides: &[isize]) -> Self {
        let stride = usize::try_from(strides[0]).unwrap_or(0);
        assert!(
            strides[1] == 1 && (stride >= columns || rows < 2),
            "the rows of a field must be contiguous and in order, not at strides {strides:?}"
        );
        Self {
            base,
            rows,
            columns,
            stride,
        }
    }

    /// An array that is only read.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn of(array: &Array2<T>) -> Self {
        Self::new(array.as_ptr().cast_mut(), array.dim(), array.strides())
    }

    /// The address of a node.
    ///
    /// # Safety
    /// The node is in the array.
    #[inline(always)]
    pub unsafe fn node(&self, j: usize, i: usize) -> *mut T {
        debug_assert!(j < self.rows && i < self.columns);
        // SAFETY: the caller's promise.
        unsafe { self.base.add(j * self.stride + i) }
    }
}

/// A tile, and the number of steps by which to advance it.
///
/// Overlapped tiling: to be independent of other tiles during its steps, a tile
/// also computes the nodes around it that its result depends on, fewer with
/// every level.
///
/// ```text
///    level 0    #################     rows_at(0), columns around the tile too
///    level 1      #############
///    level 2        #########
///    level 3          #####           the tile, 3 steps on
/// ```
///
/// Rows and columns of a periodic axis may be numbered beyond the ends of the
/// array, see [`Computed`].
///
/// A caller that executes a task promises that
///
/// - source and target have the same shape, which equation and walls fit, and
///   the tile's rows and columns are computed ones;
/// - nobody writes the nodes of the source that the result depends on;
/// - nobody else accesses the nodes of the target in the tile.
#[derive(Clone)]
pub(super) struct TileTask<'a, T> {
    pub source: Plane<T>,
    pub target: Plane<T>,
    /// The rows and columns that are written.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// The number of steps, at least one.
    pub steps: usize,
    /// The number of steps in the batch before these steps, for the tables of the walls.
    pub first: usize,
    pub equation: &'a Equation<T>,
    pub walls: &'a Walls<T>,
    /// The computed nodes along y and along x.
    pub domain: &'a [Computed; 2],
    /// Whether levels scaled by four may be tried, see [`super::smooth`].
    pub tries_scaled: bool,
    /// The known smoothness of the source.
    pub smoothness: Smoothness,
    /// How the sum of the four neighbours is computed.
    pub additions: Additions,
    pub levels_per_sweep: LevelsPerSweep,
    /// Whether the tile has few nodes, and is advanced level by level.
    pub is_small: bool,
    /// Whether the result bypasses the caches.
    pub stream: bool,
    /// The pass among other active ones, if passes are pipelined.
    pub stage: Option<PassUnderWay<'a>>,
}

impl<T: Copy> TileTask<'_, T> {
    /// The task for the rows that are not finished.
    pub fn unfinished(&self) -> Self {
        let finished = self.stage.map_or(0, |stage| stage.finished());
        Self {
            rows: self.rows.start.max(finished)..self.rows.end,
            ..self.clone()
        }
    }

    /// The rows at `level` on which the result depends, as far as they are computed.
    #[inline(always)]
    pub fn rows_at(&self, level: usize) -> Range<isize> {
        let rows = self.rows.start as isize..self.rows.end as isize;
        self.domain[0].around(&rows, (self.steps - level) as isize)
    }

    /// The index of a row in the arrays.
    #[inline(always)]
    pub fn row_place(&self, j: isize) -> usize {
        self.domain[0].place(j)
    }

    /// The columns that are computed at every level: the columns of the tile and `steps - 1` more on each side, up to
    /// the walls. The columns next to these are held constant, which causes an error unless they are walls. The error
    /// moves inwards by one column for each step from the second step on, and so does not reach the tile.
    #[inline(always)]
    pub fn computed_columns(&self) -> Range<isize> {
        let columns = self.columns.start as isize..self.columns.end as isize;
        self.domain[1].around(&columns, self.steps as isize - 1)
    }

    /// The columns of level 0 that are lifted: one more on each side than are computed.
    #[inline(always)]
    pub fn lifted_columns(&self) -> Range<isize> {
        let Range { start, end } = self.computed_columns();
        start - 1..end + 1
    }

    /// Whether the computed rows (axis 0) or columns (axis 1) begin and end at walls.
    #[inline(always)]
    pub fn reaches_walls(&self, axis: usize, nodes: &Range<isize>) -> [bool; 2] {
        let computed = &self.domain[axis];
        let has_walls = computed.period.is_none();
        [
            has_walls && nodes.start == computed.nodes.start,
            has_walls && nodes.end == computed.nodes.end,
        ]
    }
}
