//! Solves a problem again, in memory and in double precision, and compares it with another one.

use super::{
    difference::{Differences, LargestDifference, StateRange},
    looks::{Look, on_step},
    rates::{LargestRates, fluxes_of_record},
};
use crate::{
    comm::Solo, field::Field, physics::fluxes::Fluxes, problem::Problem, schedule::Moment,
    solver::Solver,
};
use diff2d_sys as sys;
use ndarray::{ArrayView2, s};
use rayon::ThreadPoolBuilder;
use std::thread;

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

/// A problem that is solved again, and looked at.
struct Trial<'a> {
    problem: &'a Problem,
    solver: Solver<f64>,
    /// The number of equal parts in which each step is taken.
    parts: u32,
    steps_taken: u64,
    /// What the rates of a record are read by, if they are looked at.
    fluxes: Option<Fluxes>,
    /// The memory that holds the state while a later one is shown.
    room_aside: Option<Field<f64>>,
    /// The values and the rates at the last moment. Values of masked nodes are NaN.
    values: Vec<f64>,
    rates: Vec<f64>,
}

impl<'a> Trial<'a> {
    /// A trial at its start. `None` if it cannot be begun.
    fn new(problem: &'a Problem, parts: u32, has_rates: bool) -> Option<Self> {
        Some(Self {
            problem,
            solver: problem.solver_at_start().ok()?,
            parts,
            steps_taken: 0,
            fluxes: has_rates.then(|| fluxes_of_record(problem)).flatten(),
            room_aside: None,
            values: Vec::new(),
            rates: Vec::new(),
        })
    }

    /// Looks at the problem at a moment, which is that of a time. `None` where steps cannot be taken.
    fn look(&mut self, moment: Moment, time: f64) -> Option<()> {
        let steps = moment.step.checked_sub(self.steps_taken)?;
        // Trials are compared moment by moment, some of them in parts of steps.
        match self.parts {
            1 => self.solver.advance(steps, &Solo),
            parts => self.solver.advance_in_parts(steps, parts, &Solo),
        }
        .ok()?;
        self.steps_taken = moment.step;
        if moment.beyond == 0.0 {
            see(
                self.problem,
                time,
                self.solver.state(),
                &mut self.fluxes,
                [&mut self.values, &mut self.rates],
            );
            return Some(());
        }
        let mut room = match self.room_aside.take() {
            Some(room) => room,
            None => self.solver.room_aside().ok()?,
        };
        let (problem, fluxes) = (self.problem, &mut self.fluxes);
        let seen = [&mut self.values, &mut self.rates];
        let parts = self.parts;
        (self.solver).aside_in_parts(moment.beyond, parts, &mut room, &Solo, |state| {
            see(problem, time, state, fluxes, seen);
        })?;
        self.room_aside = Some(room);
        Some(())
    }

    /// The values at the last moment.
    fn state(&self) -> Option<ArrayView2<'_, f64>> {
        ArrayView2::from_shape(self.problem.grid.shape(), &self.values).ok()
    }
}

/// Keeps the values of a state at a time, and its rates if there is something to read them by.
fn see(
    problem: &Problem,
    time: f64,
    state: &Field<f64>,
    fluxes: &mut Option<Fluxes>,
    [values, rates]: [&mut Vec<f64>; 2],
) {
    values.clear();
    values.extend_from_slice(&problem.codec().encoded(0, state.as_slice()));
    if let Some(fluxes) = fluxes {
        *rates = fluxes.at(time, &state.view());
    }
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
pub(super) fn differences(
    problems: [&Problem; 2],
    looks: &[Look],
    parts: u32,
    every: isize,
) -> Option<Differences> {
    let has_rates = every == 1;
    let mut trials = [
        Trial::new(problems[0], 1, has_rates)?,
        Trial::new(problems[1], parts, has_rates)?,
    ];
    let (mut range, mut largest, mut step) = (StateRange::NONE, 0.0, 0);
    range.add(problems[1], trials[1].solver.state());
    let mut rates = LargestRates::default();
    for look in looks {
        for (trial, moment) in trials.iter_mut().zip(look.moments) {
            trial.look(moment, look.time)?;
        }
        range.add_values(&trials[1].values);
        let state = trials[0].state()?;
        let finer_state = trials[1].state()?;
        let finer_state = finer_state.slice(s![..;every, ..;every]);
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
        rates.add([&trials[0].rates, &trials[1].rates], step_of_look);
    }
    Some(Differences {
        p: LargestDifference::of(largest, range.size(), step),
        rates: rates.difference(),
        is_whole: true,
    })
}

/// The range of p and the largest rate at the second moments of some looks, as far as `is_enough` does not hold.
pub(super) fn sizes(
    problem: &Problem,
    looks: &[Look],
    is_enough: impl Fn([f64; 2]) -> bool,
) -> Option<[f64; 2]> {
    let mut trial = Trial::new(problem, 1, true)?;
    let (mut range, mut largest_rate) = (StateRange::NONE, 0.0_f64);
    range.add(problem, trial.solver.state());
    for look in looks {
        trial.look(look.moments[1], look.time)?;
        range.add_values(&trial.values);
        let rates = trial.rates.iter().map(|rate| rate.abs());
        largest_rate = rates.fold(largest_rate, f64::max);
        if is_enough([range.size(), largest_rate]) {
            break;
        }
    }
    Some([range.size(), largest_rate])
}

/// The largest difference of pairs; NaN does not count.
fn largest_difference<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    let differences = pairs.map(|(one, other)| (one - other).abs());
    differences.fold(0.0, f64::max)
}
