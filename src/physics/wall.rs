//! Walls: the boundary conditions on the sides of the domain.

use super::{
    cut_wall::CutNode,
    geometry::Geometry,
    over_time::{values_at, values_at_point},
    values::value_at,
};
use crate::{
    field::Field,
    grid::{Axis, Grid},
    params::{Boundary, Function, ParamsError, Precision, RawParams, SIDES, Wall},
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

    /// The two sides at the ends of each axis, x and y.
    pub const OF_AXES: [[Self; 2]; 2] = [[Self::Left, Self::Right], [Self::Bottom, Self::Top]];

    /// Whether the side is a column.
    #[must_use]
    #[inline]
    pub fn is_column(self) -> bool {
        matches!(self, Self::Left | Self::Right)
    }

    /// The side at the other end of the axis.
    #[must_use]
    pub fn opposite(self) -> Self {
        Self::ALL[self as usize ^ 1]
    }

    /// The number of the axis perpendicular to the side: 0 for x, 1 for y.
    #[must_use]
    #[inline]
    pub fn axis_number(self) -> usize {
        usize::from(!self.is_column())
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

    /// The node one step inside from the node with this number along the side, `(j, i)`.
    #[must_use]
    pub fn inner_node(self, grid: &Grid, number: usize) -> (usize, usize) {
        let (j, i) = self.node(grid, number);
        match self {
            Self::Left => (j, i + 1),
            Self::Right => (j, i - 1),
            Self::Bottom => (j + 1, i),
            Self::Top => (j - 1, i),
        }
    }

    /// The columns of the side's nodes in row `j`.
    #[must_use]
    #[inline]
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
    #[inline]
    pub fn has(self, grid: &Grid, (j, i): (usize, usize)) -> bool {
        let (ny, nx) = grid.shape();
        match self {
            Self::Left => i == 0,
            Self::Right => i + 1 == nx,
            Self::Bottom => j == 0,
            Self::Top => j + 1 == ny,
        }
    }

    /// The axis perpendicular to the side.
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
    #[inline]
    pub fn wall(&self, side: Side) -> &Wall {
        self.sides()[side as usize]
    }

    /// Whether the first and the last column are the same points, and whether the first and last row are.
    #[must_use]
    pub fn periodic(&self) -> [bool; 2] {
        [Side::Left, Side::Bottom].map(|side| matches!(self.wall(side), Wall::Periodic))
    }

    /// The traits of the walls on which the choice of a tile depends.
    #[must_use]
    pub fn traits(&self) -> WallTraits {
        let [x, y] = self.periodic();
        WallTraits {
            is_periodic: [y, x],
            add_nothing: Side::ALL.into_iter().all(|side| match self.wall(side) {
                Wall::Periodic => true,
                Wall::Fixed(value) => !value.depends_on_time(),
                _ => false,
            }),
        }
    }

    /// Whether any wall depends on time.
    #[must_use]
    pub fn depend_on_time(&self) -> bool {
        Side::ALL
            .iter()
            .any(|&side| self.wall(side).depends_on_time())
    }
}

impl Geometry {
    /// Whether a node lies on a fixed side.
    #[must_use]
    pub fn is_on_fixed(&self, node: (usize, usize)) -> bool {
        self.fixed_side(node).is_some()
    }

    /// The value of the node `(j, i)` on a fixed side; in a corner the value of the side that is written last.
    #[must_use]
    pub fn fixed_value(&self, node: (usize, usize), time: f64) -> Option<f64> {
        match self.walls.wall(self.fixed_side(node)?) {
            Wall::Fixed(value) => Some(value_at(value, &self.nodes, node, time)),
            _ => None,
        }
    }

    /// The fixed side on which a node lies; in a corner the side that is written last.
    #[must_use]
    pub fn fixed_side(&self, node: (usize, usize)) -> Option<Side> {
        let mut sides = Side::ALL.into_iter().rev();
        sides.find(|&side| self.walls.wall(side).is_fixed() && side.has(&self.grid, node))
    }

    /// The number of a node along a side.
    #[must_use]
    pub fn number_along(&self, side: Side, (j, i): (usize, usize)) -> usize {
        if side.is_column() {
            self.nodes.row(j)
        } else {
            self.nodes.column(i)
        }
    }

    /// A function of a wall at a node, divided by another one if there is one, for each of the times; the mean over the
    /// half cell of the node if that is cut.
    #[must_use]
    pub fn quotients(
        &self,
        node: (usize, usize),
        cut: Option<&CutNode>,
        (dividend, divisor): (&Function, Option<&Function>),
        times: &[f64],
    ) -> Vec<f64> {
        let quotients = |values: &dyn Fn(&Function) -> Vec<f64>| match divisor {
            Some(divisor) => {
                let pairs = values(dividend).into_iter().zip(values(divisor));
                pairs.map(|(a, b)| a / b).collect()
            }
            None => values(dividend),
        };
        let Some(cut) = cut else {
            return quotients(&|function| values_at(function, &self.nodes, node, times));
        };
        let mut means = vec![0.0; times.len()];
        for &(point, share) in &cut.shares {
            let at_point = quotients(&|function| values_at_point(function, point, 0, times));
            let sums = means.iter_mut().zip(at_point);
            sums.for_each(|(mean, quotient)| *mean += share * quotient);
        }
        means
    }

    /// Refuses walls whose values at the start are not finite in the precision of the state. Masked nodes are exempt.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] with the first wrong node.
    pub fn check_walls(&self, raw: &RawParams, precision: Precision) -> Result<(), ParamsError> {
        for (side, key) in Side::ALL.into_iter().zip(SIDES) {
            let functions = self.walls.wall(side).functions();
            // Fluxes and coefficients do not stand in the state themselves.
            let lacks = |value: f64| match self.walls.wall(side) {
                Wall::Fixed(_) => precision.lacks(value),
                _ => Precision::F64.lacks(value),
            };
            if functions.iter().all(|of| of.constant().is_some()) {
                let mut requirements = functions.iter().filter_map(|of| lacks(of.constant()?));
                match requirements.next() {
                    Some(requirement) => {
                        return Err(raw.refuse(key, format!("it must be {requirement}")));
                    }
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

    /// Writes the fixed values at a time into a field, whose rows are the grid's rows from `first` on.
    pub fn write_fixed<T: Real>(&self, field: &mut Field<T>, first: usize, time: f64) {
        let held_rows = first..first + field.shape().0;
        let Self { grid, nodes, .. } = self;
        let nx = grid.x.nodes;
        for side in Side::ALL {
            let Wall::Fixed(value) = self.walls.wall(side) else {
                continue;
            };
            let numbers = match side {
                Side::Left | Side::Right => held_rows.clone(),
                Side::Bottom | Side::Top => 0..nx,
            };
            for number in numbers {
                let (j, i) = side.node(grid, number);
                if held_rows.contains(&j) {
                    let value = value_at(value, nodes, (j, i), time);
                    field.as_mut_slice()[(j - first) * nx + i] = T::from_f64(value);
                }
            }
        }
    }
}
