//! [`Balance`]: what the mass changed by, and what went through walls and came from the source.

use crate::{
    dynamics::{Dynamics, Method},
    field::Field,
    params::ParamsError,
    physics::fluxes::{DECAY, FIRST_HELD, Fluxes, SOURCE},
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
///
/// A stage of a step is a combination of earlier states and increments, the same at every node. So what it has brought
/// in since the beginning of the step is that combination of what the stages before have brought in.
pub(super) struct Meter<'a> {
    problem: &'a Problem,
    fluxes: Fluxes,
    /// The capacity of every node, row by row.
    capacity: Vec<f64>,
    time: f64,
    fixed_at_start: f64,
    start: f64,
    /// Since the beginning of the run.
    total: Vec<f64>,
    /// Since the beginning of the step, after the latest stage and the one before.
    in_step: [Vec<f64>; 2],
    /// The increments of the state before the step.
    of_start: Vec<f64>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        dynamics: Dynamics<f64>,
        state: &Field<f64>,
    ) -> Result<Self, ParamsError> {
        let nothing = vec![0.0; FIRST_HELD + problem.geometry().tables()];
        let mut meter = Self {
            problem,
            fluxes: problem.fluxes(dynamics),
            capacity: problem.slots().capacities()?,
            time: problem.schedule.start,
            fixed_at_start: 0.0,
            start: problem.summary(state)?.mass,
            in_step: [nothing.clone(), nothing.clone()],
            of_start: nothing.clone(),
            total: nothing,
        };
        meter.fixed_at_start = meter.on_fixed_walls(state);
        Ok(meter)
    }

    /// Adds what stage `number` of a step brings in, which takes increments of this state.
    pub(super) fn see(&mut self, number: usize, state: &Field<f64>) {
        let dt = self.fluxes.dynamics().pace.dt;
        let method = match self.fluxes.dynamics().method.clone() {
            Method::Rkl2(method) => Some(method),
            _ => None,
        };
        let part = method
            .as_ref()
            .map_or(0.0, |method| method.times()[number - 1]);
        let rates = self.fluxes.at(self.time + part * dt, &state.view());
        let gains: Vec<f64> = rates.into_iter().map(|rate| rate * dt).collect();
        let Some(method) = method else {
            self.in_step[0] = gains;
            return;
        };
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

    /// Adds up the step.
    pub(super) fn end_step(&mut self) {
        let [gains, before] = &mut self.in_step;
        for (total, gain) in self.total.iter_mut().zip(gains.iter()) {
            *total += gain;
        }
        gains.fill(0.0);
        before.fill(0.0);
        self.time += self.fluxes.dynamics().pace.dt;
    }

    pub(super) fn balance(&self, state: &Field<f64>) -> Result<Balance, ParamsError> {
        let total = &self.total;
        Ok(Balance {
            start: self.start,
            end: self.problem.summary(state)?.mass,
            walls: [total[0], total[1], total[2], total[3]],
            source: total[SOURCE],
            held: total[FIRST_HELD..].iter().sum(),
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
