//! [`Shape`]: bands and passes for a state that does not fit into memory.

use crate::{cube::stream, problem::Problem, solver::FEWEST_ROWS};
use diff2d_stencil::{Element, Stencil, Tile};
use diff2d_sys as sys;
use serde::Serialize;
use std::iter;

/// How a state in files is advanced, and the memory that this takes \[byte\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Shape {
    /// Rows that arrive at a time.
    pub rows: usize,
    /// Steps of a pass, at most.
    pub steps: usize,
    /// The tile; its depth is that of a stage.
    #[serde(skip)]
    pub(crate) tile: Tile,
    /// Chunks of memory for reading, and as many for writing.
    #[serde(skip)]
    pub(crate) chunks: usize,
    /// Rows of which a record reads the state at a time.
    #[serde(skip)]
    pub(super) rows_looked_at: usize,
    /// The rows of fields, coefficients and sources that are in memory at a time.
    #[serde(skip)]
    pub(super) arrays: u64,
    /// All chunks.
    #[serde(skip)]
    pub(super) chunk_bytes: u64,
    /// The tiles of all threads.
    #[serde(skip)]
    pub(super) tiles: u64,
}

/// Node updates that a thread computes, those of stages of a step counted one by one \[1/s\]: of a usual processor.
const UPDATES: f64 = 6e9;
/// Bytes that go one way between file and memory \[1/s\]: of a disk that is not the fastest.
pub(crate) const DISK_SPEED: f64 = 0.8e9;
/// Lifting and lowering a row, in steps of the row.
const LIFT: f64 = 6.0;
/// Which part of the memory tiles may take.
const OF_TILES: u64 = 8;
/// Bytes that all threads move between memory and caches \[1/s\].
const MEMORY_SPEED: f64 = 40e9;

impl Shape {
    /// Bytes of memory in all.
    pub(crate) fn memory(&self) -> u64 {
        let parts = [self.arrays, self.chunk_bytes, self.tiles];
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// Steps of the passes to a snapshot that is due after `due` steps.
    pub(crate) fn pass(&self, due: u64) -> u64 {
        let passes = due.div_ceil(self.steps as u64).max(1);
        due.div_ceil(passes)
    }
}

/// The passes that a problem allows.
pub(super) struct Passes {
    /// Rows of the grid.
    ny: usize,
    /// Bytes of a value.
    value: usize,
    /// Bytes of a row.
    row: u64,
    /// Arrays that have a value for every node.
    arrays: u64,
    /// Bytes of a chunk.
    chunk: u64,
    threads: usize,
    /// Rows above and below that a step depends on.
    reach: usize,
    /// Rows beyond both ends for each step of a pass: as many are advanced along with those of the grid, fewer at every
    /// step.
    beyond: usize,
    /// Steps of a pass, at most.
    most: usize,
    /// Depth of a stage of Euler steps, at most.
    deepest: usize,
    /// Columns of a tile.
    columns: usize,
}

impl Passes {
    /// Those on so many threads.
    pub(super) fn of<T: Element>(problem: &Problem, stencil: &Stencil<T>, threads: usize) -> Self {
        let (ny, nx) = problem.grid.shape();
        let reach = problem.stages();
        let beyond = if problem.has_periodic_rows() { 2 } else { 0 };
        let mut most = usize::try_from(problem.schedule.nper.most()).unwrap_or(usize::MAX);
        if beyond > 0 {
            most = most.min((ny - 2) / reach);
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
            beyond,
            most,
            deepest: match problem.has_moving_source() {
                true => 1,
                false => tile.depth.min(most),
            },
            // Threads share the columns: rows of a band that were cut would be computed twice at the cut.
            columns: tile.columns.min(nx.div_ceil(threads)),
        }
    }

    /// The shape for at most `memory` bytes that promises the fastest steps. Where there is none, the bytes that the smallest
    /// one takes.
    pub(super) fn within(&self, memory: u64) -> Result<Shape, u64> {
        // Tiles take of the memory what the caches hold, but no more than a part.
        let caches = self.threads as u64 * sys::caches().l2 as u64;
        let tiles = caches.min(memory / OF_TILES);
        let (mut best, mut least) = (None, u64::MAX);
        for shape in self.shapes().map(|shape| Shape { tiles, ..shape }) {
            let cost = self.cost(&shape);
            if shape.memory() <= memory && best.is_none_or(|(lowest, _)| cost < lowest) {
                best = Some((cost, shape));
            }
            least = least.min(shape.memory() - tiles);
        }
        let of_tiles = (least / (OF_TILES - 1) + 2).min(caches);
        best.map(|(_, shape)| shape)
            .ok_or(least.saturating_add(of_tiles))
    }

    /// All that are looked at: bands and depths in a few sizes, passes of few and of many stages.
    fn shapes(&self) -> impl Iterator<Item = Shape> {
        let bands = iter::successors(Some(self.ny), |&band| {
            (band > FEWEST_ROWS).then(|| (band * 7 / 8).max(FEWEST_ROWS))
        });
        let stages = || (1..=8).chain((5..=40).map(|of| of * 2));
        bands.flat_map(move |band| {
            let depths = self.depths(band);
            depths
                .flat_map(move |depth| stages().map(move |stages| self.shape(band, depth, stages)))
        })
    }

    /// The depths of a stage: that of a whole step of several stages, and of single steps what the band has rows for.
    fn depths(&self, band: usize) -> impl Iterator<Item = usize> + use<> {
        let is_euler = self.reach == 1;
        let first = match is_euler {
            true => self.deepest.min(band),
            false => self.reach,
        };
        iter::successors(Some(first), move |&depth| {
            (depth > 1 && is_euler).then_some(depth * 3 / 4)
        })
    }

    /// Passes of so many stages of this depth over bands of so many rows, without their tiles.
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

    /// Time of a step of a node, in about seconds.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
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
