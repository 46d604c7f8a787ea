//! [`Balance`]: what the mass changed by, and what went through walls and came from the source.

use crate::{
    dynamics::Dynamics,
    field::Field,
    params::ParamsError,
    physics::{
        fluxes::{DECAY, FIRST_HELD, Fluxes, SOURCE},
        step_sums::StepSums,
    },
    problem::Problem,
};

/// The mass at both ends of a run and all that changed it \[density·length²\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// At the beginning.
    pub start: f64,
    /// At the end.
    pub end: f64,
    /// What came in through left, right, bottom and top; negative where more went out.
    pub walls: [f64; 4],
    /// What the source gave.
    pub source: f64,
    /// What held nodes gave; negative where they took more.
    pub held: f64,
    /// What the decay took, which is negative.
    pub decay: f64,
    /// What the nodes on fixed walls changed by because their values did.
    pub fixed: f64,
}

impl Balance {
    /// What none of these explains: roundings, if the steps are right.
    #[must_use]
    pub fn unexplained(&self) -> f64 {
        let inside = self.source + self.held + self.decay + self.fixed;
        let explained = self.walls.iter().sum::<f64>() + inside;
        (self.end - self.start) - explained
    }
}

/// Sums what each step brings in, from the states that it takes increments of.
pub(super) struct Meter<'a> {
    problem: &'a Problem,
    fluxes: Fluxes,
    /// The capacity of every node, row by row.
    capacity: Vec<f64>,
    fixed_at_start: f64,
    start: f64,
    /// Since the beginning of the run.
    total: Vec<f64>,
    in_step: StepSums,
}

impl<'a> Meter<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        dynamics: Dynamics<f64>,
        state: &Field<f64>,
    ) -> Result<Self, ParamsError> {
        let (pace, method) = (dynamics.pace.clone(), dynamics.method.clone());
        let (start, rates) = (pace.start(), problem.geometry().rates());
        let mut meter = Self {
            problem,
            total: vec![0.0; rates],
            in_step: StepSums::new(pace, method, rates, start),
            fluxes: problem.fluxes(0..problem.grid.y.nodes, dynamics),
            capacity: problem.slots().capacities()?,
            fixed_at_start: 0.0,
            start: problem.summary(state)?.mass,
        };
        meter.fixed_at_start = meter.on_fixed_walls(state);
        Ok(meter)
    }

    /// Adds what stage `number` of a step brings in, which takes increments of this state.
    pub(super) fn see(&mut self, number: usize, state: &Field<f64>) {
        let time = self.in_step.time(number);
        let rates = self.fluxes.at(time, &state.view());
        self.in_step.add(number, rates);
    }

    /// Adds up the step.
    pub(super) fn end_step(&mut self) {
        let gains = self.in_step.end();
        for (total, gain) in self.total.iter_mut().zip(gains) {
            *total += gain;
        }
    }

    pub(super) fn balance(&self, state: &Field<f64>) -> Result<Balance, ParamsError> {
        let total = &self.total;
        Ok(Balance {
            start: self.start,
            end: self.problem.summary(state)?.mass,
            walls: [total[0], total[1], total[2], total[3]],
            source: total[SOURCE],
            held: total[FIRST_HELD..][..self.problem.geometry().tables()]
                .iter()
                .sum(),
            decay: total[DECAY],
            fixed: self.on_fixed_walls(state) - self.fixed_at_start,
        })
    }

    /// The mass on the nodes that walls give their values.
    fn on_fixed_walls(&self, state: &Field<f64>) -> f64 {
        let (grid, nx) = (&self.problem.grid, self.problem.grid.x.nodes);
        let all = state.as_slice().iter().zip(&self.capacity).enumerate();
        let all = all.map(|(at, values)| ((at / nx, at % nx), values));
        let fixed = all.filter(|(node, _)| self.problem.geometry().is_on_fixed(*node));
        let weight = |(j, i): (usize, usize)| grid.y.weight(j) * grid.x.weight(i);
        let sum: f64 = fixed
            .map(|(node, (value, capacity))| weight(node) * capacity * value)
            .sum();
        grid.integral(sum)
    }
}
