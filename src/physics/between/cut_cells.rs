//! Means over the cells in which a formula jumps.

use super::{
    jumping::{Boxes, Jumping, Wrong},
    measure::{FEJER, GAUSS, Measure},
    stretch::{SLIVER, cuts_in, divided, oriented, rounding, shrunk, to_rounding, within},
};
use crate::physics::sparse::SparseRows;
use diff2d_arrays::expression::Search;
use rayon::prelude::*;

/// Points of an area, and the sizes of what they stand for.
pub(super) struct Samples {
    /// The weight of lengths along x.
    pub(super) measure: Measure,
    /// Whether the value is the same wherever nothing jumps in between.
    is_constant_between: bool,
    /// The points at which the formula is asked.
    pub(super) points: Vec<[f64; 2]>,
    /// The parts of the area.
    pub(super) parts: Vec<Sample>,
}

/// A part of an area in which the formula has one value.
pub(super) struct Sample {
    /// The number of the point that has this value.
    pub(super) value: usize,
    /// The middle of the part.
    pub(super) place: [f64; 2],
    pub(super) size: f64,
}

impl Samples {
    pub(super) fn of(jumping: &Jumping<'_>) -> Self {
        Self {
            measure: jumping.measure_of_areas(),
            is_constant_between: jumping.is_constant_between,
            points: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn add(&mut self, place: [f64; 2], size: f64) {
        let value = self.points.len();
        self.parts.push(Sample { value, place, size });
        self.points.push(place);
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
                let place = [self.measure.within(x, share_x), within(y, share_y)];
                if is_constant && self.points.len() > first_number {
                    let value = first_number;
                    self.parts.push(Sample { value, place, size });
                } else {
                    self.add(place, size);
                }
            }
        }
    }
}

impl Jumping<'_> {
    /// The weight of lengths along x in an area.
    pub(super) fn measure_of_areas(&self) -> Measure {
        match self.is_radial {
            true => Measure::Square,
            false => Measure::Length,
        }
    }

    /// The means over the cells in which the formula jumps.
    ///
    /// # Errors
    /// The first value that is not right.
    pub fn cells(&self, is_right: impl Fn(f64) -> bool + Sync) -> Result<SparseRows, Wrong> {
        let cells = self.marked([Boxes::Cells; 2]);
        let rows = cells.into_par_iter().enumerate().map(|(j, columns)| {
            let columns = columns.into_iter();
            let unmasked = columns.filter(|&i| !self.geometry.masks((j, i)));
            let means = unmasked.map(|i| Ok((i, self.mean((j, i), &is_right)?)));
            means.collect::<Result<Vec<_>, _>>()
        });
        Ok(SparseRows::of_rows(rows.collect::<Result<_, _>>()?))
    }

    /// The mean over the cell of a node.
    fn mean(&self, (j, i): (usize, usize), is_right: impl Fn(f64) -> bool) -> Result<f64, Wrong> {
        let mut samples = Samples::of(self);
        for y in self.intervals(1, j) {
            for x in self.intervals(0, i) {
                self.add_area([x, y], [&[], &[]], &mut samples);
            }
        }
        let values = self.right_values(&samples.points, is_right)?;
        let parts = samples.parts.iter();
        let total: f64 = parts.clone().map(|part| part.size).sum();
        let sum: f64 = parts.map(|part| values[part.value] * part.size).sum();
        Ok(sum / total)
    }

    /// Adds samples of a rectangle, which is divided at further places along x and along y as well.
    pub(super) fn add_area(
        &self,
        bounds: [[f64; 2]; 2],
        further_cuts: [&[f64]; 2],
        samples: &mut Samples,
    ) {
        let [columns, rows] = [0, 1].map(|axis| {
            let mut cuts = cuts_in(&self.places[axis], bounds[axis]);
            cuts.extend(further_cuts[axis]);
            divided(bounds[axis], cuts)
        });
        for &row in &rows {
            for &column in &columns {
                self.add_rectangle([column, row], samples);
            }
        }
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
    pub(super) fn straight_place(&self, bounds: [[f64; 2]; 2]) -> Option<(usize, [f64; 2])> {
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
        let [interval, breadth] = oriented(axis, bounds);
        let middle = within(breadth, 0.5);
        let mut places = self.oblique_places(axis, middle, interval, to_rounding(interval, 1));
        let place = places.next()?;
        let pieces = [[interval[0], place[0]], [place[1], interval[1]]];
        let is_cut_once = places.next().is_none()
            && !(pieces.into_iter()).any(|piece| self.may_lie_in(oriented(axis, [piece, breadth])));
        is_cut_once.then_some((axis, place))
    }
}
