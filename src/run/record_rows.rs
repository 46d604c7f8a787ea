//! Runs without files: [`record_rows`] keeps the rows of the record in memory, [`early_end`] looks for the end of a run.

use super::{
    clock::RunClock,
    columns,
    decomposition::Decomposition,
    error::RunError,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    output::Output,
    row::{RecordOfRun, RowSums},
    solution::Solution,
    state::State,
    time_loop::TimeLoop,
    trackers::Trackers,
};
use crate::{comm::Solo, cube::RecordColumn, params::with_precision, problem::Problem, slab::Slab};
use diff2d_stencil::Element;
use std::sync::{Arc, atomic::AtomicBool};

/// The columns of the record of a problem.
#[must_use]
pub(crate) fn record_columns(problem: &Problem) -> Vec<RecordColumn> {
    columns::columns(problem, false)
}

/// Runs a problem, and keeps the rows of its record in memory, with these sums. The run is given up once `stop` is set.
///
/// # Errors
/// [`RunError`]; [`RunError::GivenUp`] if the run was stopped.
pub(crate) fn record_rows(
    problem: &Problem,
    sums: RowSums,
    stop: &Arc<AtomicBool>,
) -> Result<RecordOfRun, RunError> {
    with_precision!(problem.params.precision, T => record_of::<T>(problem, None, sums, stop))
}

/// Runs a problem, and returns the number of steps after which its run ends early; `None` if it does not.
///
/// # Errors
/// [`RunError`].
pub(crate) fn early_end(problem: &Problem) -> Result<Option<u64>, RunError> {
    let mut last_snapshot = Solution::of_last(problem);
    let is_compared = problem.params.steady_rate().is_some();
    let kept = is_compared.then_some(&mut last_snapshot);
    let (sums, stop) = (RowSums::AsRecorded, Arc::default());
    let record = with_precision!(problem.params.precision, T => {
        record_of::<T>(problem, kept, sums, &stop)
    });
    Ok(record?.end_step)
}

fn record_of<T: Element>(
    problem: &Problem,
    kept: Option<&mut Solution>,
    sums: RowSums,
    stop: &Arc<AtomicBool>,
) -> Result<RecordOfRun, RunError> {
    let (ny, nx) = problem.grid.shape();
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let ranks = Decomposition::new(&Solo, slab, nx);
    let observer = Observer::stopped_by(Arc::clone(stop));
    let clock = RunClock::start(problem, &Options::default());
    let mut state = InMemory::new(problem, problem.stencil::<T>(), &ranks)?;
    state.initialise(&clock, &observer)?;
    let output = match kept {
        Some(kept) => Output::memory(problem, &ranks, kept, &observer),
        None => Output::nothing(problem, &ranks, &observer),
    };
    let trackers = Trackers::in_memory(problem, sums, None)?;
    TimeLoop::new(problem, state, output, trackers, clock, &observer).record(None)
}
