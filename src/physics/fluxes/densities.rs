//! The densities of the flow at the nodes, from the flows through the faces that steps use.

use super::Fluxes;
use crate::physics::{moving_nodes::MovingNodes, wall::Side};
use diff2d_stencil::real::Real;
use ndarray::{Array3, ArrayView2, Axis};
use rayon::prelude::*;
use std::collections::HashMap;

/// A state of all rows at a time, and what fixed walls whose values change supply to their nodes.
struct Moment<'a, T> {
    state: &'a ArrayView2<'a, T>,
    supplies: HashMap<(usize, usize), f64>,
}

impl Fluxes {
    /// The densities of the flow at the nodes of a state of all rows at a time, along x and along y
    /// \[density·length/time\]; positive towards larger coordinates, and NaN at masked nodes.
    ///
    /// The density at a node is the mean of those through its two faces along the axis. On a wall, across it, the density is
    /// that of what comes through the wall; at a fixed value this is what the balance of the node's cell lacks, so that the
    /// densities along a wall add up to its rate.
    ///
    /// Shape: `(2, rows, nx)`
    pub fn densities<T: Real>(
        &mut self,
        time: f64,
        state: &ArrayView2<'_, T>,
        moving: &MovingNodes,
    ) -> Array3<f64> {
        self.prepare(time);
        let moment = Moment {
            state,
            supplies: moving.supplies(time),
        };
        let mut densities = Array3::zeros((2, self.rows.len(), self.geometry.grid.x.nodes));
        for (sides, mut nodes) in Side::OF_AXES.into_iter().zip(densities.outer_iter_mut()) {
            let rows = nodes.axis_iter_mut(Axis(0)).into_par_iter();
            rows.zip(self.rows.clone()).for_each(|(mut row, j)| {
                for (i, density) in row.iter_mut().enumerate() {
                    *density = self.density((j, i), sides, &moment);
                }
            });
        }
        densities
    }

    /// The density at a node, across the sides at the two ends of an axis.
    fn density<T: Real>(
        &self,
        node: (usize, usize),
        sides: [Side; 2],
        moment: &Moment<'_, T>,
    ) -> f64 {
        if self.geometry.masks(node) {
            return f64::NAN;
        }
        let inflows = sides.map(|side| {
            let flow = self.flow_around(node, side, moment.state)?;
            Some(self.by_area(flow, node, side))
        });
        match inflows {
            [Some(before), Some(behind)] => 0.5 * (before - behind),
            [None, _] => self.density_through_wall(node, sides[0], moment),
            [_, None] => -self.density_through_wall(node, sides[1], moment),
        }
    }

    /// The density of the inflow through a wall at a node on it.
    fn density_through_wall<T: Real>(
        &self,
        node: (usize, usize),
        side: Side,
        moment: &Moment<'_, T>,
    ) -> f64 {
        if !self.geometry.walls.wall(side).is_fixed() {
            let inflow = self.through_wall(node, side, moment.state);
            return self.by_area(inflow, node, side);
        }
        let axis = side.axis_number();
        let owners = self.geometry.owners(node);
        let is_shared = owners.is_some_and(|[column, row]| column != row);
        let share = if is_shared { 0.5 } else { 1.0 };
        let other_sides = Side::ALL.into_iter().filter(|&other| {
            // In a corner of two fixed walls, the flow along each axis counts for the wall that it crosses.
            other != side && (!is_shared || other.axis_number() == axis)
        });
        let inflow: f64 = other_sides
            .map(|other| {
                let flow = self.flow_around(node, other, moment.state);
                match flow {
                    // Each of the two nodes at the ends of a periodic axis, which are one point, has half of the cell.
                    Some(flow) if self.is_at_periodic_end(node, other) => 0.5 * flow,
                    Some(flow) => flow,
                    None => self.through_wall(node, other, moment.state),
                }
            })
            .sum();
        let lacking = -(inflow + share * self.supply(node, moment.state));
        let supply = moment.supplies.get(&node).copied().unwrap_or(0.0);
        self.by_area(lacking, node, side) + share * supply / self.area(node, side)
    }

    /// Whether a node is the first or the last one along the axis across a side, which is periodic.
    fn is_at_periodic_end(&self, node: (usize, usize), side: Side) -> bool {
        let grid = &self.geometry.grid;
        self.geometry.nodes.periodic[side.axis_number()]
            && (side.has(grid, node) || side.opposite().has(grid, node))
    }

    /// The flow to a node through its face on a side, also from the node at the other end of a periodic axis; `None` on walls.
    fn flow_around<T: Real>(
        &self,
        (j, i): (usize, usize),
        side: Side,
        p: &ArrayView2<'_, T>,
    ) -> Option<f64> {
        let (ny, nx) = self.geometry.grid.shape();
        let is_periodic = self.geometry.nodes.periodic[side.axis_number()];
        let neighbour = match self.geometry.neighbour((j, i), side) {
            Some(neighbour) => neighbour,
            None if !is_periodic => return None,
            // The first node and the last one are the same point.
            None => match side {
                Side::Left => (j, nx - 2),
                Side::Right => (j, 1),
                Side::Bottom => (ny - 2, i),
                Side::Top => (1, i),
            },
        };
        Some(self.flow(neighbour, (j, i), side, p))
    }

    /// The density of a flow through a face of a node; 0 on an axis of rotation, where the face has no area.
    fn by_area(&self, flow: f64, node: (usize, usize), side: Side) -> f64 {
        match self.area(node, side) {
            0.0 => 0.0,
            area => self.factor * self.geometry.grid.integral(flow) / area,
        }
    }

    /// The area of a face of a node, or on a plane its length.
    fn area(&self, node: (usize, usize), side: Side) -> f64 {
        let (grid, i) = (&self.geometry.grid, node.1);
        let (spacing, radius) = match side {
            Side::Left => (grid.x.spacing, grid.x.radius_of_face(i)),
            Side::Right => (grid.x.spacing, grid.x.radius_of_face(i + 1)),
            Side::Bottom | Side::Top => (grid.y.spacing, grid.x.radius(i)),
        };
        grid.integral(radius * self.length(node, side)) / spacing
    }
}
