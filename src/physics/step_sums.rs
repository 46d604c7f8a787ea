//! [`StepSums`]: what a step brings in, by its own rule.

use crate::{
    dynamics::Method,
    schedule::{Clock, Pace},
};
use diff2d_stencil::Rkl2;

/// Sums what each step brings in, from the rates of the states that it takes increments of.
///
/// A stage of a step is a combination of earlier states and increments, the same at every node. So what it has brought
/// in since the beginning of the step is that combination of what the stages before have brought in.
#[derive(Debug)]
pub struct StepSums {
    pace: Pace,
    method: Method<f64>,
    /// The time of the state before the step.
    now: Clock,
    /// Since the beginning of the step, after the latest stage and the one before.
    in_step: [Vec<f64>; 2],
    /// The increments of the state before the step.
    of_start: Vec<f64>,
}

impl StepSums {
    /// Those of so many rates, of the steps from a time on.
    #[must_use]
    pub fn new(pace: Pace, method: Method<f64>, rates: usize, now: Clock) -> Self {
        let nothing = || vec![0.0; rates];
        Self {
            pace,
            method,
            now,
            in_step: [nothing(), nothing()],
            of_start: nothing(),
        }
    }

    /// The method of the next step, if it has several stages.
    fn stages(&self) -> Option<Rkl2<f64>> {
        let Method::Rkl2(method) = &self.method else {
            return None;
        };
        let is_shorter = self.pace.before_shorter(self.now) == 0;
        Some(match is_shorter {
            true => method.clone().part(self.pace.next(self.now) / self.pace.dt),
            false => method.clone(),
        })
    }

    /// The time of the state that stage `number` of the next step takes increments of.
    #[must_use]
    pub fn time(&self, number: usize) -> f64 {
        let part = self
            .stages()
            .map_or(0.0, |method| method.times()[number - 1]);
        self.now.simtime + part * self.pace.next(self.now)
    }

    /// Adds what stage `number` of a step brings in, which takes increments of a state with these rates.
    pub fn add(&mut self, number: usize, rates: Vec<f64>) {
        let Some(method) = self.stages() else {
            let length = self.pace.next(self.now);
            self.in_step[0] = rates.into_iter().map(|rate| rate * length).collect();
            return;
        };
        // The part of a whole step is in the method.
        let whole = self.pace.dt;
        let gains: Vec<f64> = rates.into_iter().map(|rate| rate * whole).collect();
        if number == 1 {
            self.of_start.clone_from(&gains);
        }
        let [latest, older] = &self.in_step;
        let after = (0..gains.len()).map(|part| {
            let of_start = self.of_start[part];
            let increments = [gains[part] - of_start, of_start];
            method.difference(number, [latest[part], older[part]], increments)
        });
        let after = after.collect();
        self.in_step.swap(0, 1);
        self.in_step[0] = after;
    }

    /// What the step has brought in; the next one begins.
    pub fn end(&mut self) -> Vec<f64> {
        let [gains, before] = &mut self.in_step;
        let found = gains.clone();
        gains.fill(0.0);
        before.fill(0.0);
        self.now = self.pace.after(self.now, 1);
        found
    }
}
