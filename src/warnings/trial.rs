//! Solves a problem again, in memory and in double precision, with other steps or on another grid.

use super::{
    rates::{ComparedRates, column_of},
    sampling::Sampling,
};
use crate::{
    check::Ladder,
    comm::Solo,
    field::Field,
    params::{RawParams, StepMethod, Times, Wall},
    physics::{over_time::values_at, wall::Side},
    problem::Problem,
    schedule::{Due, Moment},
};
use diff2d_sys as sys;
use ndarray::{Array2, s};
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
        self.add_values(&problem.codec().encoded(0, state.as_slice()));
    }

    /// Adds values, among which masked nodes are NaN.
    fn add_values(&mut self, values: &[f64]) {
        for &value in values {
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

/// What a problem and another one differ by in their snapshots and rows.
pub(super) struct Differences {
    /// The difference of p.
    pub(super) p: LargestDifference,
    /// The difference of the rates of a record.
    rates: LargestDifference,
    /// Whether all was compared that was to be.
    is_whole: bool,
}

impl Differences {
    /// Whether p and the rates are visibly the same.
    fn are_unseen(&self) -> bool {
        self.p.share <= SEEN && self.rates.share <= SEEN
    }
}

/// The largest difference of p or of a rate.
#[derive(Default)]
pub(super) struct LargestDifference {
    /// The difference, relative to the range of p or to the largest rate.
    pub(super) share: f64,
    range: f64,
    /// The step of the first problem with the largest difference.
    step: u64,
    /// The index of the rate.
    rate: Option<usize>,
}

impl LargestDifference {
    /// The largest difference of values in a range, after a step.
    fn of(largest: f64, range: f64, step: u64) -> Self {
        Self {
            share: if largest > 0.0 { largest / range } else { 0.0 },
            range,
            step,
            rate: None,
        }
    }

    /// The error of the first problem relative to the range, if the error of the second one is smaller by the factor
    /// `remainder`.
    fn error_by(&self, remainder: f64) -> f64 {
        self.share / (1.0 - remainder)
    }
}

/// The error of a run due to its steps.
pub(super) struct StepError {
    /// The error of p relative to its range, or of a rate relative to the largest one, and the step after which it is
    /// largest.
    error: f64,
    step: u64,
    error_of_p: f64,
    /// The index of the rate, if it is not p.
    rate: Option<usize>,
    /// The factor by which the steps that reveal the error are shorter.
    divisor: u32,
    /// Whether the error was estimated over the whole run.
    pub(super) is_of_run: bool,
}

impl StepError {
    /// The error that shorter steps reveal. If nothing depends on t, each of the first steps is halved; otherwise steps that are short enough for the functions of t are taken over the whole run, on a
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
        let of_first_steps = alone(|| first_changes(problem, 2));
        let of_first_steps = of_first_steps.map(|changes| {
            let ratios = in_range_of_run(problem, &changes);
            let of_each = [(changes.p, ratios[0]), (changes.rates, ratios[1])];
            larger(of_each.map(|(change, ratio)| Self {
                error: ratio * change.error_by(0.5_f64.powi(order)),
                error_of_p: 0.0,
                step: change.step,
                rate: change.rate,
                divisor: 2,
                is_of_run: false,
            }))
        });
        let divisor = sampling.map_or(Some(2), |sampling| sampling.divisor);
        let Some(divisor) = divisor.filter(|_| depends_on_time) else {
            return of_first_steps;
        };
        let of_method = f64::from(divisor).powi(-order);
        let remainder = sampling.map_or(0.0, |sampling| sampling.remainder);
        let of_run = alone(|| changes_of_run(problem, dt / f64::from(divisor)));
        let of_run = of_run.map(|changes| {
            larger([changes.p, changes.rates].map(|change| Self {
                error: change.error_by(remainder.max(of_method)),
                error_of_p: 0.0,
                step: change.step,
                rate: change.rate,
                divisor,
                is_of_run: true,
            }))
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

    /// The error of p relative to its range.
    pub(super) fn of_p(&self) -> f64 {
        self.error_of_p
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
            let column = self.rate.and_then(|rate| column_of(problem, rate));
            let [what, whole] = match column {
                Some(column) => [column, "the largest rate".to_owned()],
                None => ["p", "its range"].map(str::to_owned),
            };
            format!(
                "after step {}, {what} is off by about {:.1} % of {whole}, as steps {shorter} show, and with dt = {:.2e} by about {:?} %",
                self.step,
                100.0 * self.error,
                0.99 * factor * dt,
                100.0 * AIM,
            )
        })
    }
}

/// The larger one of the errors of p and of a rate.
fn larger([of_p, of_rate]: [StepError; 2]) -> StepError {
    let error_of_p = of_p.error;
    let larger = if of_rate.error > of_p.error {
        of_rate
    } else {
        of_p
    };
    StepError {
        error_of_p,
        ..larger
    }
}

/// The range of p, and the largest rate, in the first steps divided by those of the whole run, as a trial of the run on a
/// coarser grid shows them: p that only begins to change has a small range. It is 1 if there is no trial, or nothing to
/// report.
fn in_range_of_run(problem: &Problem, changes: &Differences) -> [f64; 2] {
    if changes.are_unseen() || problem.schedule.last_step() <= MOST_STEPS {
        return [1.0; 2];
    }
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let Some(run) = alone(|| changes_of_run(problem, dt)) else {
        return [1.0; 2];
    };
    [(&changes.p, &run.p), (&changes.rates, &run.rates)].map(|(change, of_run)| {
        if change.range > 0.0 {
            change.range / change.range.max(of_run.range)
        } else {
            1.0
        }
    })
}

/// Whether steps that are divided into so many parts change no snapshot and no row of a run by much, as far as that can
/// be computed cheaply.
pub(super) fn changes_little(problem: &Problem, parts: u32) -> bool {
    let changes = if problem.depends_on_time() {
        alone(|| {
            changes_of_run(
                problem,
                problem.schedule.dt.min(problem.schedule.cadence()) / f64::from(parts),
            )
        })
    } else {
        alone(|| first_changes(problem, parts)).filter(|changes| changes.is_whole)
    };
    changes.is_some_and(|changes| changes.are_unseen())
}

/// Calls `work` on a thread that computes alone: grids are small, and a run creates its own pool later.
pub(super) fn alone<T: Send>(work: impl FnOnce() -> Option<T> + Send) -> Option<T> {
    if !sys::HAS_THREADS {
        return work();
    }
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

/// A moment at which two problems are compared.
struct Look {
    /// The moment in the steps of each problem.
    moments: [Moment; 2],
    time: f64,
    /// Whether the whole state is seen, and not only the points of a record.
    is_whole: bool,
}

/// The largest number of rows between snapshots that are compared.
const MOST_ROWS: usize = 1 << 10;

/// The moments of snapshots after the first and of rows of a record, with the time of each, in order, up to a step.
fn looks(problem: &Problem, last_step: u64) -> Vec<(Moment, f64, bool)> {
    let schedule = &problem.schedule;
    let pace = schedule.pace();
    let last_moment = on_step(last_step);
    let snapshots = (1..schedule.snapshots())
        .map(|index| (on_step(schedule.step_of(index)), pace.time_of(index), true));
    let mut looks: Vec<_> = snapshots
        .take_while(|(moment, ..)| *moment <= last_moment)
        .collect();
    if let Some(record) = &problem.params.record {
        let shows_state = record.totals || !record.regions.is_empty() || !record.fields.is_empty();
        let rows = (1..).map_while(|number| pace.row(&record.times, number));
        let rows = rows
            .take_while(|(moment, _)| *moment <= last_moment)
            .take(MOST_ROWS);
        let rows = rows.map(|(moment, time)| match time.is_nan() {
            true => (
                moment,
                pace.after(pace.start(), moment.step).simtime,
                shows_state,
            ),
            false => (moment, time, shows_state),
        });
        looks.extend(rows);
    }
    looks.sort_by_key(|(moment, _, is_whole)| (order(moment), !is_whole));
    looks.dedup_by_key(|(moment, ..)| order(moment));
    looks
}

/// The moment at which a step ends.
fn on_step(step: u64) -> Moment {
    Moment { step, beyond: 0.0 }
}

/// A key by which moments are sorted.
fn order(moment: &Moment) -> (u64, u64) {
    (moment.step, moment.beyond.to_bits())
}

/// The change of snapshots and rows within the first steps by steps that are divided into `parts` parts, as far as that
/// can be computed cheaply. `None` if the grid is too large or steps cannot be taken.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates"
)]
fn first_changes(problem: &Problem, parts: u32) -> Option<Differences> {
    if problem.grid.len() > MOST_NODES {
        return None;
    }
    let step_updates = problem.grid.len() as f64 * problem.stages() as f64 * f64::from(1 + parts);
    let affordable = (affordable_work(problem) / step_updates) as u64;
    let last_step = problem.schedule.last_step().min(MOST_STEPS);
    let looks = looks(problem, last_step.min(affordable)).into_iter();
    let mut looks: Vec<Look> = looks
        .map(|(moment, time, is_whole)| Look {
            moments: [moment; 2],
            time,
            is_whole,
        })
        .collect();
    // A row between two steps takes a step of its own.
    let most_looks = usize::try_from(affordable).unwrap_or(usize::MAX);
    let is_whole = affordable >= last_step && looks.len() <= most_looks;
    looks.truncate(most_looks);
    if looks.is_empty() {
        // Other steps change nothing in the initial state.
        return Some(Differences {
            p: LargestDifference::default(),
            rates: LargestDifference::default(),
            is_whole,
        });
    }
    let changes = differences([problem; 2], &looks, parts, 1)?;
    Some(Differences {
        is_whole,
        ..changes
    })
}

/// What steps of another length change in all snapshots, on the finest grid that is not too dear.
fn changes_of_run(problem: &Problem, dt: f64) -> Option<Differences> {
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
            let pace = shorter.schedule.pace();
            let looks = looks(&trial, trial.schedule.last_step()).into_iter();
            // With the course's times a row has other times with other steps.
            let looks = looks.filter(|(moment, _, is_whole)| {
                *is_whole && trial.schedule.is_snapshot(moment.step) && moment.beyond == 0.0
                    || pace.due != Due::Added
            });
            let looks: Vec<Look> = looks
                .map(|(moment, time, is_whole)| {
                    let (index, steps_behind) = trial.schedule.snapshot_at(moment.step);
                    let is_snapshot = steps_behind == 0 && moment.beyond == 0.0;
                    let moment_by_shorter = match is_snapshot {
                        true => on_step(shorter.schedule.step_of(index)),
                        false => pace.moment(time),
                    };
                    Look {
                        moments: [moment, moment_by_shorter],
                        time,
                        is_whole,
                    }
                })
                .collect();
            let mut changes = differences(problems, &looks, 1, 1)?;
            if ladder.refinement > 1 {
                let p = &mut changes.p;
                p.share = p.share.max(lag(problem) / p.range);
            }
            return Some(changes);
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
    let pace = problems[0].schedule.pace();
    let looks = (snapshots.min(1)..=snapshots).map(|index| Look {
        moments: problems.map(|problem| on_step(problem.schedule.step_of(index))),
        time: pace.time_of(index),
        is_whole: true,
    });
    let changes = differences(problems, &looks.collect::<Vec<_>>(), 1, every)?;
    Some(changes.p)
}

/// What two problems differ by at some moments. The second one has `every` times as many cells along each axis, and takes
/// each step in `parts` parts. Nothing where steps cannot be taken.
fn differences(
    problems: [&Problem; 2],
    looks: &[Look],
    parts: u32,
    every: isize,
) -> Option<Differences> {
    let mut solvers = [
        problems[0].solver_at_start::<f64>().ok()?,
        problems[1].solver_at_start::<f64>().ok()?,
    ];
    let (mut range, mut largest, mut step) = (StateRange::NONE, 0.0, 0);
    range.add(problems[1], solvers[1].state());
    let mut rates = ComparedRates::of(problems).filter(|_| every == 1);
    let mut steps_taken = [0; 2];
    for look in looks {
        let mut states = Vec::with_capacity(2);
        let mut rates_of_states = [Vec::new(), Vec::new()];
        for (number, parts) in [1, parts].into_iter().enumerate() {
            let (problem, solver) = (problems[number], &mut solvers[number]);
            let Moment { step, beyond } = look.moments[number];
            let steps = step.checked_sub(steps_taken[number])?;
            // Two problems are compared moment by moment, one of them in parts of steps.
            match parts {
                1 => solver.advance(steps, &Solo),
                _ => solver.advance_in_parts(steps, parts, &Solo),
            }
            .ok()?;
            steps_taken[number] = step;
            let mut see = |state: &Field<f64>| {
                if let Some(rates) = &mut rates {
                    rates_of_states[number] = rates.of_state(number, look.time, state);
                }
                seen(problem, state)
            };
            let values = if beyond == 0.0 {
                see(solver.state())
            } else {
                let mut room = solver.room_aside().ok()?;
                solver.aside_in_parts(beyond, parts, &mut room, &Solo, see)?
            };
            states.push(Array2::from_shape_vec(problem.grid.shape(), values).ok()?);
        }
        range.add_values(states[1].as_slice()?);
        let state = states[0].view();
        let finer_state = states[1].slice(s![..;every, ..;every]);
        let difference = match (look.is_whole, problems[0].gauges()) {
            (false, Some(gauges)) if state.dim() == finer_state.dim() => {
                let nodes = gauges.nodes(&(0..problems[0].grid.y.nodes));
                let at_points = [state, finer_state].map(|state| {
                    let values: Vec<f64> = nodes.iter().map(|&node| state[node]).collect();
                    gauges.points(&values)
                });
                largest_difference(at_points[0].iter().zip(&at_points[1]))
            }
            _ => largest_difference(state.iter().zip(finer_state)),
        };
        let step_of_look = look.moments[0].step.max(1);
        if difference > largest {
            (largest, step) = (difference, step_of_look);
        }
        if let Some(rates) = &mut rates {
            rates.add(rates_of_states.each_ref().map(Vec::as_slice), step_of_look);
        }
    }
    Some(Differences {
        p: LargestDifference::of(largest, range.size(), step),
        rates: rates.map_or_else(LargestDifference::default, |rates| LargestDifference {
            rate: Some(rates.rate),
            ..LargestDifference::of(rates.largest, rates.scale, rates.step)
        }),
        is_whole: true,
    })
}

/// The values of a state, NaN at masked nodes.
fn seen(problem: &Problem, state: &Field<f64>) -> Vec<f64> {
    problem.codec().encoded(0, state.as_slice()).to_vec()
}

/// The largest difference of pairs; NaN does not count.
fn largest_difference<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    let differences = pairs.map(|(one, other)| (one - other).abs());
    differences.fold(0.0, f64::max)
}
