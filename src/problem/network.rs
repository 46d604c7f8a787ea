//! The equation of a problem as a network of conductances.
//!
//! The change of a node in a step, times the fraction of a cell that the node stands for, is the inflow from its
//! neighbours through conductances, from sources and from beyond walls; it vanishes in the steady state:
//!
//! ```text
//!   w c dp/dt = Σ g (p[neighbour] - p) + flow - ground p        half cells on walls have half the faces along them
//! ```
//!
//! The two nodes of a face have the same `g`, because faces beyond a wall mirror those inside. Nodes that keep their
//! values are part of `flow` and `ground`.
//!
//! The network solves for `p - offset`: with a large offset, as of temperatures in K, the differences that matter would
//! be lost in the rounding of `flow`. A node is tied to the given values of its neighbours, to `C/a` of Robin's walls,
//! and to 0 by decay. The offset is the number nearest to 0 between the least and the largest of these values.

use super::Problem;
use crate::{
    dynamics::Dynamics,
    field::Field,
    grid::Axis,
    params::Quantity,
    physics::{Unready, fluxes::face, tables::Tables, wall::Side, zeros},
};
use diff2d_multigrid::Network;
use diff2d_stencil::{Side as Beyond, Weight};
use rayon::prelude::*;

/// The steady equation for all distinct nodes; of two nodes that are the same point only one counts.
pub(crate) struct Equilibrium {
    pub(crate) network: Network,
    pub(crate) flow: Vec<f64>,
    /// The difference between p and the solution of the network.
    pub(super) offset: f64,
    /// Which nodes are computed.
    pub(super) is_free: Vec<bool>,
}

impl Problem {
    /// The fraction of a cell that each row and each column of nodes stands for; of a periodic pair only one counts.
    pub(super) fn weights(&self) -> [Vec<f64>; 2] {
        let [is_periodic_x, is_periodic_y] = self.periodic();
        [
            self.axis_weights(&self.grid.y, is_periodic_y),
            self.axis_weights(&self.grid.x, is_periodic_x),
        ]
    }

    fn axis_weights(&self, axis: &Axis, is_periodic: bool) -> Vec<f64> {
        if is_periodic {
            vec![1.0; axis.nodes - 1]
        } else if self.has_whole_cells {
            vec![1.0; axis.nodes]
        } else {
            (0..axis.nodes).map(|i| axis.weight(i)).collect()
        }
    }

    /// The equation, with the values of nodes that keep their values.
    pub(crate) fn equilibrium(&self, values: &Field<f64>) -> Result<Equilibrium, Unready> {
        let dynamics = self.dynamics::<f64>(0..self.grid.y.nodes)?;
        let (_, nx) = self.grid.shape();
        let [row_weights, column_weights] = self.weights();
        let (row_count, column_count) = (row_weights.len(), column_weights.len());
        let mut network = Network {
            nx: column_count,
            east: zero_values(row_count * column_count)?,
            north: zero_values(row_count * column_count)?,
            ground: zero_values(row_count * column_count)?,
        };
        let mut flow = zero_values(row_count * column_count)?;
        let mut is_free = vec![true; row_count * column_count];
        let free = is_free.par_chunks_mut(column_count).enumerate();
        free.for_each(|(j, free)| {
            let mut row = vec![true; nx];
            for side in Side::ALL {
                if self.geometry().walls.wall(side).is_fixed() {
                    row[side.columns(&self.grid, j)].fill(false);
                }
            }
            self.geometry().fill_kept(j, &mut row, false);
            free.copy_from_slice(&row[..column_count]);
        });
        let inflows = self.inflows(0.0);
        let offset = self.offset(values, &dynamics, &inflows);
        let grid_rows = network.east.par_chunks_mut(column_count);
        let grid_rows = grid_rows.zip(network.north.par_chunks_mut(column_count));
        let grid_rows = grid_rows.zip(network.ground.par_chunks_mut(column_count));
        let grid_rows = grid_rows.zip(flow.par_chunks_mut(column_count)).enumerate();
        grid_rows.for_each(|(j, (((east, north), ground), flow))| {
            for i in (0..column_count).filter(|&i| is_free[j * column_count + i]) {
                // A face by its nodes; of those between periodic ends the last.
                let neighbours = [
                    (
                        Side::Left,
                        (i > 0 || self.periodic()[0])
                            .then(|| (j, (i + column_count - 1) % column_count)),
                    ),
                    (
                        Side::Right,
                        (i + 1 < column_count || self.periodic()[0])
                            .then(|| (j, (i + 1) % column_count)),
                    ),
                    (
                        Side::Bottom,
                        (j > 0 || self.periodic()[1]).then(|| ((j + row_count - 1) % row_count, i)),
                    ),
                    (
                        Side::Top,
                        (j + 1 < row_count || self.periodic()[1]).then(|| ((j + 1) % row_count, i)),
                    ),
                ];
                for (side, neighbour) in neighbours {
                    let length = if side.is_column() {
                        row_weights[j]
                    } else {
                        column_weights[i]
                    };
                    let face = face(&dynamics.equation.operator, side, (j, i)) * length;
                    match neighbour {
                        Some((other, column)) if is_free[other * column_count + column] => {
                            match side {
                                Side::Right => east[i] = face,
                                Side::Top => north[i] = face,
                                Side::Left | Side::Bottom => {}
                            }
                        }
                        Some(other) => {
                            ground[i] += face;
                            flow[i] += face * (values.view()[other] - offset);
                        }
                        None => {
                            let number = if side.is_column() { j } else { i };
                            let wall = beyond(&dynamics, &inflows, side, number);
                            let [conductance, inflow] = wall.conductance_and_inflow;
                            let share = if wall.is_of_face { 0.5 * face } else { length };
                            ground[i] += share * conductance;
                            flow[i] += share * (inflow - conductance * offset);
                        }
                    }
                }
                let weight = row_weights[j] * column_weights[i];
                for term in &dynamics.equation.terms {
                    let cell_value = weight * term.coefficient.at([j, i], 0);
                    match term.weight {
                        Weight::One => flow[i] += cell_value,
                        Weight::Density => ground[i] += cell_value,
                        // What changes a node by a share vanishes where all of it does.
                        Weight::Change => {}
                    }
                }
            }
        });
        Ok(Equilibrium {
            network,
            flow,
            offset,
            is_free,
        })
    }

    /// What walls give and take in a step at a time, for each side as [`Tables::inflows`].
    pub(crate) fn inflows(&self, time: f64) -> [Vec<[f64; 2]>; 4] {
        let (rows, dt) = (0..self.grid.y.nodes, self.schedule.dt);
        let tables = Tables::new(&self.slots, &self.survey, rows, dt, f64::INFINITY);
        Side::ALL.map(|side| tables.inflows(side, time))
    }

    /// The number nearest to 0 between the least and the largest value to which nodes are tied.
    fn offset(
        &self,
        values: &Field<f64>,
        dynamics: &Dynamics<f64>,
        inflows: &[Vec<[f64; 2]>; 4],
    ) -> f64 {
        if self.slots.slot(Quantity::Decay).is_there() {
            return 0.0;
        }
        let geometry = self.geometry();
        let given_values = (0..self.grid.y.nodes).flat_map(|j| {
            let given_nodes = geometry.given_in(j).into_iter();
            given_nodes.map(move |(i, _)| values.view()[(j, i)])
        });
        let robin_sides = Side::ALL.into_iter().flat_map(|side| {
            let nodes = (0..side.nodes(&self.grid)).map(move |number| (side, number));
            nodes.filter(|&(side, number)| {
                let node = side.node(&self.grid, number);
                !geometry.masks(node) && geometry.owners(node).is_none()
            })
        });
        let ambient_values = robin_sides.filter_map(|(side, number)| {
            let wall = beyond(dynamics, inflows, side, number);
            let [conductance, inflow] = wall.conductance_and_inflow;
            match conductance {
                0.0 => None,
                // Such a wall feeds itself, and what it does beside an offset is not known.
                conductance if conductance < 0.0 => Some(0.0),
                conductance => Some(inflow / conductance),
            }
        });
        let [smallest, largest] = given_values.chain(ambient_values).fold(
            [f64::INFINITY, f64::NEG_INFINITY],
            |[smallest, largest], value| [smallest.min(value), largest.max(value)],
        );
        if smallest <= largest {
            0.0_f64.clamp(smallest, largest)
        } else {
            0.0
        }
    }

    /// The indices on the grid of a node of the network.
    pub(super) fn node(&self, k: usize) -> (usize, usize) {
        let columns = self.grid.x.nodes - usize::from(self.periodic()[0]);
        (k / columns, k % columns)
    }
}

/// Zeros, one for each node.
fn zero_values(nodes: usize) -> Result<Vec<f64>, Unready> {
    Ok(zeros::<f64>((1, nodes))?.into_raw_vec_and_offset().0)
}

/// The effect of a wall on a node next to it.
struct BeyondWall {
    /// A conductance to the ground, and an inflow.
    conductance_and_inflow: [f64; 2],
    /// Whether they are shares of half the coefficient of the face at the wall. Otherwise they are those of a length of
    /// one spacing.
    is_of_face: bool,
}

/// The effect of a wall on the node with a number along its side; `inflows` are those of [`Tables::inflows`].
fn beyond(
    dynamics: &Dynamics<f64>,
    inflows: &[Vec<[f64; 2]>; 4],
    side: Side,
    number: usize,
) -> BeyondWall {
    let walls = &dynamics.walls;
    let wall = match side {
        Side::Left => &walls.left,
        Side::Right => &walls.right,
        Side::Bottom => &walls.bottom,
        Side::Top => &walls.top,
    };
    let Beyond::Ghost(ghost) = wall else {
        return BeyondWall {
            conductance_and_inflow: [0.0; 2],
            is_of_face: true,
        };
    };
    let [mirror, alpha, beta] =
        [&ghost.mirror, &ghost.alpha, &ghost.beta].map(|table| table.parts().1[number]);
    // A ghost that does not mirror the inner neighbour begins with the node itself. What is left of its difference to
    // the node has few digits, since the coefficient of its face follows from the best conductor of the domain.
    let is_of_face = mirror == 1.0;
    let conductance_and_inflow = match inflows[side as usize].get(number) {
        Some(&[given, taken]) if !is_of_face => [taken, given],
        _ => [beta, alpha],
    };
    BeyondWall {
        conductance_and_inflow,
        is_of_face,
    }
}
