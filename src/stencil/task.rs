//! [`TileTask`]: one tile and the steps it is advanced by.

use std::ops::Range;

/// An array of `rows × columns` whose rows are contiguous and `stride` elements
/// apart, shared by threads that never access the same nodes at the same time.
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

/// A tile and how far it is to be advanced.
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
/// Whoever executes a task promises that
///
/// - source and target have the same shape, and the tile's rows and columns are
///   interior ones;
/// - nobody writes the nodes of the source that the result depends on;
/// - nobody else accesses the nodes of the target in the tile.
pub(super) struct TileTask<T> {
    pub source: Plane<T>,
    pub target: Plane<T>,
    /// Rows and columns that are written.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// At least one.
    pub steps: usize,
    pub r: T,
    /// The largest magnitude of the source for which `4 p` is known not to
    /// overflow, see [`super::exactness::magnitude_bound`].
    pub magnitude_bound: f64,
    /// Whether the result is written past the caches.
    pub stream: bool,
}

impl<T> TileTask<T> {
    /// The rows at `level` that the result depends on. At level 0 they include
    /// boundary rows, which are never computed.
    #[inline(always)]
    pub fn rows_at(&self, level: usize) -> Range<usize> {
        let reach = self.steps - level;
        let boundary = usize::from(level > 0);
        let start = self.rows.start.saturating_sub(reach).max(boundary);
        let end = (self.rows.end + reach).min(self.source.rows - boundary);
        start..end
    }

    /// The columns that are computed at every level: those of the tile and
    /// `steps - 1` more on each side, up to the boundary. The columns next to
    /// them are held constant, which is wrong unless they are boundary. The error
    /// moves inwards by one column a step from the second step on, and so does
    /// not reach the tile.
    #[inline(always)]
    pub fn computed_columns(&self) -> Range<usize> {
        let halo = self.steps - 1;
        let start = self.columns.start.saturating_sub(halo).max(1);
        let end = (self.columns.end + halo).min(self.source.columns - 1);
        start..end
    }
}
