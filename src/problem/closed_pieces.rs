//! Closed pieces of a domain, which nothing leaves whatever their values are: a steady state keeps their content.

use super::{Problem, network::Equilibrium};
use crate::{
    field::Field,
    params::{ParamsError, StepMethod},
    physics::Unready,
};
use rayon::prelude::*;

/// The fraction of the inflow up to which a closed piece counts as balanced.
const BALANCED: f64 = 1e-10;
/// The number for a node that belongs to no closed piece.
const NONE: u32 = u32::MAX;

/// The closed pieces of a problem.
pub(super) struct ClosedPieces {
    pieces: Vec<ClosedPiece>,
    /// The number of each node's piece, or [`NONE`], and the capacities of the cells; empty without closed pieces.
    of_nodes: Vec<u32>,
    capacities: Vec<f64>,
}

/// A piece of the domain that nothing leaves whatever its values are.
#[derive(Debug, Clone, Copy, Default)]
struct ClosedPiece {
    /// The first node of the piece.
    first: usize,
    /// The net inflow per time, and the sum of the magnitudes of all inflow.
    flow: f64,
    turnover: f64,
    /// The capacity of the piece's cells, and their content.
    capacity: f64,
    content: f64,
}

impl ClosedPiece {
    /// Whether the net inflow into the piece is 0 up to rounding.
    fn is_balanced(&self) -> bool {
        self.flow.abs() <= BALANCED * self.turnover
    }
}

impl Problem {
    /// Refuses a problem without a steady state, as far as that is known before it is solved.
    ///
    /// # Errors
    /// [`Unready`] for a closed piece whose balance is not 0.
    #[doc(hidden)]
    pub fn check_balance(&self) -> Result<(), Unready> {
        if self.params.method == StepMethod::Steady {
            self.balanced()?;
        }
        Ok(())
    }

    /// Whether the steady state keeps the content of a piece.
    ///
    /// # Errors
    /// [`Unready`] for a closed piece whose balance is not 0.
    pub(crate) fn has_closed_pieces(&self) -> Result<bool, Unready> {
        Ok(!self.balanced()?.1.pieces.is_empty())
    }

    /// The equation of the steady state, and its closed pieces. Their net inflow has been set to exactly 0.
    pub(super) fn balanced(&self) -> Result<(Equilibrium, ClosedPieces), Unready> {
        let mut values = Field::zeros(self.grid.shape())?;
        self.fill_initial(&mut values, 0)?;
        let mut equilibrium = self.equilibrium(&values)?;
        let mut closed = ClosedPieces::of(&equilibrium);
        if closed.pieces.is_empty() {
            return Ok((equilibrium, closed));
        }
        closed.capacities = self.cell_capacities()?;
        let (flow, values) = (&mut equilibrium.flow, values.view());
        closed.each_node(|k, capacity, piece| {
            piece.flow += flow[k];
            piece.turnover += flow[k].abs();
            piece.capacity += capacity;
            piece.content += capacity * values[self.node(k)];
        });
        self.check_pieces(&closed.pieces)?;
        closed.each_node(|k, capacity, piece| {
            flow[k] -= piece.flow * (capacity / piece.capacity);
        });
        Ok((equilibrium, closed))
    }

    /// The capacities of the cells of all nodes of the network.
    fn cell_capacities(&self) -> Result<Vec<f64>, ParamsError> {
        let capacities = self.slots.capacities()?;
        let [rows, columns] = self.weights();
        let nx = self.grid.x.nodes;
        let nodes = (0..rows.len() * columns.len()).into_par_iter();
        let cells = nodes.map(|k| {
            let (j, i) = self.node(k);
            rows[j] * columns[i] * capacities[j * nx + i]
        });
        Ok(cells.collect())
    }

    /// Refuses closed pieces whose content grows or falls for ever.
    fn check_pieces(&self, pieces: &[ClosedPiece]) -> Result<(), ParamsError> {
        let Some(piece) = pieces.iter().find(|piece| !piece.is_balanced()) else {
            return Ok(());
        };
        let (j, i) = self.node(piece.first);
        let place = self.geometry().nodes.describe(j, i);
        // The equation has the time step in it.
        let rate = self.grid.integral(piece.flow) / self.slots.share(self.schedule.dt);
        Err(self.refuse(&format!(
            "there is no steady state: the piece of the domain with the node at {place} is closed, and {rate:?} per time enters it, so that it changes for ever; let what enters balance, or let something out by a wall, a held node or a decay"
        )))
    }
}

impl ClosedPieces {
    fn of(
        Equilibrium {
            network, is_free, ..
        }: &Equilibrium,
    ) -> Self {
        let (nx, len) = (network.nx, is_free.len());
        let mut of_nodes: Vec<u32> = (0..len as u32).collect();
        for k in 0..len {
            let east = if (k + 1) % nx == 0 { k + 1 - nx } else { k + 1 };
            let north = (k + nx) % len;
            for (other, conductance) in [(east, network.east[k]), (north, network.north[k])] {
                if conductance != 0.0 {
                    let first_root = root(&mut of_nodes, k as u32);
                    let second_root = root(&mut of_nodes, other as u32);
                    of_nodes[first_root.max(second_root) as usize] = first_root.min(second_root);
                }
            }
        }
        // Roots are the first nodes of their pieces.
        let mut is_closed = is_free.to_vec();
        for k in 0..len {
            let root = root(&mut of_nodes, k as u32);
            of_nodes[k] = root;
            is_closed[root as usize] &= network.ground[k] == 0.0;
        }
        let mut pieces = Vec::new();
        for k in 0..len {
            let root = of_nodes[k] as usize;
            of_nodes[k] = match (root == k, is_closed[root]) {
                (_, false) => NONE,
                (true, true) => {
                    pieces.push(ClosedPiece {
                        first: k,
                        ..ClosedPiece::default()
                    });
                    pieces.len() as u32 - 1
                }
                (false, true) => of_nodes[root],
            };
        }
        if pieces.is_empty() {
            of_nodes = Vec::new();
        }
        Self {
            pieces,
            of_nodes,
            capacities: Vec::new(),
        }
    }

    /// Calls `visit` with each node of a closed piece, the capacity of its cell, and its piece.
    fn each_node(&mut self, mut visit: impl FnMut(usize, f64, &mut ClosedPiece)) {
        let nodes = self.of_nodes.iter().zip(&self.capacities).enumerate();
        for (k, (&piece, &capacity)) in nodes.filter(|(_, (piece, _))| **piece != NONE) {
            visit(k, capacity, &mut self.pieces[piece as usize]);
        }
    }

    /// Adds a constant to each piece of a solution, so that the piece has its initial content.
    pub(super) fn restore(mut self, solution: &mut [f64]) {
        self.each_node(|k, capacity, piece| piece.content -= capacity * solution[k]);
        self.each_node(|k, _, piece| solution[k] += piece.content / piece.capacity);
    }
}

/// The first node of a node's piece, found by the links between nodes.
fn root(links: &mut [u32], mut k: u32) -> u32 {
    while links[k as usize] != k {
        links[k as usize] = links[links[k as usize] as usize];
        k = links[k as usize];
    }
    k
}
