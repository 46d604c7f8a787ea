//! Runs without files: [`record_rows`] keeps the rows of the record in memory, [`solve_with_rows`] the last state as well,
//! and [`early_end`] looks for the end of a run.

use super::{
    budget::Budget,
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
    cube::RecordColumn, field::Field, params::with_precision, problem::Problem, schedule::Clock,
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
        run_of::<T>(problem, None, sums, &observer, None, None)?.1
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
    let (state, record) = run_of::<f64>(problem, None, RowSums::OfSteps, &observer, None, None)?;
    Ok((state, record.rows))
}

/// Runs a problem, and returns the number of steps after which its run ends early; `None` if it does not.
///
/// # Errors
/// [`RunError`].
pub(crate) fn early_end(problem: &Problem) -> Result<Option<u64>, RunError> {
    let mut last_snapshot = Solution::new(problem, true, None);
    let is_compared = problem.params.steady_rate().is_some();
    let kept_snapshot = is_compared.then_some(&mut last_snapshot);
    let observer = Observer::stopped_by(&Arc::default());
    let ended = with_precision!(problem.params.precision, T => {
        run_of::<T>(problem, kept_snapshot, RowSums::AsRecorded, &observer, None, None)?.1
    });
    Ok(ended.end_step)
}

/// Runs a problem, within a budget if there is one, and returns its last state and its record. A run that is `resumed` continues from
/// the snapshot that is kept: its time, and the rows up to there.
pub(super) fn run_of<T: Element>(
    problem: &Problem,
    kept_snapshot: Option<&mut Solution>,
    sums: RowSums,
    observer: &Observer,
    resumed: Option<(Clock, Vec<Row>)>,
    budget: Option<&Budget>,
) -> Result<(Field<T>, RecordOfRun), RunError> {
    let ranks = Decomposition::alone(problem);
    let clock = RunClock::start(problem, &Options::default());
    let mut state = InMemory::new(problem, problem.stencil::<T>(), &ranks)?;
    if let Some(budget) = budget {
        state = state.within(budget);
    }
    match (&resumed, &kept_snapshot) {
        (Some(_), Some(snapshot)) => {
            state.fill(|own_bytes| {
                own_bytes.copy_from_slice(snapshot.bytes());
                Ok(())
            })?;
        }
        _ => state.initialise(&clock, observer)?,
    }
    let start_clock = resumed.as_ref().map(|(end, _)| *end);
    let mut output = match kept_snapshot {
        Some(solution) => Output::memory(problem, &ranks, solution, observer),
        None => Output::nothing(problem, &ranks, observer),
    };
    // What follows is judged by its change since then.
    output.last = start_clock.unwrap_or(output.last);
    let trackers = Trackers::in_memory(problem, sums, resumed)?;
    let time_loop = TimeLoop::new(problem, state, output, trackers, clock, observer);
    let (state, record) = time_loop.record(start_clock)?;
    Ok((state.into_field()?, record))
}
