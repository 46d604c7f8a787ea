//! [`Shape`]: the sizes of bands and passes for a state that does not fit into memory.

use crate::{cube::stream, problem::Problem, solver::FEWEST_ROWS};
use diff2d_stencil::{Element, Stencil, Tile};
use diff2d_sys as sys;
use serde::Serialize;
use std::iter;

/// The sizes of bands and passes for a state in files, and the memory that they take \[byte\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Shape {
    /// The number of rows in a band, which are read together.
    pub rows: usize,
    /// The largest number of steps in a pass.
    pub steps: usize,
    /// The tile; its depth is the number of steps (or stages of `rkl2`) in one stage of the pass.
    #[serde(skip)]
    pub(crate) tile: Tile,
    /// The number of chunks of memory for reading; as many more are for writing.
    #[serde(skip)]
    pub(crate) chunks: usize,
    /// The number of rows of the state that a record reads at a time.
    #[serde(skip)]
    pub(super) rows_looked_at: usize,
    /// Bytes of the rows of fields, coefficients and sources that are in memory at the same time.
    #[serde(skip)]
    pub(super) arrays: u64,
    /// Bytes of all chunks, for reading and for writing.
    #[serde(skip)]
    pub(super) chunk_bytes: u64,
    /// Bytes of the tiles of all threads.
    #[serde(skip)]
    pub(super) tiles: u64,
}

/// Node updates per second and thread of a typical processor, each stage of a step counted \[1/s\].
const UPDATES: f64 = 6e9;
/// The speed of reading, and of writing, a file on a typical disk \[byte/s\].
pub const DISK_SPEED: f64 = 0.8e9;
/// The cost of lifting and lowering a row, in steps of the row.
const LIFT: f64 = 6.0;
/// The divisor of the memory that gives the limit for tiles.
const OF_TILES: u64 = 8;
/// The speed at which all threads together move bytes between memory and caches \[byte/s\].
const MEMORY_SPEED: f64 = 40e9;

impl Shape {
    /// Bytes of memory in all.
    pub(crate) fn memory(&self) -> u64 {
        let parts = [self.arrays, self.chunk_bytes, self.tiles];
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// The number of steps of the next pass, if the next snapshot is due after `due` steps.
    pub(crate) fn pass(&self, due: u64) -> u64 {
        let passes = due.div_ceil(self.steps as u64).max(1);
        due.div_ceil(passes)
    }
}

/// The properties of a problem that determine the possible shapes.
pub(super) struct Passes {
    /// The number of rows of the grid.
    ny: usize,
    /// Bytes of a value.
    value: usize,
    /// Bytes of a row.
    row: u64,
    /// The number of arrays with a value for every node.
    arrays: u64,
    /// Bytes of a chunk.
    chunk: u64,
    threads: usize,
    /// The number of rows above and below that a step depends on.
    reach: usize,
    /// The number of extra rows for each step of a pass, beyond both ends together. They are advanced along with the
    /// rows of the grid, fewer at every step.
    beyond: usize,
    /// The largest number of steps in a pass.
    most: usize,
    /// The largest depth of a stage of Euler steps.
    deepest: usize,
    /// The number of columns of a tile.
    columns: usize,
}

impl Passes {
    /// The properties of a problem on `threads` threads.
    pub(super) fn of<T: Element>(problem: &Problem, stencil: &Stencil<T>, threads: usize) -> Self {
        let (ny, nx) = problem.grid.shape();
        let reach = problem.stages();
        let rows_beyond = if problem.has_periodic_rows() { 2 } else { 0 };
        let mut most_steps = usize::try_from(problem.schedule.nper.most()).unwrap_or(usize::MAX);
        if rows_beyond > 0 {
            most_steps = most_steps.min((ny - 2) / reach);
        }
        let tile = match reach {
            1 => stencil.tile(ny, nx, threads),
            _ => stencil.rkl2_tile((ny, nx), threads, reach),
        };
        Self {
            ny,
            value: size_of::<T>(),
            row: (nx * size_of::<T>()) as u64,
            arrays: problem.arrays(),
            chunk: stream::chunk_bytes(problem.field_bytes()) as u64,
            threads,
            reach,
            beyond: rows_beyond,
            most: most_steps,
            deepest: if problem.has_moving_source() || problem.ages() {
                1
            } else {
                tile.depth.min(most_steps)
            },
            // Threads share the columns: rows of a band that were cut would be computed twice at the cut.
            columns: tile.columns.min(nx.div_ceil(threads)),
        }
    }

    /// The shape with the fastest steps by estimate, in at most `memory` bytes. If none fits, the bytes of the smallest
    /// shape.
    pub(super) fn within(&self, memory: u64) -> Result<Shape, u64> {
        // Tiles take of the memory what the caches hold, but no more than a part.
        let caches = self.threads as u64 * sys::caches().l2 as u64;
        let tiles = caches.min(memory / OF_TILES);
        let (mut best_shape, mut least_bytes) = (None, u64::MAX);
        for shape in self.shapes().map(|shape| Shape { tiles, ..shape }) {
            let cost = self.cost(&shape);
            if shape.memory() <= memory && best_shape.is_none_or(|(lowest, _)| cost < lowest) {
                best_shape = Some((cost, shape));
            }
            least_bytes = least_bytes.min(shape.memory() - tiles);
        }
        let of_tiles = (least_bytes / (OF_TILES - 1) + 2).min(caches);
        best_shape
            .map(|(_, shape)| shape)
            .ok_or(least_bytes.saturating_add(of_tiles))
    }

    /// All shapes that are compared: bands and depths of several sizes, passes with few and with many stages.
    fn shapes(&self) -> impl Iterator<Item = Shape> {
        let bands = iter::successors(Some(self.ny), |&band| {
            (band > FEWEST_ROWS).then(|| (band * 7 / 8).max(FEWEST_ROWS))
        });
        bands.flat_map(move |band| {
            let depths = self.depths(band);
            depths.flat_map(move |depth| {
                let stages = (1..=8).chain((5..=40).map(|half| half * 2));
                stages.map(move |stages| self.shape(band, depth, stages))
            })
        })
    }

    /// The depths of a stage that are compared: one whole step if a step has several stages, otherwise as many single
    /// steps as the band has rows for.
    fn depths(&self, band: usize) -> impl Iterator<Item = usize> + use<> {
        let is_euler = self.reach == 1;
        let deepest_stage = if is_euler {
            self.deepest.min(band)
        } else {
            self.reach
        };
        iter::successors(Some(deepest_stage), move |&depth| {
            (depth > 1 && is_euler).then_some(depth * 3 / 4)
        })
    }

    /// The shape for bands of `band` rows and passes of `stages` stages of depth `depth`, without the memory of its
    /// tiles.
    fn shape(&self, band: usize, depth: usize, stages: usize) -> Shape {
        let steps = (depth / self.reach * stages).min(self.most);
        let deep = steps * self.reach;
        let window = (band + deep + depth) as u64;
        let rows = self.arrays * window + ((2 + self.beyond) * deep) as u64;
        let chunks = (band as u64 * self.row).div_ceil(self.chunk).max(2);
        Shape {
            rows: band,
            steps,
            tile: Tile {
                rows: band,
                columns: self.columns,
                depth,
            },
            rows_looked_at: 1,
            chunks: usize::try_from(chunks).unwrap_or(usize::MAX),
            arrays: rows * self.row,
            chunk_bytes: 2 * chunks * self.chunk,
            tiles: 0,
        }
    }

    /// The estimated time per node and step, approximately in seconds.
    fn cost(&self, shape: &Shape) -> f64 {
        let bytes = self.value as f64;
        let (band, depth) = (shape.rows as f64, shape.tile.depth as f64);
        let deep = (shape.steps * self.reach) as f64;
        let redundant = self.beyond as f64 * deep / (2 * self.ny) as f64;
        let computing = (1.0 + redundant + depth / band + LIFT / depth)
            / (UPDATES * self.threads as f64)
            + 2.0 * bytes / (depth * MEMORY_SPEED);
        let moving = bytes / (deep * DISK_SPEED);
        // Reading and writing go on while stages compute, but not at once.
        computing.max(2.0 * moving) + 0.1 * moving
    }
}
