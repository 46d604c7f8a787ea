//! [`Tile`]: the size of tiles, and its choice for a field and a processor.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::sys::Caches;

/// The size of a tile: `rows × columns` nodes, advanced `depth` steps in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows that a tile writes.
    pub rows: usize,
    /// Columns that a tile writes.
    pub columns: usize,
    /// Steps of a pass.
    pub depth: usize,
}

/// The largest depth. Only tiles with short rows fit so many levels into the second-level cache.
pub const MAX_DEPTH: usize = 256;

/// Rows that the kernel of one level accesses at a time.
const GROUP_ROWS: usize = 7;

/// The cost of lifting and lowering a row, in steps of the row.
const LIFT_COST: f64 = 5.0;

/// The relative duration of a step if the rows accessed at a time do not fit the
/// first-level cache.
const SPILL_FACTOR: f64 = 1.15;

impl Tile {
    /// The tile for a field whose interior has `ny × nx` nodes of `size` bytes,
    /// on `threads` threads; a step reads `arrays` arrays besides the field. Depends
    /// on its arguments only.
    ///
    /// The tile has the lowest estimated cost of a step at a node among all
    /// depths and widths whose levels fit the second-level cache. The estimate
    /// counts
    ///
    /// - halo rows and columns, which are computed twice;
    /// - lifting and lowering, shared by the steps of a pass;
    /// - group rows that do not fit the first-level cache;
    /// - threads without a tile.
    pub fn choose(
        caches: Caches,
        (ny, nx): (usize, usize),
        threads: usize,
        size: usize,
        arrays: usize,
    ) -> Self {
        let (ny, nx, threads) = (ny.max(1), nx.max(1), threads.max(1));
        let mut best = Self {
            rows: ny,
            columns: nx,
            depth: 1,
        };
        let mut least = f64::INFINITY;
        for depth in 1..=MAX_DEPTH {
            let halo = depth - 1;
            let bands = threads.min(ny / depth).max(1);
            let twice_rows = (halo * (bands - 1)) as f64 / ny as f64;
            let most = (nx / depth).max(1);
            let mut next = 1;
            while next <= most {
                let parts = next;
                next += 1 + parts / 64;
                let columns = nx.div_ceil(parts);
                let row = (columns + 2 * halo).min(nx) * size;
                let held = ((2 + arrays) * depth + (1 + arrays) * GROUP_ROWS) * row;
                // A tile of one step is accepted however large it is.
                if depth > 1 && held > caches.l2 / 3 * 2 {
                    continue;
                }
                let twice_columns = (2 * halo * (parts - 1)) as f64 / nx as f64;
                let spill = if (1 + arrays) * GROUP_ROWS * row > caches.l1 {
                    SPILL_FACTOR
                } else {
                    1.0
                };
                let tiles = bands * parts;
                let idle = (tiles.div_ceil(threads) * threads) as f64 / tiles as f64;
                let cost = (spill * (1.0 + twice_columns) * (1.0 + twice_rows)
                    + LIFT_COST / depth as f64)
                    * idle;
                if cost < least {
                    least = cost;
                    best = Self {
                        rows: ny.div_ceil(bands),
                        columns,
                        depth,
                    };
                }
                if GROUP_ROWS * row * 4 < caches.l1 && tiles >= threads {
                    break;
                }
            }
        }
        best
    }
}

impl Display for Tile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.rows, self.columns, self.depth)
    }
}

/// A text that is not a tile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read tile '{0}': expected ROWSxCOLUMNSxDEPTH, at least 1 each, depth at most {MAX_DEPTH}"
)]
pub struct InvalidTile(String);

impl FromStr for Tile {
    type Err = InvalidTile;

    fn from_str(text: &str) -> Result<Self, InvalidTile> {
        let numbers: Option<Vec<usize>> = text.split('x').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[rows, columns, depth])
                if rows > 0 && columns > 0 && (1..=MAX_DEPTH).contains(&depth) =>
            {
                Ok(Self {
                    rows,
                    columns,
                    depth,
                })
            }
            _ => Err(InvalidTile(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESKTOP: Caches = Caches {
        l1: 48 << 10,
        l2: 1 << 20,
        last: 32 << 20,
    };

    #[test]
    fn a_printed_tile_is_read_again() {
        let tile = Tile {
            rows: 512,
            columns: 700,
            depth: 40,
        };
        assert_eq!(tile.to_string(), "512x700x40");
        assert_eq!("512x700x40".parse(), Ok(tile));
        for wrong in [
            "",
            "512",
            "512x700",
            "512x700x0",
            "512x700x257",
            "0x1x1",
            "1x1x1x1",
            "axbxc",
        ] {
            assert!(wrong.parse::<Tile>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_chosen_tile_fits_the_field_and_the_second_level_cache() {
        for n in [1, 2, 3, 17, 299, 1024, 4097, 16384, 1 << 20, (1 << 31) - 1] {
            for (shape, threads) in [((n, n), 1), ((n, n), 2), ((3, n), 7), ((n, 5), 64)] {
                for size in [4, 8] {
                    let tile = Tile::choose(DESKTOP, shape, threads, size, 0);
                    assert!((1..=shape.0).contains(&tile.rows), "{shape:?} {tile}");
                    assert!((1..=shape.1).contains(&tile.columns), "{shape:?} {tile}");
                    assert!((1..=MAX_DEPTH).contains(&tile.depth), "{shape:?} {tile}");
                    let row = (tile.columns + 2 * tile.depth).min(shape.1);
                    assert!(tile.depth == 1 || 2 * tile.depth * row * size < DESKTOP.l2);
                }
            }
        }
    }

    #[test]
    fn every_thread_has_a_tile_if_the_field_is_large_enough() {
        for threads in [1, 2, 3, 16, 64] {
            for n in [1024_usize, 4096, 16384] {
                let tile = Tile::choose(DESKTOP, (n, n), threads, 8, 0);
                assert!(
                    n.div_ceil(tile.rows) * n.div_ceil(tile.columns) >= threads,
                    "{n} {tile}"
                );
            }
        }
    }
}
