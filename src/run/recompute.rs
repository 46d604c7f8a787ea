//! Snapshots of a cube computed again, each from the one before it: in memory, or in bands where that has no room.

use super::{
    budget::{Budget, SnapshotStorage, Terms},
    clock::RunClock,
    columns,
    decomposition::Decomposition,
    error::RunError,
    in_bands::InBands,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    output::Output,
    state::{Durable, State},
    steady::Change,
    time_loop,
};
use crate::{
    comm::Solo,
    cube::{
        Header, Record, digest::Digester, journal::Slot, record_file::RecordPlace,
        restore::Restorer, scratch::Scratch,
    },
    problem::Problem,
    schedule::Clock,
    slab::Slab,
    summary::Summary,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;
use diff2d_sys as sys;

/// Computes snapshots of one scenario again, in order, within so many bytes of memory, and writes those to their
/// places that have the digest of their record. Each adds 1 to `progress`.
///
/// # Errors
/// [`RunError`]; [`CubeError::CannotRepair`](crate::cube::CubeError::CannotRepair) where the digest is another.
pub(crate) fn recompute<T: Element>(
    cube: &mut Restorer,
    problem: &Problem,
    slots: &[Slot],
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
        let state = || InMemory::new(problem, stencil.clone(), &ranks);
        return each::<T, _>(cube, problem, slots, state, progress);
    };
    let (paths, header) = (cube.paths().clone(), cube.header.clone());
    let (observer, _) = Observer::new(Progress::default(), Default::default());
    let state = || {
        let scratch = Some(Scratch::open_unnamed(paths.directory(), &header)?);
        let stencil = stencil.clone();
        Ok(InBands::new(
            problem, stencil, shape, &paths, scratch, &observer,
        ))
    };
    each::<T, _>(cube, problem, slots, state, progress)
}

/// Computes snapshots again with states that `make` makes.
fn each<T: Element, S: State<Solo>>(
    cube: &mut Restorer,
    problem: &Problem,
    slots: &[Slot],
    make: impl Fn() -> Result<S, RunError>,
    progress: &Progress,
) -> Result<(), RunError> {
    let (schedule, codec) = (&problem.schedule, problem.codec());
    let mut clock = RunClock::start(problem, &Options::default());
    let pace = schedule.pace();
    let at = |index: u64| pace.after(pace.start(), schedule.step_of(index));
    for &slot in slots {
        let before = slot.index.checked_sub(1);
        let mut state = begin_at(
            cube,
            &make,
            before.map(|index| Slot { index, ..slot }),
            at,
            &clock,
        )?;
        if let Some(before) = before {
            state.advance(schedule.steps_to(slot.index), at(before), &mut clock, None)?;
        }
        // The line of a snapshot that ends its run says so.
        let is_lost = problem.params.until.is_some() && cube.has_lost_line_of(slot);
        let since = before.filter(|_| is_lost).map(|index| {
            let begin = cube.header.offset_of(Slot { index, ..slot });
            Change::since(&cube.paths().cube, begin)
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
        let record = Record::new(slot, at(slot.index), summary);
        let mut record = record.with(state.figures().steadiness);
        record.sha256 = digester.finish();
        if let (Some(change), Some(before)) = (change, before) {
            record = record.with(change.steady(problem, &Solo, [at(before), at(slot.index)])?);
        }
        cube.accept(&record)?;
        let mut place = cube.header.offset_of(slot);
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

/// A state at a snapshot that is whole, or at the initial one.
fn begin_at<S: State<Solo>>(
    cube: &Restorer,
    make: impl Fn() -> Result<S, RunError>,
    slot: Option<Slot>,
    at: impl Fn(u64) -> Clock,
    clock: &RunClock,
) -> Result<S, RunError> {
    let mut state = make()?;
    match slot {
        Some(slot) => {
            let durable = Durable {
                path: &cube.paths().cube,
                begin: cube.header.offset_of(slot),
                sha256: None,
            };
            state.take(&durable)?;
            state.start(at(slot.index))?;
        }
        None => {
            let (observer, _) = Observer::new(Progress::default(), Default::default());
            state.initialise(clock, &observer)?;
            state.start(at(0))?;
        }
    }
    Ok(state)
}

/// Writes the rows of a record again, up to the last of so many snapshots, by a run of the problem that writes nothing else.
///
/// # Errors
/// [`RunError`].
pub(crate) fn record_again<T: Element>(
    problem: &Problem,
    header: &Header,
    place: RecordPlace,
    snapshots: u64,
    memory: Option<u64>,
) -> Result<(), RunError> {
    let mut shorter = problem.clone();
    shorter.schedule.nsteps = problem.schedule.step_of(snapshots.saturating_sub(1));
    shorter.params.until = None;
    let (ny, nx) = problem.grid.shape();
    let terms = Terms {
        limit: memory.or(problem.params.memory),
        snapshots: SnapshotStorage::Nothing,
        why_in_memory: Some(
            "a record is written again from states in memory: allow that much with --memory",
        ),
        ..Terms::alone(None)
    };
    let budget = Budget::divide(&shorter, terms)?;
    let stencil = budget.stencil::<T>(&shorter, None, 1);
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let ranks = Decomposition::new(&Solo, slab, nx);
    let (observer, _) = Observer::new(Progress::default(), Default::default());
    let mut output = Output::nowhere(&shorter, &ranks, &observer, None);
    output.record = Some(place.with_parameters(columns::of_run(problem, header)));
    let state = InMemory::new(&shorter, stencil, &ranks)?;
    let clock = RunClock::start(&shorter, &Options::default());
    time_loop::simulate(&shorter, state, output, clock, &observer).map(drop)
}
