//! The moments at which two problems are compared.

use crate::{params::StepMethod, problem::Problem, schedule::Moment};

/// A moment at which two problems are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The moment in the steps of each problem.
    pub(super) moments: [Moment; 2],
    pub(super) time: f64,
    /// What is compared.
    pub(super) shows: Shown,
}

/// What of a state is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// p at all nodes.
    State,
    /// The numbers of a row.
    Row,
    /// Both.
    Both,
}

impl Shown {
    /// Whether p at all nodes is compared.
    pub(super) fn has_state(self) -> bool {
        self != Self::Row
    }

    /// Whether the numbers of a row are compared.
    pub(super) fn has_row(self) -> bool {
        self != Self::State
    }
}

/// A moment of a run at which users are given numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct MomentOfRun {
    pub(super) moment: Moment,
    pub(super) time: f64,
    /// The index of the snapshot, if it is one.
    pub(super) snapshot: Option<u64>,
    pub(super) shows: Shown,
}

/// The largest numbers of rows that are compared, and among which these are chosen: a row between two steps takes a step of
/// another length, which may take as long as many steps.
const MOST_ROWS: usize = 12;
const MOST_LISTED: usize = 1 << 16;

/// The moments of snapshots after the first and of rows after the first, in order, up to a step. Of many rows some are
/// chosen. A steady state has one moment.
pub(super) fn moments_of_run(problem: &Problem, last_step: u64) -> Vec<MomentOfRun> {
    let schedule = &problem.schedule;
    let pace = schedule.pace();
    let last_moment = Moment::after(last_step);
    let is_steady = problem.params.method == StepMethod::Steady;
    let snapshots = (u64::from(!is_steady)..schedule.snapshots()).map(|index| MomentOfRun {
        moment: Moment::after(schedule.step_of(index)),
        time: pace.time_of(index),
        snapshot: Some(index),
        shows: Shown::State,
    });
    let mut moments: Vec<MomentOfRun> = snapshots
        .take_while(|seen| seen.moment <= last_moment)
        .collect();
    if let Some(record) = &problem.params.record {
        let shows = match record.fields.is_empty() {
            true => Shown::Row,
            false => Shown::Both,
        };
        let rows = schedule.timed_rows(&record.times);
        let rows = rows
            .skip(usize::from(!is_steady))
            .take_while(|(moment, _)| *moment <= last_moment);
        let rows: Vec<_> = rows.take(MOST_LISTED).collect();
        moments.extend(some_of(rows.len()).into_iter().map(|place| MomentOfRun {
            moment: rows[place].0,
            time: rows[place].1,
            snapshot: None,
            shows,
        }));
    }
    moments.sort_by_key(|seen| (order(&seen.moment), seen.snapshot.is_none()));
    moments.dedup_by(|later, earlier| {
        let is_same = order(&later.moment) == order(&earlier.moment);
        if is_same && later.shows != earlier.shows {
            earlier.shows = Shown::Both;
        }
        is_same
    });
    moments
}

/// The places of some of so many rows: the first ones, in which errors are mostly the largest, later ones farther and farther
/// apart, and the last one.
fn some_of(count: usize) -> Vec<usize> {
    if count <= MOST_ROWS {
        return (0..count).collect();
    }
    let exponents = (0..MOST_ROWS).map(|place| place as f64 / (MOST_ROWS - 1) as f64);
    let places = exponents.map(|exponent| (count as f64).powf(exponent).round() as usize);
    // No two of the first ones are the same.
    let places = places.enumerate().map(|(place, far)| (far - 1).max(place));
    places.collect()
}

/// A key by which moments are sorted.
fn order(moment: &Moment) -> (u64, u64) {
    (moment.step, moment.beyond.to_bits())
}

/// The moments of a run in the steps of two other problems with its snapshots.
pub(super) fn looks_at(run: &Problem, problems: [&Problem; 2]) -> Vec<Look> {
    let moments = moments_of_run(run, run.schedule.last_step()).into_iter();
    let looks = moments.map(|seen| Look {
        moments: problems.map(|problem| match seen.snapshot {
            Some(index) => Moment::after(problem.schedule.step_of(index)),
            None => problem.schedule.pace().moment(seen.time),
        }),
        time: seen.time,
        shows: seen.shows,
    });
    looks.collect()
}
