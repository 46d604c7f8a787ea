//! [`StepSums`]: what a step brings in, by its own rule.

use super::fluxes::Fluxes;
use crate::{
    dynamics::{Method, Shorter},
    schedule::Clock,
};
use diff2d_stencil::{Rkl2, real::Real};
use ndarray::ArrayView2;

/// Sums what each step brings in, from the states that it takes increments of.
///
/// A stage of a step is a combination of earlier states and increments, the same at every node. So what it has brought
/// in since the beginning of the step is that combination of what the stages before have brought in.
#[derive(Debug)]
pub struct StepSums {
    /// The time of the state before the step.
    now: Clock,
    /// Since the beginning of the step, after the latest stage and the one before.
    in_step: [Vec<f64>; 2],
    /// The increments of the state before the step.
    of_start: Vec<f64>,
}

impl StepSums {
    /// Those of the steps from a time on.
    #[must_use]
    pub fn new(fluxes: &Fluxes, now: Clock) -> Self {
        let nothing = || vec![0.0; fluxes.count()];
        Self {
            now,
            in_step: [nothing(), nothing()],
            of_start: nothing(),
        }
    }

    /// Adds what stage `number` of a step brings in, which takes increments of this state.
    pub fn see<T: Real>(&mut self, fluxes: &mut Fluxes, number: usize, state: &ArrayView2<'_, T>) {
        let dynamics = fluxes.dynamics();
        let (pace, whole) = (&dynamics.pace, dynamics.pace.dt);
        let length = pace.next(self.now);
        let is_shorter = pace.before_shorter(self.now) == 0;
        let method: Option<Rkl2<f64>> = match &dynamics.method {
            Method::Rkl2(_) if is_shorter => match (dynamics.shorter)(length) {
                Shorter::Part(part) => Some(part),
                Shorter::Own(_) => None,
            },
            Method::Rkl2(method) => Some(method.clone()),
            _ => None,
        };
        let part = method
            .as_ref()
            .map_or(0.0, |method| method.times()[number - 1]);
        let rates = fluxes.at(self.now.simtime + part * length, state);
        let Some(method) = method else {
            self.in_step[0] = rates.into_iter().map(|rate| rate * length).collect();
            return;
        };
        // The part of a whole step is in the method.
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
    pub fn end(&mut self, fluxes: &Fluxes) -> Vec<f64> {
        let [gains, before] = &mut self.in_step;
        let found = gains.clone();
        gains.fill(0.0);
        before.fill(0.0);
        self.now = fluxes.dynamics().pace.after(self.now, 1);
        found
    }
}
