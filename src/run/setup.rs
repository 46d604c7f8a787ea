//! What a rank needs before its first step: tile, slab and memory.

use super::{
    bands_shape::{Shape, beside},
    decomposition::Decomposition,
    error::RunError,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        Header, Paths, SolverLoad, paths,
        scratch::{self, Scratch},
    },
    field::Field,
    params::StepMethod,
    problem::Problem,
    slab::Slab,
};
use diff2d_stencil::{Element, Stencil, Tile};
use diff2d_sys as sys;
use std::path::Path;

/// The step with the tile to use; tiles may exceed the second-level cache where there is memory for that. Ranks divide
/// the grid as threads do: their tiles are those of one process with all their threads.
pub(crate) fn stencil_for<T: Element>(
    problem: &Problem,
    tile: Option<Tile>,
    comm: &impl Comm,
    room: Room,
) -> Stencil<T> {
    let (ny, nx) = problem.grid.shape();
    let mut stencil = problem.stencil::<T>();
    if !room.has_more(
        problem,
        stencil.bytes_beyond_second_level() * busy_threads() as u64,
    ) {
        stencil = stencil.within_second_level_cache();
    }
    let tile = tile.unwrap_or_else(|| {
        let tile = match (comm.size(), problem.params.method) {
            (1, StepMethod::Euler) => stencil.tile_for_passes((ny, nx), busy_threads()),
            (ranks, _) => problem.tile(&stencil, ranks * busy_threads()),
        };
        not_round(tile, problem.periodic())
    });
    stencil.with_tile(tile)
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
    let depth = collective::least(comm, problem.tile(stencil, busy_threads()).depth);
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
    /// That of a scenario of a sweep: if there is a limit, there is nothing beside states.
    pub(crate) fn of_scenario(problem: &Problem) -> Self {
        Self {
            cap: (problem.params.memory).map(|_| problem.memory_bytes() + beside(problem)),
            buffers: 0,
            ranks: 1,
            has_cube: true,
        }
    }

    /// Bytes of a state in memory and of what is beside it.
    fn needed(self, problem: &Problem) -> u64 {
        // Every rank has the pictures.
        let pictures = problem.picture_bytes();
        let arrays = (problem.memory_bytes() - pictures).div_ceil(self.ranks as u64);
        arrays + pictures + self.buffers + beside(problem)
    }

    /// Whether there is room for so many bytes more.
    fn has_more(self, problem: &Problem, bytes: u64) -> bool {
        let needed = self.needed(problem).saturating_add(bytes);
        self.cap.is_none_or(|cap| cap >= needed)
    }

    /// Bytes that the state may take in bands; `None` where it is to be in memory.
    ///
    /// # Errors
    /// [`RunError::NotInBands`] where it does not fit into memory, and cannot be in bands.
    pub(crate) fn in_bands(self, problem: &Problem) -> Result<Option<u64>, RunError> {
        let needed = self.needed(problem);
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
        if self.ranks > 1 {
            return refuse(
                "a larger state passes through the memory of one rank only: allow that much with --memory, take more ranks, or run it without mpirun",
            );
        }
        match problem.params.method {
            StepMethod::Exact => {
                return refuse(
                    "method = \"exact\" has the whole state in memory: allow that much with --memory, or take method = \"rkl2\"",
                );
            }
            StepMethod::Rkl2 if problem.has_moving_source() => {
                return refuse(
                    "method = \"rkl2\" with a source that depends on time has a whole state of every stage in memory",
                );
            }
            StepMethod::Rkl2
                if problem.has_periodic_rows() && problem.grid.y.nodes - 2 < problem.stages() =>
            {
                return refuse(&format!(
                    "a larger one with periodic rows needs {} of them inside, as many as a step of \"rkl2\" has stages",
                    problem.stages()
                ));
            }
            _ => {}
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

/// The file for states between snapshots, if there are any or an earlier part of the run had some.
///
/// # Errors
/// [`RunError::Cube`].
pub(super) fn open_scratch(
    problem: &Problem,
    shape: &Shape,
    paths: &Paths,
    header: &Header,
) -> Result<Option<Scratch>, RunError> {
    if shape.scratch_bytes(problem) == 0 && !paths.scratch.exists() {
        return Ok(None);
    }
    Ok(Some(Scratch::open(&paths.scratch, &paths.cube, header)?))
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
    /// Less than the program itself takes. Asking the system how much is left would take a part of so small a run.
    const FEW: u64 = 4 << 20;
    if needed <= FEW {
        return Ok(());
    }
    match sys::available_memory() {
        Some(available) if available < needed => Err(RunError::no_memory(needed)),
        _ => Ok(()),
    }
}
