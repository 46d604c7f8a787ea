//! Computes snapshots of a cube again, each from the one before it: in memory if there is room, otherwise in bands.

use super::{
    budget::{Budget, SnapshotStorage, Terms},
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    in_bands::InBands,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    state::{Durable, State},
    steady::Change,
};
use crate::{
    comm::Solo,
    cube::{Commit, digest::Digester, journal::SnapshotId, restore::Restorer, scratch::Scratch},
    problem::Problem,
    schedule::Clock,
    slab::Slab,
    summary::Summary,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;
use diff2d_sys as sys;

/// Computes snapshots of one scenario again, in order, within `memory` bytes, and writes each to its place if it has
/// the digest of its commit. Each snapshot adds 1 to `progress`.
///
/// # Errors
/// [`RunError`]; [`CubeError::CannotRepair`](crate::cube::CubeError::CannotRepair) if the digest differs.
pub(crate) fn recompute<T: Element>(
    cube: &mut Restorer,
    problem: &Problem,
    ids: &[SnapshotId],
    memory: Option<u64>,
    progress: &Progress,
) -> Result<(), RunError> {
    let (ny, nx) = problem.grid.shape();
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let terms = Terms {
        // Others want some, too.
        limit: memory
            .or(problem.params.memory)
            .or_else(|| Some(sys::available_memory()? / 4 * 3)),
        snapshots: SnapshotStorage::Nothing,
        ..Terms::alone(None)
    };
    let budget = Budget::divide(problem, terms)?;
    let stencil = problem.stencil::<T>();
    let Some(shape) = budget.bands else {
        let ranks = Decomposition::new(&Solo, slab, nx);
        return each::<T, _>(
            cube,
            problem,
            ids,
            || InMemory::new(problem, stencil.clone(), &ranks),
            progress,
        );
    };
    let (paths, header) = (cube.paths().clone(), cube.header.clone());
    let (observer, _) = Observer::new(Progress::default(), Default::default());
    each::<T, _>(
        cube,
        problem,
        ids,
        || {
            let scratch = Some(Scratch::open_unnamed(paths.directory(), &header)?);
            let stencil = stencil.clone();
            Ok(InBands::new(
                problem, stencil, shape, &paths, scratch, &observer,
            ))
        },
        progress,
    )
}

/// Computes snapshots again, with states created by `make`.
fn each<T: Element, S: State<Solo>>(
    cube: &mut Restorer,
    problem: &Problem,
    ids: &[SnapshotId],
    make: impl Fn() -> Result<S, RunError>,
    progress: &Progress,
) -> Result<(), RunError> {
    let (schedule, codec) = (&problem.schedule, problem.codec());
    let mut clock = RunClock::start(problem, &Options::default());
    for &id in ids {
        let previous_index = id.index.checked_sub(1);
        let previous_id = previous_index.map(|index| SnapshotId { index, ..id });
        let mut state = begin_at(cube, problem, &make, previous_id, &clock)?;
        if let Some(index) = previous_index {
            let steps = schedule.steps_to(id.index);
            // The rows stay with the state until their digest is proved: a time loop would hand them to an output.
            state.advance(steps, clock_of(problem, index), &mut clock, None)?;
        }
        // The line of a snapshot that ends its run says so.
        let is_lost = problem.params.steady_rate().is_some() && cube.has_lost_line_of(id);
        let since = previous_id.filter(|_| is_lost).map(|id| {
            let snapshot_begin = cube.header.offset_of(id);
            Change::since(&cube.paths().cube, snapshot_begin)
        });
        let mut change = since.transpose()?;
        let (mut digester, mut summaries) = (Digester::default(), Vec::new());
        state.visit(&mut |bytes| {
            let rows: &[T] = bytemuck::cast_slice(bytes);
            if let Some(change) = &mut change {
                change.rows(rows, &[]);
            }
            digester.push(bytemuck::cast_slice(&codec.encoded(summaries.len(), rows)));
            summaries.extend(problem.summaries(summaries.len(), rows)?);
            Ok(())
        })?;
        let summary = Summary::of_rows(&summaries, &problem.grid);
        let commit = Commit::new(id, clock_of(problem, id.index), summary);
        let mut commit = commit.with(state.figures().steadiness);
        commit.sha256 = digester.finish();
        if let (Some(change), Some(index)) = (change, previous_index) {
            let clocks = [index, id.index].map(|index| clock_of(problem, index));
            commit = commit.with_end(change.end(problem, &Solo, clocks)?);
        }
        cube.accept(&commit)?;
        let mut place = cube.header.offset_of(id);
        let mut row = 0;
        state.visit(&mut |bytes| {
            let rows: &[T] = bytemuck::cast_slice(bytes);
            cube.write(place, bytemuck::cast_slice(&codec.encoded(row, rows)))?;
            place += bytes.len() as u64;
            row += rows.len() / problem.grid.x.nodes;
            Ok(())
        })?;
        cube.sync()?;
        progress.add(1);
    }
    Ok(())
}

/// The time of a snapshot.
fn clock_of(problem: &Problem, index: u64) -> Clock {
    let (schedule, pace) = (&problem.schedule, problem.schedule.pace());
    pace.after(pace.start(), schedule.step_of(index))
}

/// A state that begins at an undamaged snapshot, or at the initial state.
fn begin_at<S: State<Solo>>(
    cube: &Restorer,
    problem: &Problem,
    make: impl Fn() -> Result<S, RunError>,
    id: Option<SnapshotId>,
    clock: &RunClock,
) -> Result<S, RunError> {
    let mut state = make()?;
    match id {
        Some(id) => {
            let durable = Durable {
                path: &cube.paths().cube,
                begin: cube.header.offset_of(id),
                sha256: None,
            };
            state.take(&durable)?;
            state.start(clock_of(problem, id.index))?;
        }
        None => {
            let (observer, _) = Observer::new(Progress::default(), Default::default());
            state.initialise(clock, &observer)?;
            state.start(clock_of(problem, 0))?;
        }
    }
    Ok(state)
}
