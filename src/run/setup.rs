//! Prepares a rank for its first step: its slab, its field, and room on disks.

use super::{
    budget::{Budget, busy, tile_of},
    decomposition::Decomposition,
    error::RunError,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        Header, Paths, paths,
        scratch::{self, Scratch},
    },
    fault::Fault,
    field::Field,
    problem::{Footprint, Problem},
    slab::Slab,
};
use diff2d_arrays::wording::bytes;
use diff2d_stencil::{Element, Stencil};
use diff2d_sys as sys;
use std::path::Path;

/// Collective. The rank's part of the grid, with halos as deep as the tiles of all ranks.
pub(super) fn decompose<'a, T: Element, C: Comm>(
    problem: &Problem,
    stencil: &Stencil<T>,
    budget: &Budget,
    comm: &'a C,
) -> Decomposition<'a, C> {
    let (ny, nx) = problem.grid.shape();
    let tile = tile_of(problem, stencil, busy(budget.load));
    let depth = collective::least(comm, tile.depth);
    let slab = Slab::new(ny, comm.rank(), comm.size(), depth).periodic(problem.has_periodic_rows());
    Decomposition::new(comm, slab, nx)
}

/// Refuses a run in bands if its files do not fit onto their disks, or if the directory for the scratch cannot be
/// entered.
///
/// # Errors
/// [`RunError`].
pub(super) fn check_scratch(
    problem: &Problem,
    paths: &Paths,
    budget: &Budget,
    directory: Option<&Path>,
) -> Result<(), RunError> {
    let scratch = budget.scratch;
    if let Some(directory) = directory {
        paths::enter_directory(directory)?;
        // A run that goes on may have its scratch there.
        let is_new = !paths.journal.exists();
        return match sys::free_space(directory) {
            Some(free) if is_new && free < scratch => Err(Fault::failed(format!(
                "the state needs {} in {}, but only {} are free there: choose another directory with --scratch",
                bytes(scratch),
                directory.display(),
                bytes(free)
            ))
            .into()),
            _ => Ok(()),
        };
    }
    let bytes_needed = scratch::space_needed(paths, problem.cube_bytes(), scratch);
    match sys::free_space(paths.directory()) {
        Some(free) if free < bytes_needed => Err(Fault::failed(format!(
            "the cube and the state need {} more on the disk, of which {} hold the state while the run goes on, but only {} are free",
            bytes(bytes_needed),
            bytes(scratch),
            bytes(free)
        ))
        .into()),
        _ => Ok(()),
    }
}

/// The file for states between snapshots, if there are such states or an earlier part of the run had some.
///
/// # Errors
/// [`RunError::Cube`].
pub(super) fn open_scratch(
    budget: &Budget,
    paths: &Paths,
    header: &Header,
) -> Result<Option<Scratch>, RunError> {
    if budget.scratch == 0 && !paths.scratch.exists() {
        return Ok(None);
    }
    Ok(Some(Scratch::open(&paths.scratch, &paths.cube, header)?))
}

/// Bytes of the arrays of a rank, and of the data from which they are computed.
pub(super) fn memory(problem: &Problem, ranks: &Decomposition<'_, impl Comm>) -> u64 {
    let (rows, parts) = (ranks.shape().0, ranks.slab().parts());
    Footprint::new(problem, rows, parts).bytes()
}

/// A field of zeros for the rows that a rank holds.
///
/// # Errors
/// [`RunError`] if there is too little memory.
pub(crate) fn allocate<T: Element>(
    problem: &Problem,
    ranks: &Decomposition<'_, impl Comm>,
) -> Result<Field<T>, RunError> {
    Field::zeros(ranks.shape()).map_err(|_| RunError::no_memory(memory(problem, ranks)))
}
