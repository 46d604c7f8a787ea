//! Edges on which the formula of an area changes more than once.

use super::{
    between::stretch::{SLIVER, cuts_between, divided, oriented, rounding, to_rounding},
    nodes::Nodes,
    sparse::SparseRows,
    values::value_at_point,
};
use crate::params::{Formula, Function};
use rayon::prelude::*;

/// The number of times that a formula becomes 0, or another number, on edges along x and along y on which it does so more
/// than once. Edges are numbered by their second node.
#[must_use]
pub fn repeated_changes(function: &Function, nodes: &Nodes) -> [SparseRows; 2] {
    let Function::Formula(formula) = function else {
        return Default::default();
    };
    [0, 1].map(|axis| {
        let line_count = nodes.along(1 - axis).len() - usize::from(nodes.periodic[1 - axis]);
        let lines = (0..line_count).into_par_iter();
        let lines = lines.map(|line| on_line(formula, nodes, axis, line));
        match axis {
            0 => SparseRows::of_rows(lines.collect()),
            _ => SparseRows::of_columns(lines.collect(), nodes.y.len()),
        }
    })
}

fn on_line(formula: &Formula, nodes: &Nodes, axis: usize, line: usize) -> Vec<(usize, f64)> {
    let (coordinates, over) = (nodes.along(axis), nodes.along(1 - axis)[line]);
    let bounds = [coordinates[0], coordinates[coordinates.len() - 1]];
    let search = to_rounding(bounds, coordinates.len());
    let point = oriented(axis, [0.0, over]);
    let jumps = formula.expression.jumps().parts.into_iter();
    let places = jumps.flat_map(|jump| jump.places_along(axis, &point, bounds, search));
    let cuts = cuts_between(coordinates, &places.collect::<Vec<_>>());
    let of_edges = cuts.chunk_by(|one, other| one.0 == other.0);
    let changes = of_edges.filter_map(|cuts| {
        let number = cuts[0].0;
        let edge = [coordinates[number - 1], coordinates[number]];
        let mut pieces = divided(edge, cuts.iter().map(|&(_, cut)| cut).collect());
        pieces.retain(|[from, to]| to - from > SLIVER * rounding(bounds));
        let are_inside = pieces.iter().map(|[from, to]| {
            let [x, y] = oriented(axis, [f64::midpoint(*from, *to), over]);
            value_at_point(&Function::Formula(formula.clone()), [x, y, 0.0], 0) != 0.0
        });
        let are_inside: Vec<bool> = are_inside.collect();
        let pairs = are_inside.windows(2);
        let count = pairs.filter(|pair| pair[0] != pair[1]).count();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        (count > 1).then_some((number, count as f64))
    });
    changes.collect()
}
