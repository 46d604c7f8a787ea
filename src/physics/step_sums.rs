//! [`StepSums`]: the inflow during a step, by the rule of the time-stepping method.

use crate::{
    dynamics::Method,
    schedule::{Clock, Pace},
};
use diff2d_stencil::Rkl2;
use std::ops::Range;

/// Sums the inflow during each step, from the rates of the states whose increments the step uses.
///
/// A stage is a linear combination of earlier states and increments, the same at every node. So the inflow since the
/// beginning of the step, up to a stage, is the same combination of earlier inflows and rates.
#[derive(Debug)]
pub struct StepSums {
    pace: Pace,
    method: Method<f64>,
    /// The time of the state before the step.
    now: Clock,
    /// The inflow since the beginning of the step, up to the latest stage and up to the one before.
    in_step: [Vec<f64>; 2],
    /// The inflow that the increment of the state before the step stands for.
    of_start: Vec<f64>,
}

impl StepSums {
    /// Sums for `rates` rates, for the steps from `now` on.
    #[must_use]
    pub fn new(pace: Pace, method: Method<f64>, rates: usize, now: Clock) -> Self {
        let zeros = vec![0.0; rates];
        Self {
            pace,
            method,
            now,
            in_step: [zeros.clone(), zeros.clone()],
            of_start: zeros,
        }
    }

    /// The method of the next step, if it has several stages.
    fn stages(&self) -> Option<Rkl2<f64>> {
        let Method::Rkl2(method) = &self.method else {
            return None;
        };
        let is_shorter = self.pace.before_shorter(self.now) == 0;
        Some(if is_shorter {
            method.clone().part(self.pace.next(self.now) / self.pace.dt)
        } else {
            method.clone()
        })
    }

    /// The times of the beginning and the end of the next step.
    #[must_use]
    pub fn span(&self) -> Range<f64> {
        let start = self.now.simtime;
        start..start + self.pace.next(self.now)
    }

    /// The time of the state whose increment stage `number` of the next step uses.
    #[must_use]
    pub fn time(&self, number: usize) -> f64 {
        let part = self
            .stages()
            .map_or(0.0, |method| method.times()[number - 1]);
        self.now.simtime + part * self.pace.next(self.now)
    }

    /// Adds the inflow of stage `number`, which uses the increment of a state with these rates.
    pub fn add(&mut self, number: usize, rates: Vec<f64>) {
        let Some(method) = self.stages() else {
            let length = self.pace.next(self.now);
            self.in_step[0] = rates.into_iter().map(|rate| rate * length).collect();
            return;
        };
        // The part of a whole step is in the method.
        let step_length = self.pace.dt;
        let gains: Vec<f64> = rates.into_iter().map(|rate| rate * step_length).collect();
        if number == 1 {
            self.of_start.clone_from(&gains);
        }
        let [latest, older] = &self.in_step;
        let stage_gains = (0..gains.len()).map(|part| {
            let of_start = self.of_start[part];
            let increments = [gains[part] - of_start, of_start];
            method.difference(number, [latest[part], older[part]], increments)
        });
        let stage_gains = stage_gains.collect();
        self.in_step.swap(0, 1);
        self.in_step[0] = stage_gains;
    }

    /// Returns the inflow during the step, and begins the next step.
    pub fn end(&mut self) -> Vec<f64> {
        let [gains, older_gains] = &mut self.in_step;
        let step_gains = gains.clone();
        gains.fill(0.0);
        older_gains.fill(0.0);
        self.now = self.pace.after(self.now, 1);
        step_gains
    }
}
