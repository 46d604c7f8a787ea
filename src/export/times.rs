//! The simulated times of snapshots, those to come included.

use super::ExportError;
use crate::{
    cube::{
        JournalledArray,
        journal::{Header, Scenario},
    },
    schedule::{Clock, Due},
};
use std::borrow::Cow;

/// What the times of snapshots are.
pub(super) const TIME: &str = "simulated time";
/// What stands along the dimension t where there are no common times.
pub(super) const NUMBERS: &str =
    "number of the snapshot; the coordinate time has the simulated times of each scenario";

/// More steps than this are multiplied and not added up, to be done at once.
const MOST_STEPS: u64 = 1 << 30;

/// The times of all snapshots of a scenario, of which the first ones are known: the others follow as in
/// the run itself. `steps` counts the steps that were added up so far.
pub(super) fn planned(
    run: &Scenario,
    known: Vec<f64>,
    snapshots: u64,
    steps: &mut u64,
) -> Vec<f64> {
    let mut times = known;
    let all = snapshots.min(run.snapshots());
    let missing = all.saturating_sub(times.len() as u64);
    let pace = run.pace();
    if pace.due == Due::Added {
        *steps = steps.saturating_add(run.nper.step_of(missing));
    }
    let mut clock = match times.last() {
        Some(&simtime) => Clock {
            step: run.nper.step_of(times.len() as u64 - 1),
            simtime,
        },
        None => pace.start(),
    };
    while (times.len() as u64) < all {
        let index = times.len() as u64;
        if *steps > MOST_STEPS {
            times.push(pace.time_of(index));
            continue;
        }
        if index > 0 {
            clock = pace.after(clock, run.nper.step_of(index) - clock.step);
        }
        times.push(clock.simtime);
    }
    times
}

/// The time of every place for a snapshot, NaN where a scenario has none.
pub(super) fn of_sweep(
    array: &JournalledArray,
    header: &Header,
    each: usize,
) -> Result<Vec<f64>, ExportError> {
    let mut known: Vec<Vec<f64>> = vec![Vec::new(); header.scenario_count()];
    for record in array.each_record()? {
        let record = record?;
        if let Some(times) = known.get_mut(record.slot().scenario()) {
            times.push(record.simtime);
        }
    }
    let mut times = Vec::with_capacity(known.len() * each);
    let mut steps = 0;
    for (number, (scenario, known)) in header.scenarios().zip(known).enumerate() {
        let all = header.snapshots_of(number);
        times.extend(planned(&scenario, known, all, &mut steps));
        let filled = times.len().next_multiple_of(each);
        times.resize(filled, f64::NAN);
    }
    Ok(times)
}

/// The times along the dimension t, and what they are: those of the scenarios where all agree, else those
/// that were asked for.
#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of snapshots are below 2^53"
)]
pub(super) fn common(
    header: &Header,
    times: &[f64],
    each: usize,
) -> Option<(Vec<f64>, &'static str)> {
    let common = |index: usize| {
        let those = times.iter().skip(index).step_by(each);
        let mut those = those.filter(|time| !time.is_nan());
        let mut first = None;
        those
            .all(|&time| *first.get_or_insert(time) == time)
            .then_some(first?)
    };
    if let Some(common) = (0..each).map(common).collect() {
        return Some((common, TIME));
    }
    let outtime = |scenario: Cow<'_, Scenario>| {
        let pairs = scenario.params.pairs();
        let found = pairs.into_iter().find(|(name, _)| name == "outtime");
        found.and_then(|(_, value)| value.as_f64())
    };
    let mut outtimes = header.scenarios().map(outtime);
    let first = outtimes.next().flatten();
    let outtime = first.filter(|_| outtimes.all(|other| other == first))?;
    let multiples = (0..each).map(|index| index as f64 * outtime).collect();
    Some((
        multiples,
        "multiples of outtime; the coordinate time has the simulated times of each scenario",
    ))
}
