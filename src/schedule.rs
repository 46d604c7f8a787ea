//! [`Schedule`]: the time step, the number of steps, and when a snapshot is due.
//!
//! Times become whole numbers of steps here: the course's by truncation, exact ones with a shorter step before a
//! snapshot. No other module compares floating-point times.

use crate::params::{MOST_STAGES, Params, ParamsError, RawParams, StepMethod, Times};
use diff2d_stencil::rkl2_reach;
use serde::Serialize;

/// Steps and snapshots of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Time step \[time\].
    pub dt: f64,
    /// Number of steps in `runtime`: of the course's times `int(runtime/dt)`, of which a run takes those up to
    /// [`last_step`](Self::last_step).
    pub nsteps: u64,
    /// Steps per snapshot: of the course's times `int(outtime/dt)`, at least 1; of exact ones the shorter step included.
    pub nper: u64,
    /// Of exact times the simulated time between snapshots \[time\].
    pub interval: Option<f64>,
}

impl Schedule {
    /// Derives time step and numbers of steps, in the order of operations of the reference programs: the
    /// C++, Fortran and NumPy programs of the course "High Performance Scientific Computing with Python".
    /// `limit` is the largest stable time step: there `0.25*dx*dx/D`, which is the default. Beside a decay, which takes at
    /// most the part `decay` of what is there in a unit of time, the default is at most [`DECAY_IN_A_STEP`] of its inverse.
    ///
    /// Source: the course's slides.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] for a time step above the limit, and when a derived number leaves the range
    /// of f64 or u64.
    pub fn new(
        params: &Params,
        (limit, decay): (f64, f64),
        raw: &RawParams,
    ) -> Result<Self, ParamsError> {
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
            (None, StepMethod::Euler) => match params.safety {
                Some(safety) => ("safety", safety * limit),
                None => ("safety", limit.min(DECAY_IN_A_STEP / decay)),
            },
            (None, _) => ("stages", params.safety.unwrap_or(1.0) * limit),
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
        let beyond = |key, steps: f64| {
            let reason = format!("that is {steps:e} steps of {dt:e}; fewer than 2^53 are possible");
            raw.refuse(key, reason)
        };
        let count = |key, steps: f64| whole(steps).ok_or_else(|| beyond(key, steps.trunc()));
        if params.times == Times::Course {
            return Ok(Self {
                dt,
                nsteps: count("runtime", params.runtime / dt)?,
                nper: count("outtime", params.outtime / dt)?.max(1),
                interval: None,
            });
        }
        // With outtime = 0 there is a snapshot at every step.
        let interval = match params.outtime {
            0.0 => dt,
            outtime => outtime,
        };
        let full = count("outtime", interval / dt + NEARLY)?;
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let is_left = interval - full as f64 * dt > NEARLY * dt;
        let nper = (full + u64::from(is_left)).max(1);
        let intervals = count("runtime", params.runtime / interval + NEARLY)?;
        #[expect(clippy::cast_precision_loss, reason = "only compared")]
        let steps = intervals as f64 * nper as f64;
        count("runtime", steps)?;
        Ok(Self {
            dt,
            nsteps: intervals * nper,
            nper,
            interval: Some(interval),
        })
    }

    /// How simulated time goes on.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace {
            dt: self.dt,
            nper: self.nper,
            interval: self.interval,
        }
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
        match self.interval {
            None => self.last_step() as f64 * self.dt,
            Some(interval) => (self.snapshots() - 1) as f64 * interval,
        }
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

    /// Simulated time between snapshots \[time\]: `outtime`, by the course's times truncated to whole steps, at
    /// least one.
    #[must_use]
    pub fn cadence(&self) -> f64 {
        self.pace().cadence()
    }
}

/// What decay takes at most in a step by default, k dt/c: a stable step is not an accurate one.
pub const DECAY_IN_A_STEP: f64 = 0.02;

/// How far a time step may exceed the stability limit, which is rounded itself.
pub(crate) const ABOVE_LIMIT: f64 = 1e-12;

/// The largest number of steps, 2⁵³: f64 counts them exactly as well.
const MOST_STEPS: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// What exact times take for a rounding, as a share of a step or an interval.
pub(crate) const NEARLY: f64 = 1e-9;

/// A number of steps, truncated.
fn whole(steps: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 ≤ steps < 2^53"
    )]
    (steps < MOST_STEPS).then_some(steps as u64)
}

/// How simulated time goes on, from step to step.
///
/// By the course's times `dt` is added once a step, as its programs do, never `steps*dt`. Of exact times snapshot `k` lies
/// at `k*interval`, the state `i` steps behind it at `k*interval + i*dt`, each number rounded for itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Time step \[time\].
    pub dt: f64,
    /// Steps from one snapshot to the next.
    pub nper: u64,
    /// Of exact times the simulated time between snapshots \[time\].
    pub interval: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "steps are below 2^53")]
impl Pace {
    /// Steps of `dt` that are added up.
    #[must_use]
    pub fn added_up(dt: f64) -> Self {
        Self {
            dt,
            nper: 1,
            interval: None,
        }
    }

    /// Simulated time between snapshots \[time\].
    #[must_use]
    pub fn cadence(&self) -> f64 {
        self.interval.unwrap_or(self.nper as f64 * self.dt)
    }

    /// The length of the last step before a snapshot, if it is shorter than the others \[time\].
    #[must_use]
    pub fn shorter(&self) -> Option<f64> {
        let left = self.interval? - (self.nper - 1) as f64 * self.dt;
        (left < self.dt * (1.0 - NEARLY)).then_some(left)
    }

    /// How many steps of `dt` follow before the next shorter one.
    #[must_use]
    pub fn before_shorter(&self, now: Clock) -> u64 {
        match self.shorter() {
            Some(_) => self.nper - 1 - now.step % self.nper,
            None => u64::MAX,
        }
    }

    /// The length of the next step \[time\].
    #[must_use]
    pub fn next(&self, now: Clock) -> f64 {
        match self.before_shorter(now) {
            0 => self.shorter().unwrap_or(self.dt),
            _ => self.dt,
        }
    }

    /// The time after so many more steps.
    #[must_use]
    pub fn after(&self, mut now: Clock, steps: u64) -> Clock {
        let Some(interval) = self.interval else {
            now.tick(steps, self.dt);
            return now;
        };
        let step = now.step + steps;
        let (snapshots, more) = (step / self.nper, step % self.nper);
        let simtime = match more {
            0 => snapshots as f64 * interval,
            _ => snapshots as f64 * interval + more as f64 * self.dt,
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

/// Steps taken, and simulated time.
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

    /// Adds `dt` once for each of `steps` steps.
    fn tick(&mut self, steps: u64, dt: f64) {
        for _ in 0..steps {
            self.simtime += dt;
        }
        self.step += steps;
    }
}

impl From<f64> for Clock {
    /// Step 0 at another time than 0.
    fn from(simtime: f64) -> Self {
        Self { step: 0, simtime }
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
        let pace = Pace::added_up(0.1);
        assert!(pace.leads(Clock::start(), later));
        assert!(!pace.leads(Clock::start(), planted));
        assert!(!pace.leads(later, Clock::start()));
    }

    #[test]
    fn exact_times_are_multiples_of_outtime() {
        let walls = "D = 1.0\nx1 = 0\nx2 = 1\ngrid = 'walls'\ndx = 0.1\n";
        let of = |dt: &str, outtime: &str, runtime: &str| {
            let times = format!("dt = {dt}\nouttime = {outtime}\nruntime = {runtime}\n");
            schedule(&(walls.to_owned() + &times)).unwrap()
        };
        let numbers = |one: &Schedule| (one.nper, one.snapshots(), one.nsteps);
        // Two whole steps and a half.
        let three = of("0.002", "0.005", "0.05");
        assert_eq!(numbers(&three), (3, 11, 30));
        let pace = three.pace();
        assert!((pace.shorter().unwrap() - 0.001).abs() < 1e-15);
        let at = |step| pace.after(Clock::start(), step).simtime;
        assert_eq!(
            [at(3), at(9), at(10)],
            [0.005, 3.0 * 0.005, 3.0 * 0.005 + 0.002]
        );
        let follow = |step| pace.before_shorter(pace.after(Clock::start(), step));
        assert_eq!([follow(0), follow(1), follow(2), follow(3)], [2, 1, 0, 2]);
        // What is a rounding is no step, and no interval is lost to one.
        let ten = of("0.0001", "0.001", "0.003");
        assert_eq!((numbers(&ten), ten.pace().shorter()), ((10, 4, 30), None));
        // A step longer than the interval is cut to it, and runtime may leave something.
        let cut = of("0.0025", "0.001", "0.0035");
        assert_eq!(
            (numbers(&cut), cut.pace().shorter()),
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
