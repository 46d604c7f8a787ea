//! [`Forcing`]: the effect of walls and sources on a state, at its time.

use crate::{
    dynamics::{Ageing, Dynamics, FactorsAt, Halt, ShorterOf, SourceAt, WallsAt},
    schedule::{Clock, Pace},
};
use diff2d_stencil::{Element, Rkl2, Side, Stencil, Walls};
use std::{fmt, iter, mem};

/// The walls and the source of some rows, with the time for which they were evaluated.
pub(super) struct Forcing<T> {
    /// The walls during the next steps.
    pub(super) walls: Walls<T>,
    pub(super) walls_at: Option<WallsAt<T>>,
    pub(super) source_at: Option<SourceAt<T>>,
    factors_at: Option<FactorsAt<T>>,
    ageing: Option<Ageing<T>>,
    /// The factors with which the coefficients of the next step were evaluated.
    factors: Vec<f64>,
    pub(super) pace: Pace,
    /// The time of the state.
    pub(super) now: Clock,
    /// The length of the next step, if it is only a part of a full one and its result is not kept.
    pub(super) cut: Option<f64>,
    /// Whether the first and last rows are ends of the grid. Other first and last rows are held.
    ends: [bool; 2],
    /// The first wall or source that makes a step impossible.
    halt: Option<Halt>,
}

impl<T> fmt::Debug for Forcing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forcing at {:?}", self.now)
    }
}

/// The largest number of wall values for several steps together.
const WALL_VALUES: usize = 1 << 20;

impl<T: Element> Forcing<T> {
    /// Takes walls and source out of the dynamics of rows, for the state at a time.
    pub(super) fn take(dynamics: &mut Dynamics<T>, now: Clock, ends: [bool; 2]) -> Self {
        let mut forcing = Self {
            walls: Walls::held(),
            walls_at: dynamics.walls_at.take(),
            source_at: dynamics.source_at.take(),
            factors_at: dynamics.factors_at.take(),
            ageing: dynamics.ageing.take(),
            factors: Vec::new(),
            pace: dynamics.pace.clone(),
            now,
            cut: None,
            ends,
            halt: None,
        };
        forcing.set_walls(mem::take(&mut dynamics.walls));
        forcing
    }

    /// Fails if a value so far made a step impossible.
    pub(super) fn check(&self) -> Result<(), Halt> {
        self.halt.clone().map_or(Ok(()), Err)
    }

    /// Whether walls or factors are tables with an entry for each step.
    pub(super) fn has_tables(&self) -> bool {
        self.walls_at.is_some() || self.factors_at.is_some()
    }

    /// The number of the next `steps_left` steps, in passes of `depth`, that can be taken at once over the given nodes:
    /// all of equal length, with one source, or with one table of walls.
    pub(super) fn batch(&self, steps_left: u64, depth: usize, (ny, nx): (usize, usize)) -> u64 {
        if self.source_at.is_some() || self.ages() {
            return 1;
        }
        let steps_left = steps_left.min(self.pace.before_shorter(self.now).max(1));
        if !self.has_tables() {
            return steps_left;
        }
        let fitting = (WALL_VALUES / (2 * (ny + nx))).max(depth);
        steps_left.min(fitting as u64)
    }

    /// Whether the next step is a shorter one.
    pub(super) fn is_shorter_next(&self) -> bool {
        self.cut.is_some() || self.pace.before_shorter(self.now) == 0
    }

    /// The length of the next step.
    pub(super) fn next_length(&self) -> f64 {
        self.cut.unwrap_or_else(|| self.pace.next(self.now))
    }

    /// The time `steps` steps later.
    fn after(&self, now: Clock, steps: u64) -> Clock {
        match self.cut {
            Some(length) => Clock {
                step: now.step + steps,
                simtime: now.simtime + length,
            },
            None => self.pace.after(now, steps),
        }
    }

    /// The length of a step in which D would not depend on time, and which does the same as the next one of the exact
    /// solution.
    pub(super) fn exact_length(&self) -> f64 {
        let (start_time, length) = (self.now.simtime, self.next_length());
        let factors = self.ageing.as_ref();
        let factors = factors.map(|ageing| (ageing.factors)(start_time..start_time + length));
        factors.map_or(length, |factors| length * factors[0])
    }

    /// Whether D or decay depends on time.
    pub(super) fn ages(&self) -> bool {
        self.ageing.is_some()
    }

    /// Evaluates the coefficients of the next step, if they depend on time.
    pub(super) fn age(&mut self, stencil: &mut Stencil<T>, shorter: &mut ShorterOf<T>) {
        let Some(ageing) = &self.ageing else {
            return;
        };
        let start_time = self.now.simtime;
        let factors = (ageing.factors)(start_time..start_time + self.next_length());
        if factors == self.factors {
            return;
        }
        match (ageing.step)(&factors, start_time) {
            Ok(step) => {
                self.factors = factors;
                self.walls_at = step.walls_at;
                self.set_walls(step.walls);
                stencil.set_equation(step.equation);
                *shorter = step.shorter;
            }
            Err(halt) => self.note(Some(halt)),
        }
    }

    /// Evaluates the time-dependent walls and sources for the next `steps` steps, and advances the clock by these
    /// steps.
    pub(super) fn prepare(&mut self, steps: u64, stencil: &mut Stencil<T>) {
        let start_time = self.now.simtime;
        if let (Some(source_at), Some(source)) = (&self.source_at, stencil.source_mut()) {
            let wrong = source_at(start_time, source);
            self.note(wrong);
        }
        if self.has_tables() {
            let times = iter::successors(Some(self.now), |&now| Some(self.after(now, 1)));
            let times: Vec<f64> = (0..=steps).zip(times).map(|(_, now)| now.simtime).collect();
            self.take_tables(&times, stencil);
        }
        self.skip(steps);
    }

    /// Advances the clock by steps for which nothing is evaluated.
    pub(super) fn skip(&mut self, steps: u64) {
        match self.has_tables() || self.source_at.is_some() || self.ages() {
            true => self.now = self.after(self.now, steps),
            // Nobody looks at the time.
            false => self.now.step += steps,
        }
    }

    /// Evaluates time-dependent walls and factors for the stages of the next step, and advances the clock by that step;
    /// returns the times of the stages.
    pub(super) fn prepare_stages(
        &mut self,
        method: &Rkl2<T>,
        stencil: &mut Stencil<T>,
    ) -> Vec<f64> {
        let (start_time, dt) = (self.now.simtime, self.next_length());
        let times = method.times().iter().map(|part| start_time + part * dt);
        let mut times: Vec<f64> = times.collect();
        // The last stage is the state after the step, at its time to the bit.
        if let Some(last) = times.last_mut() {
            *last = self.after(self.now, 1).simtime;
        }
        self.take_tables(&times, stencil);
        self.skip(1);
        times
    }

    /// Evaluates walls at these times, and the factors of the source at all times but the last, at which no step
    /// begins.
    fn take_tables(&mut self, times: &[f64], stencil: &mut Stencil<T>) {
        if let Some(walls_at) = &self.walls_at {
            let (walls, wrong) = walls_at(times);
            self.note(wrong);
            self.set_walls(walls);
        }
        if let Some(factors_at) = &self.factors_at {
            let (factors, wrong) = factors_at(&times[..times.len() - 1]);
            self.note(wrong);
            stencil.set_factors(factors);
        }
    }

    /// Keeps the first reason why steps are impossible.
    pub(super) fn note(&mut self, wrong: Option<Halt>) {
        if self.halt.is_none() {
            self.halt = wrong;
        }
    }

    /// Sets the walls. If the rows end inside the grid, the outermost rows are held.
    pub(super) fn set_walls(&mut self, walls: Walls<T>) {
        self.walls = walls;
        let [at_bottom, at_top] = self.ends;
        if !at_bottom {
            self.walls.bottom = Side::Held;
        }
        if !at_top {
            self.walls.top = Side::Held;
        }
    }
}
