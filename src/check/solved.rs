//! [`Solved`]: a problem solved on three grids, and the numbers by which the grids are compared.

use super::{
    CheckError,
    balance::Balance,
    estimate::Estimate,
    grids::Grids,
    interpolate::at_nodes,
    own_run::OwnRun,
    scatter::Between,
    solve::{Value, solve, solve_balanced},
};
use crate::{field::Field, grid::Grid, params::StepMethod, problem::Problem};
use diff2d_arrays::progress::Progress;
use ndarray::{CowArray, Ix2};

/// The states of a problem on three nested grids.
pub(super) struct NestedStates {
    /// The states from coarse to fine.
    pub(super) nested: [Field<f64>; 3],
    /// The balance of mass on the coarse grid, if its run sums fluxes, and the errors of its parts.
    pub(super) balance: Option<[Balance; 2]>,
}

impl NestedStates {
    /// Solves the problem on the three grids.
    ///
    /// # Errors
    /// [`CheckError`].
    pub(super) fn solve(
        own: &Problem,
        problems: &[Problem; 3],
        progress: &Progress,
    ) -> Result<Self, CheckError> {
        let sums_fluxes = match own.params.method {
            StepMethod::Steady => false,
            StepMethod::Exact => own.conserves_mass(),
            StepMethod::Euler | StepMethod::Rkl2 => true,
        };
        let (coarse, middle, balance) = if sums_fluxes {
            let (coarse, balance) = solve_balanced(&problems[0], progress)?;
            let (middle, finer) = solve_balanced(&problems[1], progress)?;
            (coarse, middle, Some([balance, balance.errors(&finer)]))
        } else {
            let coarse = solve(&problems[0], progress)?;
            (coarse, solve(&problems[1], progress)?, None)
        };
        Ok(Self {
            nested: [coarse, middle, solve(&problems[2], progress)?],
            balance,
        })
    }
}

/// A problem on three nested grids and on grids between, solved, beside the user's own run.
pub(super) struct Solved<'a> {
    pub(super) problems: &'a [Problem; 3],
    pub(super) states: &'a [Field<f64>; 3],
    grids_between: Between<'a>,
    pub(super) run: OwnRun<'a>,
    /// The values of the three states at the nodes of the coarse grid.
    values_on_coarse: [Vec<f64>; 3],
    /// The numbers of the nodes of the coarse grid that no grid masks.
    pub(super) unmasked_nodes: Vec<usize>,
}

impl<'a> Solved<'a> {
    /// Solves the problem on the grids between, and as the user runs it.
    ///
    /// # Errors
    /// [`CheckError`].
    pub(super) fn new(
        own: &Problem,
        grids: &'a Grids,
        states: &'a [Field<f64>; 3],
        progress: &Progress,
    ) -> Result<Self, CheckError> {
        let problems = &grids.nested;
        let grids_between = Between::solve(&grids.between, progress)?;
        let run = OwnRun::solve(own, grids, states, progress)?;
        let values_on_coarse =
            [0, 1, 2].map(|level| at_nodes_of(&problems[0].grid, &problems[level], &states[level]));
        let unmasked_nodes = (0..values_on_coarse[0].len())
            .filter(|node| {
                values_on_coarse
                    .iter()
                    .all(|values| !values[*node].is_nan())
            })
            .collect();
        Ok(Self {
            problems,
            states,
            grids_between,
            run,
            values_on_coarse,
            unmasked_nodes,
        })
    }

    /// The problem on the grid of the user's own run, or on the nearest one.
    pub(super) fn own_problem(&self) -> &'a Problem {
        &self.problems[self.run.level]
    }

    /// The estimate of a number.
    pub(super) fn estimate(&self, value: Value<'_>, scale: f64, floor: [f64; 3]) -> Estimate {
        let own_problem = self.own_problem();
        self.estimate_by(value, scale, floor, |one, other| {
            (value(own_problem, one) - value(own_problem, other)).abs()
        })
    }

    /// The estimate of the difference of p from the fine grid.
    pub(super) fn estimate_of_field(&self, scale: f64, floor: [f64; 3]) -> Estimate {
        self.estimate_by(
            &|problem, state| self.rms_off_fine(problem, state),
            scale,
            floor,
            |one, other| self.distance(one, other),
        )
    }

    /// The estimate of a number of a state, by which two states on the user's own grid have a distance.
    fn estimate_by(
        &self,
        value: Value<'_>,
        scale: f64,
        floor: [f64; 3],
        distance: impl Fn(&Field<f64>, &Field<f64>) -> f64,
    ) -> Estimate {
        let values = [0, 1, 2].map(|level| value(&self.problems[level], &self.states[level]));
        let estimate = Estimate::new(values, scale)
            .with_scatter(self.grids_between.scatter(values, value), scale)
            .with_floor(floor, scale);
        let own_problem = self.own_problem();
        (self.run).counted(estimate, scale, |state| value(own_problem, state), distance)
    }

    /// The root mean square of p on the fine grid, over the nodes of the coarse one.
    pub(super) fn rms_of_fine(&self) -> f64 {
        let nodes = self.unmasked_nodes.iter();
        rms(nodes.map(|&node| self.values_on_coarse[2][node]))
    }

    /// The root mean square of the difference of two states on the user's own grid, over the nodes of the coarse one.
    pub(super) fn distance(&self, one: &Field<f64>, other: &Field<f64>) -> f64 {
        let own_problem = self.own_problem();
        let other_values = at_nodes_of(&self.problems[0].grid, own_problem, other);
        self.rms_difference(own_problem, one, &other_values)
    }

    fn rms_off_fine(&self, problem: &Problem, state: &Field<f64>) -> f64 {
        self.rms_difference(problem, state, &self.values_on_coarse[2])
    }

    fn rms_difference(&self, problem: &Problem, state: &Field<f64>, other_values: &[f64]) -> f64 {
        let values = at_nodes_of(&self.problems[0].grid, problem, state);
        // On other grids nodes beside masked ones have no value.
        let nodes = self.unmasked_nodes.iter();
        let known_nodes = nodes.filter(|&&node| !values[node].is_nan());
        rms(known_nodes.map(|&node| values[node] - other_values[node]))
    }
}

/// The root mean square.
fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| {
        (sum + value * value, count + 1.0)
    });
    (sum / f64::max(count, 1.0)).sqrt()
}

/// The values of a state interpolated to the nodes of a coarser grid.
fn at_nodes_of(coarse: &Grid, problem: &Problem, state: &Field<f64>) -> Vec<f64> {
    at_nodes(&shown(problem, state).view(), &problem.grid, coarse)
}

/// A state with the values of its snapshot.
pub(super) fn shown<'a>(problem: &Problem, state: &'a Field<f64>) -> CowArray<'a, f64, Ix2> {
    let mut snapshot = CowArray::from(state.view());
    if problem.masked().is_some()
        && let Some(values) = snapshot.as_slice_mut()
    {
        problem.codec().encode(0, values);
    }
    snapshot
}
