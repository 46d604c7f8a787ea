//! [`Scenario`]: what line 1 of the journal says of one run.

use crate::{
    grid::{Axis, Grid},
    params::{Canonical, Params, ParamsError, RawParams, StepMethod, Times},
    problem::Problem,
    schedule::{Due, Nper, Pace},
};
use diff2d_arrays::labels::NamedAxis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One run, alone or within a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Every parameter.
    pub params: Canonical,
    /// Spacing along x \[length\].
    pub dx: f64,
    /// Spacing along y \[length\].
    pub dy: f64,
    /// Time step \[time\].
    pub dt: f64,
    /// Number of steps.
    pub nsteps: u64,
    /// Steps per snapshot.
    pub nper: Nper,
    /// Stages of a step of `rkl2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<u64>,
}

impl Scenario {
    /// What the journal says of a problem.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        Self {
            params: problem.params.canonical().clone(),
            dx: problem.grid.x.spacing,
            dy: problem.grid.y.spacing,
            dt: problem.schedule.dt,
            nsteps: problem.schedule.nsteps,
            nper: problem.schedule.nper.clone(),
            stages: (problem.params.method == StepMethod::Rkl2).then(|| problem.stages() as u64),
        }
    }

    /// The problem, if this program derives the same numbers from the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for parameters or input files that cannot be used, and `None` when the numbers
    /// differ.
    pub fn problem(&self) -> Result<Problem, Option<ParamsError>> {
        self.problem_with(&[])
    }

    /// The same with other values of some keys, as `key=value` texts: the places of files that have moved.
    ///
    /// # Errors
    /// As [`problem`](Self::problem).
    pub fn problem_with(&self, moved: &[String]) -> Result<Problem, Option<ParamsError>> {
        let mut raw = RawParams::from_canonical(&self.params);
        moved.iter().try_for_each(|text| raw.set(text))?;
        let problem = Problem::from_raw(&raw)?;
        let mut derived = Self {
            params: self.params.clone(),
            ..Self::of(&problem)
        };
        // Not every journal has them.
        derived.stages = self.stages.and(derived.stages);
        (derived == *self).then_some(problem).ok_or(None)
    }

    /// The parameters, if this program knows them all.
    #[must_use]
    pub fn known_params(&self) -> Option<Params> {
        Params::from_raw(&self.known()?).ok()
    }

    /// What was typed, unless that has keys which this program does not know: there may be very many.
    fn known(&self) -> Option<RawParams> {
        let is_known = self.params.is_known();
        is_known.then(|| RawParams::from_canonical(&self.params))
    }

    /// Where the nodes lie, if this program derives the same numbers from the parameters.
    #[must_use]
    pub fn grid(&self) -> Option<Grid> {
        let raw = self.known()?;
        let grid = Grid::new(&Params::from_raw(&raw).ok()?, &raw).ok()?;
        let is_same = (grid.x.spacing, grid.y.spacing) == (self.dx, self.dy);
        is_same.then_some(grid)
    }

    /// The axes of its snapshots, which have these times. Those of the nodes have coordinates where its
    /// [grid](Self::grid) is known.
    #[must_use]
    pub fn axes(&self, times: Vec<f64>) -> [NamedAxis; 3] {
        let nodes = |name, axis: Option<Axis>| match axis {
            Some(axis) => NamedAxis::listed(name, axis.coordinates(), axis.spacing),
            None => NamedAxis::counted(name),
        };
        let (y, x) = self.grid().map(|grid| (grid.y, grid.x)).unzip();
        let time = NamedAxis::listed("t", times, self.pace().cadence());
        [time, nodes("y", y), nodes("x", x)].map(|axis| {
            let unit = self.params.unit(&axis.name);
            axis.in_unit(unit)
        })
    }

    /// Number of snapshots, the initial state included.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.nper.snapshots(self.nsteps)
    }

    /// How simulated time goes on.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let number = |key| self.params.get(key).and_then(Value::as_f64);
        let given = self.params.get("outtimes").and_then(Value::as_array);
        let due = match (given, self.params.times(), number("outtime")) {
            (Some(times), ..) => Due::At(times.iter().filter_map(Value::as_f64).collect()),
            (_, Some(Times::Exact), Some(0.0)) => Due::Multiples(self.dt),
            (_, Some(Times::Exact), Some(outtime)) => Due::Multiples(outtime),
            _ => Due::Added,
        };
        Pace {
            dt: self.dt,
            nper: self.nper.clone(),
            due,
            start: number("t0").unwrap_or(0.0),
        }
    }

    /// In what its numbers contradict each other.
    pub(super) fn contradiction(&self) -> Option<String> {
        let is_positive = |value: f64| value.is_finite() && value > 0.0;
        if !(is_positive(self.dx) && is_positive(self.dy) && is_positive(self.dt)) {
            return Some("dx, dy or dt is not above 0".to_owned());
        }
        let given = match self.pace().due {
            Due::At(times) => Some(times.len()),
            Due::Added | Due::Multiples(_) => None,
        };
        if self.nper.contradicts(self.nsteps, given) {
            return Some(format!("nsteps is {} and nper {}", self.nsteps, self.nper));
        }
        None
    }
}
