//! [`DueRows`]: the rows of a record that are due in a run.

use super::{Clock, Moment, Schedule};
use crate::params::RowTimes;

/// The moments at which rows are due in a run, each after the one before, the last one at the end of the run. A row has
/// a time if it is not the time of the state.
pub struct DueRows<'a> {
    schedule: &'a Schedule,
    times: &'a RowTimes,
    /// The number of the next row.
    number: u64,
    /// The moment of the last row.
    last: Option<Moment>,
}

impl Schedule {
    /// The rows of a record in a run with this schedule.
    pub fn rows<'a>(&'a self, times: &'a RowTimes) -> DueRows<'a> {
        DueRows {
            schedule: self,
            times,
            number: 0,
            last: None,
        }
    }

    /// The moments of the rows, and the time of each.
    pub(crate) fn timed_rows<'a>(
        &'a self,
        times: &'a RowTimes,
    ) -> impl Iterator<Item = (Moment, f64)> + 'a {
        let pace = self.pace();
        let mut clock: Clock = pace.start();
        self.rows(times).map(move |(moment, time)| {
            if !time.is_nan() {
                return (moment, time);
            }
            clock = pace.after(clock, moment.step - clock.step);
            (moment, clock.simtime)
        })
    }
}

impl Iterator for DueRows<'_> {
    type Item = (Moment, f64);

    fn next(&mut self) -> Option<(Moment, f64)> {
        let run_end = Moment::after(self.schedule.last_step());
        let pace = self.schedule.pace();
        // No moment is before the first row.
        while let Some((moment, time)) =
            (pace.row(self.times, self.number)).filter(|(moment, _)| *moment <= run_end)
        {
            self.number += 1;
            if Some(moment) > self.last {
                self.last = Some(moment);
                return Some((moment, time));
            }
        }
        (Some(run_end) > self.last).then(|| {
            self.last = Some(run_end);
            (run_end, f64::NAN)
        })
    }
}
