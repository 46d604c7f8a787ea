//! Estimates the error of a run that its steps make, by shorter ones.

use super::{
    cost::{MOST_NODES, affordable_work, are_cheap},
    difference::{Differences, LargestDifference},
    looks::{Look, looks, on_step},
    rates::column_of,
    sampling::Sampling,
    trial::{alone, differences, sizes},
};
use crate::{
    check::Ladder,
    params::{RawParams, StepMethod, Times, Wall},
    physics::{over_time::values_at, wall::Side},
    problem::Problem,
    schedule::Due,
};
use std::array;

/// The number of steps after which no decaying mode has an error that needs a warning: the error of explicit Euler is
/// `(λt)²/2n exp(-λt)`, at most 0.27/n for any λ.
const MOST_STEPS: u64 = 54;
/// The errors, relative to the range of p, above which there is a warning, and that recommended steps have.
pub(super) const INACCURATE: f64 = 5e-3;
const AIM: f64 = 2e-3;

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
    /// The error that shorter steps reveal. If nothing depends on t, each of the first steps is halved; otherwise steps
    /// that are short enough for the functions of t are taken over the whole run, on a coarser grid if necessary. `None`
    /// if too many nodes would have to be computed. Errors up to `negligible` may be too large.
    pub(super) fn of(
        problem: &Problem,
        sampling: Option<&Sampling>,
        negligible: f64,
    ) -> Option<Self> {
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
            let remainder = 0.5_f64.powi(order);
            let errors = [&changes.p, &changes.rates].map(|change| change.error_by(remainder));
            let errors = in_sizes_of_run(problem, &changes, errors, negligible);
            let of_each = [(changes.p, errors[0]), (changes.rates, errors[1])];
            larger(of_each.map(|(change, error)| Self {
                error,
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

/// Errors of p and of rates relative to their sizes in the whole run, from errors relative to their sizes in the first
/// steps: p that only begins to change has a small range. A trial of the run shows its sizes, as far as errors are above
/// `negligible`. Without a trial the errors stay as they are.
fn in_sizes_of_run(
    problem: &Problem,
    changes: &Differences,
    errors: [f64; 2],
    negligible: f64,
) -> [f64; 2] {
    let has_few_steps = problem.schedule.last_step() <= MOST_STEPS;
    if changes.are_unseen() || has_few_steps || are_at_most(negligible, errors) {
        return errors;
    }
    let sizes = [changes.p.range, changes.rates.range];
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let sizes_of_run = alone(|| {
        RunTrial::of(problem, dt)?.sizes_of_second(|sizes_so_far| {
            are_at_most(negligible, relative_to_larger(errors, sizes, sizes_so_far))
        })
    });
    sizes_of_run.map_or(errors, |sizes_of_run| {
        relative_to_larger(errors, sizes, sizes_of_run)
    })
}

fn are_at_most(largest: f64, errors: [f64; 2]) -> bool {
    errors.iter().all(|error| *error <= largest)
}

/// Errors relative to the larger one of two sizes, from errors relative to the first one.
fn relative_to_larger(errors: [f64; 2], sizes: [f64; 2], other_sizes: [f64; 2]) -> [f64; 2] {
    array::from_fn(|number| {
        let size = sizes[number];
        let ratio = match size > 0.0 {
            true => size / size.max(other_sizes[number]),
            false => 1.0,
        };
        ratio * errors[number]
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

/// The problem with another time step.
fn with_step(problem: &Problem, dt: f64) -> Problem {
    let mut shorter = problem.clone();
    shorter.params.stages = None;
    shorter.schedule = problem.schedule.with_step(dt);
    shorter
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

/// A problem and the same problem with other steps, and the moments at which they are compared.
struct RunTrial {
    problems: [Problem; 2],
    looks: Vec<Look>,
    /// Whether their grid is coarser than that of the run.
    is_coarser: bool,
}

impl RunTrial {
    /// A trial of all steps of a run with steps of `dt`, on the finest grid that is not too dear.
    fn of(problem: &Problem, dt: f64) -> Option<Self> {
        let raw = RawParams::from_canonical(problem.params.canonical());
        let mut ladder = Ladder {
            own: problem,
            raw: &raw,
            refinement: 1,
        };
        let mut trial = problem.clone();
        loop {
            let shorter = with_step(&trial, dt);
            if are_cheap([&trial, &shorter], problem) {
                return Some(Self {
                    looks: looks_at_both([&trial, &shorter]),
                    problems: [trial, shorter],
                    is_coarser: ladder.refinement > 1,
                });
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

    /// The differences of snapshots and rows.
    fn differences(&self) -> Option<Differences> {
        differences(self.problems.each_ref(), &self.looks, 1, 1)
    }

    /// The range of p and the largest rate of the problem with other steps, as far as `is_enough` does not hold.
    fn sizes_of_second(&self, is_enough: impl Fn([f64; 2]) -> bool) -> Option<[f64; 2]> {
        sizes(&self.problems[1], &self.looks, is_enough)
    }
}

/// The moments at which a problem and the same problem with other steps are compared.
fn looks_at_both([problem, shorter]: [&Problem; 2]) -> Vec<Look> {
    let schedule = &problem.schedule;
    let pace = shorter.schedule.pace();
    let looks = looks(problem, schedule.last_step()).into_iter();
    // With the course's times a row has other times with other steps.
    let looks = looks.filter(|(moment, _, is_whole)| {
        *is_whole && schedule.is_snapshot(moment.step) && moment.beyond == 0.0
            || pace.due != Due::Added
    });
    let looks = looks.map(|(moment, time, is_whole)| {
        let (index, steps_behind) = schedule.snapshot_at(moment.step);
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
    });
    looks.collect()
}

/// What steps of another length change in all snapshots and rows.
fn changes_of_run(problem: &Problem, dt: f64) -> Option<Differences> {
    let trial = RunTrial::of(problem, dt)?;
    let mut changes = trial.differences()?;
    if trial.is_coarser {
        let p = &mut changes.p;
        p.share = p.share.max(lag(problem) / p.range);
    }
    Some(changes)
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
