//! [`Snapshots`]: the times of snapshots, as typed.

use super::{
    choice::Times,
    judge::Judge,
    value::{Value, number},
};
use serde_json::json;

/// The times of snapshots.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshots {
    /// Simulated time from the first snapshot to the last, or more \[time\].
    pub(super) runtime: f64,
    /// Simulated time between two snapshots \[time\]; the whole runtime if their times are given.
    pub(super) outtime: f64,
    /// The times of the snapshots after the first, if they are given \[time\].
    pub(super) outtimes: Option<Vec<f64>>,
    /// The time of the first snapshot \[time\].
    pub(super) t0: f64,
}

impl Snapshots {
    /// Takes the keys of times. NaN stands for a refused value.
    pub(super) fn take(judge: &mut Judge<'_>) -> Self {
        let t0 = start(judge);
        if !judge.is_typed("outtimes") {
            return Self {
                runtime: judge.number("runtime"),
                outtime: judge.number("outtime"),
                outtimes: None,
                t0,
            };
        }
        for key in ["runtime", "outtime"] {
            judge.refuse_if(judge.is_typed(key), key, || {
                "outtimes is given as well; keep one of the two".to_owned()
            });
        }
        let times = judge.convert("outtimes", |value| {
            let items = value.as_array().into_iter().flatten();
            let times: Option<Vec<f64>> = items.map(number).collect();
            times
                .filter(|times| times.iter().all(|time| time.is_finite()))
                .ok_or(None)
        });
        let times = times.unwrap_or_default();
        judge.note("outtimes", json!(times));
        let runtime = times.last().map_or(f64::NAN, |last| last - t0);
        Self {
            runtime,
            outtime: runtime,
            outtimes: Some(times),
            t0,
        }
    }

    /// The largest magnitude of t \[time\], including rounding: sums of steps have one rounding error for each step,
    /// and there may be thousands.
    pub(super) fn latest_time(&self, times: Times) -> f64 {
        const SUMMANDS: f64 = 4096.0;
        let latest = self.t0.abs().max((self.t0 + self.runtime).abs());
        match times {
            Times::Course => SUMMANDS * latest,
            Times::Exact => latest,
        }
    }

    /// Refuses times that do not ascend.
    pub(super) fn judge(&self, judge: &mut Judge<'_>, times: Times) {
        let Some(outtimes) = &self.outtimes else {
            judge.refuse_if(self.runtime < 0.0, "runtime", || {
                "runtime must be 0 or greater".to_owned()
            });
            judge.refuse_if(self.outtime < 0.0, "outtime", || {
                "outtime must be 0 (a snapshot every step) or greater".to_owned()
            });
            let too_long = self.runtime >= 0.0 && self.outtime > self.runtime;
            judge.refuse_if(too_long, "outtime", || {
                let runtime = self.runtime;
                format!("outtime must not be larger than runtime = {runtime:?}")
            });
            return;
        };
        judge.refuse_if(times == Times::Course, "times", || {
            "outtimes are exact times; remove times".to_owned()
        });
        judge.refuse_if(outtimes.is_empty(), "outtimes", || {
            "there must be at least one time".to_owned()
        });
        let mut time_before = self.t0;
        for &time in outtimes {
            if time <= time_before {
                let earlier = if time_before == self.t0 {
                    format!("t0 = {time_before:?}")
                } else {
                    format!("the time before it, {time_before:?}")
                };
                judge.refuse_if(true, "outtimes", || {
                    format!("each time must be greater than the one before, and {time:?} is not greater than {earlier}")
                });
                return;
            }
            time_before = time;
        }
    }
}

/// The simulated time of the first snapshot. Journals do not contain it if it is 0.
fn start(judge: &mut Judge<'_>) -> f64 {
    const KEY: &str = "t0";
    if !judge.is_typed(KEY) {
        return 0.0;
    }
    let start = judge.convert(KEY, |value| match value {
        Value::String(word) if word == "initial" => Err(Some(
            "the time of the snapshot that the run begins from is not known here; give the number"
                .to_owned(),
        )),
        value => number(value).filter(|time| time.is_finite()).ok_or(None),
    });
    // Not the negative zero either.
    let start = start.unwrap_or(f64::NAN) + 0.0;
    if start != 0.0 {
        judge.note(KEY, json!(start));
    }
    start
}
