//! A warning on layers beside walls that are thinner than a cell.

use crate::{
    params::{Layout, ParamsError, Quantity, SIDES, StepMethod, Wall},
    physics::{values::value_at, wall::Side},
    problem::Problem,
};

/// Warns that p falls within less than a cell beside a wall: k dx²/D is the square of a cell's width, measured by the
/// length √(D/k) in which a steady p falls by e. Grids with no other nodes there do not show it.
pub(super) fn of_layer(problem: &Problem) -> Option<String> {
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
