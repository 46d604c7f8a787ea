//! Means over the cells in which a formula jumps.

use super::{
    jumping::{Jumping, extent_of_cells},
    measure::{FEJER, GAUSS, Measure},
    stretch::{SLIVER, cuts_in, divided, lies_in, oriented, rounding, shrunk, to_rounding, within},
};
use crate::physics::sparse::SparseRows;
use diff2d_arrays::expression::Search;
use rayon::prelude::*;

/// Points of a cell, and the sizes of what they stand for.
struct Samples {
    /// The weight of lengths along x.
    measure: Measure,
    /// Whether the value is the same wherever nothing jumps in between.
    is_constant_between: bool,
    points: Vec<[f64; 2]>,
    /// The numbers of the points, each with a size.
    sizes: Vec<(usize, f64)>,
}

impl Samples {
    fn add(&mut self, point: [f64; 2], size: f64) {
        self.sizes.push((self.points.len(), size));
        self.points.push(point);
    }

    /// Adds the points of a rectangle in which nothing jumps.
    fn add_smooth(&mut self, [x, y]: [[f64; 2]; 2]) {
        if x[0] >= x[1] || y[0] >= y[1] {
            return;
        }
        let size = self.measure.of(x) * (y[1] - y[0]);
        // In what rounding leaves between the two bounds of a place the value changes.
        let is_wide = [x, y]
            .iter()
            .all(|&bounds| bounds[1] - bounds[0] > SLIVER * rounding(bounds));
        let is_constant = self.is_constant_between && is_wide;
        let first_number = self.points.len();
        for (share_y, weight_y) in GAUSS {
            for (share_x, weight_x) in GAUSS {
                let size = weight_x * weight_y * size;
                if is_constant && self.points.len() > first_number {
                    self.sizes.push((first_number, size));
                } else {
                    self.add([self.measure.within(x, share_x), within(y, share_y)], size);
                }
            }
        }
    }
}

impl Jumping<'_> {
    /// The means over the cells in which the formula jumps.
    #[must_use]
    pub fn cells(&self) -> SparseRows {
        let nodes = &self.geometry.nodes;
        let [wraps_x, wraps_y] = nodes.periodic;
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        let mut cells = self.marked(ny, 0..nx, |rows, columns| {
            [(0, columns), (1, rows)]
                .map(|(axis, numbers)| extent_of_cells(self.geometry, axis, &numbers))
        });
        // A place along one axis cuts the cells of a whole line.
        let cut_columns: Vec<usize> = (0..nx).filter(|&i| self.cuts_cells(0, i)).collect();
        for (j, cells) in cells.iter_mut().enumerate() {
            match self.cuts_cells(1, j) {
                true => *cells = (0..nx).collect(),
                false => cells.extend(&cut_columns),
            }
        }
        if wraps_y {
            let last_row = cells.split_off(ny - 1).concat();
            cells[0].extend(last_row);
            let differing = (0..nx).filter(|&i| self.differs_at_ends(1, nodes.column(i)));
            cells[0].extend(differing);
        }
        let rows = cells.into_par_iter().enumerate().map(|(j, mut columns)| {
            columns.iter_mut().for_each(|i| *i = nodes.column(*i));
            if wraps_x && self.differs_at_ends(0, j) {
                columns.push(0);
            }
            columns.sort_unstable();
            columns.dedup();
            let means = columns.into_iter().filter_map(|i| {
                let mean = (!self.geometry.masks((j, i))).then(|| self.mean((j, i)))?;
                // What has no value in a part of the cell is asked at the node.
                mean.is_finite().then_some((i, mean))
            });
            means.collect()
        });
        SparseRows::of_rows(rows.collect())
    }

    /// Whether a part that depends on one coordinate alone cuts the cells of a column (axis 0) or of a row (axis 1).
    fn cuts_cells(&self, axis: usize, number: usize) -> bool {
        let mut intervals = self.intervals(axis, number);
        intervals.any(|interval| lies_in(&self.places[axis], interval))
    }

    /// The mean over the cell of a node.
    fn mean(&self, (j, i): (usize, usize)) -> f64 {
        let mut samples = Samples {
            measure: match self.is_radial {
                true => Measure::Square,
                false => Measure::Length,
            },
            is_constant_between: self.is_constant_between,
            points: Vec::new(),
            sizes: Vec::new(),
        };
        for y in self.intervals(1, j) {
            for x in self.intervals(0, i) {
                let [columns, rows] = [(0, x), (1, y)]
                    .map(|(axis, bounds)| divided(bounds, cuts_in(&self.places[axis], bounds)));
                for &row in &rows {
                    for &column in &columns {
                        self.add_rectangle([column, row], &mut samples);
                    }
                }
            }
        }
        let values = self.values(&samples.points);
        let sizes = samples.sizes.iter();
        let total: f64 = sizes.clone().map(|(_, size)| size).sum();
        sizes
            .map(|&(point, size)| values[point] * size)
            .sum::<f64>()
            / total
    }

    /// Adds samples of a rectangle in which only oblique parts jump.
    fn add_rectangle(&self, [x, y]: [[f64; 2]; 2], samples: &mut Samples) {
        /// The width in which a place on a line is found, and in which there is one alone, as parts of the rectangle.
        const FINENESS: f64 = 1.0 / 4096.0;
        const NARROW: f64 = 1.0 / 64.0;
        /// The largest number of places of a part on a line.
        const MOST_PLACES: usize = 16;
        /// The number of times that a rectangle becomes a thousand times smaller.
        const MOST_ROUNDS: usize = 4;
        if !self.may_lie_in([x, y]) {
            return samples.add_smooth([x, y]);
        }
        if let Some((axis, place)) = self.straight_place([x, y]) {
            let bounds = [x, y];
            let [lower, upper] = bounds[axis];
            for piece in divided([lower, upper], place.to_vec()) {
                // Between the two bounds of the place there is rounding.
                if piece != place {
                    samples.add_smooth(oriented(axis, [piece, bounds[1 - axis]]));
                }
            }
            return;
        }
        // The smallest rectangle around what jumps: lines through it miss nothing, however small it is.
        let (mut inner_x, mut inner_y) = (x, y);
        for _ in 0..MOST_ROUNDS {
            let [width, height] = [inner_x, inner_y].map(|[from, to]| to - from);
            inner_y = shrunk(|y| self.may_lie_in([inner_x, y]), inner_y);
            inner_x = shrunk(|x| self.may_lie_in([x, inner_y]), inner_x);
            let is_settled = inner_x[1] - inner_x[0] > width / 2.0;
            if is_settled && inner_y[1] - inner_y[0] > height / 2.0 {
                break;
            }
        }
        for rows in [[y[0], inner_y[0]], [inner_y[1], y[1]]] {
            samples.add_smooth([x, rows]);
        }
        for columns in [[x[0], inner_x[0]], [inner_x[1], x[1]]] {
            samples.add_smooth([columns, inner_y]);
        }
        let [width, height] = [inner_x, inner_y].map(|[from, to]| to - from);
        let search = Search {
            smallest: FINENESS * width,
            narrow: NARROW * width,
            most: MOST_PLACES,
        };
        for (share, weight) in FEJER {
            let y = within(inner_y, share);
            let places = self.oblique_places(0, y, inner_x, search);
            let middles = places.map(|[from, to]| f64::midpoint(from, to));
            for piece in divided(inner_x, middles.collect()) {
                let size = samples.measure.of(piece) * weight * height;
                samples.add([within(piece, 0.5), y], size);
            }
        }
    }

    /// The axis across which a rectangle is cut by a straight line, and the bounds of the line's place. `None` if it is
    /// cut otherwise, or if nothing proves that it is not.
    fn straight_place(&self, bounds: [[f64; 2]; 2]) -> Option<(usize, [f64; 2])> {
        let [mut changes_along_x, mut changes_along_y] = [false; 2];
        for jump in &self.oblique {
            let [[a, b], [c, d]] =
                bounds[1].map(|y| bounds[0].map(|x| jump.value_at(&[[x; 2], [y; 2]])));
            changes_along_x |= a != b || c != d;
            changes_along_y |= a != c || b != d;
        }
        let axis = match [changes_along_x, changes_along_y] {
            [true, false] => 0,
            [false, true] => 1,
            _ => return None,
        };
        let [interval, others] = oriented(axis, bounds);
        let middle = within(others, 0.5);
        let mut places = self.oblique_places(axis, middle, interval, to_rounding(interval, 1));
        let place = places.next()?;
        let pieces = [[interval[0], place[0]], [place[1], interval[1]]];
        let is_cut_once = places.next().is_none()
            && !(pieces.into_iter()).any(|piece| self.may_lie_in(oriented(axis, [piece, others])));
        is_cut_once.then_some((axis, place))
    }

    /// The bounds of a node's cell along an axis: one interval, or on periodic sides half a cell at both ends.
    fn intervals(&self, axis: usize, number: usize) -> impl Iterator<Item = [f64; 2]> + use<> {
        let nodes = &self.geometry.nodes;
        let last_number = nodes.along(axis).len() - 1;
        let numbers = match number {
            0 if nodes.periodic[axis] => [Some(0), Some(last_number)],
            number if nodes.periodic[axis] && number == last_number => [Some(0), Some(last_number)],
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
}
