//! [`Seam`]: what tiles with skewed columns leave to the tile to the east.

use super::lanes::Lanes;

/// Two columns of the rows of a group: those that the tile to the west has left, and where those for the tile to the
/// east go.
#[derive(Clone, Copy)]
pub(super) struct Seam<T> {
    pub from: *const T,
    pub to: *mut T,
    /// What values are multiplied by when they are read, and when they are written.
    pub factors: [T; 2],
}

impl<T: Copy> Seam<T> {
    /// That of a row of the group on its own.
    #[inline(always)]
    pub fn row(&self, j: usize) -> Self {
        Self {
            from: self.from.wrapping_add(2 * j),
            to: self.to.wrapping_add(2 * j),
            ..*self
        }
    }

    /// Requests the seam of the level eight levels further on, of a group of so many rows.
    #[inline(always)]
    pub fn prefetch<V: Lanes<Element = T>>(&self, rows: usize) {
        const LEVELS: usize = 8;
        let line = 64 / size_of::<T>();
        for ahead in [0, line] {
            let place = 2 * rows * LEVELS + ahead;
            V::prefetch(self.from.wrapping_add(place));
            V::prefetch(self.to.wrapping_add(place));
        }
    }
}
