//! The equation of a problem in the form that solvers need: slots, walls and method together.

use super::Problem;
use crate::{
    dynamics::{AgedStep, Ageing, Dynamics, Halt, Method, Shorter, ShorterOf, WallsAt},
    params::{Choice, ParamsError, Quantity, RawParams, RowTimes, SIDES, StepMethod},
    physics::{
        Unready,
        assembly::{Assembled, Purpose},
        fluxes::Fluxes,
        method,
        moving_nodes::MovingNodes,
        slots::Slots,
        step_sums::StepSums,
        survey::Survey,
        tables::Tables,
        zeros,
    },
    schedule::{Clock, Due},
};
use diff2d_spectral::{Spectral, SpectralAxis};
use diff2d_stencil::{Element, Equation, Rkl2, Stencil, real::Real, rkl2_reach};
use std::{borrow::Cow, ops::Range};

impl Problem {
    /// The stencil of a step, with its tile estimated from the caches. [`dynamics`](Self::dynamics) adds coefficients
    /// and sources that vary.
    #[must_use]
    pub(crate) fn stencil<T: Element>(&self) -> Stencil<T> {
        Stencil::of(self.kind()).with_walls(self.params.boundary.traits())
    }

    /// The kind of the equation, without rows.
    pub(super) fn kind<T: Element>(&self) -> Equation<T> {
        match self.slots.assemble(0..0, self.schedule.dt, self.purpose()) {
            Ok(assembled) => assembled.equation,
            Err(_) => unreachable!("no rows take no memory and are in no file"),
        }
    }

    /// What the equation of a step is for.
    fn purpose(&self) -> Purpose {
        match self.params.method {
            StepMethod::Exact => Purpose::ExactSteps,
            _ => Purpose::Steps,
        }
    }

    /// The method of a step on the given rows and columns, with `stages` stages. For the exact solution it lacks the
    /// part that does not depend on the state.
    fn method<T: Element>(&self, (ny, nx): (usize, usize), stages: usize) -> Method<T> {
        match (self.params.method, self.exact_steps()) {
            (StepMethod::Rkl2, _) => Method::Rkl2(Rkl2::new(stages)),
            (StepMethod::Exact, Some([rx, ry])) => {
                let share = self.slots.share(self.schedule.dt);
                let loss = share * self.slots.uniform_loss().unwrap_or_default();
                match method::ends(&self.params.boundary) {
                    Ok([y, x]) => {
                        let [y, x] = [(y, ny, ry), (x, nx, rx)]
                            .map(|(ends, nodes, r)| SpectralAxis { ends, nodes, r });
                        Method::Exact(Spectral::new(y, x, loss))
                    }
                    Err((_, why)) => unreachable!("{why}"),
                }
            }
            (_, _) => Method::Euler,
        }
    }

    /// The coefficients of an exact step along x and y; `None` if D varies. Nothing diffuses if they are 0.
    fn exact_steps(&self) -> Option<[f64; 2]> {
        match self.steps().as_slice() {
            [rx, others @ ..] => Some([*rx, others.first().copied().unwrap_or(*rx)]),
            // Along an axis without diffusion the steps of other methods have no coefficient.
            [] => {
                let [along_x, along_y] = self.exact_diffusivities()?;
                let share = self.slots.share(self.schedule.dt);
                let step = |d: f64, spacing: f64| d / (spacing * spacing) * share;
                let (x, y) = (self.grid.x.spacing, self.grid.y.spacing);
                Some([step(along_x, x), step(along_y, y)])
            }
        }
    }

    /// D along x and y, unless it varies; 0 where nothing diffuses along an axis.
    fn exact_diffusivities(&self) -> Option<[f64; 2]> {
        let [along_x, along_y] = [Quantity::X, Quantity::Y].map(|of| self.slots.uniform(of));
        let has_plain_faces = self.geometry().has_plain_faces();
        along_x
            .zip(along_y)
            .filter(|_| has_plain_faces)
            .map(Into::into)
    }

    /// The method of a step, including the part that does not depend on the state.
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
        let diffusion = self.exact_diffusivities().unwrap_or_default();
        method::add_walls(&mut array, walls, &self.grid, share, diffusion);
        Ok(Method::Exact(step.clone().with_forcing(array)))
    }

    /// Refuses problems that the exact solution by transforms does not cover.
    pub(super) fn check_method(&self, raw: &RawParams) -> Result<(), ParamsError> {
        if self.params.method != StepMethod::Exact {
            return Ok(());
        }
        let refuse = |key: &'static str, reason: &str| Err(raw.refuse(key, reason.to_owned()));
        if let Some(areas) = self.params.areas().first() {
            let reason = format!("method = \"exact\" has no {}", areas.noun);
            return refuse(areas.key, &reason);
        }
        for quantity in Quantity::MATERIAL {
            if self.slots.uniform(quantity).is_none() {
                return refuse(
                    quantity.key(),
                    "method = \"exact\" needs one that does not vary",
                );
            }
        }
        if self.exact_steps().is_none() {
            return refuse(
                "method",
                "\"exact\" needs a diffusion coefficient that does not vary",
            );
        }
        let is_closed = !self.has_source() && self.slots.uniform_loss() == Some(0.0);
        let start = self.schedule.start;
        let is_transformed = is_closed
            && !method::walls_have_flux(&self.params.boundary)
            && self.slots.common_factor(start..start).is_some();
        if let Some(quantity) = self.slots.in_time().next().filter(|_| !is_transformed) {
            return refuse(
                quantity.key(),
                match quantity {
                    Quantity::Source => {
                        "method = \"exact\" needs a source that does not depend on t"
                    }
                    _ => {
                        "method = \"exact\" takes a function of t in D alone, the same along x and y, where there is no source, no decay and no wall with a flux"
                    }
                },
            );
        }
        match method::ends(&self.params.boundary) {
            Ok(_) => Ok(()),
            Err((side, why)) => refuse(SIDES[side as usize], why),
        }
    }

    /// Refuses a record of quantities that the method does not compute.
    pub(super) fn check_record(&self, raw: &RawParams) -> Result<(), ParamsError> {
        let Some(record) = &self.params.record else {
            return Ok(());
        };
        if record.has_dates && self.calendar().is_none() {
            let reason = "no date is known: a function whose file has dates, or since in [[fit.data]], says which date t = 0 is, with units.t = \"s\", \"min\", \"h\" or \"d\"";
            return Err(raw.refuse("record.dates", reason.to_owned()));
        }
        /// The least distance between two rows, as a fraction of a step: a run checks after each step whether to stop.
        const LEAST: f64 = 1e-6;
        let name = self.params.method.name();
        // A step is no longer than the time between snapshots.
        let longest_step = self.schedule.dt.min(self.schedule.cadence());
        if let RowTimes::Every(every) = record.times
            && self.schedule.due != Due::Added
            && every <= LEAST * longest_step
        {
            let reason = format!(
                "it is shorter than a millionth of a step of {longest_step:?}; \"step\" records every step"
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

    /// The dynamics of the rows `rows` of the grid. In a grid with periodic rows, rows beyond the last are allowed: row
    /// `j` is then row `j - (ny - 1)`.
    ///
    /// # Errors
    /// [`Unready`] if the system has too little memory for coefficients and sources, or their files can no longer be
    /// read.
    pub(crate) fn dynamics<T: Element>(&self, rows: Range<usize>) -> Result<Dynamics<T>, Unready> {
        let Assembled {
            equation,
            source_at,
            factors_at,
        } = self
            .slots
            .assemble(rows.clone(), self.schedule.dt, self.purpose())?;
        let tables = self.tables(&self.slots, &self.survey, &rows, self.purpose());
        let ageing = self.ages().then(|| self.ageing(rows, &equation));
        Ok(Dynamics {
            shorter: self.shorter(&self.slots, &equation),
            equation,
            walls: tables.at(&[0.0]).0,
            walls_at: self.walls_at(tables),
            source_at,
            factors_at,
            ageing,
            pace: self.schedule.pace(),
            method: self.forced_method()?,
        })
    }

    /// The walls of rows, for steps or for rates.
    fn tables(
        &self,
        slots: &Slots,
        survey: &Survey,
        rows: &Range<usize>,
        purpose: Purpose,
    ) -> Tables {
        let reach = match self.params.method {
            _ if purpose == Purpose::Rates => f64::INFINITY,
            StepMethod::Rkl2 => rkl2_reach(self.stages()),
            StepMethod::Exact => f64::INFINITY,
            _ => 1.0,
        };
        Tables::new(slots, survey, rows.clone(), self.schedule.dt, reach)
    }

    /// The evaluation of walls that depend on time.
    fn walls_at<T: Element>(&self, tables: Tables) -> Option<WallsAt<T>> {
        let depends_on_time = self.params.boundary.depend_on_time();
        depends_on_time.then(|| -> WallsAt<T> { Box::new(move |times| tables.at(times)) })
    }

    /// The steps of rows whose D and decay depend on time; the equation is that with their largest values.
    fn ageing<T: Element>(&self, rows: Range<usize>, largest: &Equation<T>) -> Ageing<T> {
        let (slots, method) = (self.slots.clone(), self.params.method);
        let (problem, largest) = (self.clone(), largest.clone());
        let step = move |factors: &[f64], time: f64| {
            let (equation, tables, slots) =
                problem.aged(&largest, &rows, problem.purpose(), (factors, time))?;
            Ok(AgedStep {
                shorter: problem.shorter(&slots, &equation),
                equation,
                walls: tables.at(&[0.0]).0,
                walls_at: problem.walls_at(tables),
            })
        };
        Ageing {
            factors: Box::new(move |span| match method {
                StepMethod::Exact => slots.common_factor(span).into_iter().collect(),
                _ => slots.factors(span),
            }),
            step: Box::new(step),
        }
    }

    /// The equation and the walls of rows with means of the functions of time in D and decay, from a time on, and the slots
    /// of these; `largest` is the equation with the largest values.
    fn aged<'s, T: Real>(
        &'s self,
        largest: &Equation<T>,
        rows: &Range<usize>,
        purpose: Purpose,
        (factors, time): (&[f64], f64),
    ) -> Result<(Equation<T>, Tables, Cow<'s, Slots>), Halt> {
        if let Some(ratios) = self.slots.ratios(factors) {
            self.slots.ageing.check_factors(factors, time)?;
            let survey = self.survey.scaled([ratios[0], ratios[1]]);
            let tables = self.tables(&self.slots, &survey, rows, purpose);
            let equation = self.slots.scaled(largest, rows, ratios);
            return Ok((equation, tables, Cow::Borrowed(&self.slots)));
        }
        let slots = self.slots.during(factors, time)?;
        // Of the survey, rows along walls alone count.
        let survey = slots.survey(0.0);
        let survey = survey.map_err(|error| Halt::Unready(error.to_string()))?;
        let assembled = slots.assemble(rows.clone(), self.schedule.dt, purpose);
        let assembled = assembled.map_err(|unready| Halt::Unready(unready.to_string()))?;
        if let Some(halt) = slots.wrong_coefficient(&assembled.equation, rows.start, time) {
            return Err(halt);
        }
        let tables = self.tables(&slots, &survey, rows, purpose);
        Ok((assembled.equation, tables, Cow::Owned(slots)))
    }

    /// The stepping of a step that is shorter than the others; `whole` is the equation of full steps.
    fn shorter<T: Element>(&self, slots: &Slots, whole: &Equation<T>) -> ShorterOf<T> {
        let whole_dt = self.schedule.dt;
        if self.params.method == StepMethod::Rkl2 {
            let method = Rkl2::new(self.stages());
            return Box::new(move |dt| Shorter::Part(method.clone().part(dt / whole_dt)));
        }
        if !whole.terms.is_empty() || slots.uniform_d().is_none() {
            return Box::new(move |dt| Shorter::Part(Rkl2::part_of_euler(dt / whole_dt)));
        }
        let (slots, node_equation) = (slots.clone(), whole.sample((0, 0)));
        Box::new(move |dt| {
            let mut short_equation = node_equation.clone();
            if let Some(operator) = slots.uniform_operator(dt) {
                short_equation.operator = operator;
            }
            Shorter::Own(Box::new(short_equation))
        })
    }

    /// Dynamics with steps as expensive as those of this problem, for a state of zeros of another shape; steps with
    /// many stages have only `stages` of them.
    #[must_use]
    pub(crate) fn sample<T: Element>(&self, shape: (usize, usize), stages: usize) -> Dynamics<T> {
        let mut sample = Dynamics::constant(self.kind().sample(shape));
        sample.method = self.method(shape, stages);
        sample
    }

    /// The rates of states in these rows, in double precision whatever the method.
    ///
    /// # Errors
    /// [`Unready`] as [`dynamics`](Self::dynamics).
    pub(crate) fn fluxes_of_rows(&self, rows: Range<usize>) -> Result<Fluxes, Unready> {
        let (slots, dt) = (&self.slots, self.schedule.dt);
        let assembled = slots.assemble(rows.clone(), dt, Purpose::Rates)?;
        let tables = self.tables(slots, &self.survey, &rows, Purpose::Rates);
        let capacity = slots.uniform(Quantity::Capacity).unwrap_or(1.0);
        let largest = self.ages().then(|| assembled.equation.clone());
        let fluxes = Fluxes::new(
            &slots.geometry,
            rows.clone(),
            assembled,
            tables,
            capacity,
            dt,
        );
        let Some(largest) = largest else {
            return Ok(fluxes);
        };
        let problem = self.clone();
        Ok(fluxes.with_coefficients_at(Box::new(move |span| {
            let start_time = span.start;
            let factors = problem.slots.factors(span);
            let aged = problem.aged(&largest, &rows, Purpose::Rates, (&factors, start_time));
            aged.ok().map(|(equation, tables, _)| (equation, tables))
        })))
    }

    /// The nodes of fixed walls whose values depend on time.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub(crate) fn moving_nodes(&self) -> Result<MovingNodes, ParamsError> {
        MovingNodes::new(&self.slots, self.params.precision, self.schedule.dt)
    }

    /// The sums of the inflow during each step, from a time on.
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
        // A table has a quarter of the source, of the flux through the top, and of what decays at its p: these it takes away. A
        // wall has half as much. Heat flows from right to left by 2.
        let kept = |width: f64, p: f64| width * (3.0 * p - 4.0 - 0.5);
        let expected = [
            -2.0 + kept(0.125, 0.0),
            2.0 + kept(0.125, 1.0),
            0.0,
            0.5,
            4.0,
            -1.5,
        ];
        let of_tables = [kept(0.25, 0.25), kept(0.25, 0.75)];
        is_near(
            rates(text(&both, "0"), 0.0),
            &[&expected[..], &of_tables].concat(),
        );
        // A later table has nodes that are in an earlier one, too; the source grows by 1 a unit of time.
        let kept = |width: f64, p: f64| width * (3.0 * p - 6.0 - 0.5);
        let expected = [
            -2.0 + kept(0.125, 0.0),
            2.0 + kept(0.125, 1.0),
            0.0,
            0.5,
            6.0,
            -1.5,
        ];
        let of_tables = [0.0, kept(0.25, 0.25)];
        is_near(
            rates(text(&(held(0.25) + &held(0.25)), "0"), 2.0),
            &[&expected[..], &of_tables].concat(),
        );
        // The left wall is of Robin's kind: 2 (1 - 3 p)/2 at p = 0.
        let kept = |width: f64, p: f64| width * (3.0 * p - 4.0 - 0.5);
        let expected = [1.0, 2.0 + kept(0.125, 1.0), 0.0, 0.5, 4.0, -1.5];
        is_near(rates(text("", "{ robin = [3, 2, 1] }"), 0.0), &expected);
    }
}
