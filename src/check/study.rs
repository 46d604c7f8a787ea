//! [`Study`]: a user's problem on three grids.

use super::{
    CheckError,
    balance::Balance,
    estimate::Estimate,
    grids::{Grids, updates_of},
    interpolate::{at_nodes, value_at},
    jumps::Jumps,
    maximum,
    own_run::OwnRun,
    rates,
    run_end::shortened,
    scatter::Between,
    solve::{Value, solve, solve_metered},
};
use crate::{
    field::Field,
    grid::Axis,
    params::{Layout, RawParams, StepMethod},
    physics::slots::Place,
    problem::{Footprint, Problem},
    run::{Budget, SnapshotStorage, Terms},
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::{Coefficient, Operator};
use ndarray::{Array2, ArrayView2, CowArray, Ix2, s};

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
    /// Simulated time of the comparison: that of the last snapshot \[time\]; none of a steady state.
    pub time: Option<f64>,
    /// The mass \[density·length²\].
    pub mass: Estimate,
    /// The largest value \[density\].
    pub maximum: Estimate,
    /// What comes in per time through walls and from held nodes in a steady state, by name \[density·length²/time\].
    pub rates: Vec<(&'static str, Estimate)>,
    /// Values at points `(x, y)` \[density\].
    pub points: Vec<((f64, f64), Estimate)>,
    /// How far p is from that of the fine grid at the nodes of the coarse one, as root mean square \[density\].
    pub field: Estimate,
    /// How many nodes these are.
    pub nodes: usize,
    /// The root mean square of p there \[density\].
    pub rms: f64,
    /// On the coarse grid; none where walls are fixed and `method = "exact"` sums no fluxes, and of a steady state.
    pub balance: Option<Balance>,
    /// Whether the largest value is that of a fixed wall or a held node.
    pub is_maximum_given: bool,
    /// Whether there are no grids between, as arrays have no nodes there.
    pub reads_arrays: bool,
    /// Whether nodes are masked or held.
    pub has_edges: bool,
    /// Whether the diffusion coefficient, the capacity or the decay jumps between nodes.
    pub has_jumps: bool,
    /// Whether the initial state or the source does.
    pub starts_with_jumps: bool,
    /// What single precision adds to the root mean square \[density\]; none in double precision.
    pub rounding: Option<f64>,
    /// Between the smallest and the largest value of the initial state, with its walls \[density\].
    pub range: f64,
    /// Whether nodes lie on the walls.
    pub is_on_walls: bool,
    /// The largest |p| on the fine grid \[density\].
    pub scale: f64,
    /// The largest capacity there; around an axis of rotation that of a ring by the area of its section.
    pub capacity: f64,
}

/// What a [`Study`] will take, before it begins.
pub struct Planned {
    own: Problem,
    grids: Grids,
    points: Vec<(f64, f64)>,
}

impl Planned {
    /// Steps of all grids.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let all = self.grids.all();
        all.map(|problem| problem.schedule.last_step()).sum()
    }

    /// Updates of nodes on all grids, those of every stage.
    #[must_use]
    pub fn updates(&self) -> f64 {
        self.grids.all().map(updates_of).sum()
    }

    /// The problem on the finest grid, and its share of the updates.
    #[must_use]
    pub fn finest(&self) -> (&Problem, f64) {
        let finest = &self.grids.nested[2];
        (finest, updates_of(finest) / self.updates())
    }

    /// Refuses states for which there is no room: that of the finest grid comes last, and those of coarser ones are kept.
    fn fits(&self) -> Result<(), CheckError> {
        let [coarse, middle, fine] = &self.grids.nested;
        let kept = (coarse.grid.len() + middle.grid.len()).saturating_mul(size_of::<f64>() as u64);
        let mut states = Footprint::of(fine);
        states.arrays = states.arrays.saturating_add(kept);
        let terms = Terms {
            limit: self.own.params.memory,
            snapshots: SnapshotStorage::Nothing,
            ..Terms::alone(None)
        };
        let budget = Budget::of(states, fine, terms);
        match budget.limit.filter(|&memory| memory < budget.total) {
            Some(memory) => Err(CheckError::Limit {
                needed: budget.total,
                memory,
            }),
            None => budget.check(1).map_err(|_| CheckError::Memory),
        }
    }

    /// Solves the problem on all grids, and counts the steps.
    ///
    /// # Errors
    /// As [`Study::plan`].
    pub fn solve(&self, progress: &Progress) -> Result<Study, CheckError> {
        self.fits()?;
        let problems = &self.grids.nested;
        let (coarse, balance) = solve_metered(&problems[0], progress)?;
        let middle = solve(&problems[1], progress)?;
        let states = [coarse, middle, solve(&problems[2], progress)?];
        let between = Between::solve(&self.grids.between, progress)?;
        let run = OwnRun::solve(&self.own, &self.grids, &states, progress)?;
        let jumps = Jumps::of(problems)?;
        let own = &problems[run.level];
        let estimate = |value: Value<'_>, scale: f64, floor: [f64; 3]| {
            let values = [0, 1, 2].map(|level| value(&problems[level], &states[level]));
            let estimate = Estimate::new(values, scale)
                .with_scatter(between.scatter(values, value), scale)
                .with_floor(floor, scale);
            let value = |state: &Field<f64>| value(own, state);
            let distance = |one: &Field<f64>, other: &Field<f64>| (value(one) - value(other)).abs();
            run.counted(estimate, scale, value, distance)
        };
        let summary = problems[2].summary(&states[2])?;
        let (x, y) = (&problems[2].grid.x, &problems[2].grid.y);
        let around = problems[2].grid.integral(1.0) / (x.spacing * y.spacing);
        let capacities = problems[2].slots().capacities()?.into_iter();
        let capacity = around * capacities.fold(0.0, f64::max);
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
        let between_states = |problem: &Problem, state: &Field<f64>, other: &[f64]| {
            let own = on_coarse(problem, state);
            // On other grids nodes beside masked ones have no value.
            let there = common.iter().filter(|&&node| !own[node].is_nan());
            rms(there.map(|&node| own[node] - other[node]))
        };
        let off_fine =
            |problem: &Problem, state: &Field<f64>| between_states(problem, state, &on_all[2]);
        let apart =
            |one: &Field<f64>, other: &Field<f64>| between_states(own, one, &on_coarse(own, other));
        let of_fine = rms(common.iter().map(|&node| on_all[2][node]));
        let field = {
            let values = [0, 1, 2].map(|level| off_fine(&problems[level], &states[level]));
            let estimate = Estimate::new(values, scale)
                .with_scatter(between.scatter(values, &off_fine), scale)
                .with_floor(jumps.shares.map(|share| share * of_fine), scale);
            run.counted(estimate, scale, |state| off_fine(own, state), apart)
        };
        let of_values = jumps.shares.map(|share| share * scale);
        let estimates = self.points.iter().map(|&point| {
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
        let names = rates::names(&problems[2], &states[2])?;
        let of_name =
            |name| move |problem: &Problem, state: &Field<f64>| rates::rate(problem, state, name);
        let of_fine_grid = names
            .iter()
            .map(|name| of_name(name)(&problems[2], &states[2]));
        let largest = of_fine_grid.fold(0.0, |most: f64, rate| most.max(rate.abs()));
        let rates = names.into_iter();
        let rates = rates.map(|name| (name, estimate(&of_name(name), largest, [0.0; 3])));
        let rates = rates.collect();
        let mut of_maximum = of_values;
        let mut is_maximum_given = true;
        for ((problem, state), of_level) in problems.iter().zip(&states).zip(&mut of_maximum) {
            match maximum::is_given(problem, state) {
                true => *of_level = of_level.max(maximum::hidden(problem, state)?),
                false => is_maximum_given = false,
            }
        }
        let range = {
            let mut start = Field::<f64>::zeros(own.grid.shape())?;
            own.fill_initial(&mut start, 0)?;
            let start = own.summary(&start)?;
            start.max - start.min
        };
        let mut levels = [0, 1, 2].map(|level| level_of(&problems[level]));
        if let (Some(problem), true) = (&self.grids.run, self.grids.refinement <= 4) {
            levels[run.level] = level_of(problem);
        }
        let is_steady = self.own.params.method == StepMethod::Steady;
        let is_metered = !self.own.params.method.is_exact_in_time() || self.own.conserves_mass();
        Ok(Study {
            levels,
            refinement: self.grids.refinement,
            time: (!is_steady).then(|| self.own.schedule.end()),
            mass: estimate(
                &|problem, state| problem.summary(state).map_or(f64::NAN, |all| all.mass),
                scale * capacity * area,
                jumps.masses,
            ),
            maximum: estimate(
                &|problem, state| problem.summary(state).map_or(f64::NAN, |all| all.max),
                scale,
                of_maximum,
            ),
            is_maximum_given,
            rates,
            points: estimates,
            field,
            nodes: common.len(),
            rms: of_fine,
            balance: (is_metered && !is_steady).then_some(balance),
            has_jumps: has_jumps(problems)?,
            reads_arrays: self.own.reads_arrays(),
            has_edges: self.own.geometry().is_there(),
            starts_with_jumps: jumps.masses != [0.0; 3],
            rounding: run.rounding(apart),
            range,
            is_on_walls: self.own.params.grid == Layout::Walls,
            scale,
            capacity,
        })
    }
}

impl Study {
    /// What a study of the problem of a parameter file takes, at its own spacing, half and a quarter of it; at coarser
    /// ones where that would be too dear.
    ///
    /// # Errors
    /// [`CheckError::Request`] where there is nothing to compare, a point is outside the domain, or arrays do
    /// not have the nodes of coarser grids; [`CheckError::Params`] for parameters that cannot be used.
    pub fn plan(raw: &RawParams, points: &[(f64, f64)]) -> Result<Planned, CheckError> {
        let own = Problem::from_raw(raw)?;
        let params = &own.params;
        check_points(&own, points)?;
        if own.schedule.last_step() == 0 && !params.method.is_exact_in_time() {
            return Err(CheckError::Request(format!(
                "there is nothing to check: runtime = {:?} is shorter than one step of {:?}",
                params.runtime, own.schedule.dt
            )));
        }
        let own = shortened(own, raw)?;
        Ok(Planned {
            grids: Grids::new(&own, raw)?,
            points: points.to_vec(),
            own,
        })
    }

    /// Solves the problem of a parameter file on all grids.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn new(raw: &RawParams, points: &[(f64, f64)]) -> Result<Self, CheckError> {
        Self::plan(raw, points)?.solve(&Progress::default())
    }

    /// All estimates with their names; that of p is of its distance from the fine grid.
    #[must_use]
    pub fn estimates(&self) -> Vec<(String, Estimate)> {
        let mut all = vec![
            ("mass".to_owned(), self.mass),
            ("maximum".to_owned(), self.maximum),
            (FIELD.to_owned(), self.field),
        ];
        let rates = self.rates.iter();
        all.extend(rates.map(|(name, estimate)| ((*name).to_owned(), *estimate)));
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

/// The root mean square.
fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let add = |(sum, count), value| (sum + value * value, count + 1.0);
    let (sum, count) = values.fold((0.0, 0.0), add);
    (sum / f64::max(count, 1.0)).sqrt()
}

/// A state as a snapshot.
fn shown<'a>(problem: &Problem, state: &'a Field<f64>) -> CowArray<'a, f64, Ix2> {
    let mut shown = CowArray::from(state.view());
    if problem.masked().is_some()
        && let Some(values) = shown.as_slice_mut()
    {
        problem.codec().encode(0, values);
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
    let columns = &problem.grid.x;
    // Around an axis of rotation the radius is in them, which is of no material.
    let by = |radius: &dyn Fn(usize) -> f64, mut values: Array2<f64>| {
        let each = values.indexed_iter_mut();
        each.for_each(|((_, i), value)| *value /= radius(i));
        values
    };
    let by_radius = |values| by(&|i| columns.radius(i), values);
    let equation = problem.dynamics::<f64>(0..ny)?.equation;
    let mut arrays = Vec::new();
    if let Operator::Variable { x, y } = equation.operator {
        // Beyond the walls there is no material; beside masked nodes the faces there are no number either.
        let (along_x, along_y) = (x.ncols() - 1, y.nrows() - 1);
        arrays.extend([
            by(
                &|i| columns.radius_of_face(i + 1),
                x.slice_move(s![.., 1..along_x]),
            ),
            by_radius(y.slice_move(s![1..along_y, ..])),
        ]);
    }
    if let Some(Coefficient::Array(decay)) = equation.reaction.map(|reaction| reaction.decay) {
        let mut decay = by_radius(decay);
        // Nothing decays at nodes that keep their value.
        if let Some(values) = decay.as_slice_mut() {
            problem.geometry().fill_kept(0, values, f64::NAN);
        }
        // It may be 0, beside whatever there is of it.
        let most = decay.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        arrays.push(decay.mapv(|decay| 1.0 + decay / most));
    }
    if problem.slots().uniform(Place::Capacity).is_none() {
        let capacity = Array2::from_shape_vec(problem.grid.shape(), problem.slots().capacities()?);
        arrays.extend(capacity.map(by_radius));
    }
    let ratio = |a: f64, b: f64| match (a == b, a * b == 0.0) {
        (true, _) => 0.0,
        _ if a.is_nan() || b.is_nan() => 0.0,
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
