//! [`Schedule`]: the time step, the number of steps, and the times of the snapshots.
//!
//! Times become whole numbers of steps here: with the course's times by truncation, with exact times by a shorter step
//! before a snapshot. No other module compares floating-point times.

mod due;
mod due_rows;
mod pace;

use crate::params::{MOST_STAGES, Params, ParamsError, RawParams, StepMethod, Times};
use diff2d_stencil::rkl2_reach;
use due::{MOST, steps_in, truncated};
use std::iter;

pub(crate) use due::NEARLY;
pub use due::{Due, Nper};
pub use due_rows::DueRows;
pub use pace::{Clock, Moment, Pace};

/// Steps and snapshots of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Time step \[time\].
    pub dt: f64,
    /// Number of steps. With the course's times it is `int(runtime/dt)`, of which a run takes those up to
    /// [`last_step`](Self::last_step).
    pub nsteps: u64,
    /// Steps per snapshot: `int(outtime/dt)`, at least 1, with the course's times; with exact times including the
    /// shorter step.
    pub nper: Nper,
    /// The times at which snapshots are due.
    pub due: Due,
    /// Simulated time of snapshot 0 \[time\].
    pub start: f64,
}

impl Schedule {
    /// Derives the time step and the numbers of steps, in the order of operations of the reference programs: the C++,
    /// Fortran and NumPy programs of the course "High Performance Scientific Computing with Python". `limit` is the
    /// largest stable time step, in these programs `0.25*dx*dx/D`, and the default. With decay at the largest relative
    /// rate `decay`, the default is at most [`DECAY_IN_A_STEP`]` / decay`.
    ///
    /// Source: the course's slides.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] for a time step above the limit, and if a derived number leaves the range of f64 or
    /// u64.
    pub fn new(
        params: &Params,
        limit: f64,
        decay: f64,
        raw: &RawParams,
    ) -> Result<Self, ParamsError> {
        // Of a long step only the number of its stages is bounded.
        let limit_factor = match (params.method, params.stages) {
            (StepMethod::Rkl2, Some(stages)) => rkl2_reach(stages),
            (StepMethod::Rkl2, None) => rkl2_reach(MOST_STAGES),
            (StepMethod::Exact, _) => f64::INFINITY,
            _ => 1.0,
        };
        let limit = limit * limit_factor;
        let (key, dt) = match (params.dt, params.method) {
            (_, StepMethod::Exact) => ("outtime", params.outtime),
            (Some(dt), _) => ("dt", dt),
            (None, StepMethod::Rkl2) => ("stages", params.safety.unwrap_or(1.0) * limit),
            (None, _) => match params.safety {
                Some(safety) => ("safety", safety * limit),
                None => ("safety", limit.min(DECAY_IN_A_STEP / decay)),
            },
        };
        if params.method != StepMethod::Exact && params.dt.is_none() && limit.is_infinite() {
            let reason = match params.method {
                StepMethod::Steady => {
                    "nothing diffuses, so that nothing tends to a steady state: D above 0 at some nodes, or a decay, gives one"
                }
                _ => "nothing diffuses, so no time step follows; dt = … gives one",
            };
            return Err(raw.refuse("Dx", reason.to_owned()));
        }
        if !dt.is_normal() {
            let key = match key {
                "safety" | "stages" => "Dx",
                key => key,
            };
            return Err(raw.refuse(
                key,
                format!("the time step is then {dt:?}, beyond what a float holds"),
            ));
        }
        if dt > limit * (1.0 + ABOVE_LIMIT) {
            return Err(raw.refuse(
                key,
                format!("the time step is then {dt:?}, and the steps are stable up to {limit:?}"),
            ));
        }
        let start = params.t0;
        if let Some(times) = &params.outtimes {
            let starts = iter::once(&start).chain(times);
            let intervals = times.iter().zip(starts).map(|(end, start)| end - start);
            let steps = intervals.map(|interval| {
                steps_in(interval, dt)
                    .ok_or_else(|| too_many_steps(raw, "outtimes", interval / dt, dt))
            });
            let nper = steps.collect::<Result<Vec<u64>, _>>()?.into_iter();
            let nper: Nper = nper.collect();
            let nsteps = nper.step_of(times.len() as u64);
            step_count(raw, "outtimes", nsteps as f64, dt)?;
            return Ok(Self {
                dt,
                nsteps,
                nper,
                due: Due::At(times.as_slice().into()),
                start,
            });
        }
        if params.times == Times::Course {
            return Ok(Self {
                dt,
                nsteps: step_count(raw, "runtime", params.runtime / dt, dt)?,
                nper: Nper::Every(step_count(raw, "outtime", params.outtime / dt, dt)?.max(1)),
                due: Due::Added,
                start,
            });
        }
        // With outtime = 0 there is a snapshot at every step.
        let interval = match params.outtime {
            0.0 => dt,
            outtime => outtime,
        };
        let nper = steps_in(interval, dt)
            .ok_or_else(|| too_many_steps(raw, "outtime", interval / dt, dt))?;
        let intervals = step_count(raw, "runtime", params.runtime / interval + NEARLY, dt)?;
        let steps = intervals as f64 * nper as f64;
        step_count(raw, "runtime", steps, dt)?;
        Ok(Self {
            dt,
            nsteps: intervals * nper,
            nper: Nper::Every(nper),
            due: Due::Multiples(interval),
            start,
        })
    }

    /// A schedule with the same snapshots and another time step.
    #[must_use]
    pub(crate) fn with_step(&self, dt: f64) -> Self {
        let nper = match (&self.due, &self.nper) {
            (Due::Multiples(interval), _) => Nper::Every(steps_in(*interval, dt).unwrap_or(MOST)),
            (Due::Added, Nper::Every(nper)) => {
                Nper::Every(nper.saturating_mul((self.dt / dt).round() as u64))
            }
            (Due::At(_) | Due::Added, _) => {
                let pace = self.pace();
                pace.intervals()
                    .map(|interval| steps_in(interval, dt).unwrap_or(MOST))
                    .collect()
            }
        };
        let snapshot_count = self.snapshots();
        Self {
            dt,
            nsteps: nper.step_of(snapshot_count - 1),
            nper,
            ..self.clone()
        }
    }

    /// The relation of steps to simulated time.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace {
            dt: self.dt,
            nper: self.nper.clone(),
            due: self.due.clone(),
            start: self.start,
        }
    }

    /// Number of snapshots, with the initial state.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.nper.snapshots(self.nsteps)
    }

    /// The step after which snapshot `index` is taken.
    #[must_use]
    pub fn step_of(&self, index: u64) -> u64 {
        self.nper.step_of(index)
    }

    /// The number of steps from snapshot `index - 1` to snapshot `index`.
    #[must_use]
    pub fn steps_to(&self, index: u64) -> u64 {
        self.step_of(index) - self.step_of(index.saturating_sub(1))
    }

    /// The last snapshot at or before `step`, and the number of steps since then.
    #[must_use]
    pub fn snapshot_at(&self, step: u64) -> (u64, u64) {
        self.nper.snapshot_at(step)
    }

    /// The step of the last snapshot, at which a run ends: later steps would be computed for nothing.
    #[must_use]
    pub fn last_step(&self) -> u64 {
        self.step_of(self.snapshots() - 1)
    }

    /// Simulated time of the last snapshot, up to the rounding of its sum \[time\].
    #[must_use]
    pub fn end(&self) -> f64 {
        match self.due {
            Due::Added => self.start + self.last_step() as f64 * self.dt,
            _ => self.pace().time_of(self.snapshots() - 1),
        }
    }

    /// Simulated time from the first snapshot to the last \[time\].
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.end() - self.start
    }

    /// Whether no step is shorter than the others.
    #[must_use]
    pub fn has_equal_steps(&self) -> bool {
        let pace = self.pace();
        let intervals = match self.due {
            Due::At(_) => self.snapshots() - 1,
            _ => 1,
        };
        (0..intervals).all(|index| pace.shorter(index).is_none())
    }

    /// Whether a snapshot is taken after `step`.
    #[must_use]
    pub fn is_snapshot(&self, step: u64) -> bool {
        self.snapshot_at(step).1 == 0
    }

    /// The next step after `step` at which a snapshot is due.
    #[must_use]
    pub fn next_due(&self, step: u64) -> u64 {
        self.step_of(self.snapshot_at(step).0 + 1)
    }

    /// Simulated time between snapshots \[time\], the longest if intervals differ: `outtime`, which the course's times
    /// truncate to whole steps, at least one.
    #[must_use]
    pub fn cadence(&self) -> f64 {
        self.pace().cadence()
    }
}

/// A number of steps or intervals, truncated to an integer.
fn step_count(raw: &RawParams, key: &str, steps: f64, dt: f64) -> Result<u64, ParamsError> {
    truncated(steps).ok_or_else(|| too_many_steps(raw, key, steps.trunc(), dt))
}

fn too_many_steps(raw: &RawParams, key: &str, steps: f64, dt: f64) -> ParamsError {
    let reason = format!("that is {steps:e} steps of {dt:e}; fewer than 2^53 are possible");
    raw.refuse(key, reason)
}

/// The largest relative loss by decay in a step of the default length, k dt/c: a stable step is not always accurate.
pub const DECAY_IN_A_STEP: f64 = 0.02;

/// The tolerance on the stability limit, which is rounded itself.
pub(crate) const ABOVE_LIMIT: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str) -> Result<Schedule, ParamsError> {
        let problem = text.parse::<crate::Problem>();
        problem.map(|problem| problem.schedule)
    }

    const SEED: &str = "D = 1.0\nx1 = -10.0\nx2 = 10.0\nruntime = 15.0\nouttime = 0.5\n";

    #[test]
    fn the_seed_problem_has_the_number_of_steps_of_the_course() {
        let seed = schedule(&format!("{SEED}dx = 0.0667")).unwrap();
        assert_eq!(
            (seed.nsteps, seed.nper.most(), seed.snapshots()),
            (13_410, 447, 31)
        );
        let exercise = schedule(&format!("{SEED}dx = 0.1")).unwrap();
        assert_eq!((exercise.nsteps, exercise.nper.most()), (5_999, 199));
        assert!((exercise.cadence() - 0.4975).abs() < 1e-12);
        assert_eq!((seed.last_step(), exercise.last_step()), (13_410, 5_970));
        assert!((exercise.end() - 14.925).abs() < 1e-9);
    }

    #[test]
    fn a_step_longer_than_the_interval_is_one_step_per_snapshot() {
        let coarse = schedule(&format!("{SEED}dx = 5")).unwrap();
        assert_eq!((coarse.nsteps, coarse.nper.most()), (2, 1));
    }

    #[test]
    fn a_time_follows_from_its_steps_alone() {
        let mut later = Clock::from(0.0);
        later.tick(7, 0.1);
        let planted = Clock {
            simtime: 0.1 * 7.0,
            ..later
        };
        let pace = Pace::added_up(0.1);
        assert!(pace.leads(Clock::from(0.0), later));
        assert!(!pace.leads(Clock::from(0.0), planted));
        assert!(!pace.leads(later, Clock::from(0.0)));
    }

    #[test]
    fn exact_times_are_multiples_of_outtime() {
        let walls = "D = 1.0\nx1 = 0\nx2 = 1\ngrid = 'walls'\ndx = 0.1\n";
        let of = |dt: &str, outtime: &str, runtime: &str| {
            let times = format!("dt = {dt}\nouttime = {outtime}\nruntime = {runtime}\n");
            schedule(&(walls.to_owned() + &times)).unwrap()
        };
        let numbers = |one: &Schedule| (one.nper.most(), one.snapshots(), one.nsteps);
        // Two whole steps and a half.
        let three = of("0.002", "0.005", "0.05");
        assert_eq!(numbers(&three), (3, 11, 30));
        let pace = three.pace();
        assert!((pace.shorter(0).unwrap() - 0.001).abs() < 1e-15);
        let at = |step| pace.after(Clock::from(0.0), step).simtime;
        assert_eq!(
            [at(3), at(9), at(10)],
            [0.005, 3.0 * 0.005, 3.0 * 0.005 + 0.002]
        );
        let follow = |step| pace.before_shorter(pace.after(Clock::from(0.0), step));
        assert_eq!([follow(0), follow(1), follow(2), follow(3)], [2, 1, 0, 2]);
        // What is a rounding is no step, and no interval is lost to one.
        let ten = of("0.0001", "0.001", "0.003");
        assert_eq!((numbers(&ten), ten.pace().shorter(0)), ((10, 4, 30), None));
        // A step longer than the interval is cut to it, and runtime may leave something.
        let cut = of("0.0025", "0.001", "0.0035");
        assert_eq!(
            (numbers(&cut), cut.pace().shorter(0)),
            ((1, 4, 3), Some(0.001))
        );
        assert_eq!((cut.end(), cut.cadence()), (3.0 * 0.001, 0.001));
        // Every step, and no step at all.
        let every = of("0.0025", "0", "0.01");
        assert_eq!((numbers(&every), every.cadence()), ((1, 5, 4), 0.0025));
        assert_eq!(numbers(&of("0.0025", "0", "0")), (1, 1, 0));
    }

    #[test]
    fn numbers_beyond_the_floats_are_refused() {
        let text = "x1 = 0\nx2 = 1e-200\ndx = 1e-201\nruntime = 1\nouttime = 1\nD = 1";
        assert!(
            schedule(text)
                .unwrap_err()
                .to_string()
                .contains("time step")
        );
        let text = "x1 = 0\nx2 = 1\ndx = 0.1\nruntime = 1e30\nouttime = 1\nD = 1";
        assert!(schedule(text).unwrap_err().to_string().contains("steps"));
    }
}
