//! [`Faces`]: diffusion coefficients between nodes, and beyond walls.

use super::{
    nodes::Nodes,
    slots::{Place, Slots, TOGETHER},
    wall::Side,
};
use crate::{
    grid::Grid,
    params::{Face, ParamsError},
};
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

/// What lies beyond a wall that is computed: the share of the inner neighbour in the ghost, 1 or 0, and the coefficient
/// of the ghost's face, by that of the inner face.
///
/// The ghost mirrors the neighbour behind the same face. Where that face lets nothing through that could be seen, what
/// a flux adds to the ghost would be beyond all numbers: the ghost then stands on its own, behind a face of a small
/// weight in a step, so that the difference of ghost and node has the digits of the flux and not those of the node.
#[must_use]
pub fn beyond(inner: f64, spacing: f64, dt: f64) -> (f64, f64) {
    /// A weight in a step below which nothing is seen: 2⁻¹⁰⁰.
    const UNSEEN: f64 = 7.888_609_052_210_118e-31;
    /// The weight of a ghost on its own: 2⁻¹².
    const ALONE: f64 = 1.0 / 4096.0;
    let of_weight_1 = spacing * spacing / dt;
    match inner >= UNSEEN * of_weight_1 {
        true => (1.0, inner),
        false => (0.0, ALONE * of_weight_1),
    }
}

/// Around an axis of rotation, the radius of the face of column `i` that lies on a side, as the grid has it; else 1.
#[must_use]
pub fn radius(grid: &Grid, side: Side, i: usize) -> f64 {
    match side {
        Side::Left => grid.x.radius_of_face(0),
        Side::Right => grid.x.radius_of_face(grid.x.nodes),
        Side::Bottom | Side::Top => grid.x.radius(i),
    }
}

/// The coefficients of the faces of some rows; around an axis of rotation each times its radius.
pub struct Faces<'a> {
    face: Face,
    grid: &'a Grid,
    nodes: &'a Nodes,
    /// The rows.
    pub rows: Range<usize>,
    /// The first row whose coefficients are here.
    first: usize,
    /// What is added to the numbers of rows.
    period: usize,
    of_x: &'a [f64],
    of_y: &'a [f64],
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
        self.grid.x.radius_of_face(i) * mean(self.face, self.of_x[at - 1], self.of_x[at])
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
            // Along y the radius is in them.
            true => radius(self.grid, side, i) * self.of_x[at],
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

impl Slots {
    /// The coefficients of rows along x and along y; nodes that are the same have the same.
    fn rows(
        &self,
        rows: Range<usize>,
        of_x: &mut Vec<f64>,
        of_y: &mut Vec<f64>,
    ) -> Result<(), ParamsError> {
        let nodes = &self.geometry.nodes;
        let values = |place| &self.slot(place).values;
        for of in [&mut *of_x, &mut *of_y] {
            of.resize(rows.len() * nodes.x.len(), 0.0);
        }
        values(Place::X).rows(nodes, rows.clone(), 0.0, of_x)?;
        match self.is_isotropic {
            true => {
                let columns = (0..nodes.x.len()).cycle();
                let radii = columns.map(|i| self.geometry.grid.x.radius(i));
                let both = of_y.iter_mut().zip(&*of_x).zip(radii);
                both.for_each(|((y, x), radius)| *y = radius * x);
            }
            false => values(Place::Y).rows(nodes, rows.clone(), 0.0, of_y)?,
        }
        for of in [of_x, of_y] {
            self.geometry.codec().encode(rows.start, of);
        }
        Ok(())
    }

    /// Passes the coefficients of the faces of rows to `take`, a piece of the rows at a time.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn faces(
        &self,
        rows: Range<usize>,
        mut take: impl FnMut(Faces<'_>) -> Result<(), ParamsError>,
    ) -> Result<(), ParamsError> {
        let (grid, nodes) = (&self.geometry.grid, &self.geometry.nodes);
        let (ny, nx) = grid.shape();
        let together = (TOGETHER / nx).max(1);
        let (mut of_x, mut of_y) = (Vec::new(), Vec::new());
        // Rows of a periodic grid are numbered one period on: each has one before it.
        let period = if nodes.periodic[1] { ny - 1 } else { 0 };
        // Pictures are decoded from the top.
        for start in rows.clone().step_by(together).rev() {
            let piece = start..(start + together).min(rows.end);
            let held = match period {
                0 => piece.start.saturating_sub(1)..(piece.end + 1).min(ny),
                period => piece.start + period - 1..piece.end + period + 1,
            };
            self.rows(held.clone(), &mut of_x, &mut of_y)?;
            take(Faces {
                face: self.face,
                grid,
                nodes,
                rows: piece,
                first: held.start,
                period,
                of_x: &of_x,
                of_y: &of_y,
            })?;
        }
        Ok(())
    }
}
