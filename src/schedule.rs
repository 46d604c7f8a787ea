//! [`Schedule`]: the time step, the number of steps, and when a snapshot is due.
//!
//! Times become whole numbers of steps here, by truncation. No other module compares floating-point
//! times.

use crate::params::{MOST_STAGES, Params, ParamsError, RawParams, StepMethod};
use diff2d_stencil::rkl2_reach;
use serde::Serialize;

/// Steps and snapshots of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Time step \[time\].
    pub dt: f64,
    /// Number of steps in `runtime`, `int(runtime/dt)`; a run takes those up to [`last_step`](Self::last_step).
    pub nsteps: u64,
    /// Steps per snapshot, `int(outtime/dt)`, at least 1.
    pub nper: u64,
}

impl Schedule {
    /// Derives time step and numbers of steps, in the order of operations of the reference programs: the
    /// C++, Fortran and NumPy programs of the course "High Performance Scientific Computing with Python".
    /// `limit` is the largest stable time step: there `0.25*dx*dx/D`, which is the default.
    ///
    /// Source: the course's slides.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] for a time step above the limit, and when a derived number leaves the range
    /// of f64 or u64.
    pub fn new(params: &Params, limit: f64, raw: &RawParams) -> Result<Self, ParamsError> {
        // Of a long step only the number of its stages is bounded.
        let reach = match (params.method, params.stages) {
            (StepMethod::Euler, _) => 1.0,
            (StepMethod::Rkl2, Some(stages)) => rkl2_reach(stages),
            (StepMethod::Rkl2, None) => rkl2_reach(MOST_STAGES),
            (StepMethod::Exact, _) => f64::INFINITY,
        };
        let limit = limit * reach;
        let (key, dt) = match (params.dt, params.method) {
            (_, StepMethod::Exact) => ("outtime", params.outtime),
            (Some(dt), _) => ("dt", dt),
            (None, StepMethod::Euler) => ("safety", params.safety * limit),
            (None, _) => ("stages", params.safety * limit),
        };
        if params.method != StepMethod::Exact && params.dt.is_none() && limit.is_infinite() {
            let reason = "nothing diffuses, so no time step follows; dt = … gives one".to_owned();
            return Err(raw.refuse("Dx", reason));
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
        let count = |key, time: f64| {
            let steps = (time / dt).trunc();
            if steps < MOST_STEPS {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 ≤ steps < 2^53"
                )]
                Ok(steps as u64)
            } else {
                Err(raw.refuse(
                    key,
                    format!("that is {steps:e} steps of {dt:e}; fewer than 2^53 are possible"),
                ))
            }
        };
        Ok(Self {
            dt,
            nsteps: count("runtime", params.runtime)?,
            nper: count("outtime", params.outtime)?.max(1),
        })
    }

    /// Number of snapshots, the initial state included.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        1 + self.nsteps / self.nper
    }

    /// The step after which snapshot `index` is taken.
    #[must_use]
    pub fn step_of(&self, index: u64) -> u64 {
        index * self.nper
    }

    /// The step of the last snapshot, after which a run ends: steps beyond it would be computed for nothing.
    #[must_use]
    pub fn last_step(&self) -> u64 {
        self.step_of(self.snapshots() - 1)
    }

    /// Simulated time of the last snapshot, up to the rounding of its sum \[time\].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    pub fn end(&self) -> f64 {
        self.last_step() as f64 * self.dt
    }

    /// Whether a snapshot is taken after `step`.
    #[must_use]
    pub fn is_snapshot(&self, step: u64) -> bool {
        step.is_multiple_of(self.nper)
    }

    /// The next step after `step` at which a snapshot is due.
    #[must_use]
    pub fn next_due(&self, step: u64) -> u64 {
        (step / self.nper + 1) * self.nper
    }

    /// Simulated time between snapshots \[time\]: `outtime` truncated to whole steps, at least one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    pub fn cadence(&self) -> f64 {
        self.nper as f64 * self.dt
    }
}

/// How far a time step may exceed the stability limit, which is rounded itself.
pub(crate) const ABOVE_LIMIT: f64 = 1e-12;

/// The largest number of steps, 2⁵³: f64 counts them exactly as well.
const MOST_STEPS: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// Simulated time as the reference programs count it: `dt` added once a step, never `steps*dt`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Clock {
    /// Steps taken.
    pub step: u64,
    /// Simulated time \[time\].
    pub simtime: f64,
}

impl Clock {
    /// Step 0 at time 0.
    #[must_use]
    pub fn start() -> Self {
        Self {
            step: 0,
            simtime: 0.0,
        }
    }

    /// Whether steps of `dt` lead to `later`.
    #[must_use]
    pub fn leads_to(mut self, later: Self, dt: f64) -> bool {
        let steps = later.step.checked_sub(self.step);
        steps.is_some_and(|steps| {
            self.tick(steps, dt);
            self == later
        })
    }

    /// Advances by `steps` steps of `dt`.
    pub fn tick(&mut self, steps: u64, dt: f64) {
        for _ in 0..steps {
            self.simtime += dt;
        }
        self.step += steps;
    }
}

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
            (seed.nsteps, seed.nper, seed.snapshots()),
            (13_410, 447, 31)
        );
        let exercise = schedule(&format!("{SEED}dx = 0.1")).unwrap();
        assert_eq!((exercise.nsteps, exercise.nper), (5_999, 199));
        assert!((exercise.cadence() - 0.4975).abs() < 1e-12);
        assert_eq!((seed.last_step(), exercise.last_step()), (13_410, 5_970));
        assert!((exercise.end() - 14.925).abs() < 1e-9);
    }

    #[test]
    fn a_step_longer_than_the_interval_is_one_step_per_snapshot() {
        let coarse = schedule(&format!("{SEED}dx = 5")).unwrap();
        assert_eq!((coarse.nsteps, coarse.nper), (2, 1));
    }

    #[test]
    fn a_time_follows_from_its_steps_alone() {
        let mut later = Clock::start();
        later.tick(7, 0.1);
        let planted = Clock {
            simtime: 0.1 * 7.0,
            ..later
        };
        assert!(Clock::start().leads_to(later, 0.1));
        assert!(!Clock::start().leads_to(planted, 0.1));
        assert!(!later.leads_to(Clock::start(), 0.1));
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
