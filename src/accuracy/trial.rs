//! Solves a problem again, in memory and in double precision, and compares it with another one.

use super::{
    difference::{Difference, Differences},
    moments::Look,
    quantity::{Extent, Quantity, columns, sizes},
};
use crate::{
    comm::Solo,
    field::Field,
    params::{PointValue, RowNumber, StepMethod},
    problem::Problem,
    run::StateRows,
    schedule::Moment,
    solver::Solver,
};
use diff2d_sys as sys;
use ndarray::{ArrayView2, s};
use rayon::ThreadPoolBuilder;
use std::thread;

/// Calls `work` on a thread that computes alone: grids are small, and a run creates its own pool later.
pub(crate) fn alone<T: Send>(work: impl FnOnce() -> Option<T> + Send) -> Option<T> {
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
    rows: StateRows<'a>,
    /// The memory that holds the state while a later one is shown.
    room_aside: Option<Field<f64>>,
    /// The values at the last moment, and the numbers of its row. Values of masked nodes are NaN.
    values: Vec<f64>,
    numbers: Vec<f64>,
}

impl<'a> Trial<'a> {
    /// A trial at its start. `None` if it cannot be begun.
    fn new(problem: &'a Problem, parts: u32) -> Option<Self> {
        let mut trial = Self {
            problem,
            solver: problem.solver_at_start().ok()?,
            parts,
            steps_taken: 0,
            rows: StateRows::new(problem).ok()?,
            room_aside: None,
            values: Vec::new(),
            numbers: Vec::new(),
        };
        let start = problem.schedule.start;
        let is_steady = problem.params.method == StepMethod::Steady;
        see(
            (problem, start, !is_steady),
            trial.solver.state(),
            &mut trial.rows,
            [&mut trial.values, &mut trial.numbers],
        )?;
        Some(trial)
    }

    /// Looks at the problem at a moment, which is that of a time. `None` where steps cannot be taken.
    fn look(&mut self, moment: Moment, time: f64, has_row: bool) -> Option<()> {
        let steps = moment.step.checked_sub(self.steps_taken)?;
        // Trials are compared moment by moment, some of them in parts of steps.
        match self.parts {
            1 => self.solver.advance(steps, &Solo),
            parts => self.solver.advance_in_parts(steps, parts, &Solo),
        }
        .ok()?;
        self.steps_taken = moment.step;
        let place = (self.problem, time, has_row);
        let rooms = [&mut self.values, &mut self.numbers];
        if moment.beyond == 0.0 {
            return see(place, self.solver.state(), &mut self.rows, rooms);
        }
        let mut room = match self.room_aside.take() {
            Some(room) => room,
            None => self.solver.room_aside().ok()?,
        };
        let (parts, rows) = (self.parts, &mut self.rows);
        let is_seen =
            (self.solver).aside_in_parts(moment.beyond, parts, &mut room, &Solo, |state| {
                see(place, state, rows, rooms)
            });
        self.room_aside = Some(room);
        is_seen?
    }

    /// The values at the last moment.
    fn state(&self) -> Option<ArrayView2<'_, f64>> {
        ArrayView2::from_shape(self.problem.grid.shape(), &self.values).ok()
    }
}

/// Keeps the values of a state at a time, and the numbers of a row of it where one is read.
fn see(
    (problem, time, has_row): (&Problem, f64, bool),
    state: &Field<f64>,
    rows: &mut StateRows<'_>,
    [values, numbers]: [&mut Vec<f64>; 2],
) -> Option<()> {
    values.clear();
    values.extend_from_slice(&problem.codec().encoded(0, state.as_slice()));
    if has_row {
        let row = rows.read(time, &state.view()).ok()?;
        *numbers = row.map_or_else(Vec::new, |row| row.numbers);
    }
    Some(())
}

/// What two problems differ by at some moments. The second one has `every` times as many cells along each axis, and takes
/// each step in `parts` parts. Nothing where steps cannot be taken.
pub(super) fn differences(
    problems: [&Problem; 2],
    looks: &[Look],
    parts: u32,
    every: isize,
) -> Option<Differences> {
    let mut trials = [Trial::new(problems[0], 1)?, Trial::new(problems[1], parts)?];
    let quantities = Quantity::all(problems[1]);
    let mut extents = vec![Extent::NONE; quantities.len()];
    add_sizes(&trials[1], true, &mut extents);
    for look in looks {
        let has_row = look.shows.has_row();
        for (trial, moment) in trials.iter_mut().zip(look.moments) {
            trial.look(moment, look.time, has_row)?;
        }
        add_sizes(&trials[1], has_row, &mut extents);
        let step = look.moments[0].step.max(1);
        if look.shows.has_state() {
            let finer_state = trials[1].state()?;
            let finer_state = finer_state.slice(s![..;every, ..;every]);
            let pairs = trials[0].values.iter().zip(finer_state);
            // NaN does not count.
            let difference = pairs.map(|(one, other)| (one - other).abs());
            extents[0].differ(difference.fold(0.0, f64::max), step);
        }
        if has_row {
            let mut finer_numbers = trials[1].numbers.clone();
            set_points_of_nodes(problems[0], &trials[1].state()?, every, &mut finer_numbers);
            let numbers = trials[0].numbers.iter().zip(&finer_numbers);
            for (extent, (one, other)) in extents[1..].iter_mut().zip(numbers) {
                extent.differ((one - other).abs(), step);
            }
        }
    }
    let sizes = sizes(problems[1], &quantities, &extents).into_iter();
    let pairs = extents.iter().zip(sizes);
    let differences =
        pairs.map(|(extent, size)| Difference::of(extent.difference, size, extent.step));
    Some(Differences {
        all: differences.collect(),
        is_whole: true,
    })
}

/// Adds the values of a state, and the numbers of its row if there is one, to the extents of all quantities. What comes in
/// per time in the initial state, as beside a wall that jumps, is no measure of what comes in later.
fn add_sizes(trial: &Trial<'_>, has_row: bool, extents: &mut [Extent]) {
    extents[0].add(&trial.values);
    if !has_row {
        return;
    }
    let is_start = trial.steps_taken == 0 && trial.problem.params.method != StepMethod::Steady;
    let numbers = trial.numbers.iter().zip(columns(trial.problem));
    for (extent, (&number, (_, kind))) in extents[1..].iter_mut().zip(numbers) {
        let is_rate = matches!(kind, RowNumber::Rate(_) | RowNumber::RegionRate(_));
        if !(is_start && is_rate) {
            extent.add(&[number]);
        }
    }
}

/// Replaces the values of points that are those of nodes by the values at the nodes of a coarser grid, which may not be
/// those nearest to the points.
fn set_points_of_nodes(
    coarse: &Problem,
    state: &ArrayView2<'_, f64>,
    every: isize,
    numbers: &mut [f64],
) {
    let has_nodes = coarse.params.record.as_ref();
    let has_nodes = has_nodes.is_some_and(|record| record.value == PointValue::Nearest);
    let Some(gauges) = coarse.gauges().filter(|_| has_nodes && every > 1) else {
        return;
    };
    let state = state.slice(s![..;every, ..;every]);
    let nodes = gauges.nodes(&(0..coarse.grid.y.nodes)).iter();
    let values: Vec<f64> = nodes.map(|&node| state[node]).collect();
    let points = gauges.points(&values);
    for (number, (_, kind)) in numbers.iter_mut().zip(columns(coarse)) {
        if let RowNumber::Point(point) = kind
            && gauges.points[point].is_node()
        {
            *number = points[point];
        }
    }
}

/// The sizes of all quantities in a problem at some looks, by their second moments, as far as `is_enough` does not hold.
pub(super) fn sizes_of(
    problem: &Problem,
    looks: &[Look],
    is_enough: impl Fn(&[f64]) -> bool,
) -> Option<Vec<f64>> {
    let mut trial = Trial::new(problem, 1)?;
    let quantities = Quantity::all(problem);
    let mut extents = vec![Extent::NONE; quantities.len()];
    add_sizes(&trial, true, &mut extents);
    for look in looks {
        trial.look(look.moments[1], look.time, look.shows.has_row())?;
        add_sizes(&trial, look.shows.has_row(), &mut extents);
        if is_enough(&sizes(problem, &quantities, &extents)) {
            break;
        }
    }
    Some(sizes(problem, &quantities, &extents))
}
