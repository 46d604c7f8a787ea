//! [`Balance`]: the change of mass during a run, and the flows that explain it.

use super::CheckError;
use crate::{
    field::Field,
    params::ParamsError,
    physics::{
        fluxes::{DECAY, FIRST_HELD, Fluxes, SOURCE},
        moving_nodes::MovingNodes,
        step_sums::StepSums,
    },
    problem::Problem,
};

/// The mass at both ends of a run, and all flows that changed it \[density·length²\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// The mass at the beginning.
    pub start: f64,
    /// The mass at the end.
    pub end: f64,
    /// The inflow through left, right, bottom and top, or at their fixed nodes; negative for net outflow.
    pub walls: [f64; 4],
    /// The gain from the source.
    pub source: f64,
    /// The inflow at held nodes; negative for net outflow.
    pub held: f64,
    /// The change by decay, which is negative.
    pub decay: f64,
}

impl Balance {
    /// The part of the change that no flow explains: rounding only, if the steps are right.
    #[must_use]
    pub fn unexplained(&self) -> f64 {
        let explained = self.walls.iter().sum::<f64>() + self.source + self.held + self.decay;
        (self.end - self.start) - explained
    }
}

/// Sums the flows during each step, from the states whose increments the step uses.
pub(super) struct Meter<'a> {
    problem: &'a Problem,
    fluxes: Fluxes,
    moving: MovingNodes,
    start: f64,
    /// The flows since the beginning of the run.
    total: Vec<f64>,
    in_step: StepSums,
}

impl<'a> Meter<'a> {
    pub(super) fn new(problem: &'a Problem, state: &Field<f64>) -> Result<Self, CheckError> {
        let fluxes = problem.fluxes_of_rows(0..problem.grid.y.nodes)?;
        Ok(Self {
            problem,
            total: vec![0.0; problem.geometry().rates()],
            in_step: problem.step_sums(problem.schedule.pace().start()),
            fluxes,
            moving: problem.moving_nodes()?,
            start: problem.summary(state)?.mass,
        })
    }

    /// Adds the flows of stage `number` of a step, which uses the increment of `state`.
    pub(super) fn see(&mut self, number: usize, state: &Field<f64>) {
        let time = self.in_step.time(number);
        let rates = self.fluxes.at(time, &state.view());
        self.in_step.add(number, rates);
    }

    /// Adds the flows of the whole step to the total.
    pub(super) fn end_step(&mut self) {
        let gains = self.in_step.end();
        for (total, gain) in self.total.iter_mut().zip(gains) {
            *total += gain;
        }
    }

    pub(super) fn balance(&self, state: &Field<f64>) -> Result<Balance, ParamsError> {
        let schedule = &self.problem.schedule;
        let moved = self
            .moving
            .gains(schedule.pace().start().simtime, schedule.end());
        let total: Vec<f64> = self
            .total
            .iter()
            .zip(moved)
            .map(|(total, moved)| total + moved)
            .collect();
        Ok(Balance {
            start: self.start,
            end: self.problem.summary(state)?.mass,
            walls: [total[0], total[1], total[2], total[3]],
            source: total[SOURCE],
            held: total[FIRST_HELD..][..self.problem.geometry().tables()]
                .iter()
                .sum(),
            decay: total[DECAY],
        })
    }
}
