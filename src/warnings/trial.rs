//! Solves a problem again, in memory and in double precision, with other steps or on another grid.

use super::sampling::Sampling;
use crate::{
    check::Ladder,
    comm::Solo,
    field::Field,
    params::{RawParams, StepMethod, Times, Wall},
    physics::{over_time::values_at, wall::Side},
    problem::Problem,
};
use ndarray::{ArrayView2, s};
use rayon::ThreadPoolBuilder;
use std::thread;

/// The largest number of nodes of a trial.
const MOST_NODES: u64 = 1 << 17;
/// The numbers of node updates that take about a tenth of a second, and a second; for a longer run, the largest
/// fraction of it that trials take.
const TENTH: f64 = (1_u64 << 25) as f64;
const SECOND: f64 = 10.0 * TENTH;
const SHARE_OF_RUN: f64 = 0.01;
/// The number of steps after which no decaying mode has an error that needs a warning: the error of explicit Euler is
/// `(λt)²/2n exp(-λt)`, at most 0.27/n for any λ.
const MOST_STEPS: u64 = 54;
/// The errors, relative to the range of p, above which there is a warning, below which an error is invisible, and that
/// recommended steps have.
const INACCURATE: f64 = 5e-3;
const SEEN: f64 = 1e-3;
const AIM: f64 = 2e-3;

/// The smallest and the largest value of states, without masked nodes.
pub(super) struct StateRange {
    least: f64,
    most: f64,
}

impl StateRange {
    pub(super) const NONE: Self = Self {
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
    };

    pub(super) fn add(&mut self, problem: &Problem, state: &Field<f64>) {
        for &value in problem.codec().encoded(0, state.as_slice()).iter() {
            (self.least, self.most) = (self.least.min(value), self.most.max(value));
        }
    }

    pub(super) fn size(&self) -> f64 {
        self.most - self.least
    }

    /// The largest |p|.
    pub(super) fn largest(&self) -> f64 {
        self.least.abs().max(self.most.abs())
    }
}

/// What a problem and another one differ by in their snapshots.
pub(super) struct LargestDifference {
    /// The largest difference, relative to the range of p.
    pub(super) share: f64,
    range: f64,
    /// The step of the first problem with the largest difference.
    step: u64,
    /// The number of snapshots after the first that were compared.
    snapshots: u64,
}

impl LargestDifference {
    const NONE: Self = Self {
        share: 0.0,
        range: 0.0,
        step: 0,
        snapshots: 0,
    };

    /// The error of the first problem relative to the range of p, if the error of the second one is smaller by the
    /// factor `remainder`.
    fn error_by(&self, remainder: f64) -> f64 {
        self.share / (1.0 - remainder)
    }
}

/// The error of a run due to its steps.
pub(super) struct StepError {
    /// The error of p relative to its range, and the step after which it is largest.
    error: f64,
    step: u64,
    /// The factor by which the steps that reveal the error are shorter.
    divisor: u32,
    /// Whether the error was estimated over the whole run.
    pub(super) is_of_run: bool,
}

impl StepError {
    /// The error that shorter steps reveal. If nothing depends on t, steps of half the length are taken up to the first
    /// snapshots; otherwise steps that are short enough for the functions of t are taken over the whole run, on a
    /// coarser grid if necessary. `None` if too many nodes would have to be computed.
    pub(super) fn of(problem: &Problem, sampling: Option<&Sampling>) -> Option<Self> {
        let (method, depends_on_time) = (problem.params.method, problem.depends_on_time());
        let is_of_course = problem.params.times == Times::Course && !depends_on_time;
        // The steps of the course are those of its programs.
        if is_of_course || method.is_exact_in_time() {
            return None;
        }
        let schedule = &problem.schedule;
        let dt = schedule.dt.min(schedule.cadence());
        let order = if method == StepMethod::Euler { 1 } else { 2 };
        let last_step = schedule.last_step().min(MOST_STEPS);
        let of_first_steps = alone(|| first_changes(problem, dt / 2.0, last_step));
        let of_first_steps = of_first_steps.map(|change| Self {
            error: change.error_by(0.5_f64.powi(order)),
            step: change.step,
            divisor: 2,
            is_of_run: false,
        });
        let divisor = sampling.map_or(Some(2), |sampling| sampling.divisor);
        let Some(divisor) = divisor.filter(|_| depends_on_time) else {
            return of_first_steps;
        };
        let of_method = f64::from(divisor).powi(-order);
        let remainder = sampling.map_or(0.0, |sampling| sampling.remainder);
        let of_run = alone(|| changes_of_run(problem, dt / f64::from(divisor)));
        let of_run = of_run.map(|change| Self {
            error: change.error_by(remainder.max(of_method)),
            step: change.step,
            divisor,
            is_of_run: true,
        });
        match (of_first_steps, of_run) {
            (Some(of_first_steps), Some(of_run)) if of_first_steps.error > of_run.error => {
                Some(Self {
                    is_of_run: true,
                    ..of_first_steps
                })
            }
            (of_first_steps, of_run) => of_run.or(of_first_steps),
        }
    }

    /// A sentence on the effect on p and on a better step, if the error needs a warning.
    pub(super) fn describe(&self, problem: &Problem) -> Option<String> {
        let dt = problem.schedule.dt.min(problem.schedule.cadence());
        let factor = match problem.params.method {
            StepMethod::Rkl2 if !problem.depends_on_time() => (AIM / self.error).sqrt(),
            _ => AIM / self.error,
        };
        let shorter = match self.divisor {
            2 => "half as long".to_owned(),
            divisor => format!("{divisor} times shorter"),
        };
        (self.error > INACCURATE).then(|| {
            format!(
                "after step {}, p is off by about {:.1} % of its range, as steps {shorter} show, and with dt = {:.2e} by about {:?} %",
                self.step,
                100.0 * self.error,
                0.99 * factor * dt,
                100.0 * AIM,
            )
        })
    }
}

/// Whether another time step changes no snapshot of a run by much, as far as that can be computed cheaply.
pub(super) fn changes_little(problem: &Problem, dt: f64) -> bool {
    let last_step = problem.schedule.last_step().min(MOST_STEPS);
    let change = if problem.depends_on_time() {
        alone(|| changes_of_run(problem, dt))
    } else {
        alone(|| first_changes(problem, dt, last_step))
            .filter(|change| change.snapshots == problem.schedule.snapshot_at(last_step).0)
    };
    change.is_some_and(|change| change.share <= SEEN)
}

/// Calls `work` on a thread that computes alone: grids are small, and a run creates its own pool later.
pub(super) fn alone<T: Send>(work: impl FnOnce() -> Option<T> + Send) -> Option<T> {
    thread::scope(|scope| {
        let spawned = thread::Builder::new().spawn_scoped(scope, || {
            let builder = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
            let _pool = builder.build().ok()?;
            work()
        });
        spawned.ok()?.join().ok()?
    })
}

/// The number of node updates that take as long as the run of a problem.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn work(problem: &Problem) -> f64 {
    /// The costs, in node updates, of a stage, of a formula at a node, of a multigrid cycle at a node, and of a
    /// transform and its inverse at a node.
    const STAGE: f64 = 300.0;
    const FORMULA: f64 = 40.0;
    const CYCLE: f64 = 100.0;
    const TRANSFORM: f64 = 100.0;
    let nodes = problem.grid.len() as f64;
    if let Some(cycles) = problem.usual_cycles() {
        return nodes * CYCLE * cycles as f64;
    }
    let step_work = match problem.params.method {
        StepMethod::Exact => TRANSFORM * nodes,
        _ => {
            let sides = Side::ALL.into_iter();
            let wall_nodes = sides
                .filter(|&side| problem.params.boundary.wall(side).depends_on_time())
                .map(|side| side.nodes(&problem.grid));
            let source = if problem.has_moving_source() {
                nodes
            } else {
                0.0
            };
            let formulas = wall_nodes.sum::<usize>() as f64 + source;
            problem.stages() as f64 * (nodes + STAGE + FORMULA * formulas)
        }
    };
    problem.schedule.last_step() as f64 * step_work
}

/// Whether two problems take no more work than a trial beside a run may take. So few nodes take little memory, and the
/// answer, which journals keep, does not depend on how much a run may take.
pub(super) fn are_cheap(problems: [&Problem; 2], run: &Problem) -> bool {
    /// The nodes of the longest row that is too short for vectors, and how many times longer a trial with such rows takes.
    /// That matters only beside a run that a user waits for.
    const SHORT_ROW: usize = 18;
    const SCALAR: f64 = 5.0;
    let is_long = work(run) >= SECOND;
    let total_work: f64 = problems
        .into_iter()
        .map(|problem| {
            let has_short_rows = problem.grid.x.nodes <= SHORT_ROW;
            work(problem)
                * if is_long && has_short_rows {
                    SCALAR
                } else {
                    1.0
                }
        })
        .sum();
    total_work <= affordable_work(run)
        && problems
            .into_iter()
            .all(|problem| problem.grid.len() <= MOST_NODES)
}

/// The largest work of a trial beside a run. What depends on time has a trial of all its steps and the sampling of its
/// functions beside the trial of its spacing, and each trial takes half as much.
fn affordable_work(run: &Problem) -> f64 {
    let work_of_all = match work(run) {
        short if short < SECOND => TENTH,
        long => SHARE_OF_RUN * long,
    };
    if run.depends_on_time() {
        work_of_all / 2.0
    } else {
        work_of_all
    }
}

/// Whether a problem with `factor` times the work of a run would certainly exceed the work that trials may take. The
/// answer is known before the problem is made.
pub(super) fn is_dear(run: &Problem, factor: f64) -> bool {
    /// The margin for rounding: a problem has whole numbers of nodes and steps, and the estimate by `factor` has not.
    const MARGIN: f64 = 2.0;
    work(run) * factor > MARGIN * affordable_work(run)
}

/// The problem with another time step.
fn with_step(problem: &Problem, dt: f64) -> Problem {
    let mut shorter = problem.clone();
    shorter.params.stages = None;
    shorter.schedule = problem.schedule.with_step(dt);
    shorter
}

/// The change of snapshots up to a step by another time step, as far as that can be computed cheaply. `None` if the
/// grid is too large or steps cannot be taken.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates"
)]
fn first_changes(problem: &Problem, dt: f64, last_step: u64) -> Option<LargestDifference> {
    if problem.grid.len() > MOST_NODES {
        return None;
    }
    let shorter = with_step(problem, dt);
    let problems = [problem, &shorter];
    let stages = problems
        .iter()
        .map(|problem| problem.schedule.nper.most() as f64 * problem.stages() as f64);
    let snapshot_updates = problem.grid.len() as f64 * stages.sum::<f64>();
    let affordable = (affordable_work(problem) / snapshot_updates) as u64;
    let snapshots = affordable.min(problem.schedule.snapshot_at(last_step).0);
    if snapshots == 0 {
        // Other steps change nothing in the initial state.
        return Some(LargestDifference::NONE);
    }
    changes(problems, snapshots, 1)
}

/// What steps of another length change in all snapshots, on the finest grid that is not too dear.
fn changes_of_run(problem: &Problem, dt: f64) -> Option<LargestDifference> {
    let raw = RawParams::from_canonical(problem.params.canonical());
    let mut ladder = Ladder {
        own: problem,
        raw: &raw,
        refinement: 1,
    };
    let mut trial = problem.clone();
    loop {
        let shorter = with_step(&trial, dt);
        let problems = [&trial, &shorter];
        if are_cheap(problems, problem) {
            let mut change = changes(problems, problem.schedule.snapshots() - 1, 1)?;
            if ladder.refinement > 1 {
                change.share = change.share.max(lag(problem) / change.range);
            }
            return Some(change);
        }
        if problem.reads_arrays() || !ladder.coarsen() {
            return None;
        }
        let cells = ladder.coarsest();
        trial = ladder.with_cells(cells, Some(problem.schedule.dt)).ok()?;
        trial.params.stages = None;
        trial.schedule = problem.schedule.clone();
    }
}

/// The lag of explicit Euler beside walls of given values, which it evaluates at the beginning of a step:
/// `dt/2 |df/dt|` at the snapshots. A coarse grid has no nodes at which the lag would be visible.
fn lag(problem: &Problem) -> f64 {
    /// The largest number of snapshots that are examined.
    const MOST: u64 = 1 << 12;
    if problem.params.method != StepMethod::Euler {
        return 0.0;
    }
    let (schedule, nodes) = (&problem.schedule, &problem.geometry().nodes);
    let (pace, dt) = (schedule.pace(), schedule.dt.min(schedule.cadence()));
    let numbers = 1..schedule.snapshots().min(MOST);
    let times: Vec<f64> = numbers
        .map(|number| pace.time_of(number))
        .flat_map(|time| [time - dt, time])
        .collect();
    let walls = Side::ALL.into_iter().filter_map(|side| {
        let Wall::Fixed(function) = problem.params.boundary.wall(side) else {
            return None;
        };
        let middle = side.node(&problem.grid, side.nodes(&problem.grid) / 2);
        let values = values_at(function, nodes, middle, &times);
        let pairs = values.chunks_exact(2);
        Some(
            pairs
                .map(|pair| (pair[1] - pair[0]).abs() / 2.0)
                .fold(0.0, f64::max),
        )
    });
    walls.fold(0.0, f64::max)
}

/// What two problems differ by in so many snapshots after the first, and in the first if there are no others. The second one
/// has `every` times as many cells along each axis. Nothing where steps cannot be taken.
pub(super) fn changes(
    problems: [&Problem; 2],
    snapshots: u64,
    every: isize,
) -> Option<LargestDifference> {
    let mut solvers = [
        problems[0].solver_at_start::<f64>().ok()?,
        problems[1].solver_at_start::<f64>().ok()?,
    ];
    let (mut range, mut largest, mut step) = (StateRange::NONE, 0.0, 0);
    range.add(problems[1], solvers[1].state());
    for snapshot in snapshots.min(1)..=snapshots {
        for (solver, problem) in solvers.iter_mut().zip(problems) {
            let steps = problem.schedule.steps_to(snapshot);
            solver.advance(steps, &Solo).ok()?;
        }
        range.add(problems[1], solvers[1].state());
        let [coarse, fine] = [0, 1].map(|number| {
            let state = solvers[number].state().as_slice();
            problems[number].codec().encoded(0, state)
        });
        let coarse = ArrayView2::from_shape(problems[0].grid.shape(), &coarse[..]).ok()?;
        let fine = ArrayView2::from_shape(problems[1].grid.shape(), &fine[..]).ok()?;
        let pairs = coarse.iter().zip(fine.slice(s![..;every, ..;every]));
        let differences = pairs.map(|(coarse, fine)| (coarse - fine).abs());
        let difference = differences.fold(0.0, f64::max);
        if difference > largest {
            (largest, step) = (difference, problems[0].schedule.step_of(snapshot));
        }
    }
    let is_changed = largest > 0.0;
    Some(LargestDifference {
        share: if is_changed {
            largest / range.size()
        } else {
            0.0
        },
        range: range.size(),
        step,
        snapshots,
    })
}
