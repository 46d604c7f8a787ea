//! [`Faces`]: diffusion coefficients between nodes.

use super::{nodes::Nodes, wall::Side};
use crate::params::Face;
use std::ops::Range;

/// The mean of two nodes' coefficients that holds between them; 0 beside a masked node, which has none: NaN.
#[must_use]
pub fn mean(face: Face, a: f64, b: f64) -> f64 {
    match face {
        // Also where the formula rounds.
        _ if a == b => a,
        _ if a.is_nan() || b.is_nan() => 0.0,
        Face::Harmonic if a == 0.0 || b == 0.0 => 0.0,
        Face::Harmonic => 2.0 * a * b / (a + b),
        Face::Arithmetic => (a + b) / 2.0,
    }
}

/// The coefficients of the faces of some rows.
pub struct Faces<'a> {
    pub(super) face: Face,
    pub(super) nodes: &'a Nodes,
    /// The rows.
    pub rows: Range<usize>,
    /// The first row whose coefficients are here.
    pub(super) first: usize,
    /// What is added to the numbers of rows.
    pub(super) period: usize,
    pub(super) of_x: &'a [f64],
    pub(super) of_y: &'a [f64],
}

impl Faces<'_> {
    fn at(&self, j: usize, i: usize) -> usize {
        (j + self.period - self.first) * self.nodes.x.len() + i
    }

    /// Of the face west of node `(j, i)`; column `nx` has those east of the last nodes. Beyond a wall it is
    /// that of the inner face, or of a periodic pair the face at the other end.
    #[must_use]
    pub fn x(&self, j: usize, i: usize) -> f64 {
        let nx = self.nodes.x.len();
        let i = match (i, self.nodes.periodic[0]) {
            (0, true) => nx - 1,
            (0, false) => 1,
            (i, true) if i == nx => 1,
            (i, false) if i == nx => nx - 1,
            (i, _) => i,
        };
        let at = self.at(j, i);
        mean(self.face, self.of_x[at - 1], self.of_x[at])
    }

    /// Of the face between rows `j - 1` and `j`; beyond walls as for [`x`](Self::x).
    #[must_use]
    pub fn y(&self, j: usize, i: usize) -> f64 {
        let ny = self.nodes.y.len();
        let j = match (j, self.nodes.periodic[1]) {
            (0, false) => 1,
            (j, false) if j == ny => ny - 1,
            (j, _) => j,
        };
        let below = self.at(j, i);
        let above = below - self.nodes.x.len();
        mean(self.face, self.of_y[above], self.of_y[below])
    }

    /// Of a node, across a side.
    pub(super) fn own(&self, side: Side, j: usize, i: usize) -> f64 {
        let at = self.at(j, i);
        let own = match side.is_column() {
            true => self.of_x[at],
            false => self.of_y[at],
        };
        // A masked node has none.
        if own.is_nan() { 0.0 } else { own }
    }

    /// Of the inner face of a node on a side.
    pub(super) fn inner(&self, side: Side, j: usize, i: usize) -> f64 {
        match side {
            Side::Left => self.x(j, 1),
            Side::Right => self.x(j, self.nodes.x.len() - 1),
            Side::Bottom => self.y(1, i),
            Side::Top => self.y(self.nodes.y.len() - 1, i),
        }
    }
}
