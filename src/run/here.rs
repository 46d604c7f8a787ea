//! [`solve_here`]: a run in memory on the calling thread, for places without files and threads, such as a browser.

use super::{
    budget::{Budget, SnapshotStorage, Terms},
    clock::RunClock,
    columns,
    decomposition::Decomposition,
    error::RunError,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    output::Output,
    row::RowSums,
    solution::Solution,
    state::State,
    time_loop::TimeLoop,
    trackers::Trackers,
};
use crate::{
    comm::Solo, dynamics::Steadiness, params::with_precision, problem::Problem, schedule::Clock,
    slab::Slab,
};
use diff2d_stencil::Element;
use std::sync::{Arc, atomic::AtomicBool};

/// The result of [`solve_here`].
#[derive(Debug)]
pub struct Answer {
    /// The record, in the bytes of its file; empty without a record.
    pub record: String,
    /// How steady a steady solution is.
    pub steadiness: Steadiness,
}

/// Runs a problem on the calling thread, and keeps the rows of its record in memory, with the bits of a cube. `look` is called with the time and the bytes of each snapshot as soon as it is whole. The run is given up once
/// `stop` is set.
///
/// # Errors
/// [`RunError`]; [`RunError::GivenUp`] if the run was stopped.
pub fn solve_here(
    problem: &Problem,
    stop: &Arc<AtomicBool>,
    look: fn(Clock, &[u8]),
) -> Result<Answer, RunError> {
    with_precision!(problem.params.precision, T => solve_of::<T>(problem, stop, look))
}

fn solve_of<T: Element>(
    problem: &Problem,
    stop: &Arc<AtomicBool>,
    look: fn(Clock, &[u8]),
) -> Result<Answer, RunError> {
    let (ny, nx) = problem.grid.shape();
    let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
    let ranks = Decomposition::new(&Solo, slab, nx);
    let observer = Observer::stopped_by(Arc::clone(stop));
    let clock = RunClock::start(problem, &Options::default());
    let terms = Terms {
        limit: problem.params.memory,
        snapshots: SnapshotStorage::Nothing,
        why_in_memory: Some("all of the run is in memory here"),
        ..Terms::alone(Some(1))
    };
    let budget = Budget::divide(problem, terms)?;
    budget.check(1)?;
    let mut solution = Solution::seen_by(problem, look);
    let room = solution.reserve(problem.grid.len());
    room.map_err(|_| RunError::no_memory(budget.total))?;
    let mut state = InMemory::new(problem, problem.stencil::<T>(), &ranks)?.within(&budget);
    state.initialise(&clock, &observer)?;
    let steadiness = state.figures().steadiness;
    let output = Output::memory(problem, &ranks, &mut solution, &observer);
    let trackers = Trackers::in_memory(problem, RowSums::AsRecorded)?;
    let recorded = TimeLoop::new(problem, state, output, trackers, clock, &observer).record()?;
    let mut record = String::new();
    if problem.params.record.is_some() {
        let calendar = problem.calendar().filter(|_| columns::has_dates(problem));
        record = columns::head(&columns::columns_in_file(problem, false));
        record.extend(recorded.rows.iter().map(|row| {
            let date = calendar.map(|calendar| calendar.date(row.time));
            row.line(None, date)
        }));
    }
    Ok(Answer { record, steadiness })
}
