//! [`Budget`]: how the memory that a run may take is divided. Runs, sweeps, repairs and checks obey it, and plans print it.

use super::{
    bands_shape::{Passes, Shape},
    error::RunError,
    pool::worthwhile,
};
use crate::{
    cube::{SolverLoad, scratch::Scratch},
    params::{StepMethod, with_precision},
    physics::picture::ROOM_AT_FIRST,
    problem::{Footprint, Problem},
};
use diff2d_stencil::{Element, Stencil, Tile};
use diff2d_sys::{self as sys, Memory};
use serde::Serialize;
use std::{iter, ops::RangeInclusive};

/// Bytes that a run takes beside its state and buffers: stacks, tables, what is on its way from and to files. In a small grid
/// little is on its way, and no process takes less than the least; as that is more than a whole field of a small grid, there
/// it counts in part.
const PROGRAM: RangeInclusive<u64> = 10 << 20..=26 << 20;
/// The part of the least that each node counts for, up to the whole.
fn least_program(nodes: u64) -> u64 {
    (nodes * 8 / 3).min(*PROGRAM.start())
}

/// Which part of the memory for bands is left for rows on their way and huge pages that are begun.
const UNCOUNTED: u64 = 16;
/// Pieces of memory each of which may take a part of a huge page in vain, beside one for each thread.
const PIECES: u64 = 6;
/// Which part of the memory rows may take of which a record reads a state in bands.
const OF_RECORD: u64 = 8;
/// Which part of the memory blocks of a state in bands may take.
const OF_BLOCKS: u64 = 8;

/// The memory of a run, by what takes it \[byte\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Budget {
    /// The most that it may take, if there is a limit.
    pub limit: Option<u64>,
    /// Of the states.
    #[serde(flatten)]
    pub states: Footprint,
    /// Blocks of snapshots on their way to the cube, or all of them where they are kept.
    pub blocks: u64,
    /// Chunks of a state in files on their way between these and memory.
    pub chunks: u64,
    /// Tiles, as far as they take more than a second-level cache, or those of bands.
    pub tiles: u64,
    /// The program itself; beside a limit no more than a fifth of a field, and at least 10 MiB.
    pub program: u64,
    /// All of these.
    pub total: u64,
    /// How a state that is not in memory passes through it.
    pub bands: Option<Shape>,
    /// Bytes of the file for states between snapshots.
    pub scratch: u64,
    /// What computes the states.
    #[serde(skip)]
    pub(crate) load: SolverLoad,
}

/// What a budget depends on beside the problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The most bytes that each of the ranks may take, if there is a limit.
    pub(crate) limit: Option<u64>,
    pub(crate) ranks: usize,
    /// States that are computed at a time, and their threads.
    pub(crate) load: SolverLoad,
    pub(crate) snapshots: SnapshotStorage,
    /// Why states have to be in memory, if they have to.
    pub(crate) why_in_memory: Option<&'static str>,
}

/// Where snapshots go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SnapshotStorage {
    /// They wait for the cube in blocks.
    Cube,
    /// They stay in memory.
    Memory,
    /// Nobody takes them.
    Nothing,
}

impl Terms {
    /// A run in one process on so many threads, by default those of the current pool.
    pub(crate) fn alone(threads: Option<usize>) -> Self {
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
    /// The memory of a run, by its limit in memory or in bands. Beside a limit the system has back what was freed before.
    ///
    /// # Errors
    /// [`RunError::NotInBands`] where the state does not fit into memory, and cannot be in bands; [`RunError::Cap`] where
    /// bands do not fit.
    pub(crate) fn divide(problem: &Problem, terms: Terms) -> Result<Self, RunError> {
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

    /// As many such states in memory as are computed at a time; of several ranks the part of one.
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
        let beyond = with_precision!(problem.params.precision, T => {
            problem.stencil::<T>().bytes_beyond_second_level()
        });
        let tiles = beyond.saturating_mul(busy(load) as u64 * count);
        match terms.limit {
            Some(limit) if limit.saturating_sub(budget.total) < tiles => budget,
            _ => Self { tiles, ..budget }.summed(),
        }
    }

    /// With so much less as is needed to fit, if that is enough.
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

    /// With the rows that a rank holds, unless the state is in bands.
    pub(crate) fn of_rank(self, problem: &Problem, rows: usize, ranks: usize) -> Self {
        let states = match (self.bands, ranks) {
            (Some(_), _) | (_, 1) => self.states,
            _ => Footprint::new(problem, rows, ranks),
        };
        Self { states, ..self }.summed()
    }

    /// The same in bands.
    fn in_bands(self, problem: &Problem, terms: Terms) -> Result<Self, RunError> {
        // What was read of the initial state is read again.
        problem.hold_pictures(0);
        sys::give_back_memory();
        let memory = terms.limit.unwrap_or(u64::MAX);
        let fixed = self.states.kept() + self.program;
        let load = SolverLoad {
            memory: Some(memory.saturating_sub(fixed) / OF_BLOCKS),
            ..terms.load
        };
        let blocks = terms.blocks(problem, load);
        let beside = blocks + fixed;
        let left = memory.saturating_sub(beside);
        let begun = (PIECES + busy(load) as u64) * Memory::HUGE_PAGE as u64;
        Memory::use_huge_pages(left / UNCOUNTED >= begun);
        let passes = with_precision!(problem.params.precision, T => {
            Passes::of(problem, &problem.stencil::<T>(), busy(load))
        });
        let looked_at = RowsLookedAt::within(problem, left / OF_RECORD);
        let left = left.saturating_sub(looked_at.bytes);
        let shape = passes.within(left - left / UNCOUNTED);
        let shape = shape.map_err(|least| RunError::Cap {
            needed: least + least / (UNCOUNTED - 1) + UNCOUNTED + beside + looked_at.bytes,
            memory,
        })?;
        let shape = Shape {
            rows_looked_at: looked_at.rows,
            ..shape
        };
        let has_states_between =
            problem.params.record.is_some() || problem.schedule.nper.most() > shape.steps as u64;
        let scratch = match has_states_between {
            true => Scratch::bytes_for(problem.field_bytes()),
            false => 0,
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
        let beside = [self.blocks, self.chunks, self.tiles, self.program];
        let total = beside
            .into_iter()
            .fold(self.states.bytes(), u64::saturating_add);
        Self { total, ..self }
    }

    /// What is taken from the system while the state is advanced.
    pub(crate) fn beside_program(&self) -> u64 {
        self.total.saturating_sub(self.program)
    }

    /// Whether there is as much memory as that.
    pub(crate) fn fits(&self) -> bool {
        self.limit.is_none_or(|limit| self.total <= limit)
    }

    /// Where memory has a limit, that for each of the states that are computed at a time, and what of it is left for what
    /// [may take less](Problem::spare_bytes) than is counted.
    pub(crate) fn limit_each(&self, problem: &Problem) -> Option<[u64; 2]> {
        let count = self.load.scenarios as u64;
        let least = Footprint::of(problem).arrays - problem.spare_bytes();
        let beside = self.total - self.states.arrays + least.saturating_mul(count);
        let limit = self.limit?;
        Some([limit, limit.saturating_sub(beside)].map(|bytes| bytes / count))
    }

    fn refusal(&self, why: &str) -> RunError {
        RunError::NotInBands {
            needed: self.total,
            memory: self.limit.unwrap_or(u64::MAX),
            why: why.to_owned(),
        }
    }

    /// Refuses states in memory that do not fit, and why they have to be there.
    ///
    /// # Errors
    /// [`RunError::NotInBands`].
    pub(crate) fn in_memory(self, why: &'static str) -> Result<Self, RunError> {
        match self.fits() {
            true => Ok(self),
            false => Err(self.refusal(why)),
        }
    }

    /// Refuses what does not fit into the memory of the system, which would promise more than it has, where so many
    /// processes take as much.
    ///
    /// # Errors
    /// [`RunError::Memory`].
    pub(crate) fn check(&self, processes: usize) -> Result<(), RunError> {
        /// Less than the program itself takes. Asking the system how much is left would take a part of so small a run.
        const FEW: u64 = 4 << 20;
        // What the problem was made from is there.
        let kept = self.states.node_sets + self.states.pictures.min(ROOM_AT_FIRST);
        let needed = self.beside_program().saturating_sub(kept);
        let needed = needed.saturating_mul(processes as u64);
        match sys::available_memory().filter(|_| needed > FEW) {
            Some(available) if available < needed => Err(RunError::no_memory(needed)),
            _ => Ok(()),
        }
    }

    /// The step with the tile to use. Ranks divide the grid as threads do: their tiles are those of one process with all
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

/// The rows of which a record reads a state in bands at a time, and the bytes that this takes.
struct RowsLookedAt {
    rows: usize,
    bytes: u64,
}

impl RowsLookedAt {
    /// As many as so many bytes allow, at least a few.
    fn within(problem: &Problem, bytes: u64) -> Self {
        if problem.params.record.is_none() {
            return Self { rows: 1, bytes: 0 };
        }
        let field = (problem.grid.x.nodes * problem.params.precision.bytes()) as u64;
        // With those next to them.
        let of = |rows: usize| problem.record_bytes(rows + 2) + (rows as u64 + 2) * field;
        let most = problem.grid.y.nodes;
        let sizes = iter::successors(Some(most), |&rows| (rows > 1).then_some(rows / 2));
        let rows = sizes
            .into_iter()
            .find(|&rows| of(rows) <= bytes)
            .unwrap_or(1);
        Self {
            rows,
            bytes: of(rows),
        }
    }
}

/// Threads that have a processor.
pub(super) fn busy(load: SolverLoad) -> usize {
    load.threads.min(sys::threads())
}

/// The tile of a pass over the whole grid on so many threads, as deep as the pass: of `rkl2` as a step has stages, of
/// `euler` as it has steps.
pub(crate) fn tile_of<T: Element>(problem: &Problem, stencil: &Stencil<T>, threads: usize) -> Tile {
    let (ny, nx) = problem.grid.shape();
    match problem.params.method {
        StepMethod::Rkl2 => stencil.rkl2_tile((ny, nx), threads, problem.stages()),
        _ => stencil.tile(ny, nx, threads),
    }
}

/// Limits the depth of a tile to a quarter of its length along periodic axes. A tile as long as the axis computes its
/// rim twice there as well, and a deep one would go round the axis several times.
fn not_round(tile: Tile, [columns, rows]: [bool; 2]) -> Tile {
    let most = |length: usize| (length / 4).max(1);
    let mut depth = tile.depth;
    if columns {
        depth = depth.min(most(tile.columns));
    }
    if rows {
        depth = depth.min(most(tile.rows));
    }
    Tile { depth, ..tile }
}

/// Why a state that is larger than its memory cannot be in bands.
fn why_in_memory(problem: &Problem, terms: Terms) -> Option<String> {
    let stages = problem.stages();
    let why = match problem.params.method {
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
    Some(why.to_owned())
}
