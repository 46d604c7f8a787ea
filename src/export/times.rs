//! The simulated times of snapshots, including future ones.

use super::ExportError;
use crate::{
    cube::{
        JournalledArray,
        journal::{Header, Scenario},
    },
    schedule::{Clock, Due},
};

/// The description of the times of snapshots.
pub(super) const TIME: &str = "simulated time";
/// The description of the coordinate t if scenarios have no common times.
pub(super) const NUMBERS: &str =
    "number of the snapshot; the coordinate time has the simulated times of each scenario";

/// The number of steps above which times are multiplied, because adding them up would take long.
const MOST_STEPS: u64 = 1 << 30;

/// The times of all snapshots of a scenario. The first times are `recorded`; the others are computed as in the run.
/// `steps` counts the steps that were added up so far.
#[must_use]
pub fn planned(run: &Scenario, recorded: Vec<f64>, snapshots: u64, steps: &mut u64) -> Vec<f64> {
    let mut times = recorded;
    let count = snapshots.min(run.snapshots());
    let missing = count.saturating_sub(times.len() as u64);
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
    while (times.len() as u64) < count {
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

/// The time of every place for a snapshot; NaN if a scenario has no snapshot there.
pub(super) fn of_sweep(
    array: &JournalledArray,
    header: &Header,
    places_per_scenario: usize,
) -> Result<Vec<f64>, ExportError> {
    let mut recorded: Vec<Vec<f64>> = vec![Vec::new(); header.scenario_count()];
    for commit in array.each_commit()? {
        let commit = commit?;
        if let Some(times) = recorded.get_mut(commit.id().scenario()) {
            times.push(commit.simtime);
        }
    }
    let mut times = Vec::with_capacity(recorded.len() * places_per_scenario);
    let mut steps = 0;
    for (number, (scenario, recorded)) in header.scenarios().zip(recorded).enumerate() {
        let count = header.snapshots_of(number);
        times.extend(planned(&scenario, recorded, count, &mut steps));
        let end_of_places = times.len().next_multiple_of(places_per_scenario);
        times.resize(end_of_places, f64::NAN);
    }
    Ok(times)
}

/// The times along the dimension t, and their description: the times of the scenarios if all agree, otherwise the
/// multiples of outtime.
pub(super) fn common(
    header: &Header,
    times: &[f64],
    places_per_scenario: usize,
) -> Option<(Vec<f64>, &'static str)> {
    let common_times = (0..places_per_scenario)
        .map(|index| {
            let times = times.iter().skip(index).step_by(places_per_scenario);
            let mut times = times.filter(|time| !time.is_nan());
            let first_time = *times.next()?;
            times.all(|&time| time == first_time).then_some(first_time)
        })
        .collect();
    if let Some(common_times) = common_times {
        return Some((common_times, TIME));
    }
    let mut outtimes = header.scenarios().map(|scenario| {
        let pairs = scenario.params.pairs();
        let outtime = pairs.into_iter().find(|(name, _)| name == "outtime");
        outtime.and_then(|(_, value)| value.as_f64())
    });
    let first_outtime = outtimes.next().flatten();
    let outtime = first_outtime.filter(|_| outtimes.all(|other| other == first_outtime))?;
    let multiples = (0..places_per_scenario)
        .map(|index| index as f64 * outtime)
        .collect();
    Some((
        multiples,
        "multiples of outtime; the coordinate time has the simulated times of each scenario",
    ))
}
