//! The moments at which two problems are compared.

use crate::{problem::Problem, schedule::Moment};

/// A moment at which two problems are compared.
pub(super) struct Look {
    /// The moment in the steps of each problem.
    pub(super) moments: [Moment; 2],
    pub(super) time: f64,
    /// Whether the whole state is seen, and not only the points of a record.
    pub(super) is_whole: bool,
}

/// The largest number of rows between snapshots that are compared.
const MOST_ROWS: usize = 1 << 10;

/// The moments of snapshots after the first and of rows of a record, with the time of each, in order, up to a step.
pub(super) fn looks(problem: &Problem, last_step: u64) -> Vec<(Moment, f64, bool)> {
    let schedule = &problem.schedule;
    let pace = schedule.pace();
    let last_moment = on_step(last_step);
    let snapshots = (1..schedule.snapshots())
        .map(|index| (on_step(schedule.step_of(index)), pace.time_of(index), true));
    let mut looks: Vec<_> = snapshots
        .take_while(|(moment, ..)| *moment <= last_moment)
        .collect();
    if let Some(record) = &problem.params.record {
        let shows_state = record.totals || !record.regions.is_empty() || !record.fields.is_empty();
        let rows = (1..).map_while(|number| pace.row(&record.times, number));
        let rows = rows
            .take_while(|(moment, _)| *moment <= last_moment)
            .take(MOST_ROWS);
        let rows = rows.map(|(moment, time)| match time.is_nan() {
            true => (
                moment,
                pace.after(pace.start(), moment.step).simtime,
                shows_state,
            ),
            false => (moment, time, shows_state),
        });
        looks.extend(rows);
    }
    looks.sort_by_key(|(moment, _, is_whole)| (order(moment), !is_whole));
    looks.dedup_by_key(|(moment, ..)| order(moment));
    looks
}

/// The moment at which a step ends.
pub(super) fn on_step(step: u64) -> Moment {
    Moment { step, beyond: 0.0 }
}

/// A key by which moments are sorted.
fn order(moment: &Moment) -> (u64, u64) {
    (moment.step, moment.beyond.to_bits())
}
