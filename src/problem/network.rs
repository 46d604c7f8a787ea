//! The equation of a problem as a network of conductances.
//!
//! What a step of the equation changes at a node, times the share of a cell that the node stands for, is what comes in from its
//! neighbours through conductances, from sources and from what lies beyond walls; it vanishes in the steady state:
//!
//! ```text
//!   w c dp/dt = Σ g (p[neighbour] - p) + flow - ground p        half cells on walls have half the faces along them
//! ```
//!
//! The two nodes of a face have the same `g`, as faces beyond a wall mirror those inside. Nodes that keep their values are
//! part of `flow` and `ground`.

use super::Problem;
use crate::{
    dynamics::Dynamics,
    field::Field,
    physics::{Unready, fluxes::face, wall::Side, zeros},
};
use diff2d_multigrid::Network;
use diff2d_stencil::{Coefficient, Side as Beyond};
use ndarray::Array2;
use rayon::prelude::*;

/// The equation between the nodes that differ: of a periodic pair there is one.
pub(super) struct Equilibrium {
    pub(super) network: Network,
    pub(super) flow: Vec<f64>,
    /// Which nodes are computed.
    pub(super) is_free: Vec<bool>,
}

impl Problem {
    /// The share of a cell that a node stands for, of all that are the same point.
    pub(super) fn weights(&self) -> [Vec<f64>; 2] {
        let axes = [&self.grid.y, &self.grid.x];
        let [x, y] = self.periodic();
        let of_axis = |(axis, is_periodic): (&crate::grid::Axis, bool)| match is_periodic {
            true => vec![1.0; axis.nodes - 1],
            false => (0..axis.nodes).map(|i| axis.weight(i)).collect(),
        };
        let [rows, columns] = axes;
        [of_axis((rows, y)), of_axis((columns, x))]
    }

    /// The equation, with the values of nodes that keep theirs.
    pub(super) fn equilibrium(&self, values: &Field<f64>) -> Result<Equilibrium, Unready> {
        let dynamics = self.dynamics::<f64>(0..self.grid.y.nodes)?;
        let (_, nx) = self.grid.shape();
        let [of_rows, of_columns] = self.weights();
        let (rows, columns) = (of_rows.len(), of_columns.len());
        let new = || zeros::<f64>((rows, columns)).map(|array| array.into_raw_vec_and_offset().0);
        let mut network = Network {
            nx: columns,
            east: new()?,
            north: new()?,
            ground: new()?,
        };
        let mut flow = new()?;
        let mut is_free = vec![true; rows * columns];
        let free = is_free.par_chunks_mut(columns).enumerate();
        free.for_each(|(j, free)| {
            let mut row = vec![true; nx];
            for side in Side::ALL {
                if self.geometry().walls.wall(side).is_fixed() {
                    row[side.columns(&self.grid, j)].fill(false);
                }
            }
            self.geometry().fill_kept(j, &mut row, false);
            free.copy_from_slice(&row[..columns]);
        });
        let at = |j: usize, i: usize| j * columns + i;
        let lines = network.east.par_chunks_mut(columns);
        let lines = lines.zip(network.north.par_chunks_mut(columns));
        let lines = lines.zip(network.ground.par_chunks_mut(columns));
        let lines = lines.zip(flow.par_chunks_mut(columns)).enumerate();
        lines.for_each(|(j, (((east, north), ground), flow))| {
            for i in (0..columns).filter(|&i| is_free[at(j, i)]) {
                // A face by its nodes; of those between periodic ends the last.
                let neighbours = [
                    (
                        Side::Left,
                        (i > 0 || self.periodic()[0]).then(|| (j, (i + columns - 1) % columns)),
                    ),
                    (
                        Side::Right,
                        (i + 1 < columns || self.periodic()[0]).then(|| (j, (i + 1) % columns)),
                    ),
                    (
                        Side::Bottom,
                        (j > 0 || self.periodic()[1]).then(|| ((j + rows - 1) % rows, i)),
                    ),
                    (
                        Side::Top,
                        (j + 1 < rows || self.periodic()[1]).then(|| ((j + 1) % rows, i)),
                    ),
                ];
                for (side, neighbour) in neighbours {
                    let length = match side.is_column() {
                        true => of_rows[j],
                        false => of_columns[i],
                    };
                    let face = face(&dynamics.equation.operator, side, (j, i)) * length;
                    match neighbour {
                        Some((other, column)) if is_free[at(other, column)] => match side {
                            Side::Right => east[i] = face,
                            Side::Top => north[i] = face,
                            Side::Left | Side::Bottom => {}
                        },
                        Some(other) => {
                            ground[i] += face;
                            flow[i] += face * values.view()[other];
                        }
                        None => {
                            let number = if side.is_column() { j } else { i };
                            let [beyond, given] = beyond(&dynamics, side, number);
                            ground[i] += 0.5 * face * beyond;
                            flow[i] += 0.5 * face * given;
                        }
                    }
                }
                let weight = of_rows[j] * of_columns[i];
                let equation = &dynamics.equation;
                if let Some(reaction) = &equation.reaction {
                    ground[i] += weight
                        * match &reaction.decay {
                            Coefficient::Number(decay) => *decay,
                            Coefficient::Array(decay) => decay[[j, i]],
                        };
                }
                let source = equation.source.iter().chain(&equation.terms.arrays);
                flow[i] += weight
                    * source
                        .map(|source: &Array2<f64>| source[[j, i]])
                        .sum::<f64>();
            }
        });
        Ok(Equilibrium {
            network,
            flow,
            is_free,
        })
    }

    /// The place on the grid of a node of the network.
    pub(super) fn node(&self, k: usize) -> (usize, usize) {
        let columns = self.grid.x.nodes - usize::from(self.periodic()[0]);
        (k / columns, k % columns)
    }
}

/// What a node on a side has beyond it, by the coefficient of the face there: a conductance to the ground, and what flows in.
fn beyond(dynamics: &Dynamics<f64>, side: Side, number: usize) -> [f64; 2] {
    let walls = &dynamics.walls;
    let wall = match side {
        Side::Left => &walls.left,
        Side::Right => &walls.right,
        Side::Bottom => &walls.bottom,
        Side::Top => &walls.top,
    };
    match wall {
        Beyond::Ghost(ghost) => {
            let [mirror, alpha, beta] =
                [&ghost.mirror, &ghost.alpha, &ghost.beta].map(|table| table.parts().1[number]);
            // The difference of ghost and node, without that to the mirrored node.
            [beta + (1.0 - mirror), alpha]
        }
        _ => [0.0; 2],
    }
}
