//! [`SpacingErrors`]: the errors of a run that its spacing makes, by two grids of which one is twice as fine.

use super::{
    QuantityError,
    cost::{MOST_NODES, are_cheap, is_dear, updates_of},
    difference::Differences,
    errors_of,
    grids::{Ladder, cells, coarser},
    moments::looks_at,
    sort,
    trial::{alone, differences},
};
use crate::{
    params::{Layout, RawParams, StepMethod},
    problem::Problem,
};
use std::ops::RangeInclusive;

/// Pairs of grids, given by the spacing of the coarser one relative to the user's own.
const GRIDS: [u32; 3] = [1, 2, 4];
/// The orders of errors of the spacing, the one that counts where none is known, and those that are no accident.
const ORDERS: [f64; 2] = [1.0, 2.0];
const ORDER: f64 = 1.4;
const BELIEVED: RangeInclusive<f64> = 0.5..=2.3;
/// The errors below which no order is looked for.
const UNSEEN: f64 = 5e-3;

/// A problem on two grids.
struct Pair {
    coarse: Problem,
    fine: Problem,
    /// The spacing of the coarse grid relative to the user's own.
    ratio: u32,
    /// The numbers of cells of the coarse grid.
    cells: [u64; 2],
}

impl Pair {
    /// The finest affordable pair: within a number of updates, or else beside a run. `None` if there are no nested grids, as
    /// for layouts with walls beside the domain and for arrays of values.
    fn of(problem: &Problem, most_updates: Option<f64>) -> Option<Self> {
        if !has_nested_grids(problem) {
            return None;
        }
        let own_cells = [&problem.grid.x, &problem.grid.y].map(cells);
        GRIDS.into_iter().find_map(|ratio| {
            let halvings = ratio.ilog2();
            let cells = own_cells.map(|cells| (0..halvings).fold(cells, |cells, _| coarser(cells)));
            let finer_cells = cells.map(|cells| 2 * cells);
            let work_ratio = work_ratio(problem, own_cells, finer_cells);
            // A grid of many nodes is not made to find out that it is too dear.
            let is_dear = match most_updates {
                Some(most) => updates_of(problem) * work_ratio > most,
                None => {
                    let is_large = finer_cells[0].saturating_mul(finer_cells[1]) >= MOST_NODES;
                    is_large || is_dear(problem, work_ratio)
                }
            };
            if is_dear {
                return None;
            }
            let pair = Self::on_grids(problem, cells, ratio)?;
            let is_cheap = most_updates.is_some() || are_cheap([&pair.coarse, &pair.fine], problem);
            is_cheap.then_some(pair)
        })
    }

    /// The problem on a grid of `cells` cells along x and y, and on one that is twice as fine.
    fn on_grids(problem: &Problem, cells: [u64; 2], ratio: u32) -> Option<Self> {
        let raw = RawParams::from_canonical(problem.params.canonical());
        let ladder = Ladder {
            own: problem,
            raw: &raw,
            refinement: 1,
        };
        let [coarse, fine] =
            [cells, cells.map(|cells| 2 * cells)].map(|cells| on_grid(&ladder, cells));
        Some(Self {
            coarse: coarse?,
            fine: fine?,
            ratio,
            cells,
        })
    }

    /// The pair whose finer grid is the coarser one of this pair, or nearly so; `None` if that has few cells.
    fn coarser(&self, problem: &Problem) -> Option<Self> {
        let cells = self.cells.map(coarser);
        (cells != self.cells).then(|| Self::on_grids(problem, cells, 2 * self.ratio))?
    }

    /// What the two grids differ by.
    fn differences(&self, problem: &Problem) -> Option<Differences> {
        let problems = [&self.coarse, &self.fine];
        let looks = looks_at(problem, problems);
        alone(|| differences(problems, &looks, 1, 2))
    }

    /// The ratio of the error on the user's own grid to the difference between the two grids, for an error of some order.
    fn share(&self, order: f64) -> f64 {
        1.0 / (f64::from(self.ratio).powf(order) * (1.0 - (-order).exp2()))
    }
}

/// Whether a problem with something to compute has nested grids.
fn has_nested_grids(problem: &Problem) -> bool {
    let has_steps = problem.schedule.last_step() > 0;
    let is_steady = problem.params.method == StepMethod::Steady;
    problem.params.grid == Layout::Walls && !problem.reads_arrays() && (has_steps || is_steady)
}

/// The work of a problem on a grid of `cells` cells along x and y, divided by its work on `own_cells` cells.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn work_ratio(problem: &Problem, own_cells: [u64; 2], cells: [u64; 2]) -> f64 {
    let [x, y] = [0, 1].map(|axis| cells[axis] as f64 / own_cells[axis] as f64);
    let steps = match problem.params.method {
        StepMethod::Euler => x.max(y).powi(2),
        _ => 1.0,
    };
    x * y * steps
}

/// The problem on a grid of `cells` cells along x and y, with steps that are shorter in proportion.
#[expect(clippy::cast_precision_loss, reason = "numbers of cells are small")]
fn on_grid(ladder: &Ladder<'_>, cells: [u64; 2]) -> Option<Problem> {
    let (own_cells, problem) = (ladder.own_cells(), ladder.own);
    let dt = problem.schedule.dt;
    match problem.params.method {
        StepMethod::Euler => {
            let finer = [0, 1].map(|axis| cells[axis] as f64 / own_cells[axis] as f64);
            let finer = finer[0].max(finer[1]);
            let mut finer_problem = ladder.with_cells(cells, None).ok()?;
            let dt = (dt / (finer * finer)).min(finer_problem.schedule.dt);
            finer_problem.schedule = finer_problem.schedule.with_step(dt);
            Some(finer_problem)
        }
        StepMethod::Rkl2 => ladder.with_cells(cells, Some(dt)).ok(),
        StepMethod::Exact | StepMethod::Steady => ladder.with_cells(cells, None).ok(),
    }
}

/// Whether the error of the spacing can be estimated for a problem.
pub fn is_estimated(problem: &Problem) -> bool {
    Pair::of(problem, None).is_some()
}

/// Whether the error of the spacing could be estimated if that took less work.
pub fn is_too_dear(problem: &Problem) -> bool {
    has_nested_grids(problem) && !is_estimated(problem)
}

/// The errors of a run due to its spacing.
pub(crate) struct SpacingErrors {
    /// The errors of all quantities, the largest first.
    pub(crate) errors: Vec<QuantityError>,
}

impl SpacingErrors {
    /// The errors that a pair of grids reveals, less those of steps, which are shorter on the finer grid. `None` if that
    /// takes too long, beside a run or by a number of updates, or there are no such grids.
    pub(crate) fn of(
        problem: &Problem,
        errors_of_steps: &[QuantityError],
        most_updates: Option<f64>,
    ) -> Option<Self> {
        let pair = Pair::of(problem, most_updates)?;
        let changes = pair.differences(problem)?;
        let mut shares = changes.all.iter().map(|change| change.share);
        let matters = shares.any(|share| share * pair.share(ORDERS[0]) > UNSEEN);
        let coarser_pair = if matters { pair.coarser(problem) } else { None };
        let coarser_changes = coarser_pair.and_then(|pair| pair.differences(problem));
        let mut errors = errors_of(problem, &changes, |number, change| {
            let order = coarser_changes
                .as_ref()
                .map(|changes| changes.all[number].order(change));
            let order = order.filter(|order| BELIEVED.contains(order));
            let order = order.map_or(ORDER, |order| order.clamp(ORDERS[0], ORDERS[1]));
            (pair.share(order) * change.share, order)
        });
        for error in &mut errors {
            let of_steps = errors_of_steps.iter();
            let mut of_steps = of_steps.filter(|of_steps| of_steps.quantity == error.quantity);
            error.share -= of_steps.next().map_or(0.0, |of_steps| of_steps.share);
        }
        sort(&mut errors);
        Some(Self { errors })
    }
}
