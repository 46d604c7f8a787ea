//! [`Study`]: a user's problem on three grids.

use super::{
    CheckError,
    balance::Balance,
    estimate::Estimate,
    grids::{affordable_refinement, refined},
    interpolate::{at_nodes, value_at},
    jumps::Jumps,
    solve::{solve, solve_metered},
};
use crate::{
    field::Field,
    grid::Axis,
    params::{Layout, Precision, RawParams, StepMethod},
    problem::Problem,
};
use diff2d_stencil::{Coefficient, Operator};
use ndarray::{Array2, ArrayView2, CowArray, Ix2};

/// A grid and its time step.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Nodes along y and x.
    pub shape: (usize, usize),
    /// Distances of nodes along x and y \[length\].
    pub spacing: [f64; 2],
    /// Time step \[time\].
    pub dt: f64,
    /// Steps.
    pub steps: u64,
}

impl Level {
    /// Area between the outermost nodes \[length²\].
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of nodes are below 2^53"
    )]
    pub(super) fn area(&self) -> f64 {
        let (ny, nx) = self.shape;
        self.spacing[0] * (nx - 1) as f64 * self.spacing[1] * (ny - 1) as f64
    }
}

/// A problem on three grids, each twice as fine as the one before.
#[derive(Debug, Clone)]
pub struct Study {
    /// From coarse to fine.
    pub levels: [Level; 3],
    /// How many times finer than the coarse grid the user's own one is: 1, 2, 4, …
    pub refinement: u32,
    /// Simulated time of the comparison: that of the last snapshot \[time\].
    pub time: f64,
    /// The mass \[density·length²\].
    pub mass: Estimate,
    /// The largest value \[density\].
    pub maximum: Estimate,
    /// Values at points `(x, y)` \[density\].
    pub points: Vec<((f64, f64), Estimate)>,
    /// How far p is from that of the fine grid at the nodes of the coarse one, as root mean square \[density\].
    pub field: Estimate,
    /// How many nodes these are.
    pub nodes: usize,
    /// The root mean square of p there \[density\].
    pub rms: f64,
    /// On the coarse grid; none where walls are fixed and `method = "exact"` sums no fluxes.
    pub balance: Option<Balance>,
    /// Whether nodes are masked.
    pub has_mask: bool,
    /// Whether the diffusion coefficient, the capacity or the decay jumps between nodes.
    pub has_jumps: bool,
    /// Whether the initial state or the source does.
    pub starts_with_jumps: bool,
    /// What single precision adds to the root mean square \[density\]; none in double precision.
    pub rounding: Option<f64>,
    /// Whether nodes lie on the walls.
    pub is_on_walls: bool,
    /// The largest |p| on the fine grid \[density\].
    pub scale: f64,
    /// The largest capacity there.
    pub capacity: f64,
}

impl Study {
    /// Solves the problem of a parameter file at its own spacing, half and a quarter of it; at coarser ones
    /// where that would be too dear.
    ///
    /// # Errors
    /// [`CheckError::Request`] where there is nothing to compare, a point is outside the domain, or arrays do
    /// not have the nodes of coarser grids; [`CheckError::Params`] for parameters that cannot be used.
    pub fn new(raw: &RawParams, points: &[(f64, f64)]) -> Result<Self, CheckError> {
        let own = Problem::from_raw(raw)?;
        let params = &own.params;
        check_points(&own, points)?;
        if own.schedule.last_step() == 0 {
            return Err(CheckError::Request(format!(
                "there is nothing to check: runtime = {:?} is shorter than one step of {:?}",
                params.runtime, own.schedule.dt
            )));
        }
        let refinement = affordable_refinement(&own)?;
        let problems = refined(&own, raw, refinement)?;
        let (coarse, balance) = solve_metered(&problems[0])?;
        let is_metered = params.method != StepMethod::Exact || own.conserves_mass();
        let states = [coarse, solve(&problems[1])?, solve(&problems[2])?];
        let single = match params.precision {
            Precision::F32 => Some(Single::solve(&own, &problems, refinement)?),
            Precision::F64 => None,
        };
        let jumps = Jumps::of(&problems)?;
        let estimate = |value: Value<'_>, scale: f64, floor: [f64; 3]| {
            let values = [0, 1, 2].map(|level| value(&problems[level], &states[level]));
            let estimate = Estimate::new(values, scale).with_floor(floor);
            match &single {
                Some(single) => {
                    estimate.with_rounding(single.difference(value, &problems, &states))
                }
                None => estimate,
            }
        };
        let summary = problems[2].summary(&states[2])?;
        let capacity = problems[2].capacity()?.into_iter().fold(0.0, f64::max);
        let scale = summary.min.abs().max(summary.max.abs());
        let size = problems[2].grid.x.domain();
        let height = problems[2].grid.y.domain();
        let area = (size.1 - size.0) * (height.1 - height.0);
        let on_coarse = |problem: &Problem, state: &Field<f64>| {
            at_nodes(
                &shown(problem, state).view(),
                &problem.grid,
                &problems[0].grid,
            )
        };
        let on_all = [0, 1, 2].map(|level| on_coarse(&problems[level], &states[level]));
        // Nodes that no grid masks.
        let is_common = |node: &usize| on_all.iter().all(|values| !values[*node].is_nan());
        let common: Vec<usize> = (0..on_all[0].len()).filter(is_common).collect();
        let fine = &on_all[2];
        let off_fine = |own: &Vec<f64>| rms(common.iter().map(|&node| own[node] - fine[node]));
        let rms = rms(common.iter().map(|&node| fine[node]));
        let rounding = single.as_ref().map(|single| {
            let problem = &problems[single.level];
            let states =
                [&single.state, &states[single.level]].map(|state| on_coarse(problem, state));
            single.more * rms_between(&states, &common)
        });
        let mut field = Estimate::new(on_all.each_ref().map(off_fine), scale)
            .with_floor(jumps.shares.map(|share| share * rms));
        if let Some(rounding) = rounding {
            field = field.with_rounding(rounding);
        }
        let of_values = jumps.shares.map(|share| share * scale);
        let estimates = points.iter().map(|&point| {
            let value = |problem: &Problem, state: &Field<f64>| {
                value_at(&shown(problem, state).view(), &problem.grid, point)
            };
            (point, estimate(&value, scale, of_values))
        });
        let estimates: Vec<_> = estimates.collect();
        let is_masked = |(_, estimate): &&(_, Estimate)| estimate.values.iter().any(|p| p.is_nan());
        if let Some(((x, y), _)) = estimates.iter().find(is_masked) {
            return Err(CheckError::Request(format!(
                "the point --at {x:?},{y:?} is masked, or less than two nodes of the coarsest grid away from masked ones, between which p is not known"
            )));
        }
        Ok(Self {
            levels: [0, 1, 2].map(|level| level_of(&problems[level])),
            refinement,
            time: problems[2].schedule.end(),
            mass: estimate(
                &|problem, state| problem.summary(state).map_or(f64::NAN, |all| all.mass),
                scale * capacity * area,
                jumps.masses,
            ),
            maximum: estimate(
                &|problem, state| problem.summary(state).map_or(f64::NAN, |all| all.max),
                scale,
                of_values,
            ),
            points: estimates,
            field,
            nodes: common.len(),
            rms,
            balance: is_metered.then_some(balance),
            has_jumps: has_jumps(&problems)?,
            has_mask: own.masked().is_some(),
            starts_with_jumps: jumps.masses != [0.0; 3],
            rounding,
            is_on_walls: params.grid == Layout::Walls,
            scale,
            capacity,
        })
    }

    /// All estimates with their names; that of p is of its distance from the fine grid.
    #[must_use]
    pub fn estimates(&self) -> Vec<(String, Estimate)> {
        let mut all = vec![
            ("mass".to_owned(), self.mass),
            ("maximum".to_owned(), self.maximum),
            (FIELD.to_owned(), self.field),
        ];
        all.extend(
            self.points
                .iter()
                .map(|((x, y), estimate)| (format!("p({x:?}, {y:?})"), *estimate)),
        );
        all
    }
}

/// The name of the estimate of p at all nodes.
pub(super) const FIELD: &str = "p off fine, rms";

/// A number of a state.
type Value<'a> = &'a dyn Fn(&Problem, &Field<f64>) -> f64;

/// A state in single precision, on the grid of the three that is the user's own or next to it.
struct Single {
    level: usize,
    state: Field<f64>,
    /// How many times more steps the user's own run takes.
    more: f64,
}

impl Single {
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of steps are below 2^53"
    )]
    fn solve(own: &Problem, problems: &[Problem; 3], refinement: u32) -> Result<Self, CheckError> {
        let level = (refinement.ilog2() as usize).min(2);
        let problem = &problems[level];
        let single = solve::<f32>(problem)?;
        let mut state = Field::zeros(single.shape())?;
        for (to, from) in state.as_mut_slice().iter_mut().zip(single.as_slice()) {
            *to = f64::from(*from);
        }
        let more = own.schedule.last_step() as f64 / problem.schedule.last_step() as f64;
        Ok(Self { level, state, more })
    }

    /// What single precision changes of a number.
    fn difference(
        &self,
        value: Value<'_>,
        problems: &[Problem; 3],
        states: &[Field<f64>; 3],
    ) -> f64 {
        let problem = &problems[self.level];
        self.more * (value(problem, &self.state) - value(problem, &states[self.level])).abs()
    }
}

/// The root mean square.
#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of nodes are below 2^53"
)]
fn rms(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    (values.map(|value| value * value).sum::<f64>() / count).sqrt()
}

/// The root mean square of the difference of two states at nodes.
fn rms_between([one, other]: &[Vec<f64>; 2], nodes: &[usize]) -> f64 {
    rms(nodes.iter().map(|&node| one[node] - other[node]))
}

/// A state with NaN where nodes are masked.
fn shown<'a>(problem: &Problem, state: &'a Field<f64>) -> CowArray<'a, f64, Ix2> {
    let mut shown = CowArray::from(state.view());
    if problem.masked().is_some()
        && let Some(values) = shown.as_slice_mut()
    {
        problem.geometry().fill_masked(0, values, f64::NAN);
    }
    shown
}

fn check_points(problem: &Problem, points: &[(f64, f64)]) -> Result<(), CheckError> {
    let inside = |axis: &Axis, at: f64| {
        let (first, last) = axis.domain();
        (first..=last).contains(&at)
    };
    let grid = &problem.grid;
    match points
        .iter()
        .find(|(x, y)| !(inside(&grid.x, *x) && inside(&grid.y, *y)))
    {
        None => Ok(()),
        Some((x, y)) => {
            let ((x1, x2), (y1, y2)) = (grid.x.domain(), grid.y.domain());
            Err(CheckError::Request(format!(
                "the point --at {x:?},{y:?} is outside of the domain, which is {x1:?} to {x2:?} along x and {y1:?} to {y2:?} along y"
            )))
        }
    }
}

fn level_of(problem: &Problem) -> Level {
    Level {
        shape: problem.grid.shape(),
        spacing: [problem.grid.x.spacing, problem.grid.y.spacing],
        dt: problem.schedule.dt,
        steps: problem.schedule.last_step(),
    }
}

/// Whether neighbours differ on the fine grid as much as they do on the middle one: where coefficients are smooth, by
/// half as much.
fn has_jumps(problems: &[Problem; 3]) -> Result<bool, CheckError> {
    let middle = steepest(&problems[1])?;
    let fine = steepest(&problems[2])?;
    Ok(fine > 0.05 && fine > 0.75 * middle)
}

/// The largest |ln| of the ratio of the diffusion coefficients of two neighbouring faces, or of the capacities or
/// decays of two neighbouring nodes.
fn steepest(problem: &Problem) -> Result<f64, CheckError> {
    let (ny, _) = problem.grid.shape();
    let equation = problem.dynamics::<f64>(0..ny)?.equation;
    let mut arrays = Vec::new();
    if let Operator::Variable { x, y } = equation.operator {
        arrays.extend([x, y]);
    }
    if let Some(Coefficient::Array(decay)) = equation.reaction.map(|reaction| reaction.decay) {
        // It may be 0, beside whatever there is of it.
        let most = decay.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        arrays.push(decay.mapv(|decay| 1.0 + decay / most));
    }
    if problem.uniform_capacity().is_none() {
        let capacity = Array2::from_shape_vec(problem.grid.shape(), problem.capacity()?);
        arrays.extend(capacity);
    }
    let ratio = |a: f64, b: f64| match (a == b, a * b == 0.0) {
        (true, _) => 0.0,
        // Nothing passes the faces of masked nodes, whatever D is.
        (_, true) if problem.masked().is_some() => 0.0,
        (_, true) => f64::INFINITY,
        _ => (a / b).ln().abs(),
    };
    let along_columns = |values: ArrayView2<'_, f64>| {
        let rows = values.rows().into_iter();
        rows.zip(values.rows().into_iter().skip(1))
            .fold(0.0, |most: f64, (row, next)| {
                row.iter()
                    .zip(next)
                    .fold(most, |most, (&a, &b)| most.max(ratio(a, b)))
            })
    };
    let both = arrays.iter().flat_map(|array| [array.view(), array.t()]);
    Ok(both.map(along_columns).fold(0.0, f64::max))
}
