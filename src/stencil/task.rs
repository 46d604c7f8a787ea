//! What one thread does at a time.

use std::ops::Range;

/// An array of `rows × columns` whose rows are contiguous and `stride`
/// elements apart, shared between threads that keep out of each other's way.
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

    /// Address of a node.
    ///
    /// # Safety
    /// The node lies in the array.
    #[inline(always)]
    pub unsafe fn node(&self, j: usize, i: usize) -> *mut T {
        debug_assert!(j < self.rows && i < self.columns);
        // SAFETY: the caller's promise.
        unsafe { self.base.add(j * self.stride + i) }
    }
}

/// A tile and how far it is to be advanced.
///
/// Whoever executes it promises that source and target have the same shape,
/// that the tile's rows and columns are interior ones, that nobody writes the
/// source's nodes in its cone meanwhile, and that nobody else touches the
/// target's nodes in the tile.
pub(super) struct Task<T> {
    pub source: Plane<T>,
    pub target: Plane<T>,
    /// Rows and columns to be written.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// At least one.
    pub steps: usize,
    pub r: T,
    /// Magnitude up to which the source is calm, see [`super::calm`].
    pub calm: f64,
    /// Whether the result should go past the caches.
    pub stream: bool,
}

impl<T> Task<T> {
    /// The rows of `level` that the result depends on. Those of level 0
    /// include the rows around, the later ones leave the walls out.
    #[inline(always)]
    pub fn cone(&self, level: usize) -> Range<usize> {
        let reach = self.steps - level;
        let wall = usize::from(level > 0);
        let start = self.rows.start.saturating_sub(reach).max(wall);
        let end = (self.rows.end + reach).min(self.source.rows - wall);
        start..end
    }

    /// The columns that are advanced: the tile's own and, where there is no
    /// wall, a halo. The columns around are held, and what is wrong with that
    /// moves inwards by one column a step from the second step on.
    #[inline(always)]
    pub fn panel(&self) -> Range<usize> {
        let halo = self.steps - 1;
        let start = self.columns.start.saturating_sub(halo).max(1);
        let end = (self.columns.end + halo).min(self.source.columns - 1);
        start..end
    }
}
