//! [`RowSchedule`]: the moments at which the rows of a record are due.

use crate::{
    params::RecordKeys,
    problem::Problem,
    schedule::{Clock, DueRows, Moment},
};

/// The schedule of the rows of a run, at the next row that is due.
pub(super) struct RowSchedule<'a> {
    problem: &'a Problem,
    /// The rows after the next one.
    later_rows: DueRows<'a>,
    /// The moment of the next row, and the row's time if it is not the time of the state.
    next: Option<(Moment, f64)>,
    /// The moment of the last row that was passed.
    passed: Option<Moment>,
}

impl<'a> RowSchedule<'a> {
    /// The schedule, at the first row.
    pub(super) fn new(problem: &'a Problem, keys: &'a RecordKeys) -> Self {
        let mut later_rows = problem.schedule.rows(&keys.times);
        Self {
            problem,
            next: later_rows.next(),
            later_rows,
            passed: None,
        }
    }

    /// Advances to the row after the next one.
    pub(super) fn pass(&mut self) {
        self.passed = self.next();
        self.next = self.later_rows.next();
    }

    /// Whether the last row that was passed belongs to the state at `now`.
    pub(super) fn has_passed(&self, now: Clock) -> bool {
        let moment = Moment::after(now.step);
        self.passed == Some(moment)
    }

    /// The moment at which the next row is due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.next.map(|(moment, _)| moment)
    }

    /// Advances past the rows up to the state at `now`, and returns their number.
    pub(super) fn pass_to(&mut self, now: Clock) -> u64 {
        let reached = Moment::after(now.step);
        let mut count = 0;
        while self.next.is_some_and(|(moment, _)| moment <= reached) {
            count += 1;
            self.pass();
        }
        count
    }

    /// The time of the next row, given the state at its moment, which is at `now` or somewhat later.
    pub(super) fn time(&self, now: Clock) -> Option<f64> {
        let (moment, time) = self.next?;
        let is_own = time.is_nan() || self.problem.schedule.is_snapshot(now.step);
        Some(if is_own && moment.beyond == 0.0 {
            now.simtime
        } else {
            time
        })
    }

    /// The time of the state after step `step`, computed from the state at `now`.
    fn time_of_step(&self, now: Clock, step: u64) -> f64 {
        let pace = self.problem.schedule.pace();
        pace.after(now, step - now.step).simtime
    }

    /// The time of the first moment after the moment of a state at `now` or somewhat later.
    pub(super) fn next_moment(&self, now: Clock) -> f64 {
        let schedule = &self.problem.schedule;
        let snapshot = self.time_of_step(now, schedule.next_due(now.step));
        let row = self.next.map_or(f64::INFINITY, |(moment, time)| {
            let is_own = time.is_nan() || schedule.is_snapshot(moment.step);
            if is_own && moment.beyond == 0.0 {
                self.time_of_step(now, moment.step)
            } else {
                time
            }
        });
        row.min(snapshot)
    }
}
