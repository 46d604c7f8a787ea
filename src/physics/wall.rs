//! Walls: what holds on the sides of the domain.

use super::{geometry::Geometry, values::value_at};
use crate::{
    field::Field,
    grid::{Axis, Grid},
    params::{Boundary, ParamsError, Precision, RawParams, SIDES, Wall},
};
use diff2d_stencil::WallTraits;
use diff2d_stencil::real::Real;
use std::ops::Range;

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

    /// The one at the other end of its axis.
    #[must_use]
    pub fn opposite(self) -> Self {
        Self::ALL[self as usize ^ 1]
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

    /// The columns of its nodes in row `j`.
    #[must_use]
    pub fn columns(self, grid: &Grid, j: usize) -> Range<usize> {
        let (ny, nx) = grid.shape();
        match self {
            Self::Left => 0..1,
            Self::Right => nx - 1..nx,
            Self::Bottom if j == 0 => 0..nx,
            Self::Top if j + 1 == ny => 0..nx,
            Self::Bottom | Self::Top => 0..0,
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

impl Boundary {
    /// The wall of a side.
    #[must_use]
    pub fn wall(&self, side: Side) -> &Wall {
        self.sides()[side as usize]
    }

    /// Whether the first and the last column are the same points, and rows.
    #[must_use]
    pub fn periodic(&self) -> [bool; 2] {
        [Side::Left, Side::Bottom].map(|side| matches!(self.wall(side), Wall::Periodic))
    }

    /// What the choice of a tile has to know of them.
    #[must_use]
    pub fn traits(&self) -> WallTraits {
        let [x, y] = self.periodic();
        let keeps_values = |side| match self.wall(side) {
            Wall::Periodic => true,
            Wall::Fixed(value) => !value.depends_on_time(),
            _ => false,
        };
        WallTraits {
            is_periodic: [y, x],
            add_nothing: Side::ALL.into_iter().all(keeps_values),
        }
    }

    /// Whether any of them depends on time.
    #[must_use]
    pub fn depend_on_time(&self) -> bool {
        Side::ALL
            .iter()
            .any(|&side| self.wall(side).depends_on_time())
    }
}

impl Geometry {
    /// Whether a node lies on a side whose values are given.
    #[must_use]
    pub fn is_on_fixed(&self, node: (usize, usize)) -> bool {
        let fixed = |&side: &Side| self.walls.wall(side).is_fixed();
        let mut sides = Side::ALL.into_iter().filter(fixed);
        sides.any(|side| side.has(&self.grid, node))
    }

    /// The given value of the node `(j, i)` of a fixed side: in a corner that of the side that is
    /// written last.
    #[must_use]
    pub fn fixed_value(&self, (j, i): (usize, usize), time: f64) -> Option<f64> {
        let sides = Side::ALL.into_iter().rev();
        let mut sides = sides.filter(|side| side.has(&self.grid, (j, i)));
        sides.find_map(|side| match self.walls.wall(side) {
            Wall::Fixed(value) => Some(value_at(value, &self.nodes, (j, i), time)),
            _ => None,
        })
    }

    /// Refuses walls with values that are not finite when all begins, in the precision of the state; at masked nodes they may
    /// be any.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] with the first such node.
    pub fn check_walls(&self, raw: &RawParams, precision: Precision) -> Result<(), ParamsError> {
        for (side, key) in Side::ALL.into_iter().zip(SIDES) {
            let functions = self.walls.wall(side).functions();
            // Fluxes and coefficients do not stand in the state themselves.
            let lacks = |value: f64| match self.walls.wall(side) {
                Wall::Fixed(_) => precision.lacks(value),
                _ => Precision::F64.lacks(value),
            };
            if functions.iter().all(|of| of.constant().is_some()) {
                let mut wanted = functions.iter().filter_map(|of| lacks(of.constant()?));
                match wanted.next() {
                    Some(wanted) => return Err(raw.refuse(key, format!("it must be {wanted}"))),
                    None => continue,
                }
            }
            let Self {
                grid, nodes, start, ..
            } = self;
            let on_side = (0..side.nodes(grid)).map(|number| side.node(grid, number));
            let on_side = on_side.filter(|&node| !self.masks(node));
            for ((j, i), of) in on_side.flat_map(|node| functions.iter().map(move |of| (node, of)))
            {
                let value = value_at(of, nodes, (j, i), *start);
                if let Some(wanted) = lacks(value) {
                    let place = nodes.describe(j, i);
                    let reason =
                        format!("it is {value:?} at {place} and t = {start}, and must be {wanted}");
                    return Err(raw.refuse(key, reason));
                }
            }
        }
        Ok(())
    }

    /// Writes the fixed values at a time over the rows of a field, of the grid's rows from `first` on.
    pub fn write_fixed<T: Real>(&self, field: &mut Field<T>, first: usize, time: f64) {
        let held = first..first + field.shape().0;
        let Self { grid, nodes, .. } = self;
        let nx = grid.x.nodes;
        for side in Side::ALL {
            let Wall::Fixed(value) = self.walls.wall(side) else {
                continue;
            };
            let numbers = match side {
                Side::Left | Side::Right => held.clone(),
                Side::Bottom | Side::Top => 0..nx,
            };
            for number in numbers {
                let (j, i) = side.node(grid, number);
                if held.contains(&j) {
                    let value = value_at(value, nodes, (j, i), time);
                    field.as_mut_slice()[(j - first) * nx + i] = T::from_f64(value);
                }
            }
        }
    }
}
