//! What a rank needs before its first step: tile, slab and memory.

use super::{bands_shape::Shape, decomposition::Decomposition, error::RunError};
use crate::{
    comm::{Comm, collective},
    cube::{Paths, SolverLoad, paths, scratch},
    field::Field,
    params::StepMethod,
    problem::Problem,
    slab::Slab,
    stencil::{Element, Stencil, Tile},
    sys, tuning,
};
use std::path::Path;

/// The step with the tile to use. Ranks divide the grid as threads do: their tiles are those of one
/// process with all their threads.
pub(crate) fn tuned<T: Element>(
    problem: &Problem,
    tile: Option<Tile>,
    comm: &impl Comm,
) -> Stencil<T> {
    let stencil = problem.stencil::<T>();
    let (ny, nx) = problem.grid.shape();
    let updates = problem
        .schedule
        .last_step()
        .saturating_mul(problem.grid.len());
    let is_tuned = problem.params.method == StepMethod::Euler;
    let tile = tile.unwrap_or_else(|| {
        let tile = match comm.size() {
            1 if is_tuned => tuning::tile(&stencil, (ny, nx), updates),
            ranks => problem.tile(&stencil, ranks * busy_threads()),
        };
        not_round(tile, problem.periodic())
    });
    stencil.with_tile(tile)
}

/// A tile that computes its rim twice on periodic axes, too, where nothing else bounds it: of a depth far below
/// its length there. A tile as long as the axis would go round it several times.
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

/// Threads of the current pool that have a processor.
fn busy_threads() -> usize {
    rayon::current_num_threads().min(sys::threads())
}

/// Collective. The rank's part of the grid, with halos as deep as the tiles of all ranks.
pub(super) fn decompose<'a, T: Element, C: Comm>(
    problem: &Problem,
    stencil: &Stencil<T>,
    comm: &'a C,
) -> Decomposition<'a, C> {
    let (ny, nx) = problem.grid.shape();
    let own = problem.tile(stencil, busy_threads()).depth;
    let depths = collective::all_gather(comm, own);
    let depth = depths.into_iter().min().unwrap_or(own);
    let slab = Slab::new(ny, comm.rank(), comm.size(), depth).periodic(problem.has_periodic_rows());
    Decomposition::new(comm, slab, nx)
}

/// Bytes that a run which writes a cube needs in one process on all processors.
pub(crate) fn memory_alone(problem: &Problem) -> u64 {
    let buffers = SolverLoad::alone().buffer_bytes(problem.field_bytes());
    problem.memory_bytes().saturating_add(buffers)
}

/// Bytes of the arrays of a rank.
pub(super) fn memory(problem: &Problem, ranks: &Decomposition<'_, impl Comm>) -> u64 {
    problem.memory_of(ranks.shape().0, ranks.slab().parts())
}

/// What of a run decides whether its state is in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// The most bytes that the run may take, if there is a limit.
    pub(crate) cap: Option<u64>,
    /// Bytes of the buffers of a run in memory.
    pub(crate) buffers: u64,
    pub(crate) ranks: usize,
    pub(crate) has_cube: bool,
}

impl Room {
    /// Bytes that the state may take in bands; `None` where it is to be in memory.
    ///
    /// # Errors
    /// [`RunError::NotInBands`] where it does not fit into memory, and cannot be in bands.
    pub(crate) fn in_bands(self, problem: &Problem) -> Result<Option<u64>, RunError> {
        let needed = problem.memory_bytes().div_ceil(self.ranks as u64) + self.buffers;
        let Some(memory) = self.cap.filter(|&cap| cap < needed) else {
            return Ok(None);
        };
        let refuse = |why: &str| {
            Err(RunError::NotInBands {
                needed,
                memory,
                why: why.to_owned(),
            })
        };
        if problem.params.method != StepMethod::Euler {
            return refuse("method = \"euler\" alone advances a state that is larger");
        }
        if self.ranks > 1 {
            return refuse("one rank alone advances a state that is larger");
        }
        if !self.has_cube {
            return refuse("a state that is larger lies beside its cube, and --no-cube has none");
        }
        Ok(Some(memory))
    }
}

/// Refuses a run in bands whose files do not fit onto their disks, or whose directory for the scratch cannot
/// be entered.
///
/// # Errors
/// [`RunError::NoSpace`], [`RunError::NoScratchSpace`], [`RunError::Cube`].
pub(super) fn check_scratch(
    problem: &Problem,
    paths: &Paths,
    shape: &Shape,
    directory: Option<&Path>,
) -> Result<(), RunError> {
    let scratch = shape.scratch_bytes(problem);
    if let Some(directory) = directory {
        paths::enter_directory(directory)?;
        // A run that goes on may have its scratch there.
        let is_new = !paths.journal.exists();
        return match sys::free_space(directory) {
            Some(free) if is_new && free < scratch => Err(RunError::NoScratchSpace {
                needed: scratch,
                directory: directory.to_owned(),
                free,
            }),
            _ => Ok(()),
        };
    }
    let needed = scratch::space_needed(paths, problem.cube_bytes(), scratch);
    match sys::free_space(paths.directory()) {
        Some(free) if free < needed => Err(RunError::NoSpace {
            needed,
            scratch,
            free,
        }),
        _ => Ok(()),
    }
}

/// A field of zeros for the rows that a rank holds.
///
/// # Errors
/// [`RunError::Memory`].
pub(crate) fn allocate<T: Element>(
    problem: &Problem,
    ranks: &Decomposition<'_, impl Comm>,
) -> Result<Field<T>, RunError> {
    Field::zeros(ranks.shape()).map_err(|_| RunError::no_memory(memory(problem, ranks)))
}

/// Refuses what does not fit into memory: the system would promise more than it has.
///
/// # Errors
/// [`RunError::Memory`].
pub(crate) fn check_memory(needed: u64) -> Result<(), RunError> {
    match sys::available_memory() {
        Some(available) if available < needed => Err(RunError::no_memory(needed)),
        _ => Ok(()),
    }
}
