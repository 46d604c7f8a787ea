//! Estimates the error of the spacing from the problem on two grids, one twice as fine as the other.

use super::{
    cost::{are_cheap, is_dear},
    trial::{alone, changes},
};
use crate::{
    check::Ladder,
    params::{Layout, ParamsError, Quantity, RawParams, SIDES, StepMethod, Wall},
    physics::{values::value_at, wall::Side},
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

/// A sentence for problems for which the error of the spacing is not estimated.
pub const NOT_ESTIMATED: &str =
    "the error that the spacing makes is not estimated here: `diff2d check` tells it";

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
        if !has_nested_grids(problem) {
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
    Pair::of(problem).is_some()
}

/// Whether the error of the spacing could be estimated if that took less work.
pub fn is_too_dear(problem: &Problem) -> bool {
    has_nested_grids(problem) && !is_estimated(problem)
}

/// Warns that the error of the spacing is large. Of the difference between two grids, `error_of_steps` is that of other
/// steps.
pub(super) fn warning(problem: &Problem, error_of_steps: f64) -> Option<String> {
    of_pair(problem, error_of_steps).or_else(|| of_layer(problem))
}

fn of_pair(problem: &Problem, error_of_steps: f64) -> Option<String> {
    let pair = Pair::of(problem)?;
    let snapshots = pair.coarse.schedule.snapshots() - 1;
    let change = alone(|| changes([&pair.coarse, &pair.fine], snapshots, 2))?;
    let error = pair.share * change.share - error_of_steps;
    (error > INACCURATE).then(|| {
        let (x, y) = (problem.grid.x.spacing, problem.grid.y.spacing);
        let spacing = if x == y { format!("dx = {x:?}") } else { format!("dx = {x:?} and dy = {y:?}") };
        format!(
            "the spacing is coarse: with {spacing}, p is off by about {:.1} % of its range, as grids of other spacings show; `diff2d check` measures it",
            100.0 * error
        )
    })
}

/// Warns that p falls within less than a cell beside a wall: k dx²/D is the square of a cell's width, measured by the
/// length √(D/k) in which a steady p falls by e. Grids with no other nodes there do not show it.
fn of_layer(problem: &Problem) -> Option<String> {
    /// The square at which p at the first node is off by more than a hundredth of the fall.
    const RESOLVED: f64 = 1.0;
    let is_steady = problem.params.method == StepMethod::Steady;
    let loss_in_run = problem.fastest_loss() * problem.schedule.duration();
    if problem.params.grid != Layout::Walls || !(is_steady || loss_in_run >= 1.0) {
        return None;
    }
    let layers = Side::ALL
        .into_iter()
        .filter(|&side| has_layer(problem, side));
    let squares = layers.filter_map(|side| Some((side, squared_cell(problem, side).ok()?)));
    let (side, square) = squares.max_by(|one, other| one.1.total_cmp(&other.1))?;
    (square > RESOLVED).then(|| {
        let (name, spacing) = match side.is_column() {
            true => ("dx", problem.grid.x.spacing),
            false => ("dy", problem.grid.y.spacing),
        };
        format!(
            "the spacing is coarse beside {}: k {name}²/D is {square:.2}, so p falls within less than a cell there, and with {name} = {:.2e} it is 1; `diff2d check` measures the error",
            SIDES[side as usize],
            spacing / square.sqrt(),
        )
    })
}

/// Whether p beside a side may differ from what decay and sources make it farther inside.
fn has_layer(problem: &Problem, side: Side) -> bool {
    let wall = problem.params.boundary.wall(side);
    // The value, the flux, or c.
    let Some(given) = wall.functions().last() else {
        return false;
    };
    let middle_node = side.node(&problem.grid, side.nodes(&problem.grid) / 2);
    let value = value_at(
        given,
        &problem.geometry().nodes,
        middle_node,
        problem.schedule.start,
    );
    let takes_from_source =
        problem.slots().slot(Quantity::Source).is_there() && !matches!(wall, Wall::Flux(_));
    value != 0.0 || given.depends_on_time() || given.depends_on_place() || takes_from_source
}

/// The largest k dx²/D at the first computed nodes inside a side, at some of them.
fn squared_cell(problem: &Problem, side: Side) -> Result<f64, ParamsError> {
    /// The number of nodes of the side beside which it is computed.
    const PLACES: usize = 64;
    let (slots, grid, geometry) = (problem.slots(), &problem.grid, problem.geometry());
    let spacing = side.axis(grid).spacing;
    let decays = &slots.slot(Quantity::Decay).values;
    let mut decays_of_row = vec![0.0; grid.x.nodes];
    let mut largest_square = 0.0_f64;
    let count = side.nodes(grid);
    for number in (0..count).step_by(count.div_ceil(PLACES)) {
        let (row, column) = side.node(grid, number);
        let (j, i) = match problem.params.boundary.wall(side).is_fixed() {
            true => side.inner_node(grid, number),
            false => (row, column),
        };
        if geometry.keeps((j, i)) {
            continue;
        }
        decays.rows(&geometry.nodes, j..j + 1, 0.0, &mut decays_of_row)?;
        slots.faces(row..row + 1, |faces| {
            let coefficient = faces.inner(side, row, column);
            if coefficient > 0.0 {
                let square = decays_of_row[i] * spacing * spacing / coefficient;
                largest_square = largest_square.max(square);
            }
            Ok(())
        })?;
    }
    Ok(largest_square)
}
