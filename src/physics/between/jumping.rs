//! [`Jumping`]: the formula of a coefficient or of a source, and where it jumps.

use super::stretch::{SLIVER, cuts_in, oriented, rounding, to_rounding};
use crate::{
    params::{Formula, Function},
    physics::geometry::Geometry,
};
use diff2d_arrays::expression::{BATCH, Expression, Jump, Search};
use rayon::prelude::*;
use std::ops::Range;

/// The formula of a coefficient or of a source, and where it jumps.
pub struct Jumping<'a> {
    expression: &'a Expression,
    pub(super) geometry: &'a Geometry,
    /// Whether x is the distance from an axis of rotation.
    pub(super) is_radial: bool,
    /// The places along x and along y at which parts jump that depend on that coordinate alone, each between two bounds.
    pub(super) places: [Vec<[f64; 2]>; 2],
    /// The parts whose places depend on both coordinates.
    pub(super) oblique: Vec<Jump>,
    /// Whether the value is the same wherever nothing jumps in between.
    pub(super) is_constant_between: bool,
}

impl<'a> Jumping<'a> {
    /// A formula that jumps somewhere; `None` for any other function, and for one that depends on time.
    #[must_use]
    pub fn new(function: &'a Function, geometry: &'a Geometry) -> Option<Self> {
        let Function::Formula(Formula { expression, .. }) = function else {
            return None;
        };
        let jumps = expression.jumps();
        if jumps.parts.is_empty() || function.depends_on_time() {
            return None;
        }
        let mut places = [Vec::new(), Vec::new()];
        let mut oblique = Vec::new();
        for jump in jumps.parts {
            let axis = match [jump.uses(0), jump.uses(1)] {
                [true, true] => {
                    oblique.push(jump);
                    continue;
                }
                [true, false] => 0,
                _ => 1,
            };
            let count = geometry.nodes.along(axis).len();
            let bounds = extent_of_cells(geometry, axis, &(0..count));
            places[axis].extend(jump.places_along(
                axis,
                &[0.0; 2],
                bounds,
                to_rounding(bounds, count),
            ));
        }
        for places in &mut places {
            places.sort_unstable_by(|one, other| one[0].total_cmp(&other[0]));
        }
        Some(Self {
            expression,
            geometry,
            is_radial: geometry.grid.x.radii().is_some(),
            is_constant_between: jumps.is_constant_between,
            places,
            oblique,
        })
    }

    /// The numbers between the bounds `columns` for each of `rows` rows in whose boxes an oblique part may jump.
    /// `bounds` gives the bounds of a box along x and along y.
    pub(super) fn marked(
        &self,
        rows: usize,
        columns: Range<usize>,
        bounds: impl Fn(Range<usize>, Range<usize>) -> [[f64; 2]; 2] + Sync,
    ) -> Vec<Vec<usize>> {
        /// The number of rows that are divided together.
        const TOGETHER: usize = 32;
        let mut marked = vec![Vec::new(); rows];
        if self.oblique.is_empty() {
            return marked;
        }
        let pieces = marked.par_chunks_mut(TOGETHER).enumerate();
        pieces.for_each(|(piece, marked)| {
            let start = piece * TOGETHER;
            let mut boxes = vec![(start..start + marked.len(), columns.clone())];
            while let Some((rows, columns)) = boxes.pop() {
                if !self.may_lie_in(bounds(rows.clone(), columns.clone())) {
                    continue;
                }
                if rows.len() == 1 && columns.len() == 1 {
                    marked[rows.start - start].push(columns.start);
                } else if rows.len() > columns.len() {
                    let middle = rows.start.midpoint(rows.end);
                    boxes.push((rows.start..middle, columns.clone()));
                    boxes.push((middle..rows.end, columns));
                } else {
                    let middle = columns.start.midpoint(columns.end);
                    boxes.push((rows.clone(), columns.start..middle));
                    boxes.push((rows, middle..columns.end));
                }
            }
        });
        marked
    }

    /// Whether an oblique part may jump within bounds along x and along y.
    pub(super) fn may_lie_in(&self, [x, y]: [[f64; 2]; 2]) -> bool {
        self.oblique.iter().any(|jump| jump.may_lie_in(&[x, y]))
    }

    /// The places at which the formula jumps on a line along an axis, at the coordinate `over` of the other axis.
    pub(super) fn places_on_line(&self, axis: usize, over: f64) -> Vec<[f64; 2]> {
        let coordinates = self.geometry.nodes.along(axis);
        let bounds = [coordinates[0], coordinates[coordinates.len() - 1]];
        let search = to_rounding(bounds, coordinates.len());
        let mut places = self.places[axis].clone();
        places.extend(self.oblique_places(axis, over, bounds, search));
        places
    }

    /// The places at which oblique parts jump on a part of a line along an axis.
    pub(super) fn oblique_places(
        &self,
        axis: usize,
        over: f64,
        bounds: [f64; 2],
        search: Search,
    ) -> impl Iterator<Item = [f64; 2]> {
        let point = oriented(axis, [0.0, over]);
        let jumps = self.oblique.iter();
        jumps.flat_map(move |jump| jump.places_along(axis, &point, bounds, search))
    }

    /// The bounds of the places at which the formula jumps within a part of a line along an axis, to rounding.
    pub(super) fn cuts_between(&self, axis: usize, over: f64, bounds: [f64; 2]) -> Vec<f64> {
        let mut cuts = cuts_in(&self.places[axis], bounds);
        let places = self.oblique_places(axis, over, bounds, to_rounding(bounds, 1));
        cuts.extend(places.flatten());
        let sliver = SLIVER * rounding(bounds);
        cuts.retain(|cut| bounds[0] + sliver < *cut && *cut < bounds[1] - sliver);
        cuts
    }

    /// Whether the values at both ends of a line differ, which are those of one point on periodic sides.
    pub(super) fn differs_at_ends(&self, axis: usize, line: usize) -> bool {
        let nodes = &self.geometry.nodes;
        let (coordinates, over) = (nodes.along(axis), nodes.along(1 - axis)[line]);
        let points = [coordinates[0], coordinates[coordinates.len() - 1]]
            .map(|coordinate| oriented(axis, [coordinate, over]));
        let values = self.values(&points);
        values[0] != values[1]
    }

    /// The values of the formula at points.
    pub(super) fn values(&self, points: &[[f64; 2]]) -> Vec<f64> {
        let mut values = vec![0.0; points.len()];
        for (points, values) in points.chunks(BATCH).zip(values.chunks_mut(BATCH)) {
            let [x, y] =
                [0, 1].map(|axis| points.iter().map(|point| point[axis]).collect::<Vec<_>>());
            let time = vec![0.0; points.len()];
            self.expression.evaluate(&[&x, &y, &time], 0, values);
        }
        values
    }
}

/// The bounds of the cells of some nodes along an axis: half way to the next nodes; at an end up to the node, or as far
/// beyond it where the node stands for a whole cell.
pub(super) fn extent_of_cells(
    geometry: &Geometry,
    axis: usize,
    numbers: &Range<usize>,
) -> [f64; 2] {
    let coordinates = geometry.nodes.along(axis);
    let grid_axis = match axis {
        0 => &geometry.grid.x,
        _ => &geometry.grid.y,
    };
    let [lower, upper] = [numbers.start, numbers.end - 1];
    // The bounds towards lower and higher numbers.
    [
        (lower, lower.checked_sub(1), lower + 1),
        (upper, Some(upper + 1), upper.wrapping_sub(1)),
    ]
    .map(|(number, outer_neighbour, inner_neighbour)| {
        let coordinate = coordinates[number];
        match outer_neighbour.and_then(|neighbour| coordinates.get(neighbour)) {
            Some(neighbour) => f64::midpoint(coordinate, *neighbour),
            None if grid_axis.weight(number) == 1.0 => {
                coordinate + (coordinate - coordinates[inner_neighbour]) / 2.0
            }
            None => coordinate,
        }
    })
}
