//! [`Jumping`]: the formula of a coefficient or of a source, and where it jumps.

use super::stretch::{
    SLIVER, cuts_in, in_order, lies_in, oriented, places_in, rounding, to_rounding,
};
use crate::{
    params::{Formula, Function},
    physics::geometry::Geometry,
};
use diff2d_arrays::expression::{BATCH, Expression, Jump, Search};
use rayon::prelude::*;
use std::ops::Range;

/// The number of the variable t in formulas.
const TIME: usize = 2;

/// A value between nodes that a quantity must not have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wrong {
    /// The value.
    pub value: f64,
    /// The place that has it, `[x, y]`.
    pub at: [f64; 2],
}

/// What lies in boxes along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Boxes {
    /// The cell of a node.
    Cells,
    /// The edge between two nodes.
    Edges,
}

/// The formula of a coefficient or of a source at a time, and where it jumps.
pub struct Jumping<'a> {
    expression: Expression,
    pub(super) geometry: &'a Geometry,
    /// Whether x is the distance from an axis of rotation.
    pub(super) is_radial: bool,
    /// The places along x and along y at which parts jump that depend on that coordinate alone, each between two bounds.
    pub(super) places: [Vec<[f64; 2]>; 2],
    /// The parts whose places depend on both coordinates.
    pub(super) oblique: Vec<Jump>,
    /// Whether the value is the same wherever nothing jumps in between.
    pub(super) is_constant_between: bool,
    /// For each axis with periodic sides whether parts that jump differ at both ends of each line: the formula then jumps
    /// where the sides meet.
    seams: [Vec<bool>; 2],
}

impl<'a> Jumping<'a> {
    /// A formula that jumps somewhere at a time; `None` for any other function.
    #[must_use]
    pub fn new(function: &Function, geometry: &'a Geometry, time: f64) -> Option<Self> {
        let Function::Formula(Formula { exact, .. }) = function else {
            return None;
        };
        let expression = exact.with_value(TIME, time);
        let jumps = expression.jumps();
        let mut jumping = Self {
            expression,
            geometry,
            is_radial: geometry.grid.x.radii().is_some(),
            is_constant_between: jumps.is_constant_between,
            places: [Vec::new(), Vec::new()],
            oblique: Vec::new(),
            seams: [Vec::new(), Vec::new()],
        };
        if jumps.parts.is_empty() {
            return None;
        }
        jumping.seams = [0, 1].map(|axis| jumping.seam(axis, &jumps.parts));
        for jump in jumps.parts {
            let axis = match [jump.uses(0), jump.uses(1)] {
                [true, true] => {
                    jumping.oblique.push(jump);
                    continue;
                }
                [true, false] => 0,
                _ => 1,
            };
            let (count, bounds) = (geometry.nodes.along(axis).len(), jumping.extent(axis));
            jumping.places[axis].extend(jump.places_along(
                axis,
                &[0.0; 2],
                bounds,
                to_rounding(bounds, count),
            ));
        }
        jumping.places = jumping.places.map(in_order);
        Some(jumping)
    }

    /// The boxes along an axis.
    fn boxes(&self, axis: usize, kind: Boxes) -> Vec<[f64; 2]> {
        let coordinates = self.geometry.nodes.along(axis);
        match kind {
            Boxes::Edges => (coordinates.windows(2))
                .map(|edge| [edge[0], edge[1]])
                .collect(),
            Boxes::Cells => (0..coordinates.len())
                .map(|number| extent_of_cells(self.geometry, axis, &(number..number + 1)))
                .collect(),
        }
    }

    /// The columns of the boxes of each row in which the formula jumps, in ascending order. Cells that are the same are
    /// named once, by the first of their nodes.
    pub(super) fn marked(&self, kinds: [Boxes; 2]) -> Vec<Vec<usize>> {
        let boxes = [0, 1].map(|axis| self.boxes(axis, kinds[axis]));
        let wraps = [0, 1].map(|axis| self.geometry.nodes.periodic[axis]);
        let [column_count, row_count] = [0, 1].map(|axis| boxes[axis].len());
        let mut marked = self.marked_obliquely(&boxes);
        // A place along one axis cuts the boxes of a whole line.
        let [cut_columns, cut_rows] = [0, 1].map(|axis| {
            let numbers =
                (0..boxes[axis].len()).filter(|&at| lies_in(&self.places[axis], boxes[axis][at]));
            numbers.collect::<Vec<usize>>()
        });
        marked
            .iter_mut()
            .for_each(|columns| columns.extend(&cut_columns));
        cut_rows
            .iter()
            .for_each(|&row| marked[row] = (0..column_count).collect());
        // Where periodic sides meet, the last edge is cut at its end, and the cell of the first node inside.
        for axis in [0, 1].into_iter().filter(|&axis| wraps[axis]) {
            let at_seam = match kinds[axis] {
                Boxes::Cells => 0,
                Boxes::Edges => boxes[axis].len() - 1,
            };
            for line in 0..boxes[1 - axis].len() {
                let lines = match kinds[1 - axis] {
                    Boxes::Cells => line..=line,
                    Boxes::Edges => line..=line + 1,
                };
                if self.seams[axis][lines].iter().any(|&differs| differs) {
                    let [column, row] = oriented(axis, [at_seam, line]);
                    marked[row].push(column);
                }
            }
        }
        if wraps[1] && kinds[1] == Boxes::Cells {
            let of_last_row = marked.split_off(row_count - 1).concat();
            marked[0].extend(of_last_row);
        }
        for columns in &mut marked {
            if kinds[0] == Boxes::Cells {
                (columns.iter_mut()).for_each(|i| *i = self.geometry.nodes.column(*i));
            }
            columns.sort_unstable();
            columns.dedup();
        }
        marked
    }

    /// The columns of the boxes of each row in which an oblique part may jump.
    fn marked_obliquely(&self, [of_columns, of_rows]: &[Vec<[f64; 2]>; 2]) -> Vec<Vec<usize>> {
        /// The number of rows that are divided together.
        const TOGETHER: usize = 32;
        let mut marked = vec![Vec::new(); of_rows.len()];
        if self.oblique.is_empty() {
            return marked;
        }
        let pieces = marked.par_chunks_mut(TOGETHER).enumerate();
        pieces.for_each(|(piece, marked)| {
            let start = piece * TOGETHER;
            let mut areas = vec![(start..start + marked.len(), 0..of_columns.len())];
            while let Some((rows, columns)) = areas.pop() {
                let bounds = [(of_columns, &columns), (of_rows, &rows)]
                    .map(|(boxes, range)| [boxes[range.start][0], boxes[range.end - 1][1]]);
                if !self.may_lie_in(bounds) {
                    continue;
                }
                if rows.len() == 1 && columns.len() == 1 {
                    marked[rows.start - start].push(columns.start);
                } else if rows.len() > columns.len() {
                    let middle = rows.start.midpoint(rows.end);
                    areas.push((rows.start..middle, columns.clone()));
                    areas.push((middle..rows.end, columns));
                } else {
                    let middle = columns.start.midpoint(columns.end);
                    areas.push((rows.clone(), columns.start..middle));
                    areas.push((rows, middle..columns.end));
                }
            }
        });
        marked
    }

    /// Whether an oblique part may jump within bounds along x and along y.
    pub(super) fn may_lie_in(&self, [x, y]: [[f64; 2]; 2]) -> bool {
        self.oblique.iter().any(|jump| jump.may_lie_in(&[x, y]))
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

    /// The bounds of all cells along an axis.
    pub(super) fn extent(&self, axis: usize) -> [f64; 2] {
        extent_of_cells(
            self.geometry,
            axis,
            &(0..self.geometry.nodes.along(axis).len()),
        )
    }

    /// The places at which the formula jumps on a part of a line along an axis, each between two bounds.
    pub(super) fn places_on(&self, axis: usize, over: f64, bounds: [f64; 2]) -> Vec<[f64; 2]> {
        let search = to_rounding(bounds, self.geometry.nodes.along(axis).len());
        let mut places = places_in(&self.places[axis], bounds).to_vec();
        places.extend(self.oblique_places(axis, over, bounds, search));
        places
    }

    /// The width along an axis below which a piece is what rounding leaves between two others.
    pub(super) fn sliver(&self, axis: usize) -> f64 {
        let coordinates = self.geometry.nodes.along(axis);
        SLIVER * rounding([coordinates[0], coordinates[coordinates.len() - 1]])
    }

    /// The bounds of a node's cell along an axis: one interval, or on periodic sides half a cell at both ends.
    pub(super) fn intervals(
        &self,
        axis: usize,
        number: usize,
    ) -> impl Iterator<Item = [f64; 2]> + use<> {
        let nodes = &self.geometry.nodes;
        let last_number = nodes.along(axis).len() - 1;
        let numbers = match number {
            number if nodes.periodic[axis] && [0, last_number].contains(&number) => {
                [Some(0), Some(last_number)]
            }
            number => [Some(number), None],
        };
        let intervals = numbers.map(|number| {
            Some(extent_of_cells(
                self.geometry,
                axis,
                &(number?..number? + 1),
            ))
        });
        intervals.into_iter().flatten()
    }

    /// Whether the formula jumps where the two ends of a line along an axis with periodic sides meet.
    pub(super) fn has_seam(&self, axis: usize, line: usize) -> bool {
        self.seams[axis].get(line) == Some(&true)
    }

    /// Whether parts that jump differ at both ends of each line along an axis, which are one point on periodic sides; empty
    /// for other sides.
    fn seam(&self, axis: usize, parts: &[Jump]) -> Vec<bool> {
        let nodes = &self.geometry.nodes;
        if !nodes.periodic[axis] {
            return Vec::new();
        }
        let coordinates = nodes.along(axis);
        let bounds = [coordinates[0], coordinates[coordinates.len() - 1]];
        let lines = nodes.along(1 - axis).iter();
        let differ = lines.map(|&over| {
            parts.iter().any(|part| {
                let [lower, upper] = bounds.map(|bound| {
                    part.value_at(&oriented(axis, [bound, over]).map(|value| [value; 2]))
                });
                lower != upper
            })
        });
        differ.collect()
    }

    /// The values of the formula at points.
    ///
    /// # Errors
    /// The first value that is not.
    pub(super) fn right_values(
        &self,
        points: &[[f64; 2]],
        is_right: impl Fn(f64) -> bool,
    ) -> Result<Vec<f64>, Wrong> {
        let values = self.values(points);
        let wrong = values
            .iter()
            .zip(points)
            .find(|(value, _)| !is_right(**value));
        match wrong {
            Some((&value, &at)) => Err(Wrong { value, at }),
            None => Ok(values),
        }
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
