//! What a thread advances at a time, and how large that should be.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::caches::Caches;

/// `rows × columns` nodes, advanced `depth` steps at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows that a tile writes.
    pub rows: usize,
    /// Columns that a tile writes.
    pub columns: usize,
    /// Steps it takes at a time.
    pub depth: usize,
}

/// The deepest tile that is ever chosen or accepted. Only short rows leave room in the second cache
/// for as many levels.
pub const MAX_DEPTH: usize = 256;

/// Rows of a tile that the kernel has in hand, with those around them.
const HOT_ROWS: usize = 7;

/// What it costs to bring a node into the lanes and back, in steps.
const TURN: f64 = 5.0;

/// How much slower a step is where the rows in hand do not fit the first level
/// of cache.
const SPILL: f64 = 1.15;

impl Tile {
    /// The tile for the interior of a field, `ny × nx` nodes of `size` bytes, on
    /// so many threads.
    ///
    /// Of all depths and widths whose levels fit the second level of cache, the
    /// one with the lowest estimate of what a node costs a step: halo rows and
    /// columns are computed twice, the way into the lanes and back is shared by
    /// the steps of a pass, and threads may be left without a tile. A function
    /// of its arguments alone.
    pub fn choose(caches: Caches, (ny, nx): (usize, usize), threads: usize, size: usize) -> Self {
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
            let again = (halo * (bands - 1)) as f64 / ny as f64;
            let most = (nx / depth).max(1);
            let mut next = 1;
            while next <= most {
                let parts = next;
                next += 1 + parts / 64;
                let columns = nx.div_ceil(parts);
                let row = (columns + 2 * halo).min(nx) * size;
                let held = (2 * depth + HOT_ROWS) * row;
                // At least a tile of one step is always there to be taken.
                if depth > 1 && held > caches.l2 / 3 * 2 {
                    continue;
                }
                let twice = (2 * halo * (parts - 1)) as f64 / nx as f64;
                let spill = if HOT_ROWS * row > caches.l1 {
                    SPILL
                } else {
                    1.0
                };
                let tiles = bands * parts;
                let idle = (tiles.div_ceil(threads) * threads) as f64 / tiles as f64;
                let cost = (spill * (1.0 + twice) * (1.0 + again) + TURN / depth as f64) * idle;
                if cost < least {
                    least = cost;
                    best = Self {
                        rows: ny.div_ceil(bands),
                        columns,
                        depth,
                    };
                }
                if HOT_ROWS * row * 4 < caches.l1 && tiles >= threads {
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

/// A text that is no tile.
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
    fn reads_what_it_prints() {
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
    fn a_choice_fits_the_field_and_the_second_cache() {
        for n in [1, 2, 3, 17, 299, 1024, 4097, 16384, 1 << 20, (1 << 31) - 1] {
            for (shape, threads) in [((n, n), 1), ((n, n), 2), ((3, n), 7), ((n, 5), 64)] {
                for size in [4, 8] {
                    let tile = Tile::choose(DESKTOP, shape, threads, size);
                    assert!((1..=shape.0).contains(&tile.rows), "{shape:?} {tile}");
                    assert!((1..=shape.1).contains(&tile.columns), "{shape:?} {tile}");
                    assert!((1..=MAX_DEPTH).contains(&tile.depth), "{shape:?} {tile}");
                    let panel = (tile.columns + 2 * tile.depth).min(shape.1);
                    assert!(tile.depth == 1 || 2 * tile.depth * panel * size < DESKTOP.l2);
                }
            }
        }
    }

    #[test]
    fn every_thread_has_a_tile_where_there_is_room() {
        for threads in [1, 2, 3, 16, 64] {
            for n in [1024_usize, 4096, 16384] {
                let tile = Tile::choose(DESKTOP, (n, n), threads, 8);
                assert!(
                    n.div_ceil(tile.rows) * n.div_ceil(tile.columns) >= threads,
                    "{n} {tile}"
                );
            }
        }
    }
}
