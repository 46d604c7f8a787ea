//! [`StepErrors`]: the errors of a run that its steps make, by shorter ones.

use super::{
    QuantityError,
    cost::{MOST_NODES, affordable_work, are_cheap},
    difference::{Difference, Differences},
    errors_of,
    grids::Ladder,
    moments::{Look, looks_at, moments_of_run},
    trial::{alone, differences, sizes_of},
};
use crate::{
    params::{RawParams, StepMethod, Times, Wall},
    physics::{over_time::values_at, wall::Side},
    problem::Problem,
    schedule::Due,
};

/// The number of steps after which no decaying mode has an error that needs a warning: the error of explicit Euler is
/// `(λt)²/2n exp(-λt)`, at most 0.27/n for any λ.
const MOST_STEPS: u64 = 54;

/// The errors of a run due to its steps.
#[derive(Debug)]
pub(crate) struct StepErrors {
    /// The errors of all quantities, the largest first.
    pub(crate) errors: Vec<QuantityError>,
    /// The factor by which the steps that reveal the errors are shorter.
    pub(crate) divisor: u32,
    /// Whether the errors were estimated over the whole run.
    pub(crate) is_of_run: bool,
}

impl StepErrors {
    /// The errors that shorter steps reveal. If nothing depends on t, each of the first steps is halved; otherwise steps
    /// that are shorter by a factor, and so show what functions of t do, are taken over the whole run, on a coarser grid if
    /// necessary; the factor comes with the ratio of the error of sampling that is left. `None` if too many nodes would have
    /// to be computed. Errors up to `negligible` may be too large.
    pub(crate) fn of(
        problem: &Problem,
        shorter: (Option<u32>, f64),
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
            let changes = in_sizes_of_run(problem, changes, remainder, negligible);
            Self::by(problem, &changes, (remainder, order), 2, false)
        });
        let (divisor, remainder) = shorter;
        let Some(divisor) = divisor.filter(|_| depends_on_time) else {
            return of_first_steps;
        };
        let remainder = remainder.max(f64::from(divisor).powi(-order));
        let of_run = alone(|| changes_of_run(problem, dt / f64::from(divisor)));
        let of_run =
            of_run.map(|changes| Self::by(problem, &changes, (remainder, order), divisor, true));
        match (of_first_steps, of_run) {
            (Some(of_first_steps), Some(of_run)) if of_first_steps.largest() > of_run.largest() => {
                Some(Self {
                    is_of_run: true,
                    ..of_first_steps
                })
            }
            (of_first_steps, of_run) => of_run.or(of_first_steps),
        }
    }

    fn by(
        problem: &Problem,
        changes: &Differences,
        (remainder, order): (f64, i32),
        divisor: u32,
        is_of_run: bool,
    ) -> Self {
        let error_of = |change: &Difference| (change.error_by(remainder), f64::from(order));
        Self {
            errors: errors_of(problem, changes, |_, change| error_of(change)),
            divisor,
            is_of_run,
        }
    }

    /// The largest error of a quantity relative to its size.
    pub(crate) fn largest(&self) -> f64 {
        self.errors.first().map_or(0.0, |error| error.share)
    }
}

/// Changes relative to the sizes of quantities in the whole run, from changes relative to their sizes in the first steps: p
/// that only begins to change has a small range. A trial of the run shows its sizes, as far as errors are above
/// `negligible`. Without a trial the changes stay as they are.
fn in_sizes_of_run(
    problem: &Problem,
    changes: Differences,
    remainder: f64,
    negligible: f64,
) -> Differences {
    let has_few_steps = problem.schedule.last_step() <= MOST_STEPS;
    let are_negligible = |changes: &Differences| {
        let mut differences = changes.all.iter();
        differences.all(|change| change.error_by(remainder) <= negligible)
    };
    if changes.are_unseen() || has_few_steps || are_negligible(&changes) {
        return changes;
    }
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let sizes_of_run = alone(|| {
        RunTrial::of(problem, dt)?
            .sizes_of_second(|sizes_so_far| are_negligible(&changes.in_larger_sizes(sizes_so_far)))
    });
    match sizes_of_run {
        Some(sizes) => changes.in_larger_sizes(&sizes),
        None => changes,
    }
}

/// Whether steps that are divided into so many parts change no snapshot and no row of a run by much, as far as that can
/// be computed cheaply.
pub(crate) fn changes_little(problem: &Problem, parts: u32) -> bool {
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
    let moments = moments_of_run(problem, last_step.min(affordable)).into_iter();
    let mut looks: Vec<Look> = moments
        .map(|seen| Look {
            moments: [seen.moment; 2],
            time: seen.time,
            shows: seen.shows,
        })
        .collect();
    // A row between two steps takes a step of its own.
    let most_looks = usize::try_from(affordable).unwrap_or(usize::MAX);
    let is_whole = affordable >= last_step && looks.len() <= most_looks;
    looks.truncate(most_looks);
    if looks.is_empty() {
        // Other steps change nothing in the initial state.
        return Some(Differences {
            all: vec![Difference::of(0.0, 0.0, 0)],
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

    /// The sizes of all quantities in the problem with other steps, as far as `is_enough` does not hold.
    fn sizes_of_second(&self, is_enough: impl Fn(&[f64]) -> bool) -> Option<Vec<f64>> {
        sizes_of(&self.problems[1], &self.looks, is_enough)
    }
}

/// The moments at which a problem and the same problem with other steps are compared.
fn looks_at_both(problems: [&Problem; 2]) -> Vec<Look> {
    let schedule = &problems[0].schedule;
    let mut looks = looks_at(problems[0], problems);
    // With the course's times a row has other times with other steps.
    looks.retain(
        |Look {
             moments: [moment, _],
             shows,
             ..
         }| {
            shows.has_state() && schedule.is_snapshot(moment.step) && moment.beyond == 0.0
                || schedule.due != Due::Added
        },
    );
    looks
}

/// What steps of another length change in all snapshots and rows.
fn changes_of_run(problem: &Problem, dt: f64) -> Option<Differences> {
    let trial = RunTrial::of(problem, dt)?;
    let mut changes = trial.differences()?;
    if trial.is_coarser
        && let Some(p) = changes.all.first_mut()
    {
        p.share = p.share.max(lag(problem) / p.size);
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
