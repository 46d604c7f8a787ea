//! The equation of a problem as solvers take it: its slots, walls and method together.

use super::Problem;
use crate::{
    dynamics::{Dynamics, Method, Shorter, ShorterOf, WallsAt},
    params::{Choice, ParamsError, RawParams, RowTimes, SIDES, StepMethod},
    physics::{
        Unready, assembly::Assembled, fluxes::Fluxes, method, slots::Place, step_sums::StepSums,
        tables::Tables, zeros,
    },
    schedule::{Clock, Due},
};
use diff2d_spectral::{Spectral, SpectralAxis};
use diff2d_stencil::{Element, Equation, Rkl2, Stencil, rkl2_reach};
use std::ops::Range;

impl Problem {
    /// The step, with the tile estimated from the caches; its coefficients and sources that vary come with
    /// [`dynamics`](Self::dynamics).
    #[must_use]
    pub(crate) fn stencil<T: Element>(&self) -> Stencil<T> {
        Stencil::of(self.kind()).with_walls(self.params.boundary.traits())
    }

    /// The equation of no rows.
    pub(super) fn kind<T: Element>(&self) -> Equation<T> {
        match self.assemble(0..0) {
            Ok(assembled) => assembled.equation,
            Err(_) => unreachable!("no rows take no memory and are in no file"),
        }
    }

    fn assemble<T: Element>(&self, rows: Range<usize>) -> Result<Assembled<T>, Unready> {
        let has_source = self.params.method != StepMethod::Exact;
        self.slots.assemble(rows, self.schedule.dt, has_source)
    }

    /// How a step is taken on so many rows and columns, in so many stages; of the exact solution without what does not
    /// depend on the state.
    fn method<T: Element>(&self, (ny, nx): (usize, usize), stages: usize) -> Method<T> {
        match (self.params.method, self.steps().as_slice()) {
            (StepMethod::Rkl2, _) => Method::Rkl2(Rkl2::new(stages)),
            (StepMethod::Exact, &[rx, ..]) => {
                let ry = self.steps().last().copied().unwrap_or(rx);
                let share = self.slots.share(self.schedule.dt);
                let decay = share * self.slots.uniform(Place::Decay).unwrap_or_default();
                match method::ends(&self.params.boundary) {
                    Ok([y, x]) => {
                        let axis = |ends, nodes, r| SpectralAxis { ends, nodes, r };
                        let (y, x) = (axis(y, ny, ry), axis(x, nx, rx));
                        Method::Exact(Spectral::new(y, x, decay))
                    }
                    Err((_, why)) => unreachable!("{why}"),
                }
            }
            (_, _) => Method::Euler,
        }
    }

    /// The same with what does not depend on the state.
    fn forced_method<T: Element>(&self) -> Result<Method<T>, Unready> {
        let method = self.method(self.grid.shape(), self.stages());
        let (Method::Exact(step), true) = (&method, self.is_forced()) else {
            return Ok(method);
        };
        let mut array = match self.slots.source_at_start(self.schedule.dt)? {
            Some(array) => array,
            None => zeros(self.grid.shape())?,
        };
        let (walls, share) = (&self.params.boundary, self.slots.share(self.schedule.dt));
        let diffusion = self.slots.uniform_d().unwrap_or_default();
        method::add_walls(&mut array, walls, &self.grid, share, diffusion);
        Ok(Method::Exact(step.clone().with_forcing(array)))
    }

    /// Refuses what the exact solution by transforms does not cover.
    pub(super) fn check_method(&self, raw: &RawParams) -> Result<(), ParamsError> {
        if self.params.method != StepMethod::Exact {
            return Ok(());
        }
        let refuse = |key: &'static str, reason: &str| Err(raw.refuse(key, reason.to_owned()));
        if let Some(mask) = &self.params.mask {
            return refuse(mask.mask_key(), "method = \"exact\" has no masks");
        }
        if !self.params.held.is_empty() {
            return refuse("held", "method = \"exact\" has no held nodes");
        }
        for place in [Place::Capacity, Place::Decay] {
            if self.slots.uniform(place).is_none() {
                return refuse(
                    place.key(),
                    "method = \"exact\" needs one that does not vary",
                );
            }
        }
        if self.steps().is_empty() {
            return refuse(
                "method",
                "\"exact\" needs a diffusion coefficient that does not vary",
            );
        }
        if self.slots.slot(Place::Source).depends_on_time() {
            return refuse(
                "source",
                "method = \"exact\" needs a source that does not depend on t",
            );
        }
        match method::ends(&self.params.boundary) {
            Ok(_) => Ok(()),
            Err((side, why)) => refuse(SIDES[side as usize], why),
        }
    }

    /// Refuses a record of what the method does not have.
    pub(super) fn check_record(&self, raw: &RawParams) -> Result<(), ParamsError> {
        let Some(record) = &self.params.record else {
            return Ok(());
        };
        /// Of a step, from one row to the next: a run looks after each step whether it is to stop.
        const LEAST: f64 = 1e-6;
        let name = self.params.method.name();
        let pace = self.schedule.pace();
        if let RowTimes::Every(every) = record.times
            && pace.due != Due::Added
            && every <= LEAST * pace.dt
        {
            let reason = format!(
                "it is shorter than a millionth of a step, dt = {:?}; \"step\" records every step",
                pace.dt
            );
            return Err(raw.refuse("record.every", reason));
        }
        match (self.params.method, &record.times) {
            (StepMethod::Euler | StepMethod::Rkl2, _) => Ok(()),
            (_, RowTimes::Step) => {
                let reason = format!("method = \"{name}\" has no increments of steps; give a time");
                Err(raw.refuse("record.every", reason))
            }
            (StepMethod::Exact | StepMethod::Steady, _) => Ok(()),
        }
    }

    /// How the rows `rows` of the grid change in time. In a grid with periodic rows, rows beyond the last
    /// are meant, too: row `j` is row `j - (ny - 1)`.
    ///
    /// # Errors
    /// [`Unready`] when the system has too little memory for coefficients and sources, or their files
    /// cannot be read any more.
    pub(crate) fn dynamics<T: Element>(&self, rows: Range<usize>) -> Result<Dynamics<T>, Unready> {
        self.hold_pictures(0);
        let Assembled {
            equation,
            source_at,
            factors_at,
        } = self.assemble(rows.clone())?;
        let reach = match self.params.method {
            StepMethod::Rkl2 => rkl2_reach(self.stages()),
            StepMethod::Exact => f64::INFINITY,
            _ => 1.0,
        };
        let shorter = self.shorter(&equation);
        let tables = Tables::new(&self.slots, &self.survey, rows, self.schedule.dt, reach);
        Ok(Dynamics {
            shorter,
            equation,
            walls: tables.at(&[0.0]).0,
            walls_at: self
                .params
                .boundary
                .depend_on_time()
                .then(|| -> WallsAt<T> { Box::new(move |times| tables.at(times)) }),
            source_at,
            factors_at,
            pace: self.schedule.pace(),
            method: self.forced_method()?,
        })
    }

    /// How a step is taken that is shorter than the others; whole ones have this equation.
    fn shorter<T: Element>(&self, whole: &Equation<T>) -> ShorterOf<T> {
        let whole_dt = self.schedule.dt;
        if self.params.method == StepMethod::Rkl2 {
            let method = Rkl2::new(self.stages());
            return Box::new(move |dt| Shorter::Part(method.clone().part(dt / whole_dt)));
        }
        let is_plain = !whole.has_source() && whole.reaction.is_none();
        if !is_plain || self.slots.uniform_d().is_none() {
            return Box::new(move |dt| Shorter::Part(Rkl2::part_of_euler(dt / whole_dt)));
        }
        let (slots, whole) = (self.slots.clone(), whole.sample((0, 0)));
        Box::new(move |dt| {
            let mut own = whole.clone();
            if let Some(operator) = slots.uniform_operator(dt) {
                own.operator = operator;
            }
            Shorter::Own(Box::new(own))
        })
    }

    /// What takes as long a step as this problem, for a state of zeros of another shape; of many stages
    /// only so many.
    #[must_use]
    pub(crate) fn sample<T: Element>(&self, shape: (usize, usize), stages: usize) -> Dynamics<T> {
        let mut sample = Dynamics::constant(self.kind().sample(shape));
        sample.method = self.method(shape, stages);
        sample
    }

    /// The rates of states in these rows, in double precision and whatever takes the steps.
    ///
    /// # Errors
    /// [`Unready`] as [`dynamics`](Self::dynamics).
    pub(crate) fn fluxes_of_rows(&self, rows: Range<usize>) -> Result<Fluxes, Unready> {
        let dynamics = match self.params.method {
            // The equation of the exact solution has its source elsewhere.
            StepMethod::Exact => {
                let mut stepwise = self.clone();
                stepwise.params.method = StepMethod::Euler;
                stepwise.dynamics(rows.clone())?
            }
            _ => self.dynamics(rows.clone())?,
        };
        Ok(self.fluxes(rows, dynamics))
    }

    /// The capacity of each node of some rows, or the one number that it is.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub(crate) fn capacity(&self, rows: Range<usize>) -> Result<Vec<f64>, ParamsError> {
        match self.slots.uniform(Place::Capacity) {
            Some(capacity) => Ok(vec![capacity]),
            None => self.slots.capacities_of(rows),
        }
    }

    /// What comes in through walls, from held nodes and the source and by decay, of the dynamics of some rows.
    #[must_use]
    pub(crate) fn fluxes(&self, rows: Range<usize>, dynamics: Dynamics<f64>) -> Fluxes {
        let capacity = self.slots.uniform(Place::Capacity).unwrap_or(1.0);
        Fluxes::new(&self.slots.geometry, rows, dynamics, capacity)
    }

    /// What each step brings in from a time on.
    #[must_use]
    pub(crate) fn step_sums(&self, now: Clock) -> StepSums {
        let method = self.method(self.grid.shape(), self.stages());
        StepSums::new(self.schedule.pace(), method, self.geometry().rates(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;

    /// p = x between columns that are held, of which only the one in the middle changes.
    #[test]
    fn a_state_has_rates_of_each_wall_table_and_term() {
        let held = |x: f64| format!("[[held]]\nwhere = \"x == {x}\"\nvalue = {x}\n");
        let text = |held: &str, left: &str| {
            format!(
                "D = 2\ncapacity = 5\ndecay = 3\nsource = \"4 + t\"\nx1 = 0\nx2 = 1\ndx = 0.25\ngrid = \"walls\"\nruntime = 1\nouttime = 1\ninitial = {{ kind = \"expression\", value = \"x\" }}\nboundary = {{ left = {left}, right = 1, bottom = {{ flux = 0 }}, top = {{ flux = 0.5 }} }}\n{held}"
            )
        };
        let rates = |text: String, time: f64| {
            let problem: Problem = text.parse().unwrap();
            let mut state = Field::<f64>::zeros(problem.grid.shape()).unwrap();
            problem.fill_initial(&mut state, 0).unwrap();
            let rows = 0..problem.grid.y.nodes;
            let mut fluxes = problem.fluxes_of_rows(rows).unwrap();
            fluxes.at(time, &state.view())
        };
        let is_near = |rates: Vec<f64>, expected: &[f64]| {
            assert_eq!(rates.len(), expected.len());
            let mut both = rates.iter().zip(expected);
            assert!(
                both.all(|(rate, expected)| (rate - expected).abs() < 1e-12),
                "{rates:?}"
            );
        };
        let both = held(0.25) + &held(0.75);
        // Top is a quarter wide where nodes change.
        let expected = [0.0, 0.0, 0.0, 0.125, 1.0, -0.375, -2.0, 2.0];
        is_near(rates(text(&both, "0"), 0.0), &expected);
        // A later table has nodes that are in an earlier one, too; the source grows by 1 a unit of time.
        let expected = [0.0, 2.0, 0.0, 0.25, 2.5 + 0.5, -0.375 - 0.5625, 0.0, -2.0];
        is_near(
            rates(text(&(held(0.25) + &held(0.25)), "0"), 2.0),
            &expected,
        );
        // Half a cell of the left wall changes, by Robin's 2 (1 - 3 p)/2 at p = 0.
        let expected = [1.0, 2.0, 0.0, 0.4375, 3.5, -3.0 * 0.375];
        is_near(rates(text("", "{ robin = [3, 2, 1] }"), 0.0), &expected);
    }
}
