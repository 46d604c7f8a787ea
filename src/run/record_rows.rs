//! Runs without files: [`record_rows`] keeps the rows of the record in memory, [`solve_with_rows`] the last state as well,
//! and [`early_end`] looks for the end of a run.

use super::{
    clock::RunClock,
    columns::Columns,
    decomposition::Decomposition,
    error::RunError,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    output::Output,
    row::{RecordOfRun, Row, RowSums},
    solution::Solution,
    state::State,
    time_loop::TimeLoop,
    trackers::Trackers,
};
use crate::{
    comm::Solo, cube::RecordColumn, field::Field, params::with_precision, problem::Problem,
    slab::Slab,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;
use std::sync::{Arc, atomic::AtomicUsize};

/// The columns of the record of a problem.
pub(crate) fn record_columns(problem: &Problem) -> Vec<RecordColumn> {
    Columns::new(problem, false).with_meanings(problem)
}

/// Runs a problem, and keeps the rows of its record in memory, with these sums. The run is given up once `stop` is set.
///
/// # Errors
/// [`RunError`]; [`RunError::GivenUp`] if the run was stopped.
pub(crate) fn record_rows(
    problem: &Problem,
    sums: RowSums,
    stop: &Arc<AtomicUsize>,
) -> Result<RecordOfRun, RunError> {
    let observer = Observer::stopped_by(stop);
    let ended = with_precision!(problem.params.precision, T => {
        run_of::<T>(problem, None, sums, &observer)?.1
    });
    Ok(ended)
}

/// Runs a problem in double precision, and returns its last state and the rows of its record, with sums of steps.
/// `progress` counts the steps.
///
/// # Errors
/// [`RunError`].
pub(crate) fn solve_with_rows(
    problem: &Problem,
    progress: &Progress,
) -> Result<(Field<f64>, Vec<Row>), RunError> {
    let observer = Observer::stopped_by(&Arc::default()).with_progress(progress.clone());
    let (state, record) = run_of::<f64>(problem, None, RowSums::OfSteps, &observer)?;
    Ok((state, record.rows))
}

/// Runs a problem, and returns the number of steps after which its run ends early; `None` if it does not.
///
/// # Errors
/// [`RunError`].
pub(crate) fn early_end(problem: &Problem) -> Result<Option<u64>, RunError> {
    let mut last_snapshot = Solution::of_last(problem);
    let is_compared = problem.params.steady_rate().is_some();
    let kept_snapshot = is_compared.then_some(&mut last_snapshot);
    let observer = Observer::stopped_by(&Arc::default());
    let ended = with_precision!(problem.params.precision, T => {
        run_of::<T>(problem, kept_snapshot, RowSums::AsRecorded, &observer)?.1
    });
    Ok(ended.end_step)
}

/// Runs a problem, and returns its last state and its record.
fn run_of<T: Element>(
    problem: &Problem,
    kept_snapshot: Option<&mut Solution>,
    sums: RowSums,
    observer: &Observer,
) -> Result<(Field<T>, RecordOfRun), RunError> {
    let (ny, nx) = problem.grid.shape();
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let ranks = Decomposition::new(&Solo, slab, nx);
    let clock = RunClock::start(problem, &Options::default());
    let mut state = InMemory::new(problem, problem.stencil::<T>(), &ranks)?;
    state.initialise(&clock, observer)?;
    let output = match kept_snapshot {
        Some(solution) => Output::memory(problem, &ranks, solution, observer),
        None => Output::nothing(problem, &ranks, observer),
    };
    let trackers = Trackers::in_memory(problem, sums, None)?;
    let time_loop = TimeLoop::new(problem, state, output, trackers, clock, observer);
    let (state, record) = time_loop.record(None)?;
    Ok((state.into_field()?, record))
}
