//! The march backwards: from the last reading to the beginning of a run.

use super::{
    answer::{Cost, Derivative, Gradient, GradientOptions},
    backwards::Backwards,
    fields::{self, Fields},
    numbers::Number,
    objective::{Objective, Reading},
    of_unready,
    readings::Readings,
    snapshots::Snapshots,
    states::{self, States, Stretch},
    steady,
    system::System,
    unknowns::Unknown,
};
use crate::{
    comm::Solo,
    dynamics::Method,
    fault::Fault,
    params::{Place, Precision, RawParams, SIDES, StepMethod, Wall, value::Value},
    physics::{input::Digests, wall::Side},
    problem::Problem,
    run::{RunError, StateRows},
    schedule::Clock,
};
use ndarray::Array2;

impl Gradient {
    /// The derivatives of an objective by unknowns.
    ///
    /// # Errors
    /// [`RunError`]: refusals of what has no gradient, and what a run of the problem may fail of.
    pub fn new(
        raw: &RawParams,
        objective: &Objective,
        unknowns: &[Unknown],
        options: GradientOptions<'_>,
    ) -> Result<Self, RunError> {
        let mut digests = Digests::within(options.memory);
        let raw = &with_tolerance(raw);
        let problem = Problem::with_digests(raw, &mut digests)?;
        check(&problem)?;
        gradient(raw, &problem, objective, unknowns, options, &digests)
    }
}

/// The parameters whose steady state has no residual that matters.
fn with_tolerance(raw: &RawParams) -> RawParams {
    /// The tolerance of steady states.
    const TOLERANCE: f64 = 1e-14;
    let method = raw
        .typed()
        .get("method")
        .and_then(|entry| entry.value.as_str());
    match method {
        Some("steady") => raw
            .clone()
            .with("tolerance", Value::Float(TOLERANCE), Place::Default),
        _ => raw.clone(),
    }
}

/// Refuses problems that have no gradient.
///
/// # Errors
/// The reason, in a sentence.
fn check(problem: &Problem) -> Result<(), RunError> {
    if problem.params.precision == Precision::F32 {
        let sentence =
            "precision = \"f32\" has states that are rounded, and no gradient: \"f64\" has one";
        return Err(Fault::refused(sentence).into());
    }
    if problem.params.until.is_some() {
        let sentence = "until ends the run where its state says so, so that the number of steps depends on the unknowns: without until, or with its end as runtime, there is a gradient";
        return Err(Fault::refused(sentence).into());
    }
    if problem.ages() {
        let sentence = "D or decay depends on t, so that each step backwards has other coefficients: with a D and a decay of x and y alone there is a gradient";
        return Err(Fault::refused(sentence).into());
    }
    for side in Side::ALL {
        if problem.geometry().walls.wall(side).has_moving_weight() {
            let name = SIDES[side as usize];
            let sentence = format!(
                "a/b of {name} depends on t, so that each step backwards has other coefficients: a Robin wall of which c alone depends on t has a gradient"
            );
            return Err(Fault::refused(sentence).into());
        }
    }
    Ok(())
}

/// What looks at every step backwards.
struct Observers<'p> {
    problem: &'p Problem,
    numbers: Vec<Number<'p>>,
    /// What Robin walls that follow time have given, times adjoint states, by nodes along each side.
    walls: [Option<Vec<f64>>; 4],
}

impl Observers<'_> {
    /// Looks at a share of a step from a state at a time, behind which this adjoint state is.
    fn see(
        &mut self,
        system: &System,
        share: f64,
        time: f64,
        pair: [&Array2<f64>; 2],
    ) -> Result<(), RunError> {
        for number in &mut self.numbers {
            number.see_step(system, share, time, pair)?;
        }
        if self.walls.iter().all(Option::is_none) {
            return Ok(());
        }
        let inflows = self.problem.inflows(time);
        for (side, sums) in Side::ALL.into_iter().zip(&mut self.walls) {
            let of_side = sums.iter_mut().flatten().zip(&inflows[side as usize]);
            for (number, (sum, [given, _])) in of_side.enumerate() {
                *sum += share * given * pair[1][system.node(side, number)];
            }
        }
        Ok(())
    }
}

/// A gradient while it is computed.
struct March<'p> {
    problem: &'p Problem,
    backwards: Backwards,
    readings: Readings<'p>,
    rows: StateRows<'p>,
    observers: Observers<'p>,
    /// The adjoint state of what is read from now on.
    adjoint: Array2<f64>,
    /// What is still to be read, in order.
    left: Vec<Reading>,
    value: f64,
}

/// The derivatives of an objective; `raw` are the parameters of the problem.
///
/// # Errors
/// [`RunError`].
fn gradient(
    raw: &RawParams,
    problem: &Problem,
    objective: &Objective,
    unknowns: &[Unknown],
    options: GradientOptions<'_>,
    digests: &Digests,
) -> Result<Gradient, RunError> {
    let readings = objective.readings(problem)?;
    let Some(end) = readings.last().map(|reading| reading.moment.step) else {
        return Err(Fault::refused("nothing is read, of which there were a gradient").into());
    };
    let mut moved = Vec::new();
    for unknown in unknowns {
        match unknown {
            Unknown::Field(field) => fields::check(problem, *field)?,
            Unknown::Number(number) if problem.params.method == StepMethod::Exact => {
                let sentence = format!(
                    "method = \"exact\" has gradients by initial and source alone, and none by {}: \"rkl2\" has one",
                    number.name
                );
                return Err(Fault::refused(sentence).into());
            }
            Unknown::Number(number) => {
                moved.push((number, number.moved_problems(raw, problem, digests)?));
            }
        }
    }
    let numbers = moved
        .iter()
        .map(|(key, problems)| Number::new(key, problem, problems));
    let system = System::new(problem).map_err(of_unready)?;
    let walls = Side::ALL.map(|side| {
        let wall = problem.geometry().walls.wall(side);
        let follows = wall.depends_on_time() && matches!(wall, Wall::Robin(_));
        follows.then(|| vec![0.0; side.nodes(&problem.grid)])
    });
    let mut march = March {
        problem,
        readings: Readings::new(problem, &system)?,
        rows: StateRows::new(problem)?,
        adjoint: system.zeros(),
        backwards: Backwards::new(system, problem.stencil()),
        observers: Observers {
            problem,
            numbers: numbers.collect::<Result<_, _>>()?,
            walls,
        },
        left: readings,
        value: 0.0,
    };
    if problem.params.method == StepMethod::Steady {
        march.take_steady()?;
        let cost = Cost {
            forwards: 1,
            states: 2,
            ..Cost::default()
        };
        return march.finish(unknowns, cost);
    }
    if problem.params.method == StepMethod::Exact {
        march.take_exact()?;
        let cost = Cost {
            steps: end,
            forwards: end,
            states: 1,
            ..Cost::default()
        };
        return march.finish(unknowns, cost);
    }
    let room = states::room(problem, options.memory);
    let snapshots = options
        .cube
        .map(|cube| Snapshots::new(cube, problem))
        .transpose()?;
    let mut states = States::new(problem, snapshots, end, room)?;
    let mut most_states = 0;
    states.backwards(end, &mut |states, stretch| {
        most_states = most_states.max(states.in_memory() + stretch.states.len() as u64);
        march.take(states, &stretch, end)
    })?;
    let cost = Cost {
        steps: end,
        forwards: states.steps,
        states: most_states,
        intervals: states.intervals,
    };
    march.finish(unknowns, cost)
}

impl March<'_> {
    /// Takes a stretch of states back, from its last state to its first.
    fn take(
        &mut self,
        states: &mut States<'_>,
        stretch: &Stretch<'_>,
        end: u64,
    ) -> Result<(), RunError> {
        let pace = self.problem.schedule.pace();
        let count = stretch.states.len() - 1;
        let start = pace.after(pace.start(), stretch.first);
        let mut clocks: Vec<Clock> = vec![start];
        for place in 0..count {
            clocks.push(pace.after(clocks[place], 1));
        }
        let shares = clocks.iter().map(|&clock| pace.next(clock) / pace.dt);
        let shares: Vec<f64> = shares.collect();
        let mut place = count;
        loop {
            let step = stretch.first + place as u64;
            // What is read of the last state of a stretch was read with the stretch behind it.
            while (place < count || step == end)
                && self
                    .left
                    .last()
                    .is_some_and(|reading| reading.moment.step == step)
            {
                self.read(states, stretch, place)?;
            }
            if place == 0 {
                return Ok(());
            }
            let mut lowest = place;
            let next_reading = self.left.last().map(|reading| reading.moment.step);
            while lowest > 0
                && shares[lowest - 1] == 1.0
                && self.backwards.system.stages(1.0).is_none()
                && (lowest == place || next_reading != Some(stretch.first + lowest as u64))
            {
                lowest -= 1;
            }
            let (backwards, observers) = (&mut self.backwards, &mut self.observers);
            if lowest < place {
                let states = &stretch.states[lowest..=place];
                backwards.take_whole(states, &mut self.adjoint, |system, number, adjoint| {
                    observers.see(
                        system,
                        1.0,
                        clocks[lowest + number].simtime,
                        [&states[number], adjoint],
                    )
                })?;
                place = lowest;
            } else {
                let pair = [&stretch.states[place - 1], &stretch.states[place]];
                let (time, share) = (clocks[place - 1].simtime, shares[place - 1]);
                observers.see(&backwards.system, share, time, [pair[0], &self.adjoint])?;
                backwards.take(share, pair, &mut self.adjoint);
                place -= 1;
            }
        }
    }

    /// Takes the last readings that are left, of one moment at or after the state behind `place` steps of a stretch.
    fn read(
        &mut self,
        states: &mut States<'_>,
        stretch: &Stretch<'_>,
        place: usize,
    ) -> Result<(), RunError> {
        let Some(moment) = self.left.last().map(|reading| reading.moment) else {
            return Ok(());
        };
        let state = &stretch.states[place];
        let step = stretch.first + place as u64;
        let later_state = match moment.beyond {
            0.0 => None,
            beyond => Some(states.aside(step, state, beyond)?),
        };
        let mut adjoint = self.backwards.system.zeros();
        while let Some(reading) = self.left.pop_if(|reading| reading.moment == moment) {
            adjoint += &self.read_of(&reading, later_state.as_ref().unwrap_or(state))?;
        }
        if let Some(later_state) = &later_state {
            let pace = self.problem.schedule.pace();
            let time = pace.after(pace.start(), step).simtime;
            let share = moment.beyond / pace.dt;
            let system = &self.backwards.system;
            self.observers.see(system, share, time, [state, &adjoint])?;
            self.backwards
                .take(share, [state, later_state], &mut adjoint);
        }
        self.adjoint += &adjoint;
        Ok(())
    }

    /// Reads a number of a state, and returns the adjoint state that follows.
    fn read_of(&mut self, reading: &Reading, state: &Array2<f64>) -> Result<Array2<f64>, RunError> {
        let by_state = self.by_state(reading, state)?;
        Ok(self.backwards.system.adjoint_of(&by_state))
    }

    /// Reads a number of a state, and returns the derivatives by the values of nodes.
    fn by_state(
        &mut self,
        reading: &Reading,
        state: &Array2<f64>,
    ) -> Result<Array2<f64>, RunError> {
        let row = self.rows.read(reading.time, &state.view())?;
        let number = row
            .and_then(|row| row.number(reading.column))
            .unwrap_or(f64::NAN);
        let [value, factor] = reading.effect.of(number);
        self.value += value;
        let system = &self.backwards.system;
        let mut by_state = system.zeros();
        self.readings.add(
            system,
            (reading.number, reading.time),
            factor,
            state,
            &mut by_state,
        );
        for number in &mut self.observers.numbers {
            number.see_reading(reading, factor, state, &by_state)?;
        }
        for (node, derivative) in by_state.indexed_iter() {
            let point = system.first(node);
            if !system.is_free[point] {
                self.backwards.sums.read[point] += derivative;
            }
        }
        Ok(by_state)
    }

    /// Reads all numbers of a steady state, and solves for its adjoint state.
    fn take_steady(&mut self) -> Result<(), RunError> {
        let solver = self.problem.solver_at_start::<f64>().map_err(of_unready)?;
        let state = solver.into_state();
        let values = state.view().to_owned();
        let mut by_state = self.backwards.system.zeros();
        while let Some(reading) = self.left.pop() {
            by_state += &self.by_state(&reading, &values)?;
        }
        let Backwards { system, sums, .. } = &mut self.backwards;
        let adjoint = steady::adjoint(self.problem, system, &state, &by_state)?;
        sums.add_source(1.0, &adjoint);
        sums.add_products(&[(1.0, &values, &adjoint)]);
        Ok(())
    }

    /// Reads all numbers of an exact solution, and adds for each moment the adjoint state at the beginning, and its integral up
    /// to there.
    fn take_exact(&mut self) -> Result<(), RunError> {
        let Method::Exact(step) = self.backwards.system.method.clone() else {
            return Ok(());
        };
        let mut solver = self.problem.solver_at_start::<f64>().map_err(of_unready)?;
        let mut room = solver.room_aside().map_err(|_| RunError::no_memory(0))?;
        let pace = self.problem.schedule.pace();
        let mut steps_taken = 0;
        self.left.reverse();
        while let Some(moment) = self.left.last().map(|reading| reading.moment) {
            solver.advance(moment.step - steps_taken, &Solo)?;
            steps_taken = moment.step;
            let state = match moment.beyond {
                0.0 => solver.state().view().to_owned(),
                beyond => solver
                    .aside(beyond, &mut room, &Solo, |state| state.view().to_owned())
                    .ok_or_else(|| Fault::failed("a grid without rows has no states"))?,
            };
            let mut by_state = self.backwards.system.zeros();
            while let Some(reading) = self.left.pop_if(|reading| reading.moment == moment) {
                by_state += &self.by_state(&reading, &state)?;
            }
            let mut adjoint = self.backwards.system.adjoint_of(&by_state);
            let time = pace.after(pace.start(), moment.step).simtime + moment.beyond;
            let steps = (time - pace.start) / pace.dt;
            if steps > 0.0 {
                let step = step.clone().without_forcing().part(steps);
                let mut integral = self.backwards.system.zeros();
                let forced_step = step.clone().with_forcing(&adjoint * steps);
                forced_step.advance(integral.view_mut());
                self.backwards.sums.add_source(1.0, &integral);
                step.advance(adjoint.view_mut());
            }
            self.adjoint += &adjoint;
        }
        Ok(())
    }

    /// The derivatives, once all steps were taken.
    fn finish(self, unknowns: &[Unknown], cost: Cost) -> Result<Gradient, RunError> {
        let (system, sums) = (&self.backwards.system, &self.backwards.sums);
        let fields = Fields {
            problem: self.problem,
            system,
            sums,
            direct: &self.readings.direct,
            moving_walls: &self.observers.walls,
            adjoint: &self.adjoint,
        };
        let mut numbers = self.observers.numbers.into_iter();
        let mut derivatives_by = Vec::new();
        for unknown in unknowns {
            derivatives_by.push(match unknown {
                Unknown::Field(field) => {
                    let mut derivatives = fields.of(*field)?;
                    let values = derivatives.as_slice_mut().unwrap_or_default();
                    self.problem.codec().encode(0, values);
                    Derivative::Field(*field, derivatives)
                }
                Unknown::Number(key) => {
                    let number = numbers.next();
                    let derivative = number
                        .map(|number| number.derivative(self.problem, system, sums, &self.adjoint));
                    Derivative::Number(key.clone(), derivative.transpose()?.unwrap_or(f64::NAN))
                }
            });
        }
        Ok(Gradient {
            value: self.value,
            by: derivatives_by,
            cost,
        })
    }
}
