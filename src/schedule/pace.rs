//! [`Pace`]: how simulated time goes on, and when a time is reached.

use super::due::{Due, MOST, NEARLY, Nper, whole};
use serde::Serialize;

/// How simulated time goes on, from step to step.
///
/// By the course's times `dt` is added once a step, as its programs do, never `steps*dt`. Of exact times snapshot `k` lies
/// at `start + k*interval`, or at a time that was given, the state `i` steps behind it `i*dt` later, each number rounded for
/// itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Time step \[time\].
    pub dt: f64,
    /// Steps from one snapshot to the next.
    pub nper: Nper,
    /// At what times snapshots are due.
    pub due: Due,
    /// Simulated time of snapshot 0 \[time\].
    pub start: f64,
}

#[expect(clippy::cast_precision_loss, reason = "steps are below 2^53")]
impl Pace {
    /// Steps of `dt` that are added up.
    #[must_use]
    pub fn added_up(dt: f64) -> Self {
        Self {
            dt,
            nper: Nper::Every(1),
            due: Due::Added,
            start: 0.0,
        }
    }

    /// Snapshot 0.
    #[must_use]
    pub fn start(&self) -> Clock {
        Clock::from(self.start)
    }

    /// Of exact times that of a snapshot, of others without the rounding of its sum \[time\].
    #[must_use]
    pub fn time_of(&self, index: u64) -> f64 {
        match &self.due {
            Due::Added => self.start + self.nper.step_of(index) as f64 * self.dt,
            Due::Multiples(interval) => self.start + index as f64 * interval,
            Due::At(times) => match index.checked_sub(1) {
                None => self.start,
                Some(at) => {
                    let time = usize::try_from(at).ok().and_then(|at| times.get(at));
                    time.copied().unwrap_or(f64::INFINITY)
                }
            },
        }
    }

    /// The moment of a time: by the course's times whole steps before it, of exact ones the last whole step before it and
    /// what lies beyond.
    #[must_use]
    pub fn moment(&self, time: f64) -> Moment {
        let since = (time - self.start).max(0.0);
        if self.due == Due::Added {
            let step = whole(since / self.dt).unwrap_or(MOST);
            return Moment { step, beyond: 0.0 };
        }
        let index = match &self.due {
            Due::Multiples(interval) => whole(since / interval + NEARLY).unwrap_or(MOST),
            Due::At(times) => times.partition_point(|&one| one <= time) as u64,
            Due::Added => 0,
        };
        let after = |index: u64| {
            let (first, next) = (self.nper.step_of(index), self.nper.step_of(index + 1));
            let left = time - self.time_of(index);
            let full = whole(left.max(0.0) / self.dt + NEARLY).unwrap_or(MOST);
            // The last step may be shorter, and this moment behind all whole ones.
            let steps = full.min(next.saturating_sub(first).saturating_sub(1));
            let beyond = left - steps as f64 * self.dt;
            match beyond > NEARLY * self.dt {
                true => Moment {
                    step: first + steps,
                    beyond,
                },
                false => Moment {
                    step: first + steps,
                    beyond: 0.0,
                },
            }
        };
        let next = self.time_of(index + 1);
        match next - time <= NEARLY * self.dt {
            true => Moment {
                step: self.nper.step_of(index + 1),
                beyond: 0.0,
            },
            false => after(index),
        }
    }

    /// Simulated times between the snapshots that were given \[time\].
    pub(super) fn intervals(&self) -> impl Iterator<Item = f64> {
        let count = match &self.due {
            Due::At(times) => times.len() as u64,
            _ => 0,
        };
        (0..count).map(|index| self.time_of(index + 1) - self.time_of(index))
    }

    /// Simulated time between snapshots \[time\], the longest if they are not the same.
    #[must_use]
    pub fn cadence(&self) -> f64 {
        match self.due {
            Due::Added => self.nper.step_of(1) as f64 * self.dt,
            Due::Multiples(interval) => interval,
            Due::At(_) => self.intervals().fold(0.0, f64::max),
        }
    }

    /// The length of the last step before the snapshot that follows on snapshot `index`, if it is shorter than the
    /// others \[time\].
    #[must_use]
    pub fn shorter(&self, index: u64) -> Option<f64> {
        let interval = match self.due {
            Due::Added => return None,
            Due::Multiples(interval) => interval,
            Due::At(_) => self.time_of(index + 1) - self.time_of(index),
        };
        let steps = self.nper.step_of(index + 1) - self.nper.step_of(index);
        let left = interval - (steps - 1) as f64 * self.dt;
        (left < self.dt * (1.0 - NEARLY)).then_some(left)
    }

    /// How many steps of `dt` follow before the next shorter one.
    #[must_use]
    pub fn before_shorter(&self, now: Clock) -> u64 {
        let (index, more) = self.nper.snapshot_at(now.step);
        match self.shorter(index) {
            Some(_) => self.nper.step_of(index + 1) - self.nper.step_of(index) - 1 - more,
            None if matches!(self.due, Due::At(_)) => {
                // One may follow after the next snapshot.
                (self.nper.step_of(index + 1) - now.step).max(1)
            }
            None => u64::MAX,
        }
    }

    /// The length of the next step \[time\].
    #[must_use]
    pub fn next(&self, now: Clock) -> f64 {
        match self.before_shorter(now) {
            0 => self
                .shorter(self.nper.snapshot_at(now.step).0)
                .unwrap_or(self.dt),
            _ => self.dt,
        }
    }

    /// The time after so many more steps.
    #[must_use]
    pub fn after(&self, mut now: Clock, steps: u64) -> Clock {
        if self.due == Due::Added {
            now.tick(steps, self.dt);
            return now;
        }
        let step = now.step + steps;
        let (index, more) = self.nper.snapshot_at(step);
        let simtime = match more {
            0 => self.time_of(index),
            _ => self.time_of(index) + more as f64 * self.dt,
        };
        Clock { step, simtime }
    }

    /// Whether steps lead from one time to a later one.
    #[must_use]
    pub fn leads(&self, now: Clock, later: Clock) -> bool {
        let steps = later.step.checked_sub(now.step);
        steps.is_some_and(|steps| self.after(now, steps) == later)
    }
}

/// A moment of a run: so many steps after its beginning, and so much time beyond, less than a step \[time\].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Moment {
    /// Steps taken.
    pub step: u64,
    /// Time since then \[time\].
    pub beyond: f64,
}

/// Steps taken, and simulated time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Clock {
    /// Steps taken.
    pub step: u64,
    /// Simulated time \[time\].
    pub simtime: f64,
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
