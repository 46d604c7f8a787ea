//! [`Shape`]: bands and passes for a state that does not fit into memory.

use super::error::RunError;
use crate::{
    cube::{scratch::Scratch, stream},
    problem::Problem,
    solver::FEWEST_ROWS,
};
use diff2d_stencil::{Element, Stencil, Tile};
use diff2d_sys as sys;
use std::iter;

/// How a state in files is advanced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    /// Rows that arrive at a time.
    pub(crate) band: usize,
    /// Steps of a pass, at most.
    pub(crate) steps: usize,
    /// The tile; its depth is that of a stage.
    pub(crate) tile: Tile,
    /// Chunks of memory for reading, and as many for writing.
    pub(crate) chunks: usize,
    /// Bytes of memory in all.
    pub(crate) memory: u64,
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

/// Bytes that a run takes beside its state and buffers: code, stacks, what is on its way from and to files.
pub(crate) const PROGRAM: u64 = 26 << 20;

/// The part of [`PROGRAM`] that counts against the memory that a run may take: in a small grid little is on its way.
pub(super) fn beside(problem: &Problem) -> u64 {
    (problem.field_bytes() / 5).min(PROGRAM)
}

impl Shape {
    /// The shape beside buffers within so many bytes of memory.
    ///
    /// # Errors
    /// [`RunError::Cap`] where there is none.
    pub(crate) fn beside<T: Element>(
        buffers: u64,
        memory: u64,
        problem: &Problem,
        stencil: &Stencil<T>,
    ) -> Result<Self, RunError> {
        /// The part that is left for rows on their way and huge pages that are begun.
        const UNCOUNTED: u64 = 16;
        let buffers = buffers + beside(problem) + problem.picture_bytes();
        let left = memory.saturating_sub(buffers);
        let allowed = left - left / UNCOUNTED;
        Self::fit(problem, stencil, allowed).map_err(|least| RunError::Cap {
            needed: least + least / (UNCOUNTED - 1) + UNCOUNTED + buffers,
            memory,
        })
    }

    /// The shape for at most `memory` bytes that promises the fastest steps. Where there is none,
    /// the bytes that the smallest one takes.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn fit<T: Element>(problem: &Problem, stencil: &Stencil<T>, memory: u64) -> Result<Self, u64> {
        let (ny, nx) = problem.grid.shape();
        // Rows above and below that a step depends on.
        let reach = problem.stages();
        let threads = rayon::current_num_threads().min(sys::threads());
        let row = (nx * size_of::<T>()) as u64;
        let chunk = stream::chunk_bytes(problem.field_bytes()) as u64;
        let mut most = usize::try_from(problem.schedule.nper).unwrap_or(usize::MAX);
        // Rows beyond both ends for each step of a pass: as many are advanced along with those of the grid, fewer at
        // every step.
        let beyond = if problem.has_periodic_rows() { 2 } else { 0 };
        if beyond > 0 {
            most = most.min((ny - 2) / reach);
        }
        let deepest = match problem.has_moving_source() {
            true => 1,
            false => most,
        };
        let tile = match reach {
            1 => stencil.tile(ny, nx, threads),
            _ => stencil.rkl2_tile((ny, nx), threads, reach),
        };
        // Threads share the columns: rows of a band that were cut would be computed twice at the cut.
        let columns = tile.columns.min(nx.div_ceil(threads));
        let shape = |band: usize, depth: usize, stages: usize| {
            let steps = (depth / reach * stages).min(most);
            let deep = steps * reach;
            let chunks = (band as u64 * row).div_ceil(chunk).max(2);
            let window = (band + deep + depth) as u64;
            let rows = problem.arrays() * window + 2 * deep as u64 + (beyond * deep) as u64;
            Self {
                band,
                steps,
                tile: Tile {
                    rows: band,
                    columns,
                    depth,
                },
                chunks: usize::try_from(chunks).unwrap_or(usize::MAX),
                memory: rows * row + 2 * chunks * chunk,
            }
        };
        let bytes = size_of::<T>() as f64;
        let cost = |shape: &Self| {
            let (band, depth) = (shape.band as f64, shape.tile.depth as f64);
            let deep = (shape.steps * reach) as f64;
            let redundant = beyond as f64 * deep / (2 * ny) as f64;
            let computing = (1.0 + redundant + depth / band + LIFT / depth)
                / (UPDATES * threads as f64)
                + 2.0 * bytes / (depth * MEMORY_SPEED);
            let moving = bytes / (deep * DISK_SPEED);
            // Reading and writing go on while stages compute, but not at once.
            computing.max(2.0 * moving) + 0.1 * moving
        };
        let bands = iter::successors(Some(ny), |&band| {
            (band > FEWEST_ROWS).then(|| (band * 7 / 8).max(FEWEST_ROWS))
        });
        let depths = |band: usize| {
            let first = match reach {
                1 => tile.depth.min(deepest).min(band),
                _ => reach,
            };
            iter::successors(Some(first), |&depth| {
                (depth > 1 && reach == 1).then_some(depth * 3 / 4)
            })
        };
        let of_threads = threads as u64 * sys::caches().l2 as u64;
        let (mut best, mut least) = (None, u64::MAX);
        for band in bands {
            for depth in depths(band) {
                for stages in (1..=8).chain((5..=40).map(|of| of * 2)) {
                    let mut shape = shape(band, depth, stages);
                    // Tiles take of the memory what the caches hold, but no more than a part.
                    let alone = shape.memory.saturating_mul(OF_TILES) / (OF_TILES - 1) + 1;
                    least = least.min(alone.min(shape.memory + of_threads));
                    shape.memory += of_threads.min(memory / OF_TILES);
                    let cost = cost(&shape);
                    if shape.memory <= memory && best.is_none_or(|(lowest, _)| cost < lowest) {
                        best = Some((cost, shape));
                    }
                }
            }
        }
        best.map(|(_, shape)| shape).ok_or(least)
    }

    /// Bytes of the scratch that it takes; 0 if every pass leads to a snapshot.
    pub(crate) fn scratch_bytes(&self, problem: &Problem) -> u64 {
        match problem.schedule.nper > self.steps as u64 {
            true => Scratch::bytes_for(problem.field_bytes()),
            false => 0,
        }
    }

    /// Steps of the passes to a snapshot that is due after `due` steps.
    pub(crate) fn pass(&self, due: u64) -> u64 {
        let passes = due.div_ceil(self.steps as u64).max(1);
        due.div_ceil(passes)
    }
}
