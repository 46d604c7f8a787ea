//! The steps that all runs of a [`Model`] take, fixed for the whole of a fit.

use super::{error::FitError, model::Model, unknowns::Unknown};
use crate::params::StepMethod;

/// The largest number of unknowns for which all corners of the bounds are examined.
const MOST_FOR_ALL_CORNERS: usize = 6;

impl Model {
    /// Refuses times that a run would not reach in hours.
    pub(super) fn check_steps(&self) -> Result<(), FitError> {
        const MOST_STEPS: u64 = 1 << 34;
        let schedule = self.problem_at(&self.start())?.schedule;
        match (schedule.last_step(), self.times.last()) {
            (steps, Some(last)) if steps > MOST_STEPS => Err(FitError::refused(format!(
                "[[fit.data]] has a row of t = {last:?}, which takes {steps} steps of {:?}: times count from the beginning of the run, in the unit of t, or are dates; use = [from, to] leaves rows out",
                schedule.dt
            ))),
            _ => Ok(()),
        }
    }

    /// Fixes the time step at the smallest that any point within the bounds needs, and the stages at the largest
    /// number.
    pub(super) fn freeze_steps(&mut self, method: StepMethod) -> Result<(), FitError> {
        if !matches!(method, StepMethod::Euler | StepMethod::Rkl2) {
            return Ok(());
        }
        let (mut dt, mut stages) = (f64::INFINITY, 1);
        let mut corners_without_steps = Vec::new();
        for corner in self.corners() {
            match self.problem_at(&corner) {
                Ok(problem) => {
                    dt = dt.min(problem.schedule.dt);
                    stages = stages.max(problem.stages());
                }
                Err(error) => corners_without_steps.push((corner, error)),
            }
        }
        self.steps.dt = dt.is_finite().then_some(dt);
        self.raw = self.steps.set(self.raw.clone());
        // Where nothing diffuses no step follows from the problem, and any step is stable.
        for (corner, error) in corners_without_steps {
            if self.problem_at(&corner).is_err() {
                return Err(error);
            }
        }
        self.steps.stages = (method == StepMethod::Rkl2).then_some(stages);
        self.raw = self.steps.set(self.raw.clone());
        Ok(())
    }

    /// The corners of the bounds at which the shortest steps are searched. With few unknowns these are all corners;
    /// with many the two ends of each unknown alone, and the corner at which each unknown needs the shorter step.
    fn corners(&self) -> Vec<Vec<f64>> {
        let bounds: Vec<[f64; 2]> = self.unknowns.iter().map(Unknown::scaled_bounds).collect();
        let count = bounds.len();
        let mut corners = Vec::new();
        if count <= MOST_FOR_ALL_CORNERS {
            for mask in 0..1_usize << count {
                let ends = bounds.iter().enumerate();
                corners.push(
                    ends.map(|(number, ends)| ends[(mask >> number) & 1])
                        .collect(),
                );
            }
            return corners;
        }
        let mut shortest = self.start();
        for (number, ends) in bounds.iter().enumerate() {
            let pair = ends.map(|value| {
                let mut corner = self.start();
                corner[number] = value;
                corner
            });
            let [low, high] = [&pair[0], &pair[1]].map(|corner| {
                let problem = self.problem_at(corner);
                problem.map_or(f64::INFINITY, |problem| problem.schedule.dt)
            });
            shortest[number] = ends[usize::from(high <= low)];
            corners.extend(pair);
        }
        corners.push(shortest);
        corners
    }
}
