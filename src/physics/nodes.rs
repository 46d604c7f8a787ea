//! [`Nodes`]: the coordinates of nodes, and which of them are the same points.

use crate::grid::{Axis, Grid};
use std::{
    ops::{Deref, Range},
    sync::{Arc, OnceLock},
};

/// The number of values that are computed together before they are rounded.
pub(super) const VALUES_AT_ONCE: usize = 1 << 18;

/// The coordinates of the nodes along an axis \[length\], which copies share. They take memory once one of them is needed: a
/// problem that is refused for its number of steps may have any number of nodes.
#[derive(Debug, Clone)]
pub struct AxisCoordinates {
    axis: Axis,
    coordinates: Arc<OnceLock<Vec<f64>>>,
}

impl AxisCoordinates {
    fn of(axis: &Axis) -> Self {
        Self {
            axis: axis.clone(),
            coordinates: Arc::default(),
        }
    }

    /// The number of nodes, which needs no coordinate.
    #[inline]
    pub fn len(&self) -> usize {
        self.axis.nodes
    }
}

impl Deref for AxisCoordinates {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        self.coordinates.get_or_init(|| self.axis.coordinates())
    }
}

impl PartialEq for AxisCoordinates {
    fn eq(&self, other: &Self) -> bool {
        self.axis == other.axis
    }
}

/// The coordinates of all nodes \[length\], and which opposite sides are identical.
#[derive(Debug, Clone, PartialEq)]
pub struct Nodes {
    /// The coordinates of the columns.
    pub x: AxisCoordinates,
    /// The coordinates of the rows.
    pub y: AxisCoordinates,
    /// Whether the first and the last column are the same points, and whether the first and last row are.
    pub periodic: [bool; 2],
}

impl Nodes {
    /// The nodes of a grid.
    #[must_use]
    pub fn new(grid: &Grid, periodic: [bool; 2]) -> Self {
        Self {
            x: AxisCoordinates::of(&grid.x),
            y: AxisCoordinates::of(&grid.y),
            periodic,
        }
    }

    /// The coordinates along x (axis 0) or along y (axis 1).
    pub(super) fn along(&self, axis: usize) -> &[f64] {
        match axis {
            0 => &self.x,
            _ => &self.y,
        }
    }

    /// The canonical number of a row: of two identical rows the first one. Rows beyond the last are counted from the
    /// first.
    #[must_use]
    #[inline]
    pub fn row(&self, j: usize) -> usize {
        if self.periodic[1] {
            j % (self.y.len() - 1)
        } else {
            j
        }
    }

    /// The canonical number of a column: of two identical columns the first one.
    #[must_use]
    pub fn column(&self, i: usize) -> usize {
        if self.periodic[0] && i + 1 == self.x.len() {
            0
        } else {
            i
        }
    }

    /// These nodes with sides that are not periodic.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            periodic: [false; 2],
            ..self.clone()
        }
    }

    /// The nodes on the first and last lines of periodic pairs, row by row.
    pub fn seam(&self) -> impl Iterator<Item = (usize, usize)> {
        let (ny, nx) = (self.y.len(), self.x.len());
        let [wraps_x, wraps_y] = self.periodic;
        (0..ny).flat_map(move |j| {
            let is_seam_row = wraps_y && (j == 0 || j + 1 == ny);
            let step = if is_seam_row { 1 } else { nx - 1 };
            let columns = (0..nx).step_by(step);
            columns
                .map(move |i| (j, i))
                .filter(move |_| is_seam_row || wraps_x)
        })
    }

    /// All nodes that are the same point as a node, including the node itself.
    pub fn same(&self, (j, i): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
        let [wraps_x, wraps_y] = self.periodic;
        let lines = [(j, self.y.len(), wraps_y), (i, self.x.len(), wraps_x)];
        let [rows, columns] = lines.map(|(number, count, wraps)| {
            match wraps && (number == 0 || number + 1 == count) {
                true => [0, count - 1],
                false => [number; 2],
            }
        });
        rows.into_iter().flat_map(move |j| columns.map(|i| (j, i)))
    }

    /// All rows, a few at a time.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = Range<usize>> + use<> {
        let (ny, nx) = (self.y.len(), self.x.len());
        let together = (VALUES_AT_ONCE / nx).max(1);
        let starts = (0..ny).step_by(together);
        starts.map(move |start| start..(start + together).min(ny))
    }

    /// The number of a node of the grid.
    #[must_use]
    #[inline]
    pub fn number(&self, j: usize, i: usize) -> u64 {
        j as u64 * self.x.len() as u64 + i as u64
    }

    /// The position of the node with a number, in words.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers of rows and columns"
    )]
    #[must_use]
    pub fn place(&self, number: u64) -> String {
        let nx = self.x.len() as u64;
        self.describe((number / nx) as usize, (number % nx) as usize)
    }

    /// The range of the nodes along both axes, in words.
    #[must_use]
    pub fn extent(&self) -> String {
        let [x, y] = [("x", &self.x), ("y", &self.y)].map(|(name, axis)| match &axis[..] {
            [first, .., last] => format!("from {name} = {first:?} to {last:?}"),
            _ => format!("from {name}"),
        });
        format!("{x} and {y}")
    }

    /// `x = 0.5, y = 1.0`
    #[must_use]
    pub fn describe(&self, j: usize, i: usize) -> String {
        format!("x = {:?}, y = {:?}", self.x[i], self.y[j])
    }
}
