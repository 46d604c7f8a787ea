//! Skewed columns: tiles side by side that compute no column twice.
//!
//! Every level of a tile has columns one further west than the level before. The columns that a level then reads
//! beyond its west end are two of the tile to the west, which leaves them in a *seam*: two values for every row at
//! every level. Tiles of a row therefore follow one another from west to east.
//!
//! ```text
//!              tile 0              tile 1              tile 2
//!    level 0   |# # # # # # # # # |+ + + + + + + + + |= = = =|. . . . .
//!    level 1  .|# # # # # # # # |+ + + + + + + + + |= = = = =|. . . .      |       a wall
//!    level 2  . .|# # # # # # |+ + + + + + + + + |= = = = = =|. . .        .       outside, any value
//! ```
//!
//! In the lifted layout nothing moves: west, centre and east of a column are the registers before, at and after its
//! place in the level before, and the next level is stored one register further on. The walls move instead
//! ([`super::ends`]). Columns outside the walls are computed along and never used, as walls get their values at every
//! level.
//!
//! Next to overlapped tiles, no column is computed twice, so that tiles can be deeper and narrower; but only as many
//! threads are busy as there are rows of tiles.
//!
//! Source: parallelograms in time and space, as in J. McCalpin, D. Wonnacott, "Time skewing: a value-based approach
//! to optimizing for memory locality", Rutgers University, 1999.

use std::cell::RefCell;
use std::ops::Range;

use super::scratch::Scratch;
use super::task::Plane;
use super::walls::Computed;

/// The columns of tiles are a multiple of this: of the lanes of every kernel.
const MULTIPLE: usize = 16;
/// Strips have two columns or more.
const LEAST: usize = 2 * MULTIPLE;

/// The elements of the seams of so many rows of tiles, for at most `steps` steps.
pub(super) fn seam_elements(bands: usize, rows: usize, steps: usize) -> usize {
    /// More rows than a band of a wavefront has.
    const BAND: usize = 16;
    let of_one = 2 * steps * (rows + 2 * steps + BAND);
    2 * bands * of_one
}

/// The columns of skewed tiles for passes of this depth: what a tile's result depends on is in the tile and in the one
/// to the west. `None` if tiles of so many columns are too narrow.
pub(super) fn tile_columns(columns: usize, depth: usize) -> Option<usize> {
    let columns = columns.max(1).next_multiple_of(MULTIPLE);
    (columns >= LEAST.max(2 * depth + 2)).then_some(columns)
}

/// A row of skewed tiles: columns of level 0, the same number in every tile.
#[derive(Clone, Debug)]
pub(super) struct SkewedColumns {
    /// Those of a tile.
    pub each: usize,
    /// The columns that the field has to be computed for.
    nodes: Range<usize>,
    /// Those of all tiles: as many more as the last level is further west.
    pub all: Range<usize>,
}

impl SkewedColumns {
    /// For tiles of about so many columns, and passes of at most `deepest` steps. `None` if tiles are too narrow, or if
    /// one is all of the field.
    pub fn new(axis: &Computed, columns: usize, deepest: usize) -> Option<Self> {
        let nodes = axis.in_array();
        let each = tile_columns(columns, deepest)?;
        (axis.period.is_none() && nodes.len() > each).then(|| {
            let parts = (nodes.len() + deepest).div_ceil(each);
            Self {
                each,
                all: nodes.start..nodes.start + parts * each,
                nodes,
            }
        })
    }

    /// The columns that a tile with these columns writes after so many steps.
    pub fn written(&self, columns: &Range<usize>, steps: usize) -> Range<usize> {
        let end = self.nodes.end.min(columns.end - steps);
        let start = columns.start.saturating_sub(steps).max(self.nodes.start);
        start.min(end)..end
    }
}

thread_local! {
    /// The memory of seams that this thread's last call has left.
    static MEMORY: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

/// The seams of all rows of tiles, two each: the one that a tile reads and the one that it writes.
///
/// A tile may start again with another kernel, so it does not write where it reads.
pub(super) struct Seams<T> {
    memory: Scratch,
    plane: Plane<T>,
}

impl<T: Copy> Seams<T> {
    /// Seams between tiles of at most `rows` rows, in `bands` rows of tiles, for at most `steps` steps.
    pub fn new((bands, rows): (usize, usize), steps: usize) -> Self {
        let elements = seam_elements(1, rows, steps) / 2;
        let mut memory = MEMORY.replace(Scratch::new());
        let plane = Plane {
            base: memory.elements::<T>(2 * bands * elements),
            rows: 2 * bands,
            columns: elements,
            stride: elements,
        };
        Self { memory, plane }
    }

    /// The seams west and east of the tile in a place of the grid.
    pub fn around(&self, (band, place): (usize, usize)) -> [*mut T; 2] {
        [place % 2, 1 - place % 2].map(|side| {
            self.plane
                .base
                .wrapping_add((2 * band + side) * self.plane.stride)
        })
    }
}

impl<T> Drop for Seams<T> {
    fn drop(&mut self) {
        let memory = std::mem::replace(&mut self.memory, Scratch::new());
        // A thread that ends needs none.
        let _ = MEMORY.try_with(|kept| kept.replace(memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_write_every_column_once() {
        for (nodes, columns, depth) in [(100, 32, 15), (33, 32, 1), (1000, 200, 99), (97, 40, 10)] {
            let axis = Computed {
                nodes: 1..nodes + 1,
                period: None,
            };
            let skewed = SkewedColumns::new(&axis, columns, depth);
            let skewed = skewed.unwrap_or_else(|| unreachable!("{nodes} {columns} {depth}"));
            for steps in 1..=depth {
                let tiles = skewed.all.clone().step_by(skewed.each);
                let written: Vec<usize> = tiles
                    .flat_map(|start| skewed.written(&(start..start + skewed.each), steps))
                    .collect();
                assert_eq!(
                    written,
                    axis.in_array().collect::<Vec<_>>(),
                    "{nodes} {steps}"
                );
            }
        }
    }

    #[test]
    fn narrow_tiles_are_not_skewed() {
        assert_eq!(tile_columns(1, 1), None);
        assert_eq!(tile_columns(33, 20), Some(48));
        assert_eq!(tile_columns(48, 23), Some(48));
        assert_eq!(tile_columns(48, 24), None);
    }
}
