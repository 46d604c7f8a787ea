//! [`Budget`]: how the memory of a run is divided. Runs, sweeps, repairs and checks obey it, and plans print it.

use super::{
    bands_shape::{Passes, Shape},
    error::RunError,
    pool::worthwhile,
};
use crate::{
    cube::{SolverLoad, scratch::Scratch},
    params::{StepMethod, with_precision},
    problem::{Footprint, Problem},
    slab::Slab,
};
use diff2d_stencil::{Element, Stencil, Tile};
use diff2d_sys::{self as sys, Memory};
use serde::Serialize;
use std::{iter, ops::RangeInclusive};

/// The memory that a run takes beside its state and buffers: stacks, tables and input or output in progress, as a range
/// from the least to the most bytes. For a small grid the least counts only in part, because it is more than a whole
/// field.
const PROGRAM: RangeInclusive<u64> = 10 << 20..=26 << 20;
/// The least memory of the program that counts for a grid of `nodes` nodes.
fn least_program(nodes: u64) -> u64 {
    (nodes * 8 / 3).min(*PROGRAM.start())
}

/// The divisor of the memory for bands that gives the reserve for rows in transit and partly used huge pages.
const UNCOUNTED: u64 = 16;
/// The number of allocations, beside one per thread, that may waste a part of a huge page each.
const PIECES: u64 = 6;
/// The divisor of the memory that gives the limit for rows that a record reads from a state in bands.
const OF_RECORD: u64 = 8;
/// The divisor of the memory that gives the limit for blocks of snapshots of a state in bands.
const OF_BLOCKS: u64 = 8;

/// The memory of a run, divided by use \[byte\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Budget {
    /// The limit of the memory, if there is one.
    pub limit: Option<u64>,
    /// The memory of the states.
    #[serde(flatten)]
    pub states: Footprint,
    /// The memory of blocks of snapshots on their way to the cube, or of all snapshots if they are kept.
    pub blocks: u64,
    /// The memory of chunks on their way between the state's files and memory.
    pub chunks: u64,
    /// The memory of tiles beyond the second-level cache; for bands the memory of all tiles.
    pub tiles: u64,
    /// The memory of the program itself, at least 10 MiB. If there is a limit, at most a fifth of a field is counted.
    pub program: u64,
    /// The sum of all parts above.
    pub total: u64,
    /// The sizes of the bands, if the state is not in memory.
    pub bands: Option<Shape>,
    /// The size of the scratch, the file for states between snapshots.
    pub scratch: u64,
    /// The scenarios and threads that compute at the same time.
    #[serde(skip)]
    pub(crate) load: SolverLoad,
}

/// The inputs of a budget beside the problem.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The limit of the memory of each rank, if there is one.
    pub limit: Option<u64>,
    /// The number of ranks.
    pub ranks: usize,
    /// The scenarios and threads that compute at the same time.
    pub load: SolverLoad,
    /// The destination of snapshots.
    pub snapshots: SnapshotStorage,
    /// The reason why states have to be in memory, if they have to.
    pub why_in_memory: Option<&'static str>,
}

/// The destination of snapshots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SnapshotStorage {
    /// Snapshots wait for the cube in blocks.
    Cube,
    /// Snapshots stay in memory.
    Memory,
    /// Snapshots are not taken.
    Nothing,
}

impl Terms {
    /// The terms of a run in one process on `threads` threads, by default those of the current pool.
    pub fn alone(threads: Option<usize>) -> Self {
        let threads = threads.map_or_else(rayon::current_num_threads, worthwhile);
        Self {
            limit: None,
            ranks: 1,
            load: SolverLoad {
                scenarios: 1,
                threads,
                has_spare_processor: threads < sys::threads(),
                memory: None,
            },
            snapshots: SnapshotStorage::Cube,
            why_in_memory: None,
        }
    }

    fn blocks(&self, problem: &Problem, load: SolverLoad) -> u64 {
        match self.snapshots {
            SnapshotStorage::Cube => load.buffer_bytes(problem.field_bytes()),
            SnapshotStorage::Memory => problem.schedule.snapshots() * problem.field_bytes(),
            SnapshotStorage::Nothing => 0,
        }
    }
}

impl Budget {
    /// Divides the memory of a run, with its state in memory or, if the limit requires it, in bands. If there is a
    /// limit, memory freed before is returned to the system first.
    ///
    /// # Errors
    /// [`RunError::NotInBands`] if the state does not fit into memory and cannot be in bands; [`RunError::Cap`] if
    /// bands do not fit.
    #[doc(hidden)]
    pub fn divide(problem: &Problem, terms: Terms) -> Result<Self, RunError> {
        let in_memory = Self::of(Footprint::of(problem), problem, terms);
        if terms.limit.is_some() {
            sys::give_back_memory();
        }
        Memory::use_huge_pages(true);
        problem.check_ranks(terms.ranks)?;
        match (in_memory.fits(), why_in_memory(problem, terms)) {
            (true, _) => Ok(in_memory),
            (_, Some(why)) => Err(in_memory.refusal(&why)),
            _ => in_memory.in_bands(problem, terms),
        }
    }

    /// The budget of states in memory, as many as are computed at the same time. With several ranks, the budget of one
    /// rank.
    pub(crate) fn of(state: Footprint, problem: &Problem, terms: Terms) -> Self {
        let (load, count) = (terms.load, terms.load.scenarios as u64);
        let mut states = state.times(count);
        states.arrays = states.arrays.div_ceil(terms.ranks as u64);
        let counted = (problem.field_bytes() / 5).saturating_mul(count);
        let budget = Self {
            limit: terms.limit,
            states,
            blocks: terms.blocks(problem, load),
            chunks: 0,
            tiles: 0,
            program: match terms.limit {
                Some(_) => counted.clamp(least_program(problem.grid.len()), *PROGRAM.end()),
                None => *PROGRAM.end(),
            },
            total: 0,
            bands: None,
            scratch: 0,
            load,
        }
        .summed()
        .sparing(problem.spare_bytes().saturating_mul(count));
        let bytes_each = with_precision!(problem.params.precision, T => {
            problem.stencil::<T>().bytes_beyond_second_level()
        });
        let tiles = bytes_each.saturating_mul(busy(load) as u64 * count);
        match terms.limit {
            Some(limit) if limit.saturating_sub(budget.total) < tiles => budget,
            _ => Self { tiles, ..budget }.summed(),
        }
    }

    /// The budget reduced by as much of `spare` as is needed to fit, if `spare` is enough for that.
    fn sparing(self, spare: u64) -> Self {
        let too_much = self
            .limit
            .map_or(0, |limit| self.total.saturating_sub(limit));
        if too_much > spare {
            return self;
        }
        let arrays = self.states.arrays - too_much;
        let states = Footprint {
            arrays,
            ..self.states
        };
        Self { states, ..self }.summed()
    }

    /// The budget with the number of rows that a rank holds, unless the state is in bands.
    pub(crate) fn of_rank(self, problem: &Problem, rows: usize, ranks: usize) -> Self {
        let states = match (self.bands, ranks) {
            (Some(_), _) | (_, 1) => self.states,
            _ => Footprint::new(problem, rows, ranks),
        };
        Self { states, ..self }.summed()
    }

    /// This budget with the states in bands.
    fn in_bands(self, problem: &Problem, terms: Terms) -> Result<Self, RunError> {
        sys::give_back_memory();
        let memory = terms.limit.unwrap_or(u64::MAX);
        let fixed = self.states.kept() + self.program;
        let load = SolverLoad {
            memory: Some(memory.saturating_sub(fixed) / OF_BLOCKS),
            ..terms.load
        };
        let blocks = terms.blocks(problem, load);
        let fixed_bytes = blocks + fixed;
        let bytes_left = memory.saturating_sub(fixed_bytes);
        let begun = (PIECES + busy(load) as u64) * Memory::HUGE_PAGE as u64;
        Memory::use_huge_pages(bytes_left / UNCOUNTED >= begun);
        let passes = with_precision!(problem.params.precision, T => {
            Passes::of(problem, &problem.stencil::<T>(), busy(load))
        });
        let looked_at = RowsLookedAt::within(problem, bytes_left / OF_RECORD);
        let bytes_left = bytes_left.saturating_sub(looked_at.bytes);
        let shape = passes.within(bytes_left - bytes_left / UNCOUNTED);
        let shape = shape.map_err(|least| RunError::Cap {
            needed: least + least / (UNCOUNTED - 1) + UNCOUNTED + fixed_bytes + looked_at.bytes,
            memory,
        })?;
        let shape = Shape {
            rows_looked_at: looked_at.rows,
            ..shape
        };
        let has_states_between =
            problem.params.record.is_some() || problem.schedule.nper.most() > shape.steps as u64;
        let scratch = if has_states_between {
            Scratch::bytes_for(problem.field_bytes())
        } else {
            0
        };
        let divided = Self {
            states: Footprint {
                arrays: shape.arrays + looked_at.bytes,
                ..self.states
            },
            blocks,
            chunks: shape.chunk_bytes,
            tiles: shape.tiles,
            bands: Some(shape),
            scratch,
            load,
            ..self
        };
        Ok(divided.summed())
    }

    fn summed(self) -> Self {
        let parts = [self.blocks, self.chunks, self.tiles, self.program];
        let total = parts
            .into_iter()
            .fold(self.states.bytes(), u64::saturating_add);
        Self { total, ..self }
    }

    /// Bytes that the run allocates while the state is advanced.
    #[doc(hidden)]
    pub fn beside_program(&self) -> u64 {
        self.total.saturating_sub(self.program)
    }

    /// Whether the budget is within its limit.
    pub(crate) fn fits(&self) -> bool {
        self.limit.is_none_or(|limit| self.total <= limit)
    }

    /// The limit for each of the states that are computed at the same time, and the reserve left for allocations that
    /// [may take less](Problem::spare_bytes) than is counted; `None` without a limit.
    pub(crate) fn limit_each(&self, problem: &Problem) -> Option<[u64; 2]> {
        let count = self.load.scenarios as u64;
        let least_arrays = Footprint::of(problem).arrays - problem.spare_bytes();
        let other_bytes = self.total - self.states.arrays + least_arrays.saturating_mul(count);
        let limit = self.limit?;
        Some([limit, limit.saturating_sub(other_bytes)].map(|bytes| bytes / count))
    }

    fn refusal(&self, why: &str) -> RunError {
        RunError::NotInBands {
            needed: self.total,
            memory: self.limit.unwrap_or(u64::MAX),
            why: why.to_owned(),
        }
    }

    /// Refuses states that do not fit into memory; `why` says why they have to be there.
    ///
    /// # Errors
    /// [`RunError::NotInBands`].
    pub(crate) fn in_memory(self, why: &'static str) -> Result<Self, RunError> {
        if self.fits() {
            Ok(self)
        } else {
            Err(self.refusal(why))
        }
    }

    /// Refuses a budget that does not fit into the free memory of the system if `processes` processes take as much. The
    /// system itself would promise more memory than it has.
    ///
    /// # Errors
    /// [`RunError`] if there is too little memory.
    #[doc(hidden)]
    pub fn check(&self, processes: usize) -> Result<(), RunError> {
        /// The smallest budget that is checked. Asking the system for its free memory would take a noticeable part of
        /// the time of a smaller run.
        const FEW: u64 = 4 << 20;
        // What one problem was made from is there.
        let resident_bytes = self.states.kept() / self.load.scenarios as u64;
        let new_bytes = self.beside_program().saturating_sub(resident_bytes);
        let new_bytes = new_bytes.saturating_mul(processes as u64);
        match sys::available_memory().filter(|_| new_bytes > FEW) {
            Some(available) if available < new_bytes => Err(RunError::no_memory(new_bytes)),
            _ => Ok(()),
        }
    }

    /// The stencil with its tile. Ranks divide the grid as threads do: their tiles are those of one process with all
    /// their threads.
    pub(crate) fn stencil<T: Element>(
        &self,
        problem: &Problem,
        tile: Option<Tile>,
        ranks: usize,
    ) -> Stencil<T> {
        let mut stencil = problem.stencil::<T>();
        if self.bands.is_some() {
            // It comes with its passes.
            return stencil;
        }
        if self.tiles == 0 {
            stencil = stencil.within_second_level_cache();
        }
        let threads = busy(self.load);
        let tile = tile.unwrap_or_else(|| {
            let tile = match (ranks, problem.params.method) {
                (1, StepMethod::Euler) => stencil.tile_for_passes(problem.grid.shape(), threads),
                _ => tile_of(problem, &stencil, ranks * threads),
            };
            not_round(tile, problem.periodic())
        });
        stencil.with_tile(tile)
    }
}

/// The number of rows that a record reads from a state in bands at a time, and the memory of reading them.
struct RowsLookedAt {
    rows: usize,
    bytes: u64,
}

impl RowsLookedAt {
    /// The largest number of rows that can be read with `bytes` bytes, at least one.
    fn within(problem: &Problem, bytes: u64) -> Self {
        if problem.params.record.is_none() {
            return Self { rows: 1, bytes: 0 };
        }
        let field = (problem.grid.x.nodes * problem.params.precision.bytes()) as u64;
        let row_count = problem.grid.y.nodes;
        let sizes = iter::successors(Some(row_count), |&rows| (rows > 1).then_some(rows / 2));
        let rows = sizes
            .into_iter()
            .find(|&rows| Self::bytes_of(problem, rows, field) <= bytes)
            .unwrap_or(1);
        Self {
            rows,
            bytes: Self::bytes_of(problem, rows, field),
        }
    }

    /// The memory for reading `rows` rows of `row_bytes` bytes at a time, together with the rows next to them.
    fn bytes_of(problem: &Problem, rows: usize, row_bytes: u64) -> u64 {
        problem.record_bytes(rows + 2) + (rows as u64 + 2) * row_bytes
    }
}

/// The number of threads that have a processor of their own.
pub(super) fn busy(load: SolverLoad) -> usize {
    load.threads.min(sys::threads())
}

/// The tile of a pass over the whole grid on `threads` threads. It is as deep as the pass: the stages of a step for
/// `rkl2`, the steps for `euler`.
pub(crate) fn tile_of<T: Element>(problem: &Problem, stencil: &Stencil<T>, threads: usize) -> Tile {
    let (ny, nx) = problem.grid.shape();
    match problem.params.method {
        StepMethod::Rkl2 => stencil.rkl2_tile((ny, nx), threads, problem.stages()),
        _ => stencil.tile(ny, nx, threads),
    }
}

/// The rows of rank 0 of `ranks` ranks with `threads` threads each.
pub fn slab_of_first_rank(problem: &Problem, ranks: usize, threads: usize) -> Slab {
    let threads = ranks.saturating_mul(threads);
    let depth = with_precision!(problem.params.precision, T => {
        tile_of(problem, &problem.stencil::<T>(), threads).depth
    });
    Slab::new(problem.grid.y.nodes, 0, ranks, depth)
}

/// Limits the depth of a tile to a quarter of its length along periodic axes. A tile as long as the axis computes its
/// rim twice there as well, and a deep tile would wrap around the axis several times.
fn not_round(tile: Tile, [columns, rows]: [bool; 2]) -> Tile {
    let mut depth = tile.depth;
    if columns {
        depth = depth.min(quarter(tile.columns));
    }
    if rows {
        depth = depth.min(quarter(tile.rows));
    }
    Tile { depth, ..tile }
}

fn quarter(length: usize) -> usize {
    (length / 4).max(1)
}

/// The reason why a state larger than its memory cannot be in bands, if there is one.
fn why_in_memory(problem: &Problem, terms: Terms) -> Option<String> {
    let stages = problem.stages();
    let reason = match problem.params.method {
        _ if terms.ranks > 1 => {
            "a larger state passes through the memory of one rank only: allow that much with --memory, take more ranks, or run it without mpirun"
        }
        StepMethod::Steady => {
            "method = \"steady\" has the whole domain in memory: allow that much with --memory, or take method = \"rkl2\" with until"
        }
        StepMethod::Exact => {
            "method = \"exact\" has the whole state in memory: allow that much with --memory, or take method = \"rkl2\""
        }
        _ if !problem.fields().is_empty() => {
            "record.fields has arrays of the whole domain in memory: allow that much with --memory, or leave them out"
        }
        StepMethod::Rkl2 if problem.records_every_step() => {
            "record.every = \"step\" with method = \"rkl2\" has a whole state of every stage in memory: allow that much with --memory, or give a time"
        }
        StepMethod::Rkl2 if problem.has_moving_source() => {
            "method = \"rkl2\" with a source that depends on time has a whole state of every stage in memory"
        }
        StepMethod::Rkl2 if problem.has_periodic_rows() && problem.grid.y.nodes - 2 < stages => {
            return Some(format!(
                "a larger one with periodic rows needs {stages} of them inside, as many as a step of \"rkl2\" has stages"
            ));
        }
        _ => return terms.why_in_memory.map(str::to_owned),
    };
    Some(reason.to_owned())
}
