//! [`Scenario`]: the description of one run in line 1 of the journal.

use crate::{
    grid::{Axis, Grid},
    params::{Canonical, Params, RawParams, StepMethod, Times},
    problem::Problem,
    schedule::{Due, Nper, Pace},
};
use diff2d_arrays::labels::NamedAxis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The description of one run, alone or within a sweep.
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
    /// The number of stages of a step with `rkl2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<u64>,
}

impl Scenario {
    /// Describes a problem for the journal.
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

    /// The scenario with other names of files, where `rename` gives one.
    pub(super) fn with_files(self, rename: &impl Fn(&str) -> Option<String>) -> Self {
        Self {
            params: self.params.with_files(rename),
            ..self
        }
    }

    /// Whether this program derives the time step and the grid of the journal for a problem.
    pub(in crate::cube) fn has_steps_of(&self, problem: &Problem) -> bool {
        let mut derived = Self {
            params: self.params.clone(),
            ..Self::of(problem)
        };
        // Not every journal has them.
        derived.stages = self.stages.and(derived.stages);
        derived == *self
    }

    /// The parameters, if this program knows them all.
    #[must_use]
    pub fn known_params(&self) -> Option<Params> {
        Params::from_raw(&self.known()?).ok()
    }

    /// The parameters as typed, unless they have keys unknown to this program; a newer program may have very many of
    /// those.
    fn known(&self) -> Option<RawParams> {
        let is_known = self.params.is_known();
        is_known.then(|| RawParams::from_canonical(&self.params))
    }

    /// The grid of the nodes, if this program derives the same grid from the parameters.
    #[must_use]
    pub fn grid(&self) -> Option<Grid> {
        let raw = self.known()?;
        let grid = Grid::new(&Params::from_raw(&raw).ok()?, &raw).ok()?;
        let is_same = (grid.x.spacing, grid.y.spacing) == (self.dx, self.dy);
        is_same.then_some(grid)
    }

    /// The axes of the snapshots, which were taken at `times`. The axes of the nodes have coordinates if the
    /// [grid](Self::grid) is known.
    #[must_use]
    pub fn axes(&self, times: Vec<f64>) -> [NamedAxis; 3] {
        let (y, x) = self.grid().map(|grid| (grid.y, grid.x)).unzip();
        let time = NamedAxis::listed("t", times, self.pace().cadence());
        [time, nodes_axis("y", y), nodes_axis("x", x)].map(|axis| {
            let unit = self.params.unit(&axis.name);
            axis.in_unit(unit)
        })
    }

    /// The number of snapshots, with the initial state.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.nper.snapshots(self.nsteps)
    }

    /// The relation of steps and snapshots to simulated time.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let outtimes = self.params.get("outtimes").and_then(Value::as_array);
        let due = match (outtimes, self.params.times(), self.number("outtime")) {
            (Some(times), ..) => Due::At(times.iter().filter_map(Value::as_f64).collect()),
            (_, Some(Times::Exact), Some(0.0)) => Due::Multiples(self.dt),
            (_, Some(Times::Exact), Some(outtime)) => Due::Multiples(outtime),
            _ => Due::Added,
        };
        Pace {
            dt: self.dt,
            nper: self.nper.clone(),
            due,
            start: self.number("t0").unwrap_or(0.0),
        }
    }

    /// The value of a numeric parameter.
    fn number(&self, key: &str) -> Option<f64> {
        self.params.get(key).and_then(Value::as_f64)
    }

    /// A sentence on numbers of the scenario that contradict each other, if there are such numbers.
    pub(super) fn contradiction(&self) -> Option<String> {
        let mut sizes = [self.dx, self.dy, self.dt].into_iter();
        if !sizes.all(|size| size.is_finite() && size > 0.0) {
            return Some("dx, dy or dt is not above 0".to_owned());
        }
        let listed_times = match self.pace().due {
            Due::At(times) => Some(times.len()),
            Due::Added | Due::Multiples(_) => None,
        };
        if self.nper.contradicts(self.nsteps, listed_times) {
            return Some(format!("nsteps is {} and nper {}", self.nsteps, self.nper));
        }
        None
    }
}

/// The axis of the nodes in one direction, with coordinates if the grid is known.
fn nodes_axis(name: &'static str, axis: Option<Axis>) -> NamedAxis {
    match axis {
        Some(axis) => NamedAxis::listed(name, axis.coordinates(), axis.spacing),
        None => NamedAxis::counted(name),
    }
}
