//! Walls: what holds on the sides of the domain.

use super::nodes::{Nodes, value_at};
use crate::{
    field::Field,
    grid::{Axis, Grid},
    params::{Boundary, Wall},
    real::Real,
};

/// A side of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// x = x1, column 0.
    Left,
    /// x = x2, the last column.
    Right,
    /// y = y1, row 0.
    Bottom,
    /// y = y2, the last row.
    Top,
}

impl Side {
    /// All sides, in the order in which fixed values are written.
    pub const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Bottom, Self::Top];

    /// Whether it is a column.
    #[must_use]
    pub fn is_column(self) -> bool {
        matches!(self, Self::Left | Self::Right)
    }

    /// The node with this number along the side, `(j, i)`.
    #[must_use]
    pub fn node(self, grid: &Grid, number: usize) -> (usize, usize) {
        let (ny, nx) = grid.shape();
        match self {
            Self::Left => (number, 0),
            Self::Right => (number, nx - 1),
            Self::Bottom => (0, number),
            Self::Top => (ny - 1, number),
        }
    }

    /// Whether a node lies on the side.
    #[must_use]
    pub fn has(self, grid: &Grid, (j, i): (usize, usize)) -> bool {
        let (ny, nx) = grid.shape();
        match self {
            Self::Left => i == 0,
            Self::Right => i + 1 == nx,
            Self::Bottom => j == 0,
            Self::Top => j + 1 == ny,
        }
    }

    /// The axis across the side.
    #[must_use]
    pub fn axis(self, grid: &Grid) -> &Axis {
        if self.is_column() { &grid.x } else { &grid.y }
    }

    /// Number of nodes along the side.
    #[must_use]
    pub fn nodes(self, grid: &Grid) -> usize {
        if self.is_column() {
            grid.y.nodes
        } else {
            grid.x.nodes
        }
    }
}

/// The walls of a domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Walls {
    boundary: Boundary,
}

impl Walls {
    /// The walls of the parameters.
    #[must_use]
    pub fn new(boundary: &Boundary) -> Self {
        Self {
            boundary: boundary.clone(),
        }
    }

    /// The wall of a side.
    #[must_use]
    pub fn of(&self, side: Side) -> &Wall {
        self.boundary.sides()[side as usize]
    }

    /// Whether the first and the last column are the same points, and rows.
    #[must_use]
    pub fn periodic(&self) -> [bool; 2] {
        [Side::Left, Side::Bottom].map(|side| matches!(self.of(side), Wall::Periodic))
    }

    /// Writes the fixed values at a time over the rows of a field, of the grid's rows from `first` on.
    pub fn write_fixed<T: Real>(
        &self,
        field: &mut Field<T>,
        (grid, first): (&Grid, usize),
        time: f64,
    ) {
        let held = first..first + field.shape().0;
        let nx = grid.x.nodes;
        let nodes = Nodes::new(grid, self.periodic());
        for side in Side::ALL {
            let Wall::Fixed(value) = self.of(side) else {
                continue;
            };
            let numbers = match side {
                Side::Left | Side::Right => held.clone(),
                Side::Bottom | Side::Top => 0..nx,
            };
            for number in numbers {
                let (j, i) = side.node(grid, number);
                if held.contains(&j) {
                    let value = value_at(value, &nodes, (j, i), time);
                    field.as_mut_slice()[(j - first) * nx + i] = T::from_f64(value);
                }
            }
        }
    }
}
