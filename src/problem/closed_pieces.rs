//! Pieces of a domain that nothing leaves, whatever their values are: a steady state keeps their content.

use super::{Problem, network::Equilibrium};
use crate::{
    field::Field,
    params::{ParamsError, StepMethod},
    physics::Unready,
};
use rayon::prelude::*;

/// What enters a closed piece balances up to this share of it.
const BALANCED: f64 = 1e-10;
/// A node that belongs to no closed piece.
const NONE: u32 = u32::MAX;

/// The closed pieces of a problem.
pub(super) struct ClosedPieces {
    pieces: Vec<ClosedPiece>,
    /// To which of them each node belongs, if to any, and the capacities of the cells of nodes; empty without pieces.
    of_nodes: Vec<u32>,
    capacities: Vec<f64>,
}

/// A piece of the domain that nothing leaves whatever its values are.
#[derive(Debug, Clone, Copy, Default)]
struct ClosedPiece {
    /// Its first node.
    first: usize,
    /// What enters per time, and the sum of its magnitudes.
    flow: f64,
    turnover: f64,
    /// The capacity of its cells, and what they hold.
    capacity: f64,
    content: f64,
}

impl Problem {
    /// Refuses a steady state where time tends to none, as far as that is known before it is solved for.
    ///
    /// # Errors
    /// [`Unready`] of a closed piece whose balance is not 0.
    pub(crate) fn check_balance(&self) -> Result<(), Unready> {
        if self.params.method == StepMethod::Steady {
            self.balanced()?;
        }
        Ok(())
    }

    /// The equation, and its closed pieces, into which the same enters as leaves.
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
        let cell = |(j, i): (usize, usize)| rows[j] * columns[i] * capacities[j * nx + i];
        let nodes = (0..rows.len() * columns.len()).into_par_iter();
        Ok(nodes.map(|k| cell(self.node(k))).collect())
    }

    /// Refuses closed pieces in which there is more and more, or less and less.
    fn check_pieces(&self, pieces: &[ClosedPiece]) -> Result<(), ParamsError> {
        let is_balanced = |piece: &&ClosedPiece| piece.flow.abs() <= BALANCED * piece.turnover;
        let Some(piece) = pieces.iter().find(|piece| !is_balanced(piece)) else {
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
        let root = |of_nodes: &mut [u32], mut k: u32| {
            while of_nodes[k as usize] != k {
                of_nodes[k as usize] = of_nodes[of_nodes[k as usize] as usize];
                k = of_nodes[k as usize];
            }
            k
        };
        for k in 0..len {
            let east = if (k + 1) % nx == 0 { k + 1 - nx } else { k + 1 };
            let north = (k + nx) % len;
            for (other, conductance) in [(east, network.east[k]), (north, network.north[k])] {
                if conductance != 0.0 {
                    let (one, other) = (
                        root(&mut of_nodes, k as u32),
                        root(&mut of_nodes, other as u32),
                    );
                    of_nodes[one.max(other) as usize] = one.min(other);
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

    /// Calls `visit` with each of their nodes, the capacity of its cell, and its piece.
    fn each_node(&mut self, mut visit: impl FnMut(usize, f64, &mut ClosedPiece)) {
        let nodes = self.of_nodes.iter().zip(&self.capacities).enumerate();
        for (k, (&piece, &capacity)) in nodes.filter(|(_, (piece, _))| **piece != NONE) {
            visit(k, capacity, &mut self.pieces[piece as usize]);
        }
    }

    /// Adds what gives each piece the content that it had to a solution.
    pub(super) fn restore(mut self, solution: &mut [f64]) {
        self.each_node(|k, capacity, piece| piece.content -= capacity * solution[k]);
        self.each_node(|k, _, piece| solution[k] += piece.content / piece.capacity);
    }
}
