//! [`Tile`]: the size of tiles, and its choice for a field and a processor.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use diff2d_sys::Caches;

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

/// Bytes of the field from the first row of a tile to its last, at most. Of 16384 × 16384 nodes, 2 GiB, tiles of 4096
/// rows take 0.85 of the time of tiles of 16384: fewer pages are visited again and again.
const MOST_SPAN: usize = 512 << 20;

/// What the steps of a tile cost, for the choice of its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// Bytes of a node.
    size: usize,
    /// Arrays that a step reads besides the field.
    arrays: usize,
    /// The largest depth.
    most_depth: usize,
    /// Rows that the kernel of one level accesses at a time.
    group_rows: usize,
    /// Lifting and lowering a row, in steps of the row.
    lift: f64,
    /// The relative duration of a step if the rows accessed at a time do not fit the first-level cache.
    spill: f64,
}

impl Cost {
    /// Steps at nodes of `size` bytes that read `arrays` arrays besides the field. Those that may take
    /// three operations have up to `scaled` levels.
    pub fn new(size: usize, arrays: usize, scaled: Option<usize>) -> Self {
        Self {
            size,
            arrays,
            most_depth: scaled.unwrap_or(MAX_DEPTH),
            group_rows: if size == 4 { 9 } else { 7 },
            lift: if scaled.is_some() { 6.0 } else { 5.0 },
            spill: if scaled.is_some() { 1.5 } else { 1.15 },
        }
    }
}

impl Tile {
    /// The tile for a field whose interior has `ny × nx` nodes, on `threads` threads.
    /// Depends on its arguments only.
    ///
    /// The tile has the lowest estimated cost of a step at a node among all
    /// depths and widths whose levels fit the second-level cache. The estimate
    /// counts
    ///
    /// - halo rows and columns, which are computed twice;
    /// - lifting and lowering, shared by the steps of a pass;
    /// - group rows that do not fit the first-level cache;
    /// - threads without a tile.
    ///
    /// Passes of more levels than rows are left out: with 256 levels, 64 × 64 nodes took 1.15 times as long as
    /// with 64, and 32 × 32 nodes 1.2 times as long as with 32.
    pub(super) fn choose(
        caches: Caches,
        (ny, nx): (usize, usize),
        threads: usize,
        cost: Cost,
    ) -> Self {
        let Cost {
            size,
            arrays,
            group_rows,
            ..
        } = cost;
        let (ny, nx, threads) = (ny.max(1), nx.max(1), threads.max(1));
        let mut best = Self {
            rows: ny,
            columns: nx,
            depth: 1,
        };
        let mut least = f64::INFINITY;
        let span = ny.saturating_mul(nx).saturating_mul(size);
        let least_bands = threads.max(span.div_ceil(MOST_SPAN));
        for depth in 1..=cost.most_depth.min(ny) {
            let halo = depth - 1;
            let bands = least_bands.min(ny / depth).max(1);
            let twice_rows = (halo * (bands - 1)) as f64 / ny as f64;
            let most = (nx / depth).max(1);
            let mut next = 1;
            while next <= most {
                let parts = next;
                next += 1 + parts / 64;
                let columns = nx.div_ceil(parts);
                let row = (columns + 2 * halo).min(nx) * size;
                let held = ((2 + arrays) * depth + (1 + arrays) * group_rows) * row;
                // A tile of one step is accepted however large it is.
                if depth > 1 && held > caches.l2 / 3 * 2 {
                    continue;
                }
                let twice_columns = (2 * halo * (parts - 1)) as f64 / nx as f64;
                // Rows that fill the last eighth take 1.1 times as long on an Intel server processor.
                let spill = if (1 + arrays) * group_rows * row > caches.l1 / 8 * 7 {
                    cost.spill
                } else {
                    1.0
                };
                let tiles = bands * parts;
                let idle = (tiles.div_ceil(threads) * threads) as f64 / tiles as f64;
                let estimate = (spill * (1.0 + twice_columns) * (1.0 + twice_rows)
                    + cost.lift / depth as f64)
                    * idle;
                if estimate < least {
                    least = estimate;
                    best = Self {
                        rows: ny.div_ceil(bands),
                        columns,
                        depth,
                    };
                }
                if group_rows * row * 4 < caches.l1 && tiles >= threads {
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
                    let tile = Tile::choose(DESKTOP, shape, threads, Cost::new(size, 0, None));
                    assert!((1..=shape.0).contains(&tile.rows), "{shape:?} {tile}");
                    assert!((1..=shape.1).contains(&tile.columns), "{shape:?} {tile}");
                    assert!((1..=MAX_DEPTH).contains(&tile.depth), "{shape:?} {tile}");
                    assert!(tile.depth <= tile.rows, "{shape:?} {tile}");
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
                let tile = Tile::choose(DESKTOP, (n, n), threads, Cost::new(8, 0, Some(256)));
                assert!(
                    n.div_ceil(tile.rows) * n.div_ceil(tile.columns) >= threads,
                    "{n} {tile}"
                );
            }
        }
    }
}
