//! [`Tile`]: the size of tiles, and its choice for a field and a processor.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::cost::{Cost, MAX_DEPTH};
use super::pipeline;
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

/// Bytes of the field from the first row of a tile to its last, at most. Of 16384 × 16384 nodes, 2 GiB, tiles of 2048
/// rows take 0.8 of the time of tiles of 16384: fewer pages are visited again and again.
const MOST_SPAN: usize = 256 << 20;
/// Whether arrays of so many bytes are far beyond the second-level cache. Then lifting and lowering rows takes
/// twice as long, and results had better go past the caches: with 4096 × 4096 nodes, deeper tiles were 1.08 times
/// as fast on an Intel server processor, and so were such writes, even within a third-level cache of 480 MiB.
pub(super) fn is_far(bytes: usize, caches: Caches) -> bool {
    bytes / 32 > caches.l2
}

impl Tile {
    /// The tile for a field whose interior has `ny × nx` nodes, on `threads` threads, which take one each.
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
        interior: (usize, usize),
        threads: usize,
        cost: Cost,
    ) -> Self {
        Self::side_by_side(caches, interior, threads, cost).0
    }

    /// The same for several passes in one call: all of the field, where passes that are pipelined over threads
    /// cost less than tiles side by side.
    pub(super) fn choose_for_passes(
        caches: Caches,
        interior: (usize, usize),
        threads: usize,
        cost: Cost,
    ) -> Self {
        let (tile, least) = Self::side_by_side(caches, interior, threads, cost);
        match Self::pipelined(caches, interior, threads, cost) {
            Some((whole, estimate)) if estimate < least => whole,
            _ => tile,
        }
    }

    /// All of the field, of the depth with which pipelined passes cost least, and the estimate of that.
    fn pipelined(
        caches: Caches,
        (rows, columns): (usize, usize),
        threads: usize,
        cost: Cost,
    ) -> Option<(Self, f64)> {
        /// Steps of a call, about: some hundred from one snapshot to the next.
        const STEPS: usize = 512;
        let row = cost.row(columns);
        let fits = |depth: usize| cost.fits(depth, row, caches);
        let slower = match cost.is_handing_slow {
            true => rows as f64 * columns as f64 * cost.size as f64 / (2 * caches.l2) as f64,
            false => 1.0,
        };
        let lift = cost.lift * slower.max(1.0);
        let depths = (2..=cost.most_depth.min(rows)).take_while(|&depth| fits(depth));
        let estimates = depths.filter_map(|depth| {
            let stages = pipeline::stages(rows, depth, threads);
            let (passes, waiting) = pipeline::count_and_waiting(rows, (STEPS, depth), stages);
            let filling = stages as f64 * waiting / (rows * STEPS) as f64;
            let lifting = lift * passes as f64 / STEPS as f64;
            let idle = threads as f64 / stages as f64;
            let duration = cost.duration(depth, row, caches);
            let estimate = (duration + lifting) * (1.0 + filling) * idle;
            let tile = Self {
                rows,
                columns,
                depth,
            };
            (stages > 1).then_some((tile, estimate))
        });
        estimates.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The best of several tiles, and the estimated cost of a step at a node, in those of a
    /// step alone.
    fn side_by_side(
        caches: Caches,
        (ny, nx): (usize, usize),
        threads: usize,
        cost: Cost,
    ) -> (Self, f64) {
        let (ny, nx, threads) = (ny.max(1), nx.max(1), threads.max(1));
        let mut best = Self {
            rows: ny,
            columns: nx,
            depth: 1,
        };
        let mut least = f64::INFINITY;
        let span = ny.saturating_mul(nx).saturating_mul(cost.size);
        for depth in 1..=cost.most_depth.min(ny) {
            let bands = threads.max(span.div_ceil(MOST_SPAN)).min(ny / depth).max(1);
            let most = (nx / depth).max(1);
            let mut parts = 1;
            while parts <= most {
                let tile = Self {
                    rows: ny.div_ceil(bands),
                    columns: nx.div_ceil(parts),
                    depth,
                };
                // A tile of one step is accepted however large it is.
                let row = cost.row(tile.lifted_columns(nx));
                if depth == 1 || cost.fits(depth, row, caches) {
                    let estimate = tile.estimate(caches, (ny, nx), threads, cost);
                    if estimate < least {
                        (best, least) = (tile, estimate);
                    }
                }
                if cost.accessed(row) * 4 < caches.l1 && bands * parts >= threads {
                    break;
                }
                parts += 1 + parts / 64;
            }
        }
        (best, least)
    }

    /// The columns of a row that is lifted, of a field of so many.
    fn lifted_columns(self, nx: usize) -> usize {
        (self.columns + 2 * (self.depth - 1)).min(nx)
    }

    /// The estimated cost of a step at a node with such tiles, in those of a step alone.
    fn estimate(self, caches: Caches, (ny, nx): (usize, usize), threads: usize, cost: Cost) -> f64 {
        let (bands, parts) = (ny.div_ceil(self.rows), nx.div_ceil(self.columns));
        let halo = self.depth - 1;
        let twice_rows = (halo * (bands - 1)) as f64 / ny as f64;
        let twice_columns = (2 * halo * (parts - 1)) as f64 / nx as f64;
        let lift = match is_far((2 * ny * cost.size).saturating_mul(nx), caches) {
            true => cost.lift_from_afar,
            false => cost.lift,
        };
        let tiles = bands * parts;
        let idle = (tiles.div_ceil(threads) * threads) as f64 / tiles as f64;
        let row = cost.row(self.lifted_columns(nx));
        let duration = cost.duration(self.depth, row, caches);
        let step = duration * (1.0 + twice_columns) * (1.0 + twice_rows);
        (step + lift / self.depth as f64) * idle
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
    use super::super::cost::share_of_last_level;
    use super::super::kernel::LevelsPerSweep;
    use super::super::microarchitecture::Microarchitecture;
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
    fn the_chosen_tile_fits_the_field_and_the_caches() {
        for n in [1, 2, 3, 17, 299, 1024, 4097, 16384, 1 << 20, (1 << 31) - 1] {
            for (shape, threads) in [((n, n), 1), ((n, n), 2), ((3, n), 7), ((n, 5), 64)] {
                for cost in [
                    Cost::new((4, 0), (None, LevelsPerSweep::One), Microarchitecture::Zen4),
                    Cost::new((8, 0), (None, LevelsPerSweep::One), Microarchitecture::Zen4),
                    Cost::new(
                        (8, 0),
                        (Some(256), LevelsPerSweep::Two),
                        Microarchitecture::Zen4,
                    ),
                    Cost::new(
                        (8, 0),
                        (None, LevelsPerSweep::One),
                        Microarchitecture::Other,
                    ),
                    Cost::new(
                        (8, 0),
                        (Some(256), LevelsPerSweep::One),
                        Microarchitecture::UpToZen3,
                    ),
                ] {
                    let tile = Tile::choose(DESKTOP, shape, threads, cost);
                    assert!((1..=shape.0).contains(&tile.rows), "{shape:?} {tile}");
                    assert!((1..=shape.1).contains(&tile.columns), "{shape:?} {tile}");
                    assert!((1..=MAX_DEPTH).contains(&tile.depth), "{shape:?} {tile}");
                    assert!(tile.depth <= tile.rows, "{shape:?} {tile}");
                    let row = (tile.columns + 2 * tile.depth).min(shape.1);
                    let most = match cost.reaches_beyond() {
                        true => share_of_last_level(DESKTOP),
                        false => DESKTOP.l2,
                    };
                    assert!(tile.depth == 1 || 2 * tile.depth * row * cost.size < most);
                    let tile = Tile::choose_for_passes(DESKTOP, shape, threads, cost);
                    assert!(tile.rows <= shape.0 && tile.columns <= shape.1, "{tile}");
                }
            }
        }
    }

    #[test]
    fn every_thread_has_a_tile_if_the_field_is_large_enough() {
        for threads in [1, 2, 3, 16, 64] {
            for n in [1024_usize, 4096, 16384] {
                let tile = Tile::choose(
                    DESKTOP,
                    (n, n),
                    threads,
                    Cost::new(
                        (8, 0),
                        (Some(256), LevelsPerSweep::TwoIfShort),
                        Microarchitecture::Other,
                    ),
                );
                assert!(
                    n.div_ceil(tile.rows) * n.div_ceil(tile.columns) >= threads,
                    "{n} {tile}"
                );
            }
        }
    }
}
