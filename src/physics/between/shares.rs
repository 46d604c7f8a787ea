//! [`PatchShares`]: how a place between four nodes is shared among them.

use super::{
    cut_points::{Area, Cell, CutPoints, DIFFUSION},
    measure::{GAUSS, Measure},
    stretch::{divided, oriented, within},
};
use crate::physics::values::value_at_point;

/// How the resistance of an edge grows from its lower to its upper node.
struct Profile {
    measure: Measure,
    /// Pieces of the edge, each with the shares of the resistance up to its two ends.
    pieces: Vec<([f64; 2], [f64; 2])>,
}

/// The resistances of the edges around the area between four nodes.
pub(super) struct PatchShares {
    bounds: [[f64; 2]; 2],
    /// Along x at the lower and at the upper row, and along y at the lower and at the upper column.
    profiles: [[Profile; 2]; 2],
    /// Further places along x and along y at which shares bend.
    pub(super) cuts: [Vec<f64>; 2],
}

/// An edge of a cell along an axis.
struct Edge<'a> {
    points: &'a CutPoints<'a>,
    cell: &'a Cell<'a>,
    axis: usize,
    /// The coordinate along the other axis.
    over: f64,
}

impl Edge<'_> {
    fn value(&self, quantity: usize, place: f64) -> f64 {
        let point = oriented(self.axis, [place, self.over]);
        self.cell.value(quantity, point)
    }

    fn resistance(&self, piece: [f64; 2], measure: Measure) -> f64 {
        let parts = GAUSS
            .map(|(share, weight)| weight / self.value(self.axis, measure.within(piece, share)));
        measure.of(piece) * parts.iter().sum::<f64>()
    }

    /// The resistance of the interfaces between two places.
    fn contact_resistance(&self, places: [f64; 2]) -> f64 {
        let crossed = self.points.areas.iter().enumerate().filter(|(number, _)| {
            let [lower, upper] = places.map(|place| self.value(DIFFUSION + number, place));
            lower != upper
        });
        let middle = within(self.cell.bounds[self.axis], 0.5);
        let [x, y] = oriented(self.axis, [middle, self.over]);
        let resistances =
            crossed.map(|(_, (_, resistance))| value_at_point(resistance, [x, y, 0.0], 0));
        resistances.sum()
    }
}

impl Profile {
    /// The share that a place gives to the upper node.
    fn at(&self, place: f64) -> f64 {
        let lower_pieces = self.pieces.partition_point(|(piece, _)| piece[1] < place);
        let (piece, [lower, upper]) = self.pieces[lower_pieces.min(self.pieces.len() - 1)];
        lower + (upper - lower) * (self.measure.of([piece[0], place]) / self.measure.of(piece))
    }

    /// The shares of hat functions.
    fn linear(bounds: [f64; 2]) -> Self {
        Self {
            measure: Measure::Length,
            pieces: vec![(bounds, [0.0, 1.0])],
        }
    }

    /// The shares of halves of an edge, for cells that nothing cuts along it.
    fn halves(bounds: [f64; 2]) -> Self {
        let middle = within(bounds, 0.5);
        Self {
            measure: Measure::Length,
            pieces: vec![
                ([bounds[0], middle], [0.0; 2]),
                ([middle, bounds[1]], [1.0; 2]),
            ],
        }
    }

    /// The profile of the edge of a cell along an axis, at the lower (0) or upper end (1) of the other axis.
    fn new(points: &CutPoints<'_>, cell: &Cell<'_>, axis: usize, end: usize) -> Self {
        let (bounds, over) = (cell.bounds[axis], cell.bounds[1 - axis][end]);
        let jumping = points.jumping.iter();
        let mut cuts: Vec<f64> = jumping
            .flat_map(|jumping| jumping.cuts_between(axis, over, bounds))
            .collect();
        let mut areas = points.areas.iter();
        if areas.any(|(area, _)| matches!(area, Area::Nodes(_))) {
            cuts.push(within(bounds, 0.5));
        }
        let pieces = divided(bounds, cuts);
        // Most edges around an area in which a source jumps are whole, and D need not be asked on them.
        if pieces.len() == 1 && points.areas.is_empty() {
            return Self::linear(bounds);
        }
        let is_radial = axis == 0 && points.jumping.iter().any(|jumping| jumping.is_radial);
        let measure = match is_radial {
            true if bounds[0] > 0.0 => Measure::Logarithm,
            true => Measure::Square,
            false => Measure::Length,
        };
        let edge = Edge {
            points,
            cell,
            axis,
            over,
        };
        // Interfaces lie between two pieces, or between one and a node.
        let (mut total, mut last_place) = (0.0, bounds[0]);
        let mut profile = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let place = within(piece, 0.5);
            let lower = total + edge.contact_resistance([last_place, place]);
            total = lower + edge.resistance(piece, measure);
            profile.push((piece, [lower, total]));
            last_place = place;
        }
        let last_contact = edge.contact_resistance([last_place, bounds[1]]);
        let is_whole = profile.len() == 1 && profile[0].1[0] == 0.0 && last_contact == 0.0;
        total += last_contact;
        if is_whole || !(total.is_finite() && total > 0.0) {
            return Self::linear(bounds);
        }
        for (_, shares) in &mut profile {
            *shares = shares.map(|share| share / total);
        }
        Self {
            measure,
            pieces: profile,
        }
    }
}

impl PatchShares {
    /// The shares between two columns and two rows, along x and along y by resistance if the formula jumps along that axis,
    /// and by halves otherwise; `points` are there if D or an interface jumps.
    pub(super) fn new(
        points: Option<&CutPoints<'_>>,
        numbers: [[usize; 2]; 2],
        bounds: [[f64; 2]; 2],
        is_cut: [bool; 2],
    ) -> Self {
        // A file that can no longer be read is told where D is.
        let cell = points
            .and_then(|points| Some((points, points.cell(bounds.map(|b| b[0]), numbers).ok()?)));
        let profiles = [0, 1].map(|axis| {
            [0, 1].map(|end| match &cell {
                _ if !is_cut[axis] => Profile::halves(bounds[axis]),
                Some((points, cell)) => Profile::new(points, cell, axis, end),
                None => Profile::linear(bounds[axis]),
            })
        });
        let cuts = [0, 1].map(|axis: usize| {
            let axis_profiles: &[Profile; 2] = &profiles[axis];
            let pieces = axis_profiles.iter().flat_map(|profile| &profile.pieces);
            pieces.map(|(piece, _)| piece[0]).collect()
        });
        Self {
            bounds,
            profiles,
            cuts,
        }
    }

    /// The shares of a place: to the lower row first, and in each row to the lower column first. Their sum is 1.
    pub(super) fn of(&self, place: [f64; 2]) -> [f64; 4] {
        let [x, y] = [0, 1].map(|axis| {
            let other_axis = 1 - axis;
            let [lower, upper] = self.bounds[other_axis];
            let height = (place[other_axis] - lower) / (upper - lower);
            let [lower, upper] = &self.profiles[axis];
            (1.0 - height) * lower.at(place[axis]) + height * upper.at(place[axis])
        });
        [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y]
    }
}
