//! [`Study`]: a user's problem on three grids.

use super::{
    CheckError,
    balance::Balance,
    estimate::Estimate,
    grids::{Grids, SOME_SECONDS},
    interpolate::value_at,
    jumps::Jumps,
    maximum, rates,
    run_end::shortened,
    solved::{NestedStates, Solved, shown},
};
use crate::{
    accuracy::{QuantityError, SpacingErrors, StepErrors, updates_of},
    fault::Fault,
    field::Field,
    grid::Grid,
    params::{Layout, RawParams, StepMethod},
    problem::{Footprint, Problem},
    run::{Budget, SnapshotStorage, Terms},
};
use diff2d_arrays::{progress::Progress, wording::bytes};

/// A grid and its time step.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The numbers of nodes along y and x.
    pub shape: (usize, usize),
    /// The spacings along x and y \[length\].
    pub spacing: [f64; 2],
    /// Time step \[time\].
    pub dt: f64,
    /// The number of steps.
    pub steps: u64,
}

impl Level {
    /// The area between the outermost nodes \[length²\].
    pub(super) fn area(&self) -> f64 {
        let (ny, nx) = self.shape;
        self.spacing[0] * (nx - 1) as f64 * self.spacing[1] * (ny - 1) as f64
    }
}

/// A problem on three grids, each twice as fine as the one before.
#[derive(Debug, Clone)]
pub struct Study {
    /// The grids from coarse to fine.
    pub levels: [Level; 3],
    /// The refinement of the user's own grid relative to the coarse one: 1, 2, 4, …
    pub refinement: u32,
    /// The simulated time of the last snapshot, at which the grids are compared \[time\]; `None` for a steady state.
    pub time: Option<f64>,
    /// The mass \[density·length²\].
    pub mass: Estimate,
    /// The largest value \[density\].
    pub maximum: Estimate,
    /// The largest value at a node without a given value \[density\], for a steady state whose overall maximum is a
    /// given value.
    pub inside: Option<Estimate>,
    /// The rates of inflow through walls and at held nodes in a steady state, by name \[density·length²/time\].
    pub rates: Vec<(&'static str, Estimate)>,
    /// The errors of the numbers of a record on the user's own grid by the steps and by the spacing, each that of its worst row.
    pub record: [Vec<QuantityError>; 2],
    /// Values at points `(x, y)` \[density\].
    pub points: Vec<((f64, f64), Estimate)>,
    /// The root mean square of the difference of p from the fine grid, over the nodes of the coarse grid \[density\].
    pub field: Estimate,
    /// The number of nodes in this mean.
    pub nodes: usize,
    /// The root mean square of p at these nodes \[density\].
    pub rms: f64,
    /// The balance of mass on the coarse grid, and the errors of its parts; `None` for a steady state, and for
    /// `method = "exact"` with fixed walls, which sums no fluxes.
    pub balance: Option<[Balance; 2]>,
    /// Whether the largest value is the value of a fixed wall or a held node.
    pub is_maximum_given: bool,
    /// Whether the problem reads arrays, so that there are no grids between.
    pub reads_arrays: bool,
    /// Whether nodes are masked or held.
    pub has_edges: bool,
    /// Whether the initial state or the source jumps between nodes.
    pub starts_with_jumps: bool,
    /// The root mean square of the effect of single precision \[density\]; `None` in double precision.
    pub rounding: Option<f64>,
    /// The largest minus the smallest value of the initial state, with its walls \[density\].
    pub range: f64,
    /// Whether nodes lie on the walls.
    pub is_on_walls: bool,
    /// The largest |p| on the fine grid \[density\].
    pub scale: f64,
    /// The largest capacity on the fine grid; around an axis of rotation, the capacity of a ring divided by the area of
    /// its section.
    pub capacity: f64,
}

/// The problems of a [`Study`], before they are solved.
pub struct Planned {
    own: Problem,
    grids: Grids,
    points: Vec<(f64, f64)>,
}

impl Planned {
    /// The number of steps on all grids together.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let problems = self.grids.all();
        problems.map(|problem| problem.schedule.last_step()).sum()
    }

    /// The number of node updates on all grids, with every stage counted.
    #[must_use]
    pub fn updates(&self) -> f64 {
        self.grids.all().map(updates_of).sum()
    }

    /// The problem on the finest grid, and its fraction of the updates.
    #[must_use]
    pub fn finest(&self) -> (&Problem, f64) {
        let finest = &self.grids.nested[2];
        (finest, updates_of(finest) / self.updates())
    }

    /// Refuses states that do not fit into memory. The finest grid is solved last, while the states of coarser grids
    /// are kept.
    fn fits(&self) -> Result<(), CheckError> {
        let [coarse, middle, fine] = &self.grids.nested;
        let kept_bytes =
            (coarse.grid.len() + middle.grid.len()).saturating_mul(size_of::<f64>() as u64);
        let mut states = Footprint::of(fine);
        states.arrays = states.arrays.saturating_add(kept_bytes);
        let terms = Terms {
            limit: self.own.params.memory,
            snapshots: SnapshotStorage::Nothing,
            ..Terms::alone(None)
        };
        let budget = Budget::of(states, fine, terms);
        match budget.limit.filter(|&memory| memory < budget.total) {
            Some(memory) => Err(Fault::failed(format!(
                "the finest grid of the check needs {} of memory, and the parameters allow memory = {}: it fits with a larger dx, or with more memory",
                bytes(budget.total),
                bytes(memory)
            ))
            .into()),
            None => budget.check(1).map_err(|_| CheckError::no_memory()),
        }
    }

    /// The errors of the numbers of a record by the steps and by the spacing, as they are told beside a run.
    fn errors_of_record(&self) -> [Vec<QuantityError>; 2] {
        if self.own.params.record.is_none() {
            return [Vec::new(), Vec::new()];
        }
        let by_steps = StepErrors::of(&self.own, (Some(2), 0.0), 0.0);
        let by_steps = by_steps.map_or_else(Vec::new, |errors| errors.errors);
        let by_spacing = SpacingErrors::of(&self.own, &by_steps, Some(SOME_SECONDS));
        [
            by_steps,
            by_spacing.map_or_else(Vec::new, |errors| errors.errors),
        ]
    }

    /// Solves the problem on all grids. `progress` counts the steps.
    ///
    /// # Errors
    /// As [`Study::plan`].
    pub fn solve(&self, progress: &Progress) -> Result<Study, CheckError> {
        self.fits()?;
        let problems = &self.grids.nested;
        let solved_states = NestedStates::solve(&self.own, problems, progress)?;
        let states = &solved_states.nested;
        let solved = Solved::new(&self.own, &self.grids, states, progress)?;
        let jumps = Jumps::of(problems)?;
        let summary = problems[2].summary(&states[2])?;
        let (x, y) = (&problems[2].grid.x, &problems[2].grid.y);
        let circumference = problems[2].grid.integral(1.0) / (x.spacing * y.spacing);
        let capacities = problems[2].slots().capacities()?.into_iter();
        let capacity = circumference * capacities.fold(0.0, f64::max);
        let scale = summary.min.abs().max(summary.max.abs());
        let x_ends = problems[2].grid.x.domain();
        let y_ends = problems[2].grid.y.domain();
        let area = (x_ends.1 - x_ends.0) * (y_ends.1 - y_ends.0);
        let rms_of_fine = solved.rms_of_fine();
        let floors_of_field = jumps.shares.map(|share| share * rms_of_fine);
        let value_floors = jumps.shares.map(|share| share * scale);
        let estimates = self.points.iter().map(|&point| {
            let value = solved.estimate(
                &|problem, state| value_at(&shown(problem, state).view(), &problem.grid, point),
                scale,
                value_floors,
            );
            (point, value)
        });
        let estimates: Vec<_> = estimates.collect();
        let mut points = estimates.iter();
        if let Some(((x, y), _)) =
            points.find(|(_, estimate)| estimate.values.iter().any(|p| p.is_nan()))
        {
            return Err(CheckError::refused(format!(
                "the point --at {x:?},{y:?} is masked, or less than two nodes of the coarsest grid away from masked ones, between which p is not known"
            )));
        }
        let names = rates::names(&problems[2], &states[2])?;
        let fine_rates = (names.iter()).map(|name| rates::rate(&problems[2], &states[2], name));
        let largest_rate = fine_rates.fold(0.0, |most: f64, rate| most.max(rate.abs()));
        let rates = names.into_iter();
        let rates = rates.map(|name| {
            let estimate = solved.estimate(
                &|problem, state| rates::rate(problem, state, name),
                largest_rate,
                [0.0; 3],
            );
            (name, estimate)
        });
        let rates = rates.collect();
        let is_steady = self.own.params.method == StepMethod::Steady;
        let mut maximum_floors = value_floors;
        let mut is_maximum_given = true;
        for ((problem, state), of_level) in problems.iter().zip(states).zip(&mut maximum_floors) {
            if maximum::is_given(problem, state) {
                *of_level = of_level.max(maximum::hidden(problem, state)?);
            } else {
                is_maximum_given = false;
            }
        }
        let range = {
            let own_problem = solved.own_problem();
            let mut start = Field::<f64>::zeros(own_problem.grid.shape())?;
            own_problem.fill_initial(&mut start, 0)?;
            let start = own_problem.summary(&start)?;
            start.max - start.min
        };
        let mut levels = [0, 1, 2].map(|level| level_of(&problems[level]));
        if let (Some(problem), true) = (&self.grids.run, self.grids.refinement <= 4) {
            levels[solved.run.level] = level_of(problem);
        }
        Ok(Study {
            levels,
            refinement: self.grids.refinement,
            time: (!is_steady).then(|| self.own.schedule.end()),
            mass: solved.estimate(
                &|problem, state| problem.summary(state).map_or(f64::NAN, |all| all.mass),
                scale * capacity * area,
                jumps.masses,
            ),
            maximum: solved.estimate(
                &|problem, state| problem.summary(state).map_or(f64::NAN, |all| all.max),
                scale,
                maximum_floors,
            ),
            is_maximum_given,
            inside: (is_steady && is_maximum_given)
                .then(|| solved.estimate(&maximum::inside, scale, value_floors))
                .filter(|inside| inside.values.iter().all(|value| value.is_finite())),
            rates,
            record: self.errors_of_record(),
            points: estimates,
            field: solved.estimate_of_field(scale, floors_of_field),
            nodes: solved.unmasked_nodes.len(),
            rms: rms_of_fine,
            balance: solved_states.balance,
            reads_arrays: self.own.reads_arrays(),
            has_edges: self.own.geometry().is_there(),
            starts_with_jumps: jumps.masses != [0.0; 3],
            rounding: (solved.run).rounding(|one, other| solved.distance(one, other)),
            range,
            is_on_walls: self.own.params.grid == Layout::Walls,
            scale,
            capacity,
        })
    }
}

impl Study {
    /// Plans a study of the problem of a parameter file, at its own spacing, half and a quarter of it; at coarser ones
    /// if these take too long.
    ///
    /// # Errors
    /// [`CheckError`] if there is nothing to compare, a point is outside the domain, or arrays do not share
    /// nodes with coarser grids; [`CheckError::Params`] for parameters that cannot be used.
    pub fn plan(raw: &RawParams, points: &[(f64, f64)]) -> Result<Planned, CheckError> {
        let problem = Problem::from_raw(raw)?;
        let params = &problem.params;
        check_points(&problem, points)?;
        if problem.schedule.last_step() == 0 && !params.method.is_exact_in_time() {
            return Err(CheckError::refused(format!(
                "there is nothing to check: runtime = {:?} is shorter than one step of {:?}",
                params.runtime, problem.schedule.dt
            )));
        }
        let problem = shortened(problem, raw)?;
        Ok(Planned {
            grids: Grids::new(&problem, raw)?,
            points: points.to_vec(),
            own: problem,
        })
    }

    /// Solves the problem of a parameter file on all grids.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn new(raw: &RawParams, points: &[(f64, f64)]) -> Result<Self, CheckError> {
        Self::plan(raw, points)?.solve(&Progress::default())
    }

    /// All estimates with their names. The estimate of p is of its difference from the fine grid.
    #[must_use]
    pub fn estimates(&self) -> Vec<(String, Estimate)> {
        let mut estimates = vec![
            ("mass".to_owned(), self.mass),
            ("maximum".to_owned(), self.maximum),
            (FIELD.to_owned(), self.field),
        ];
        estimates.extend(self.inside.map(|inside| (INSIDE.to_owned(), inside)));
        let rates = self.rates.iter();
        estimates.extend(rates.map(|(name, estimate)| ((*name).to_owned(), *estimate)));
        estimates.extend(
            self.points
                .iter()
                .map(|((x, y), estimate)| (format!("p({x:?}, {y:?})"), *estimate)),
        );
        estimates
    }
}

/// The name of the estimate of p at all nodes.
pub(super) const FIELD: &str = "p - p_fine, rms";

/// The name of the estimate of the largest value that is not given.
pub(super) const INSIDE: &str = "maximum inside";

/// Whether a point lies in the domain.
fn is_inside(grid: &Grid, (x, y): (f64, f64)) -> bool {
    grid.x.within(x).and(grid.y.within(y)).is_some()
}

fn check_points(problem: &Problem, points: &[(f64, f64)]) -> Result<(), CheckError> {
    let grid = &problem.grid;
    match points.iter().find(|point| !is_inside(grid, **point)) {
        None => Ok(()),
        Some((x, y)) => {
            let ((x1, x2), (y1, y2)) = (grid.x.domain(), grid.y.domain());
            Err(CheckError::refused(format!(
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
