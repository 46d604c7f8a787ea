//! Estimates the error of the spacing from the problem on two grids, one twice as fine as the other.

use super::trial::{alone, are_cheap, changes, is_dear};
use crate::{
    check::Ladder,
    params::{Layout, RawParams, StepMethod},
    problem::Problem,
};

/// The error, relative to the range of p, above which there is a warning.
const INACCURATE: f64 = 0.01;
/// The smallest number of cells along an axis.
const FEWEST_CELLS: u64 = 2;
/// Pairs of grids, given by the spacing of the coarser one relative to the user's own, and the ratio of the error on
/// the user's grid to the difference between the pair. The ratio lies between the values of first and second order,
/// which are 2 and 4/3, 1 and 1/3, 1/2 and 1/12.
const GRIDS: [(u64, f64); 3] = [(1, 1.6), (2, 0.6), (4, 0.2)];

/// A problem on two grids.
struct Pair {
    coarse: Problem,
    fine: Problem,
    /// The ratio of the error on the user's own grid to the difference between the two grids.
    share: f64,
}

impl Pair {
    /// The finest affordable pair. `None` if there are no nested grids, as for layouts with walls beside the domain and
    /// for arrays of values.
    fn of(problem: &Problem) -> Option<Self> {
        let has_steps = problem.schedule.last_step() > 0;
        let is_steady = problem.params.method == StepMethod::Steady;
        if problem.params.grid != Layout::Walls
            || problem.reads_arrays()
            || !(has_steps || is_steady)
        {
            return None;
        }
        let raw = RawParams::from_canonical(problem.params.canonical());
        let ladder = Ladder {
            own: problem,
            raw: &raw,
            refinement: 1,
        };
        let own_cells = ladder.own_cells();
        GRIDS.into_iter().find_map(|(coarser, share)| {
            let cells = own_cells.map(|cells| cells.div_ceil(coarser).max(FEWEST_CELLS));
            if is_dear(
                problem,
                work_ratio(problem, own_cells, cells.map(|cells| 2 * cells)),
            ) {
                return None;
            }
            let [coarse, fine] = [1, 2].map(|finer| {
                let cells = cells.map(|cells| finer * cells);
                // A grid of many nodes is not made to find out that it is too dear.
                let is_small = cells[0].saturating_mul(cells[1]) < MOST_CELLS;
                is_small.then(|| on_grid(&ladder, cells)).flatten()
            });
            let (coarse, fine) = (coarse?, fine?);
            are_cheap([&coarse, &fine], problem).then_some(Self {
                coarse,
                fine,
                share,
            })
        })
    }
}

const MOST_CELLS: u64 = 1 << 17;

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
pub(crate) fn is_estimated(problem: &Problem) -> bool {
    Pair::of(problem).is_some()
}

/// Warns that the error of the spacing is large.
pub(super) fn warning(problem: &Problem) -> Option<String> {
    let pair = Pair::of(problem)?;
    let snapshots = pair.coarse.schedule.snapshots() - 1;
    let change = alone(|| changes([&pair.coarse, &pair.fine], snapshots, 2))?;
    let error = pair.share * change.share;
    (error > INACCURATE).then(|| {
        let (x, y) = (problem.grid.x.spacing, problem.grid.y.spacing);
        let spacing = if x == y { format!("dx = {x:?}") } else { format!("dx = {x:?} and dy = {y:?}") };
        format!(
            "the spacing is coarse: with {spacing}, p is off by about {:.1} % of its range, as grids of other spacings show; `diff2d check` measures it",
            100.0 * error
        )
    })
}
