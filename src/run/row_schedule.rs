//! [`RowSchedule`]: when the rows of a record are due.

use crate::{
    params::{RecordKeys, RowTimes},
    problem::Problem,
    schedule::{Clock, Due, Moment},
};

/// The rows of a run, and which of them is due next.
pub(super) struct RowSchedule<'a> {
    problem: &'a Problem,
    times: &'a RowTimes,
    /// The number of the row that is due next, when, and its time where that is not the state's.
    number: u64,
    next: Option<(Moment, f64)>,
}

impl<'a> RowSchedule<'a> {
    /// From the first row on.
    pub(super) fn new(problem: &'a Problem, keys: &'a RecordKeys) -> Self {
        let mut rows = Self {
            problem,
            times: &keys.times,
            number: 0,
            next: None,
        };
        rows.next = rows.due_from(None);
        rows
    }

    /// Passes the row that is due next.
    pub(super) fn pass(&mut self) {
        self.next = self
            .next
            .and_then(|(moment, _)| self.due_from(Some(moment)));
    }

    /// Passes the rows up to a state; how many there were.
    pub(super) fn pass_to(&mut self, now: Clock) -> usize {
        let reached = Moment {
            step: now.step,
            beyond: 0.0,
        };
        let mut count = 0;
        while self.next.is_some_and(|(moment, _)| moment <= reached) {
            count += 1;
            self.pass();
        }
        count
    }

    /// The time of the row that is due next, of a state at its moment, which is `now` or somewhat later.
    pub(super) fn time(&self, now: Clock) -> Option<f64> {
        let (moment, time) = self.next?;
        let is_own = time.is_nan() || self.problem.schedule.is_snapshot(now.step);
        Some(match is_own && moment.beyond == 0.0 {
            true => now.simtime,
            false => time,
        })
    }

    /// The row that is due next after a moment; without one the first.
    fn due_from(&mut self, moment: Option<Moment>) -> Option<(Moment, f64)> {
        let schedule = &self.problem.schedule;
        let end = Moment {
            step: schedule.last_step(),
            beyond: 0.0,
        };
        let is_later = |next: Moment| moment.is_none_or(|moment| next > moment);
        while let Some((next, time)) = self.due(self.number).filter(|(next, _)| *next <= end) {
            self.number += 1;
            if is_later(next) {
                return Some((next, time));
            }
        }
        is_later(end).then_some((end, f64::NAN))
    }

    /// When row `number` is due, and its time where that is not the state's.
    fn due(&self, number: u64) -> Option<(Moment, f64)> {
        let pace = self.problem.schedule.pace();
        let at = |time: f64| (pace.moment(time), time);
        let on_step = |step: u64| {
            let beyond = 0.0;
            (Moment { step, beyond }, f64::NAN)
        };
        match self.times {
            _ if number == 0 => Some(on_step(0)),
            RowTimes::Step => Some(on_step(number)),
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            RowTimes::Every(every) => Some(match pace.due {
                Due::Added => {
                    let steps = pace.moment(pace.start + every).step.max(1);
                    on_step(number.saturating_mul(steps))
                }
                _ => at(pace.start + number as f64 * every),
            }),
            RowTimes::At(times) => {
                let place = usize::try_from(number - 1).ok()?;
                times.get(place).map(|&time| at(time))
            }
        }
    }

    /// Steps until a row is due, at least one.
    pub(super) fn steps_left(&self, now: Clock) -> u64 {
        let next = self.next.map_or(u64::MAX, |(next, _)| next.step);
        next.saturating_sub(now.step).max(1)
    }

    /// How much later than a state the next row is due, if none is due before the next step.
    pub(super) fn beyond(&self, now: Clock) -> Option<f64> {
        let (next, _) = self.next?;
        (next.step == now.step && next.beyond > 0.0).then_some(next.beyond)
    }

    /// Whether a row is due at a state.
    pub(super) fn is_due(&self, now: Clock) -> bool {
        let is_here = |(next, _): &(Moment, f64)| next.step == now.step && next.beyond == 0.0;
        self.next.as_ref().is_some_and(is_here)
    }

    /// The time of the moment that follows on one of a state at `now`, or somewhat later.
    pub(super) fn next_moment(&self, now: Clock) -> f64 {
        let schedule = &self.problem.schedule;
        let of_step = |step: u64| schedule.pace().after(now, step - now.step).simtime;
        let snapshot = of_step(schedule.next_due(now.step));
        let row = self.next.map_or(f64::INFINITY, |(moment, time)| {
            let is_own = time.is_nan() || schedule.is_snapshot(moment.step);
            match is_own && moment.beyond == 0.0 {
                true => of_step(moment.step),
                false => time,
            }
        });
        row.min(snapshot)
    }
}
