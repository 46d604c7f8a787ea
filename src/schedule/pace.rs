//! [`Pace`]: simulated time as a function of steps, and steps as a function of time.

use super::due::{Due, MOST, NEARLY, Nper, truncated};
use crate::params::RowTimes;
use serde::Serialize;

/// Simulated time as a function of steps.
///
/// With the course's times `dt` is added once a step, as the course's programs do, instead of `steps*dt`. With exact
/// times snapshot `k` lies at `start + k*interval`, or at a typed time, and the state `i` steps after it `i*dt` later;
/// each number is rounded by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Time step \[time\].
    pub dt: f64,
    /// Steps from one snapshot to the next.
    pub nper: Nper,
    /// The times at which snapshots are due.
    pub due: Due,
    /// Simulated time of snapshot 0 \[time\].
    pub start: f64,
}

impl Pace {
    /// Times that are sums of steps of `dt`.
    pub fn added_up(dt: f64) -> Self {
        Self {
            dt,
            nper: Nper::Every(1),
            due: Due::Added,
            start: 0.0,
        }
    }

    /// Snapshot 0.
    pub fn start(&self) -> Clock {
        Clock::from(self.start)
    }

    /// The time of a snapshot: with exact times the time at which it is due, otherwise the sum without its rounding
    /// \[time\].
    pub fn time_of(&self, index: u64) -> f64 {
        match &self.due {
            Due::Added => self.start + self.nper.step_of(index) as f64 * self.dt,
            Due::Multiples(interval) => self.start + index as f64 * interval,
            Due::At(times) => match index.checked_sub(1) {
                None => self.start,
                Some(place) => {
                    let place = usize::try_from(place).unwrap_or(usize::MAX);
                    times.get(place).copied().unwrap_or(f64::INFINITY)
                }
            },
        }
    }

    /// The moment of a time: with the course's times the full steps before it, with exact times the last full step
    /// before it and the remaining time.
    pub fn moment(&self, time: f64) -> Moment {
        let elapsed = (time - self.start).max(0.0);
        let index = match &self.due {
            Due::Added => {
                let step = truncated(elapsed / self.dt).unwrap_or(MOST);
                return Moment::after(step);
            }
            Due::Multiples(interval) => {
                let index = truncated(elapsed / interval + NEARLY).unwrap_or(MOST);
                let is_before = self.time_of(index) - time > self.rounding(time);
                index - u64::from(is_before && index > 0)
            }
            Due::At(times) => times.partition_point(|&due| due <= time) as u64,
        };
        let next_time = self.time_of(index + 1);
        if next_time - time <= self.rounding(time) {
            Moment::after(self.nper.step_of(index + 1))
        } else {
            self.moment_behind(index, time)
        }
    }

    /// The difference below which two times may differ only by rounding: eight units in the last place.
    fn rounding(&self, time: f64) -> f64 {
        8.0 * f64::EPSILON * time.abs().max(self.start.abs())
    }

    /// The moment at which row `number` of a record is due, and the row's time if it is not the time of the state;
    /// `None` behind the last row.
    pub fn row(&self, times: &RowTimes, number: u64) -> Option<(Moment, f64)> {
        let step = match times {
            _ if number == 0 => 0,
            RowTimes::Step => number,
            RowTimes::Snapshot => self.nper.step_of(number),
            RowTimes::Every(every) if self.due == Due::Added => {
                let steps = self.moment(self.start + every).step.max(1);
                number.saturating_mul(steps)
            }
            RowTimes::Every(every) => {
                let time = self.start + number as f64 * every;
                return Some((self.moment(time), time));
            }
            RowTimes::At(times) => {
                let place = usize::try_from(number - 1).ok()?;
                return times.get(place).map(|&time| (self.moment(time), time));
            }
        };
        Some((Moment::after(step), f64::NAN))
    }

    /// The moment of an exact time between snapshot `index` and the next one.
    fn moment_behind(&self, index: u64, time: f64) -> Moment {
        let snapshot_step = self.nper.step_of(index);
        let step_count = self.nper.step_of(index + 1).saturating_sub(snapshot_step);
        let time_behind = time - self.time_of(index);
        let rounding = self.rounding(time);
        let full_steps = truncated((time_behind + rounding).max(0.0) / self.dt).unwrap_or(MOST);
        // The last step may be shorter, and this moment behind all whole ones.
        let steps = full_steps.min(step_count.saturating_sub(1));
        let time_behind_step = time_behind - steps as f64 * self.dt;
        Moment {
            step: snapshot_step + steps,
            beyond: if time_behind_step > rounding {
                time_behind_step
            } else {
                0.0
            },
        }
    }

    /// Simulated times between the snapshots at typed times \[time\].
    pub(super) fn intervals(&self) -> impl Iterator<Item = f64> {
        let count = match &self.due {
            Due::At(times) => times.len() as u64,
            _ => 0,
        };
        (0..count).map(|index| self.time_of(index + 1) - self.time_of(index))
    }

    /// Simulated time between snapshots \[time\], the longest if intervals differ.
    pub fn cadence(&self) -> f64 {
        match self.due {
            Due::Added => self.nper.step_of(1) as f64 * self.dt,
            Due::Multiples(interval) => interval,
            Due::At(_) => self.intervals().fold(0.0, f64::max),
        }
    }

    /// The length of the last step before snapshot `index + 1`, if it is shorter than the others \[time\].
    pub fn shorter(&self, index: u64) -> Option<f64> {
        let interval = match self.due {
            Due::Added => return None,
            Due::Multiples(interval) => interval,
            Due::At(_) => self.time_of(index + 1) - self.time_of(index),
        };
        let steps = self.nper.step_of(index + 1) - self.nper.step_of(index);
        let last_length = interval - (steps - 1) as f64 * self.dt;
        (last_length < self.dt * (1.0 - NEARLY)).then_some(last_length)
    }

    /// The number of steps of `dt` before the next shorter step.
    pub fn before_shorter(&self, clock: Clock) -> u64 {
        let (index, steps_behind) = self.nper.snapshot_at(clock.step);
        match self.shorter(index) {
            Some(_) => self.nper.step_of(index + 1) - self.nper.step_of(index) - 1 - steps_behind,
            None if matches!(self.due, Due::At(_)) => {
                // One may follow after the next snapshot.
                (self.nper.step_of(index + 1) - clock.step).max(1)
            }
            None => u64::MAX,
        }
    }

    /// The length of the next step \[time\].
    pub fn next(&self, clock: Clock) -> f64 {
        match self.before_shorter(clock) {
            0 => self
                .shorter(self.nper.snapshot_at(clock.step).0)
                .unwrap_or(self.dt),
            _ => self.dt,
        }
    }

    /// The time `steps` steps later.
    pub fn after(&self, mut clock: Clock, steps: u64) -> Clock {
        if self.due == Due::Added {
            clock.tick(steps, self.dt);
            return clock;
        }
        let step = clock.step + steps;
        let (index, steps_behind) = self.nper.snapshot_at(step);
        let simtime = match steps_behind {
            0 => self.time_of(index),
            _ => self.time_of(index) + steps_behind as f64 * self.dt,
        };
        Clock { step, simtime }
    }

    /// Whether some number of steps leads from the time `clock` to the time `later`.
    pub fn leads(&self, clock: Clock, later: Clock) -> bool {
        let steps = later.step.checked_sub(clock.step);
        steps.is_some_and(|steps| self.after(clock, steps) == later)
    }
}

/// A moment of a run: a number of steps, and a time beyond them that is less than a step \[time\].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Moment {
    /// The number of steps taken.
    pub step: u64,
    /// Time since then \[time\].
    pub beyond: f64,
}

/// The number of steps taken, and the simulated time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Clock {
    /// The number of steps taken.
    pub step: u64,
    /// Simulated time \[time\].
    pub simtime: f64,
}

impl Moment {
    /// The moment after whole steps.
    pub(crate) fn after(step: u64) -> Self {
        Self { step, beyond: 0.0 }
    }
}

impl Clock {
    /// Adds `dt` once for each of `steps` steps.
    pub(super) fn tick(&mut self, steps: u64, dt: f64) {
        for _ in 0..steps {
            self.simtime += dt;
        }
        self.step += steps;
    }
}

impl From<f64> for Clock {
    /// Step 0.
    fn from(simtime: f64) -> Self {
        Self { step: 0, simtime }
    }
}
