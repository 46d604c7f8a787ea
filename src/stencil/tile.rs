//! What a thread advances at a time, and how large that should be.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::caches::Caches;

/// `rows × columns` nodes, advanced `depth` steps at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
}

/// The deepest tile that is ever chosen or accepted.
pub const MAX_DEPTH: usize = 64;

/// Rows of a tile that the kernel works on at once, with those around them.
const HOT_ROWS: usize = 7;

/// What it costs to bring a node into the lanes and back, in steps.
const TURN: f64 = 5.0;

/// What a step costs more where the rows at work do not fit the first level.
const SPILL: f64 = 1.15;

impl Tile {
    /// The tile for the interior of a field, `shape` nodes of `size` bytes.
    ///
    /// The cheapest of all depths and widths by a count of what a node costs a
    /// step: halo columns and rows that are computed twice, the way in and out,
    /// shared by the steps of a pass. The levels of a tile must fit the second
    /// level of cache. A function of its arguments alone, so that a run can say
    /// beforehand what it will use.
    pub fn choose(caches: Caches, shape: (usize, usize), threads: usize, size: usize) -> Self {
        let (ny, nx) = (shape.0.max(1), shape.1.max(1));
        let mut best = (
            f64::INFINITY,
            Self {
                rows: ny,
                columns: nx,
                depth: 1,
            },
        );
        for depth in 1..=MAX_DEPTH {
            let bands = (ny / depth).clamp(1, threads.max(1));
            let rows = ny.div_ceil(bands);
            for parts in 1..=nx.div_ceil(depth) {
                let columns = nx.div_ceil(parts);
                let panel = (columns + 2 * (depth - 1)).min(nx);
                let row = panel * size;
                if parts > 1 && row * 2 < caches.l1 / HOT_ROWS {
                    break;
                }
                if (2 * depth + HOT_ROWS) * row > caches.l2 / 3 * 2 {
                    continue;
                }
                let twice = (2 * (depth - 1) * (parts - 1)) as f64 / nx as f64;
                let again = ((depth - 1) * (bands - 1)) as f64 / ny as f64;
                let spill = if HOT_ROWS * row > caches.l1 {
                    SPILL
                } else {
                    1.0
                };
                let cost = spill * (1.0 + twice) * (1.0 + again) + TURN / depth as f64;
                if cost < best.0 {
                    best = (
                        cost,
                        Self {
                            rows,
                            columns,
                            depth,
                        },
                    );
                }
            }
        }
        best.1
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
