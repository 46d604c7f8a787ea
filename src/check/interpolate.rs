//! Values between the nodes.

use crate::grid::{Axis, Grid};
use ndarray::ArrayView2;

/// The value at `(x, y)` of the polynomial through up to four nodes in each direction: of fourth order,
/// and the node's own value at a node.
pub(super) fn value_at(p: &ArrayView2<'_, f64>, grid: &Grid, (x, y): (f64, f64)) -> f64 {
    let (of_x, of_y) = (weights(&grid.x, x), weights(&grid.y, y));
    let row = |j: usize| -> f64 { of_x.iter().map(|(i, weight)| weight * p[[j, *i]]).sum() };
    of_y.iter().map(|(j, weight)| weight * row(*j)).sum()
}

/// The values at the nodes of another grid that lie in the domain, row by row.
pub(super) fn at_nodes(p: &ArrayView2<'_, f64>, grid: &Grid, nodes: &Grid) -> Vec<f64> {
    let along = |own: &Axis, other: &Axis| -> Vec<Vec<(usize, f64)>> {
        let (first, last) = other.domain();
        let close = 1e-9 * other.spacing;
        let places = (0..other.nodes).map(|i| other.node(i));
        let inside = places.filter(|at| (first - close..=last + close).contains(at));
        inside.map(|at| weights(own, at)).collect()
    };
    let (of_x, of_y) = (along(&grid.x, &nodes.x), along(&grid.y, &nodes.y));
    let value = |of_y: &[(usize, f64)], of_x: &[(usize, f64)]| -> f64 {
        let row = |j: usize| -> f64 { of_x.iter().map(|(i, weight)| weight * p[[j, *i]]).sum() };
        of_y.iter().map(|(j, weight)| weight * row(*j)).sum()
    };
    let rows = of_y.iter();
    rows.flat_map(|of_y| of_x.iter().map(|of_x| value(of_y, of_x)))
        .collect()
}

/// The nodes next to a coordinate and their Lagrange weights.
fn weights(axis: &Axis, at: f64) -> Vec<(usize, f64)> {
    let count = axis.nodes.min(4);
    let above = (0..axis.nodes)
        .find(|&i| axis.node(i) > at)
        .unwrap_or(axis.nodes);
    let first = above.saturating_sub(count / 2).min(axis.nodes - count);
    let nodes = first..first + count;
    let close = 1e-9 * axis.spacing;
    let same = nodes.clone().find(|&i| (axis.node(i) - at).abs() <= close);
    if let Some(node) = same {
        return vec![(node, 1.0)];
    }
    nodes
        .clone()
        .map(|i| {
            let factor = |k: usize| (at - axis.node(k)) / (axis.node(i) - axis.node(k));
            (i, nodes.clone().filter(|&k| k != i).map(factor).product())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::value_at;
    use crate::problem::Problem;
    use ndarray::Array2;

    #[test]
    fn cubics_are_reproduced() {
        let problem: Problem =
            "D = 1\nx1 = 0\nx2 = 1\ndx = 0.11\nruntime = 1\nouttime = 1\ngrid = 'walls'"
                .parse()
                .unwrap();
        let grid = &problem.grid;
        let cubic = |x: f64, y: f64| x.powi(3) - 2.0 * x * y * y + y.powi(3) - 0.5;
        let p = Array2::from_shape_fn(grid.shape(), |(j, i)| cubic(grid.x.node(i), grid.y.node(j)));
        for (x, y) in [
            (0.0, 1.0),
            (0.03, 0.97),
            (0.5, 0.5),
            (1.0, 0.0),
            (0.777, 0.123),
        ] {
            let error = value_at(&p.view(), grid, (x, y)) - cubic(x, y);
            assert!(error.abs() < 1e-14, "({x}, {y}): {error:e}");
        }
    }
}
