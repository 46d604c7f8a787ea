//! [`Tile`]: the size of tiles, and its choice for a field and a processor.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::cost::{Cost, MAX_DEPTH};
use super::pipeline;

/// The size of a tile: `rows × columns` nodes, advanced `depth` steps in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The number of rows that a tile writes.
    pub rows: usize,
    /// The number of columns that a tile writes.
    pub columns: usize,
    /// The number of steps in a pass.
    pub depth: usize,
}

/// The largest number of bytes of the field from the first row of a tile to its last. For 16384 × 16384 nodes, 2 GiB,
/// tiles of 2048 rows take 0.8 of the time of tiles of 16384 rows, because fewer pages are visited repeatedly.
const MOST_SPAN: usize = 256 << 20;
/// The search for the best tile of a field whose interior has `rows × columns` nodes, on `threads` threads, each with
/// one tile. The result depends only on its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct TileSearch {
    pub rows: usize,
    pub columns: usize,
    pub threads: usize,
    pub cost: Cost,
}

/// A tile, and its estimated cost per step and node, relative to a single step of a field.
#[derive(Clone, Copy)]
struct Candidate {
    tile: Tile,
    cost: f64,
}

impl TileSearch {
    /// The tile for one pass.
    ///
    /// It has the lowest estimated cost of a step at a node among all
    /// depths and widths whose levels fit the second-level cache. The estimate
    /// counts
    ///
    /// - halo rows and columns, which are computed twice;
    /// - lifting and lowering, shared by the steps of a pass;
    /// - group rows that do not fit the first-level cache;
    /// - threads without a tile.
    ///
    /// Passes with more levels than rows are excluded.
    pub fn for_pass(&self) -> Tile {
        self.side_by_side().tile
    }

    /// The tile for several passes in one call: the whole field, if passes pipelined over threads cost less than tiles
    /// side by side.
    pub fn for_passes(&self) -> Tile {
        let side_by_side = self.side_by_side();
        match self.pipelined() {
            Some(whole) if whole.cost < side_by_side.cost => whole.tile,
            _ => side_by_side.tile,
        }
    }

    /// The whole field as a tile, with the depth for which pipelined passes cost least.
    fn pipelined(&self) -> Option<Candidate> {
        /// The typical number of steps in a call: some hundred between snapshots.
        const STEPS: usize = 512;
        let Self {
            rows,
            columns,
            threads,
            cost,
        } = *self;
        let row = cost.row(columns);
        // The rows of the field move from one thread's cache to the other's.
        let field = rows as f64 * columns as f64 * cost.size as f64;
        let slower = match cost.processor.hands_over_slowly {
            true => (field / (2 * cost.caches.l2) as f64).max(1.0),
            false => 1.0,
        };
        let lift = cost.lift(0) * slower;
        let depths = (2..=cost.most_depth().min(rows)).take_while(|&depth| cost.fits(depth, row));
        let candidates = depths.filter_map(|depth| {
            let stages = pipeline::stages(rows, depth, threads);
            let (passes, waiting) = pipeline::count_and_waiting(rows, STEPS, depth, stages);
            let filling = stages as f64 * waiting / (rows * STEPS) as f64;
            let lifting = lift * passes as f64 / STEPS as f64;
            let idle = threads as f64 / stages as f64;
            let cost = (cost.duration(depth, row) + lifting) * (1.0 + filling) * idle;
            let tile = Tile {
                rows,
                columns,
                depth,
            };
            (stages > 1).then_some(Candidate { tile, cost })
        });
        candidates.min_by(|a, b| a.cost.total_cmp(&b.cost))
    }

    /// The best tile if several tiles advance side by side.
    fn side_by_side(&self) -> Candidate {
        let Self {
            rows,
            columns,
            threads,
            cost,
        } = *self;
        let mut cheapest = Candidate {
            tile: Tile {
                rows,
                columns,
                depth: 1,
            },
            cost: f64::INFINITY,
        };
        let span = rows.saturating_mul(columns).saturating_mul(cost.size);
        for depth in 1..=cost.most_depth().min(rows) {
            let bands = threads
                .max(span.div_ceil(MOST_SPAN))
                .min(rows / depth)
                .max(1);
            let most_parts = (columns / depth).max(1);
            let mut parts = 1;
            while parts <= most_parts {
                let tile = Tile {
                    rows: rows.div_ceil(bands),
                    columns: columns.div_ceil(parts),
                    depth,
                };
                // A tile of one step is accepted however large it is.
                let row = cost.row(self.lifted_columns(tile));
                if depth == 1 || cost.fits(depth, row) {
                    let cost = self.estimate(tile);
                    if cost < cheapest.cost {
                        cheapest = Candidate { tile, cost };
                    }
                }
                if cost.accessed(row) * 4 < cost.caches.l1 && bands * parts >= threads {
                    break;
                }
                parts += 1 + parts / 64;
            }
        }
        cheapest
    }

    /// The number of columns of a lifted row.
    fn lifted_columns(&self, tile: Tile) -> usize {
        (tile.columns + 2 * (tile.depth - 1)).min(self.columns)
    }

    /// The estimated cost per step and node with such tiles.
    fn estimate(&self, tile: Tile) -> f64 {
        let Self {
            rows,
            columns,
            threads,
            cost,
        } = self;
        let Tile { depth, .. } = tile;
        let (bands, parts) = (rows.div_ceil(tile.rows), columns.div_ceil(tile.columns));
        let halo = depth - 1;
        let twice_rows = (halo * (bands - 1)) as f64 / *rows as f64;
        let twice_columns = (2 * halo * (parts - 1)) as f64 / *columns as f64;
        let lift = cost.lift((2 * rows * cost.size).saturating_mul(*columns));
        let tiles = bands * parts;
        let idle = (tiles.div_ceil(*threads) * threads) as f64 / tiles as f64;
        let row = cost.row(self.lifted_columns(tile));
        let step = cost.duration(depth, row) * (1.0 + twice_columns) * (1.0 + twice_rows);
        (step + lift / depth as f64) * idle
    }
}

impl Display for Tile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.rows, self.columns, self.depth)
    }
}

/// The error for a text that is not a tile.
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
    use super::super::kernel::Kernel;
    use super::super::processor::{OTHER, Processor, ZEN_3, ZEN_4};
    use super::*;
    use diff2d_sys::{Caches, ProcessorFamily};

    const DESKTOP: Caches = Caches {
        l1: 48 << 10,
        l2: 1 << 20,
        last: 32 << 20,
    };

    fn cost(size: usize, processor: Processor, scaled_levels: Option<usize>) -> Cost {
        Cost {
            processor,
            kernel: match processor.family {
                ProcessorFamily::Zen3 => Kernel::Avx2,
                _ => Kernel::Avx512,
            },
            caches: DESKTOP,
            size,
            arrays: 0,
            scaled_levels,
            may_be_two: scaled_levels.is_some(),
            is_light: scaled_levels.is_some(),
        }
    }

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
    fn the_chosen_tile_fits_the_field_and_the_caches() {
        for n in [1, 2, 3, 17, 299, 1024, 4097, 16384, 1 << 20, (1 << 31) - 1] {
            for ((rows, columns), threads) in [((n, n), 1), ((n, n), 2), ((3, n), 7), ((n, 5), 64)]
            {
                for cost in [
                    cost(4, ZEN_4, None),
                    cost(8, ZEN_4, None),
                    cost(8, ZEN_4, Some(256)),
                    cost(8, OTHER, None),
                    cost(8, ZEN_3, Some(256)),
                ] {
                    let search = TileSearch {
                        rows,
                        columns,
                        threads,
                        cost,
                    };
                    let tile = search.for_pass();
                    assert!((1..=rows).contains(&tile.rows), "{search:?} {tile}");
                    assert!((1..=columns).contains(&tile.columns), "{search:?} {tile}");
                    assert!((1..=MAX_DEPTH).contains(&tile.depth), "{search:?} {tile}");
                    assert!(tile.depth <= tile.rows, "{search:?} {tile}");
                    let row = (tile.columns + 2 * tile.depth).min(columns);
                    let most = cost.share_of_last_level().unwrap_or(DESKTOP.l2);
                    assert!(tile.depth == 1 || 2 * tile.depth * row * cost.size < most);
                    let tile = search.for_passes();
                    assert!(tile.rows <= rows && tile.columns <= columns, "{tile}");
                }
            }
        }
    }

    #[test]
    fn every_thread_has_a_tile_if_the_field_is_large_enough() {
        for threads in [1, 2, 3, 16, 64] {
            for n in [1024_usize, 4096, 16384] {
                let search = TileSearch {
                    rows: n,
                    columns: n,
                    threads,
                    cost: cost(8, OTHER, Some(256)),
                };
                let tile = search.for_pass();
                assert!(
                    n.div_ceil(tile.rows) * n.div_ceil(tile.columns) >= threads,
                    "{n} {tile}"
                );
            }
        }
    }
}
