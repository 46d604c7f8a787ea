//! Where the largest value is, and what three grids may all miss of it.

use super::CheckError;
use crate::{field::Field, physics::wall::Side, problem::Problem};
use diff2d_stencil::Side as Beyond;

/// Whether the largest value is that of a fixed wall or of a held node.
pub(super) fn is_given(problem: &Problem, state: &Field<f64>) -> bool {
    let (p, geometry) = (state.view(), problem.geometry());
    let largest = largest(problem, state);
    let there = p.indexed_iter().filter(|(node, _)| !geometry.masks(*node));
    let mut nodes = there.filter(|(_, p)| **p == largest);
    nodes.any(|(node, _)| geometry.keeps(node) || geometry.is_on_fixed(node))
}

/// How far p may rise above its largest value within a cell, where a wall through which something comes in meets nodes that are
/// given theirs: by `h ∂p/∂n`. From the corner p rises steeply, and falls before the next node.
pub(super) fn hidden(problem: &Problem, state: &Field<f64>) -> Result<f64, CheckError> {
    let (p, grid, geometry) = (state.view(), &problem.grid, problem.geometry());
    let dynamics = problem.dynamics::<f64>(0..grid.y.nodes)?;
    let end = problem.schedule.end();
    let walls = match &dynamics.walls_at {
        Some(walls_at) => walls_at(&[end, end]).0,
        None => dynamics.walls,
    };
    let is_given = |node| geometry.keeps(node) || geometry.is_on_fixed(node);
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
            let mut beside = at.saturating_sub(1)..(at + 2).min(count);
            if geometry.keeps(node) || !beside.any(|at| is_given(side.node(grid, at))) {
                continue;
            }
            // A ghost is `2 h ∂p/∂n` above what it mirrors, or above the node itself.
            let inward = alpha[at] - (beta[at] + 1.0 - mirror[at]) * p[node];
            highest = highest.max(p[node] + 0.5 * inward);
        }
    }
    Ok(highest - largest(problem, state))
}

/// The largest value of a node that is not masked.
fn largest(problem: &Problem, state: &Field<f64>) -> f64 {
    let values = state.view();
    let there = values.indexed_iter();
    let there = there.filter(|(node, _)| !problem.geometry().masks(*node));
    there.fold(f64::NEG_INFINITY, |most, (_, p)| most.max(*p))
}
