//! [`Faces`]: diffusion coefficients of the faces between nodes, and beyond walls.

use super::{
    between::CutFaces,
    cut_wall::CutWall,
    interface::{InterfaceRows, reduced},
    nodes::Nodes,
    slots::{Slots, TOGETHER},
    wall::Side,
};
use crate::{
    grid::Grid,
    params::{Face, ParamsError, Quantity},
};
use std::ops::Range;

/// The mean of two nodes' coefficients for the face between them; 0 beside a masked node, whose coefficient is NaN.
#[must_use]
#[inline]
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

/// The ghost beyond a computed wall: the weight of the inner neighbour in the ghost, 1 or 0, and the coefficient of the
/// ghost's face. `inner` is the coefficient of the inner face.
///
/// The ghost mirrors the inner neighbour behind an equal face. If that face is practically impermeable, the flux would
/// add an unbounded number to the ghost. The ghost then does not depend on the neighbour, and its face has a small
/// weight in a step, so that the difference of ghost and node keeps the digits of the flux.
#[must_use]
pub fn beyond(inner: f64, spacing: f64, dt: f64) -> (f64, f64) {
    /// A weight in a step whose effect is below all rounding: 2⁻¹⁰⁰.
    const UNSEEN: f64 = 7.888_609_052_210_118e-31;
    /// The weight of a ghost that does not depend on the neighbour: 2⁻¹².
    const ALONE: f64 = 1.0 / 4096.0;
    let of_weight_1 = spacing * spacing / dt;
    if inner >= UNSEEN * of_weight_1 {
        (1.0, inner)
    } else {
        (0.0, ALONE * of_weight_1)
    }
}

/// The radius of a face of column `i` on the given side, around an axis of rotation; 1 on a plane grid.
#[must_use]
#[inline]
pub fn radius(grid: &Grid, side: Side, i: usize) -> f64 {
    match side {
        Side::Left => grid.x.radius_of_face(0),
        Side::Right => grid.x.radius_of_face(grid.x.nodes),
        Side::Bottom | Side::Top => grid.x.radius(i),
    }
}

/// The coefficients of the faces of some rows, each times its radius around an axis of rotation.
pub struct Faces<'a> {
    face: Face,
    grid: &'a Grid,
    nodes: &'a Nodes,
    /// The rows of the faces.
    pub rows: Range<usize>,
    /// The first row that has coefficients here.
    first: usize,
    /// The number added to row numbers, on a grid with periodic rows.
    period: usize,
    of_x: &'a [f64],
    of_y: &'a [f64],
    interfaces: InterfaceRows<'a>,
    cut: &'a [CutFaces; 2],
    cut_walls: &'a [CutWall; 4],
}

impl Faces<'_> {
    /// The index of a node in the arrays of coefficients.
    #[inline]
    fn place(&self, j: usize, i: usize) -> usize {
        (j + self.period - self.first) * self.nodes.x.len() + i
    }

    /// The coefficient of the face west of node `(j, i)`; column `nx` has the faces east of the last nodes. A face
    /// beyond a wall has the coefficient of the inner face, or on periodic sides of the face at the other end.
    #[must_use]
    #[inline]
    pub fn x(&self, j: usize, i: usize) -> f64 {
        let nx = self.nodes.x.len();
        let i = match (i, self.nodes.periodic[0]) {
            (0, true) => nx - 1,
            (0, false) => 1,
            (i, true) if i == nx => 1,
            (i, false) if i == nx => nx - 1,
            (i, _) => i,
        };
        let place = self.place(j, i);
        let mean = match self.cut[0].get(self.nodes.row(j), i) {
            Some(cut_mean) => cut_mean,
            None => mean(self.face, self.of_x[place - 1], self.of_x[place]),
        };
        let row = j + self.period;
        let resistance = self.interfaces.resistance([(row, i - 1), (row, i)]);
        self.grid.x.radius_of_face(i) * reduced(mean, 1.0, self.grid.x.spacing, resistance)
    }

    /// The coefficient of the face between rows `j - 1` and `j`; beyond walls as for [`x`](Self::x).
    #[must_use]
    #[inline]
    pub fn y(&self, j: usize, i: usize) -> f64 {
        let ny = self.nodes.y.len();
        let j = match (j, self.nodes.periodic[1]) {
            (0, false) => 1,
            (j, false) if j == ny => ny - 1,
            (j, _) => j,
        };
        let place = self.place(j, i);
        let neighbour = place - self.nodes.x.len();
        let row = j + self.period;
        // The face below the first row of a periodic grid is that below the last one.
        let numbered = match (self.nodes.row(row), self.period) {
            (0, period) => period,
            (row, _) => row,
        };
        // Around an axis the radius is in the coefficients along y.
        let mean = match self.cut[1].get(numbered, self.nodes.column(i)) {
            Some(cut_mean) => self.grid.x.radius(i) * cut_mean,
            None => mean(self.face, self.of_y[neighbour], self.of_y[place]),
        };
        let resistance = self.interfaces.resistance([(row - 1, i), (row, i)]);
        reduced(mean, self.grid.x.radius(i), self.grid.y.spacing, resistance)
    }

    /// The coefficient of a node in the direction across a side.
    pub(super) fn own(&self, side: Side, j: usize, i: usize) -> f64 {
        let place = self.place(j, i);
        let line = match side.is_column() {
            true => self.nodes.row(j),
            false => self.nodes.column(i),
        };
        let cut_node = self.cut_walls[side as usize].node(line);
        let coefficient = match (side.is_column(), cut_node.and_then(|node| node.diffusivity)) {
            (true, cut) => radius(self.grid, side, i) * cut.unwrap_or(self.of_x[place]),
            // Along y the radius is in them.
            (false, Some(cut)) => self.grid.x.radius(i) * cut,
            (false, None) => self.of_y[place],
        };
        // A masked node has none.
        if coefficient.is_nan() {
            0.0
        } else {
            coefficient
        }
    }

    /// The coefficient of the inner face of a node on a side.
    #[must_use]
    pub fn inner(&self, side: Side, j: usize, i: usize) -> f64 {
        match side {
            Side::Left => self.x(j, 1),
            Side::Right => self.x(j, self.nodes.x.len() - 1),
            Side::Bottom => self.y(1, i),
            Side::Top => self.y(self.nodes.y.len() - 1, i),
        }
    }
}

impl Slots {
    /// The coefficients of rows along x and along y. Nodes that are the same point have equal coefficients.
    fn rows(
        &self,
        rows: Range<usize>,
        of_x: &mut Vec<f64>,
        of_y: &mut Vec<f64>,
    ) -> Result<(), ParamsError> {
        let nodes = &self.geometry.nodes;
        for of in [&mut *of_x, &mut *of_y] {
            of.resize(rows.len() * nodes.x.len(), 0.0);
        }
        let values = &self.slot(Quantity::X).values;
        values.rows(nodes, rows.clone(), 0.0, of_x)?;
        if self.is_isotropic {
            let columns = (0..nodes.x.len()).cycle();
            let radii = columns.map(|i| self.geometry.grid.x.radius(i));
            let coefficients = of_y.iter_mut().zip(&*of_x).zip(radii);
            coefficients.for_each(|((y, x), radius)| *y = radius * x);
        } else {
            let values = &self.slot(Quantity::Y).values;
            values.rows(nodes, rows.clone(), 0.0, of_y)?;
        }
        for of in [of_x, of_y] {
            self.geometry.codec().encode(rows.start, of);
        }
        Ok(())
    }

    /// Passes the coefficients of the faces of rows to `take`, a piece of the rows at a time.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
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
        for start in rows.clone().step_by(together) {
            let piece = start..(start + together).min(rows.end);
            let held_rows = match period {
                0 => piece.start.saturating_sub(1)..(piece.end + 1).min(ny),
                period => piece.start + period - 1..piece.end + period + 1,
            };
            self.rows(held_rows.clone(), &mut of_x, &mut of_y)?;
            take(Faces {
                face: self.face,
                grid,
                nodes,
                rows: piece,
                first: held_rows.start,
                period,
                of_x: &of_x,
                of_y: &of_y,
                interfaces: self.geometry.interfaces.of_rows(nodes, &held_rows),
                cut: &self.cut_faces,
                cut_walls: &self.geometry.cut_walls,
            })?;
        }
        Ok(())
    }
}
