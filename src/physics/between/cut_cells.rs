//! Means over the cells in which a formula jumps.

use super::{
    jumping::{Jumping, extent_of_cells},
    measure::{FEJER, GAUSS, Measure},
    stretch::{cuts_in, divided, lies_in, shrunk, within},
};
use crate::physics::sparse::SparseRows;
use diff2d_arrays::expression::Search;
use rayon::prelude::*;

/// Points of a cell, and the size of what each of them stands for.
struct Samples {
    /// The weight of lengths along x.
    measure: Measure,
    points: Vec<[f64; 2]>,
    sizes: Vec<f64>,
}

impl Samples {
    fn add(&mut self, point: [f64; 2], size: f64) {
        self.points.push(point);
        self.sizes.push(size);
    }

    /// Adds the points of a rectangle in which nothing jumps.
    fn add_smooth(&mut self, [x, y]: [[f64; 2]; 2]) {
        if x[0] >= x[1] || y[0] >= y[1] {
            return;
        }
        let size = self.measure.of(x) * (y[1] - y[0]);
        for (share_y, weight_y) in GAUSS {
            for (share_x, weight_x) in GAUSS {
                let point = [self.measure.within(x, share_x), within(y, share_y)];
                self.add(point, weight_x * weight_y * size);
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
        let total: f64 = samples.sizes.iter().sum();
        let parts = values.iter().zip(&samples.sizes);
        parts.map(|(value, size)| value * size).sum::<f64>() / total
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
