//! [`solve_on_calling_thread`]: a run in memory on the calling thread, for places without files and threads, such as a browser.

use super::{
    budget::{Budget, SnapshotStorage, Terms},
    columns::{Columns, digest_of_parameters},
    error::RunError,
    observer::Observer,
    row::{Row, RowSums},
    row_schedule::RowSchedule,
    solution::Solution,
    without_files::run_of,
};
use crate::{
    cube::{Commit, digest, record_file::with_digests},
    params::with_precision,
    problem::Problem,
    schedule::Clock,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;
use std::sync::{Arc, atomic::AtomicUsize};

/// The part of a run that is there already.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'b> {
    /// The index of its last snapshot.
    pub index: u64,
    /// The bytes of that snapshot, as in a cube.
    pub values: &'b [u8],
    /// The record up to there or further, in the bytes of its file.
    pub record: &'b str,
}

impl Begun<'_> {
    /// The time of the last snapshot, and the rows up to there; `None` if values or rows are missing.
    fn end(&self, problem: &Problem) -> Option<(Clock, Vec<Row>)> {
        if self.values.len() as u64 != problem.field_bytes() {
            return None;
        }
        let (schedule, pace) = (&problem.schedule, problem.schedule.pace());
        let end_clock = pace.after(pace.start(), schedule.step_of(self.index));
        let Some(keys) = &problem.params.record else {
            return Some((end_clock, Vec::new()));
        };
        let due = RowSchedule::new(problem, keys).pass_to(end_clock);
        let columns = Columns::new(problem, false);
        let lines = self.record.lines().skip(1);
        let rows = lines.map_while(|line| Row::of_line(line, &columns));
        let rows: Vec<Row> = rows.take(usize::try_from(due).ok()?).collect();
        (rows.len() as u64 == due).then_some((end_clock, rows))
    }
}

/// The record of a whole run, in the bytes of its files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordFiles {
    /// `STEM.record.csv`
    pub rows: String,
    /// `STEM.record.json`
    pub description: String,
}

impl RecordFiles {
    fn of(problem: &Problem, warnings: &[String], rows: &[Row]) -> Self {
        let columns = Columns::new(problem, false);
        let calendar = problem.calendar().filter(|_| columns.has_dates());
        let mut text = columns.first_line();
        text.extend(rows.iter().map(|row| {
            let date = calendar.map(|calendar| calendar.date(row.time));
            row.line(None, date)
        }));
        let parameters = digest_of_parameters(problem);
        let description = columns.description(problem, &parameters, warnings);
        Self {
            description: with_digests(&description, &digest::of_bytes(text.as_bytes()), &[]),
            rows: text,
        }
    }
}

/// Runs a problem on the calling thread, and keeps the rows of its record in memory, with the bits of a cube. `look` is
/// called with the line of the journal, still without its digest, and the bytes of each snapshot as soon as it is whole. A run
/// that has `begun` continues, unless rows of its record are missing: then it is computed from its beginning. The run is given up
/// once `stop` is set, and counts its steps in `progress`. Returns the record if the problem has one; `warnings` are those on the
/// run, which it describes.
///
/// # Errors
/// [`RunError`]; [`RunError::GivenUp`] if the run was stopped.
pub fn solve_on_calling_thread(
    problem: &Problem,
    warnings: &[String],
    begun: Option<Begun<'_>>,
    stop: &Arc<AtomicUsize>,
    progress: &Progress,
    look: fn(Commit, &[u8]),
) -> Result<Option<RecordFiles>, RunError> {
    let observer = Observer::stopped_by(stop).with_progress(progress.clone());
    let solved = with_precision!(problem.params.precision, T => {
        solve_of::<T>(problem, begun, &observer, look)
    });
    let rows = solved?;
    Ok(problem
        .params
        .record
        .as_ref()
        .map(|_| RecordFiles::of(problem, warnings, &rows)))
}

fn solve_of<T: Element>(
    problem: &Problem,
    begun: Option<Begun<'_>>,
    observer: &Observer,
    look: fn(Commit, &[u8]),
) -> Result<Vec<Row>, RunError> {
    let terms = Terms {
        limit: problem.params.memory,
        snapshots: SnapshotStorage::Nothing,
        why_in_memory: Some("all of the run is in memory here"),
        ..Terms::alone(Some(1))
    };
    let budget = Budget::divide(problem, terms)?;
    budget.check(1)?;
    let mut solution = Solution::new(problem, true, Some(look));
    let room = solution.reserve(problem.grid.len());
    room.map_err(|_| RunError::no_memory(budget.total))?;
    let resumed = begun.and_then(|begun| {
        let resumed = begun.end(problem)?;
        solution.continue_from(begun.values);
        Some(resumed)
    });
    let kept_snapshot = Some(&mut solution);
    let sums = RowSums::AsRecorded;
    let ended = run_of::<T>(
        problem,
        kept_snapshot,
        sums,
        observer,
        resumed,
        Some(&budget),
    )?;
    Ok(ended.1.rows)
}
