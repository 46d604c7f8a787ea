//! Finds the largest value, and the error of it that three grids may have in common.

use super::CheckError;
use crate::{field::Field, physics::wall::Side, problem::Problem};
use diff2d_stencil::Side as Beyond;

/// Whether the largest value is the value of a fixed wall or a held node.
pub(super) fn is_given(problem: &Problem, state: &Field<f64>) -> bool {
    let (p, geometry) = (state.view(), problem.geometry());
    let largest = largest(problem, state);
    let unmasked_nodes = p.indexed_iter().filter(|(node, _)| !geometry.masks(*node));
    let mut nodes = unmasked_nodes.filter(|(_, p)| **p == largest);
    nodes.any(|(node, _)| geometry.owners(node).is_some())
}

/// The height to which p may rise above its largest value within a cell, where a wall with inflow meets nodes of given
/// values: `h ∂p/∂n`. From the corner p rises steeply, and falls before the next node.
pub(super) fn hidden(problem: &Problem, state: &Field<f64>) -> Result<f64, CheckError> {
    let (p, grid, geometry) = (state.view(), &problem.grid, problem.geometry());
    let dynamics = problem.dynamics::<f64>(0..grid.y.nodes)?;
    let end_time = problem.schedule.end();
    let walls = match &dynamics.walls_at {
        Some(walls_at) => walls_at(&[end_time, end_time]).0,
        None => dynamics.walls,
    };
    let mut highest = largest(problem, state);
    let sides = [&walls.left, &walls.right, &walls.bottom, &walls.top];
    for (side, beyond) in Side::ALL.into_iter().zip(sides) {
        let Beyond::Ghost(ghost) = beyond else {
            continue;
        };
        let [mirror, alpha, beta] =
            [&ghost.mirror, &ghost.alpha, &ghost.beta].map(|table| table.parts().1);
        let count = side.nodes(grid);
        for at in 0..count {
            let node = side.node(grid, at);
            let mut neighbours = at.saturating_sub(1)..(at + 2).min(count);
            let is_beside_given = neighbours.any(|at| {
                let node = side.node(grid, at);
                geometry.owners(node).is_some() || geometry.masks(node)
            });
            if geometry.keeps(node) || !is_beside_given {
                continue;
            }
            // A ghost is `2 h ∂p/∂n` above what it mirrors, or above the node itself.
            let inward = alpha[at] - (beta[at] + 1.0 - mirror[at]) * p[node];
            highest = highest.max(p[node] + 0.5 * inward);
        }
    }
    Ok(highest - largest(problem, state))
}

/// The largest value at an unmasked node.
fn largest(problem: &Problem, state: &Field<f64>) -> f64 {
    largest_of(state, |node| !problem.geometry().masks(node))
}

/// The largest value at a node without a given value; -∞ if there is no such node.
pub(super) fn inside(problem: &Problem, state: &Field<f64>) -> f64 {
    let geometry = problem.geometry();
    largest_of(state, |node| {
        !geometry.masks(node) && geometry.owners(node).is_none()
    })
}

fn largest_of(state: &Field<f64>, counts: impl Fn((usize, usize)) -> bool) -> f64 {
    let values = state.view();
    let nodes = values.indexed_iter().filter(|(node, _)| counts(*node));
    nodes.fold(f64::NEG_INFINITY, |most, (_, p)| most.max(*p))
}
