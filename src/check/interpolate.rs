//! Values between the nodes.

use crate::grid::{Axis, Grid};
use ndarray::ArrayView2;

/// The value at `(x, y)` of the polynomial through up to four nodes in each direction. It is of fourth order, and at a
/// node it is the node's own value.
pub(super) fn value_at(p: &ArrayView2<'_, f64>, grid: &Grid, (x, y): (f64, f64)) -> f64 {
    let (of_x, of_y) = (weights(&grid.x, x), weights(&grid.y, y));
    weighted_sum(p, &of_y, &of_x)
}

/// The sum of weighted values, row by row.
fn weighted_sum(p: &ArrayView2<'_, f64>, of_y: &[(usize, f64)], of_x: &[(usize, f64)]) -> f64 {
    let rows = of_y.iter().map(|(j, row_weight)| {
        let row = of_x.iter().map(|(i, weight)| weight * p[[*j, *i]]);
        row_weight * row.sum::<f64>()
    });
    rows.sum()
}

/// The interpolated values at the nodes of another grid that lie in the domain, row by row.
pub(super) fn at_nodes(p: &ArrayView2<'_, f64>, grid: &Grid, nodes: &Grid) -> Vec<f64> {
    let [of_y, of_x] = [(&grid.y, &nodes.y), (&grid.x, &nodes.x)]
        .map(|(axis, other)| weights_at_nodes(axis, other));
    let rows = of_y.iter();
    rows.flat_map(|of_y| of_x.iter().map(|of_x| weighted_sum(p, of_y, of_x)))
        .collect()
}

/// The weights for each node of another axis that lies in the domain of this axis.
fn weights_at_nodes(axis: &Axis, other: &Axis) -> Vec<Vec<(usize, f64)>> {
    let (lower, upper) = other.domain();
    let close = 1e-9 * other.spacing;
    let places = (0..other.nodes).map(|i| other.node(i));
    places
        .filter(|at| (lower - close..=upper + close).contains(at))
        .map(|at| weights(axis, at))
        .collect()
}

/// The nodes next to a coordinate and their Lagrange weights.
fn weights(axis: &Axis, at: f64) -> Vec<(usize, f64)> {
    let count = axis.nodes.min(4);
    let upper_node = (0..axis.nodes)
        .find(|&i| axis.node(i) > at)
        .unwrap_or(axis.nodes);
    let first_node = upper_node.saturating_sub(count / 2).min(axis.nodes - count);
    let nodes = first_node..first_node + count;
    let close = 1e-9 * axis.spacing;
    let node_there = nodes.clone().find(|&i| (axis.node(i) - at).abs() <= close);
    if let Some(node) = node_there {
        return vec![(node, 1.0)];
    }
    nodes
        .clone()
        .map(|i| {
            let other_nodes = nodes.clone().filter(|&k| k != i);
            let factors = other_nodes.map(|k| (at - axis.node(k)) / (axis.node(i) - axis.node(k)));
            (i, factors.product())
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
