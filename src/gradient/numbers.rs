//! [`Number`]: derivatives by numbers of the parameter file.
//!
//! The field is differentiated exactly, and only what is assembled of the formulas by differences: the problem is assembled
//! with the number moved up and down, and each coefficient that changes counts by its derivative. So faces and cells that
//! a formula cuts, values of walls and of held nodes, and the initial state need no rules of their own.

use super::{
    objective::Reading,
    of_unready,
    sums::Sums,
    system::{Coefficients, Node, System},
};
use crate::{
    dynamics::Dynamics,
    fault::Fault,
    field::Field,
    params::{ParamsError, Place, RawParams, RowNumber, StepMethod, value::Value},
    physics::{assembly::Purpose, input::Digests, wall::Side},
    problem::Problem,
    run::{RunError, StateRows},
};
use diff2d_stencil::{Coefficient, Weight};
use ndarray::Array2;

/// A number of the parameter file, or the sum of a formula and a number.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberKey {
    /// The name by which the number is asked for.
    pub name: String,
    /// The dotted key of the number or formula.
    pub key: String,
    /// The number, if it is one.
    pub value: Option<f64>,
}

/// The moves of a number, in units of its difference.
const MOVES: [f64; 4] = [1.0, -1.0, 2.0, -2.0];
/// The difference of a number, relative to it: 2⁻¹⁰.
const DIFFERENCE: f64 = 0.000_976_562_5;
/// The time step of moved problems that are unstable with that of the problem, by it.
const SHORTER: f64 = 0.5;

impl NumberKey {
    /// The parameters with the number moved.
    fn moved(&self, raw: RawParams, by: f64) -> RawParams {
        let Some((typed, place)) = raw.typed().value_at(&self.key) else {
            return raw;
        };
        let value = match (self.value, typed) {
            (Some(value), _) => Value::Float(value + by),
            (None, Value::String(formula)) => Value::String(format!("({formula}) + ({by:?})")),
            (None, _) => return raw,
        };
        let place = place.clone();
        raw.with(&self.key, value, place)
    }

    fn difference(&self) -> f64 {
        let size = self.value.map_or(1.0, f64::abs);
        DIFFERENCE * if size > 0.0 { size } else { 1.0 }
    }

    /// The problems with the number moved. They take steps that are shorter, so that they are as stable.
    ///
    /// # Errors
    /// A refusal if a moved number makes no problem, or another domain.
    pub fn moved_problems(
        &self,
        raw: &RawParams,
        problem: &Problem,
        digests: &Digests,
    ) -> Result<Vec<Problem>, RunError> {
        if problem.params.method == StepMethod::Rkl2 && problem.depends_on_time() {
            let name = &self.name;
            let sentence = format!(
                "walls or sources depend on t, and stages of rkl2 contain what they change by: method = \"euler\" has a derivative by {name}"
            );
            return Err(Fault::refused(sentence).into());
        }
        // A step that is as long as it can be may be too long beside.
        let mut problems = self.problems_beside(&with_step(raw, problem, 1.0), digests);
        if problems.is_err() {
            problems = self.problems_beside(&with_step(raw, problem, SHORTER), digests);
        }
        let problems = problems.map_err(|error| {
            Fault::refused(format!(
                "the derivative by {} needs values beside it: {error}",
                self.name
            ))
        })?;
        let have_its_nodes = problems.iter().all(|moved| {
            moved.grid == problem.grid && moved.geometry().has_areas_of(problem.geometry())
        });
        if !have_its_nodes {
            let name = &self.name;
            let sentence =
                format!("{name} moves the domain or its nodes, of which p is no smooth function");
            return Err(Fault::refused(sentence).into());
        }
        Ok(problems)
    }

    /// The problems of these parameters with the number moved.
    fn problems_beside(
        &self,
        raw: &RawParams,
        digests: &Digests,
    ) -> Result<Vec<Problem>, ParamsError> {
        let problems = MOVES.iter().map(|by| {
            let raw = self.moved(raw.clone(), by * self.difference());
            Problem::with_digests(&raw, &mut digests.clone())
        });
        problems.collect()
    }
}

/// The parameters of a problem with a share of its time step, where the user may choose that.
fn with_step(raw: &RawParams, problem: &Problem, share: f64) -> RawParams {
    match problem.params.method {
        StepMethod::Euler | StepMethod::Rkl2 => {
            let dt = Value::Float(share * problem.schedule.dt);
            raw.clone().without("safety").with("dt", dt, Place::Default)
        }
        StepMethod::Exact | StepMethod::Steady => raw.clone(),
    }
}

/// What a moved number changes.
struct Moved<'p> {
    problem: &'p Problem,
    dynamics: Dynamics<f64>,
    rows: StateRows<'p>,
    /// The time step, by that of the problem whose number is not moved.
    share: f64,
    /// Whether points of the record read the same nodes.
    has_same_points: bool,
    /// The contribution of what depends on time, and of what is read.
    sum: f64,
}

impl Moved<'_> {
    /// The change of a coefficient of a whole step of the problem, which is `own` where the number is not moved.
    fn change(&self, of_moved: f64, own: f64) -> f64 {
        of_moved / self.share - own
    }
}

/// The state before the first step.
fn initial_state(problem: &Problem) -> Result<Field<f64>, RunError> {
    let field = Field::zeros(problem.grid.shape());
    let mut field = field.map_err(|_| RunError::no_memory(0))?;
    problem.fill_initial(&mut field, 0)?;
    Ok(field)
}

/// The derivative by a number.
pub struct Number<'p> {
    key: &'p NumberKey,
    moved: Vec<Moved<'p>>,
    /// The nodes of fixed walls whose values depend on time.
    moving_nodes: Vec<Node>,
    has_moving_source: bool,
    has_moving_sides: [bool; 4],
}

impl<'p> Number<'p> {
    /// The derivative of a problem, with the [moved ones](NumberKey::moved_problems).
    ///
    /// # Errors
    /// [`RunError`] if memory is short, or a file can no longer be read.
    pub fn new(
        key: &'p NumberKey,
        problem: &'p Problem,
        problems: &'p [Problem],
    ) -> Result<Self, RunError> {
        let moved = problems.iter().map(|moved| {
            let dynamics = moved.dynamics(0..problem.grid.y.nodes);
            Ok(Moved {
                problem: moved,
                dynamics: dynamics.map_err(of_unready)?,
                rows: StateRows::new(moved)?,
                share: moved.schedule.dt / problem.schedule.dt,
                has_same_points: moved.gauges() == problem.gauges(),
                sum: 0.0,
            })
        });
        let mut all_problems = problems.iter().chain([problem]);
        let has_moving_sides = Side::ALL.map(|side| {
            let mut problems = all_problems.clone();
            problems.any(|problem| problem.geometry().walls.wall(side).depends_on_time())
        });
        let geometry = problem.geometry();
        let nodes = ndarray::indices(problem.grid.shape()).into_iter();
        let moving_nodes = nodes.filter(|&node| {
            let side = geometry.fixed_side(node).filter(|_| !geometry.keeps(node));
            side.is_some_and(|side| has_moving_sides[side as usize])
        });
        Ok(Self {
            key,
            moved: moved.collect::<Result<_, RunError>>()?,
            moving_nodes: moving_nodes.collect(),
            has_moving_source: all_problems
                .any(|problem| problem.slots().in_time().next().is_some()),
            has_moving_sides,
        })
    }

    /// Adds what depends on time in a share of a step from a state at a time, whose adjoint state behind it is given.
    ///
    /// # Errors
    /// [`RunError`] if a source has no finite value.
    pub fn see_step(
        &mut self,
        system: &System,
        share: f64,
        time: f64,
        [state, adjoint]: [&Array2<f64>; 2],
    ) -> Result<(), RunError> {
        let fixed: Vec<(Node, f64)> = self
            .moving_nodes
            .iter()
            .map(|&node| (node, inflow_from(system, node, adjoint)))
            .collect();
        for moved in &mut self.moved {
            let mut sum = 0.0;
            if self.has_moving_source {
                let source = source_of(&moved.dynamics, time, system)?;
                for (node @ (j, i), source) in source.indexed_iter() {
                    if system.is_first(node) {
                        sum += system.rows[j] * system.columns[i] * source * adjoint[node]
                            / moved.share;
                    }
                }
            }
            for side in Side::ALL
                .into_iter()
                .filter(|side| self.has_moving_sides[*side as usize])
            {
                let inflows = &moved.problem.inflows(time)[side as usize];
                for (number, [given, taken]) in inflows.iter().enumerate() {
                    let node = system.node(side, number);
                    if system.is_first(node) && system.is_free[node] {
                        let inflow = (given - taken * state[node]) / moved.share;
                        sum += system.length(side, node) * inflow * adjoint[node];
                    }
                }
            }
            for (node, inflow) in &fixed {
                sum += inflow
                    * moved
                        .problem
                        .geometry()
                        .fixed_value(*node, time)
                        .unwrap_or_default();
            }
            moved.sum += share * sum;
        }
        Ok(())
    }

    /// Adds what is read of a state: `by_state` has the derivatives by its values, and `factor` that by the number.
    ///
    /// # Errors
    /// [`RunError`] if a file can no longer be read.
    pub fn see_reading(
        &mut self,
        reading: &Reading,
        factor: f64,
        state: &Array2<f64>,
        by_state: &Array2<f64>,
    ) -> Result<(), RunError> {
        for moved in &mut self.moved {
            for &node in &self.moving_nodes {
                let value = moved.problem.geometry().fixed_value(node, reading.time);
                moved.sum += by_state[node] * value.unwrap_or_default();
            }
            if moved.has_same_points && matches!(reading.number, RowNumber::Point(_)) {
                continue;
            }
            let row = moved.rows.read(reading.time, &state.view())?;
            moved.sum += factor
                * row
                    .and_then(|row| row.number(reading.column))
                    .unwrap_or_default();
        }
        Ok(())
    }

    /// The derivative, from the sums over all steps and the adjoint state before the first one.
    ///
    /// # Errors
    /// [`RunError`] if memory is short or a file can no longer be read, and a refusal if the number moves something that
    /// jumps.
    pub fn derivative(
        self,
        problem: &Problem,
        system: &System,
        sums: &Sums,
        adjoint: &Array2<f64>,
    ) -> Result<f64, RunError> {
        let start = initial_state(problem)?;
        let mut contributions = Vec::new();
        for moved in &self.moved {
            let step = Coefficients::new(moved.problem, Purpose::Steps, problem.geometry().start);
            let step = step.map_err(of_unready)?;
            let start_moved = initial_state(moved.problem)?;
            let mut sum = moved.sum;
            for (node @ (j, i), is_free) in system.is_free.indexed_iter() {
                let (east, north) = ((j, i + 1), (j + 1, i));
                if system.has_face_east(node) {
                    let change = moved.change(step.x[east], system.step.x[east]);
                    sum += system.rows[j] * sums.x[node] * change;
                }
                if system.has_face_north(node) {
                    let change = moved.change(step.y[north], system.step.y[north]);
                    sum += system.columns[i] * sums.y[node] * change;
                }
                if !system.is_first(node) {
                    continue;
                }
                let by_start = start_moved.view()[node] - start.view()[node];
                if !is_free {
                    if !self.moving_nodes.contains(&node) {
                        sum +=
                            by_start * (sums.read[node] + inflow_from(system, node, &sums.source));
                    }
                    continue;
                }
                let share = system.rows[j] * system.columns[i];
                sum += system.weight[node] * adjoint[node] * by_start;
                let change = moved.change(step.source[node], system.step.source[node]);
                sum += share * sums.source[node] * change;
                let change = moved.change(step.loss[node], system.step.loss[node]);
                sum -= share * sums.loss[node] * change;
                let own_rate = system.step.rate[node];
                sum += share * sums.change[node] * (step.rate[node] - own_rate)
                    / (own_rate * own_rate);
            }
            for side in Side::ALL
                .into_iter()
                .filter(|side| !self.has_moving_sides[*side as usize])
            {
                let inflows = step.inflows[side as usize]
                    .iter()
                    .zip(&system.step.inflows[side as usize]);
                for (number, (of_moved, own)) in inflows.enumerate() {
                    let node = system.node(side, number);
                    if system.is_first(node) && system.is_free[node] {
                        let length = system.length(side, node);
                        sum += length * sums.source[node] * moved.change(of_moved[0], own[0]);
                        sum -= length * sums.loss[node] * moved.change(of_moved[1], own[1]);
                    }
                }
            }
            contributions.push(sum);
        }
        let difference = self.key.difference();
        let [slope, wider_slope] = [0, 2].map(|place| {
            let width = 2.0 * difference * MOVES[place];
            (contributions[place] - contributions[place + 1]) / width
        });
        // Where the number moves a jump over a node, differences of two widths have little in common.
        if (slope - wider_slope).abs() > 0.01 * slope.abs().max(wider_slope.abs()) {
            let name = &self.key.name;
            let sentence = format!(
                "p is no smooth function of {name} near its value, as where a formula jumps at a node: another value has a gradient"
            );
            return Err(Fault::refused(sentence).into());
        }
        Ok((4.0 * slope - wider_slope) / 3.0)
    }
}

/// What flows from a node that keeps its value to its neighbours, by its value, weighed with adjoint states.
fn inflow_from(system: &System, node @ (j, i): Node, adjoint: &Array2<f64>) -> f64 {
    let (ny, nx) = system.shape;
    let [is_periodic_x, is_periodic_y] = system.periodic;
    let mut sum = 0.0;
    if i + 1 < nx {
        sum += system.rows[j] * system.step.x[[j, i + 1]] * adjoint[[j, i + 1]];
    }
    if i > 0 || is_periodic_x {
        let west = if i > 0 { i - 1 } else { nx - 2 };
        sum += system.rows[j] * system.step.x[node] * adjoint[[j, west]];
    }
    if j + 1 < ny {
        sum += system.columns[i] * system.step.y[[j + 1, i]] * adjoint[[j + 1, i]];
    }
    if j > 0 || is_periodic_y {
        let south = if j > 0 { j - 1 } else { ny - 2 };
        sum += system.columns[i] * system.step.y[node] * adjoint[[south, i]];
    }
    sum
}

/// What a source brings in a step that begins at a time.
fn source_of(
    dynamics: &Dynamics<f64>,
    time: f64,
    system: &System,
) -> Result<Array2<f64>, RunError> {
    let mut source = system.zeros();
    if let Some(source_at) = &dynamics.source_at {
        if let Some(halt) = source_at(time, &mut source) {
            return Err(halt.into());
        }
    } else if let (Some(factors_at), Some(Coefficient::Products(products))) = (
        &dynamics.factors_at,
        dynamics.equation.coefficient(Weight::One),
    ) {
        let (factors, halt) = factors_at(&[time]);
        if let Some(halt) = halt {
            return Err(halt.into());
        }
        for (factor, array) in factors.iter().zip(&products.arrays) {
            source.scaled_add(*factor, array);
        }
    }
    Ok(source)
}
