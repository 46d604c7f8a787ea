//! [`OwnRun`]: the user's own run, beside the three grids.

use super::{CheckError, estimate::Estimate, grids::Grids, solve::solve};
use crate::{
    field::Field,
    params::{Precision, StepMethod},
    problem::Problem,
};
use diff2d_arrays::progress::Progress;

/// The state after the user's own steps and in the user's own precision, on the user's own grid or the nearest of the
/// three.
pub(super) struct OwnRun<'a> {
    /// The index of that grid among the three.
    pub(super) level: usize,
    /// The state on that grid after the steps of the three grids.
    of_level: &'a Field<f64>,
    /// Whether that grid is the user's own.
    is_own: bool,
    /// The state after the user's own steps, if these steps differ from the steps of the grid.
    double: Option<Field<f64>>,
    /// The state after the user's own steps in single precision, if the run has that.
    single: Option<Field<f64>>,
    /// The user's number of steps divided by the grid's number of steps.
    more: f64,
    /// Whether the state is steady. The run then differs by the remainder of multigrid, not by its steps.
    is_steady: bool,
}

impl<'a> OwnRun<'a> {
    pub(super) fn solve(
        own: &Problem,
        grids: &Grids,
        states: &'a [Field<f64>; 3],
        progress: &Progress,
    ) -> Result<Self, CheckError> {
        let level = grids.level();
        let double = match &grids.run {
            Some(run) => Some(solve(run, progress)?),
            None => None,
        };
        let problem = grids.run.as_ref().unwrap_or(&grids.nested[level]);
        let single = match own.params.precision {
            Precision::F64 => None,
            Precision::F32 => {
                let single = solve::<f32>(problem, &Progress::default())?;
                let mut state = Field::zeros(single.shape())?;
                for (to, from) in state.as_mut_slice().iter_mut().zip(single.as_slice()) {
                    *to = f64::from(*from);
                }
                Some(state)
            }
        };
        Ok(Self {
            level,
            of_level: &states[level],
            is_own: grids.refinement <= 4,
            double,
            single,
            more: own.schedule.last_step() as f64 / problem.schedule.last_step().max(1) as f64,
            is_steady: own.params.method == StepMethod::Steady,
        })
    }

    /// An estimate with the value of the run in place of the value on its grid, and with the effects of its steps and
    /// its precision.
    pub(super) fn counted(
        &self,
        estimate: Estimate,
        scale: f64,
        value: impl Fn(&Field<f64>) -> f64,
        distance: impl Fn(&Field<f64>, &Field<f64>) -> f64,
    ) -> Estimate {
        let estimate = match &self.double {
            None => estimate,
            Some(double) if self.is_steady => {
                estimate.with_rounding(distance(double, self.of_level))
            }
            Some(double) => {
                let own_value = self.is_own.then(|| (self.level, value(double)));
                estimate.with_run(own_value, distance(double, self.of_level), scale)
            }
        };
        estimate.with_rounding(self.rounding(distance).unwrap_or_default())
    }

    /// The effect of single precision; `None` in double precision.
    pub(super) fn rounding(
        &self,
        distance: impl Fn(&Field<f64>, &Field<f64>) -> f64,
    ) -> Option<f64> {
        let double = self.double.as_ref().unwrap_or(self.of_level);
        let single = self.single.as_ref()?;
        let step_ratio = if self.is_steady { 1.0 } else { self.more };
        Some(step_ratio * distance(single, double))
    }
}
