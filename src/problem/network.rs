//! The equation of a problem as a network of conductances, and its steady solution.
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
    dynamics::{Dynamics, Halt, Steadiness},
    field::Field,
    params::{self, Choice, ParamsError, RawParams, SIDES, StepMethod},
    physics::{Unready, fluxes::face, slots::Place, wall::Side, zeros},
};
use diff2d_multigrid::{Limits, Network, Unsolved};
use diff2d_stencil::{Coefficient, Side as Beyond, real::Real};
use ndarray::Array2;
use rayon::prelude::*;
use std::time::Instant;

/// The most cycles of multigrid.
const MOST_CYCLES: usize = 200;
/// What enters a closed piece balances up to this share of it.
const BALANCED: f64 = 1e-10;
/// A node that belongs to no closed piece.
const NONE: u32 = u32::MAX;
/// Fields in double precision that the solution takes beside the state: three of conductances, what flows in, five vectors, the
/// damping, aggregates, pieces, and the nodes' given values.
const FIELDS: u64 = 12;
/// Those that the coarser levels may take; random conductances need most.
const LEVELS: u64 = 24;

/// The equation between the nodes that differ: of a periodic pair there is one.
struct Equilibrium {
    network: Network,
    flow: Vec<f64>,
    /// Which nodes are computed.
    is_free: Vec<bool>,
}

/// The equation where each closed piece keeps its content.
struct ClosedEquation {
    equilibrium: Equilibrium,
    /// To which of the pieces each node belongs, if to any.
    of_nodes: Vec<u32>,
    pieces: Vec<ClosedPiece>,
    /// The capacities of the cells of nodes, if there are pieces.
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
    /// Refuses what has no steady solution.
    pub(super) fn check_steady(&self, raw: &RawParams) -> Result<(), ParamsError> {
        if self.params.method != StepMethod::Steady {
            return Ok(());
        }
        let refuse = |key: &'static str| {
            let reason = "it depends on t, and method = \"steady\" has no time".to_owned();
            Err(raw.refuse(key, reason))
        };
        for (side, key) in Side::ALL.into_iter().zip(SIDES) {
            if self.params.boundary.wall(side).depends_on_time() {
                return refuse(key);
            }
        }
        if self.slots.slot(Place::Source).depends_on_time() {
            return refuse("source");
        }
        if self.grid.len() >= u64::from(u32::MAX) {
            let reason = "method = \"steady\" solves for fewer than 2^32 nodes".to_owned();
            return Err(raw.refuse("dx", reason));
        }
        Ok(())
    }

    /// Bytes of memory for the solution beside the state.
    pub(super) fn steady_bytes(&self) -> u64 {
        match self.params.method {
            StepMethod::Steady => {
                let fields = self.grid.len().saturating_mul(8 * FIELDS);
                fields.saturating_add(self.level_bytes())
            }
            _ => 0,
        }
    }

    /// Bytes that the coarser levels may take.
    fn level_bytes(&self) -> u64 {
        let nodes = self.grid.len();
        let direct = nodes.min(diff2d_multigrid::DIRECT as u64);
        nodes
            .saturating_mul(8 * LEVELS)
            .saturating_add(8 * direct * direct)
    }

    /// The cycles of multigrid that problems like this one take, if any.
    pub(crate) fn usual_cycles(&self) -> Option<u64> {
        (self.params.method == StepMethod::Steady).then_some(20)
    }

    /// Wall time of so many cycles here, which follows from a small plate.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn seconds_to_settle(&self, cycles: u64) -> f64 {
        const LARGEST: usize = 256;
        let (ny, nx) = self.grid.shape();
        let (ny, nx) = (ny.min(LARGEST), nx.min(LARGEST));
        let plate = Network {
            nx,
            east: vec![1.0; ny * nx],
            north: vec![1.0; ny * nx],
            ground: vec![1.0 / (ny * nx) as f64; ny * nx],
        };
        let limits = Limits {
            tolerance: self.params.tolerance,
            cycles: MOST_CYCLES,
            bytes: u64::MAX,
        };
        let flow = (0..ny * nx).map(|k| (k % 7) as f64).collect();
        let (start, mut taken) = (Instant::now(), 1);
        let _ = diff2d_multigrid::solve(plate, flow, limits, |reached| {
            taken = reached.cycles;
            true
        });
        let per_node = start.elapsed().as_secs_f64() / (taken * ny * nx) as f64;
        per_node * cycles as f64 * self.grid.len() as f64
    }

    /// Refuses a steady state where time tends to none, as far as that is known before it is solved for.
    ///
    /// # Errors
    /// [`Unready`] of a closed piece whose balance is not 0.
    pub(crate) fn check_balance(&self) -> Result<(), Unready> {
        if self.params.method == StepMethod::Steady {
            self.balanced(&mut Field::zeros(self.grid.shape())?)?;
        }
        Ok(())
    }

    /// The equation, and its closed pieces, into which the same enters as leaves. The initial state is written to `values`.
    fn balanced(&self, values: &mut Field<f64>) -> Result<ClosedEquation, Unready> {
        self.fill_initial(values, 0)?;
        let mut equilibrium = self.equilibrium(values)?;
        let flow = &mut equilibrium.flow;
        let (of_nodes, mut pieces) = closed(&equilibrium.network, &equilibrium.is_free);
        let capacities = match pieces.is_empty() {
            true => Vec::new(),
            false => self.cell_capacities()?,
        };
        for (k, capacity, piece) in of_pieces(&of_nodes, &capacities) {
            let piece: &mut ClosedPiece = &mut pieces[piece];
            piece.flow += flow[k];
            piece.turnover += flow[k].abs();
            piece.capacity += capacity;
            piece.content += capacity * values.view()[self.node(k)];
        }
        self.check_pieces(&pieces)?;
        for (k, capacity, piece) in of_pieces(&of_nodes, &capacities) {
            flow[k] -= pieces[piece].flow * (capacity / pieces[piece].capacity);
        }
        Ok(ClosedEquation {
            equilibrium,
            of_nodes,
            pieces,
            capacities,
        })
    }

    /// Writes the steady solution over the initial state; nothing if `go_on` gives it up.
    ///
    /// # Errors
    /// [`Unready`] where there is none, or too little memory.
    pub(super) fn settle<T: Real>(
        &self,
        field: &mut Field<T>,
        go_on: &mut dyn FnMut(Steadiness) -> bool,
    ) -> Result<Option<Steadiness>, Unready> {
        let mut values = Field::<f64>::zeros(self.grid.shape())?;
        let ClosedEquation {
            equilibrium:
                Equilibrium {
                    network,
                    flow,
                    is_free,
                },
            of_nodes,
            mut pieces,
            capacities,
        } = self.balanced(&mut values)?;
        let limits = Limits {
            tolerance: self.params.tolerance,
            cycles: MOST_CYCLES,
            bytes: self.level_bytes(),
        };
        let steadiness = |reached: diff2d_multigrid::Convergence| Steadiness {
            residual: Some(reached.residual),
            cycles: Some(reached.cycles as u64),
            ..Steadiness::default()
        };
        let solved =
            diff2d_multigrid::solve(network, flow, limits, |reached| go_on(steadiness(reached)));
        let (mut solution, reached) = match solved {
            Ok(solved) => solved,
            Err(Unsolved::GivenUp(_)) => return Ok(None),
            Err(Unsolved::Memory { .. }) => return Err(Unready::Memory),
            Err(Unsolved::NotConverged(reached)) => {
                return Err(Halt::NotConverged {
                    cycles: reached.cycles,
                    residual: reached.residual,
                    tolerance: self.params.tolerance,
                }
                .into());
            }
            Err(Unsolved::Indefinite) => {
                let reason = "there is no steady state that time tends to: a Robin wall with a/b < 0 feeds more into the domain, the more there is, than leaves it otherwise";
                return Err(self.refuse(reason).into());
            }
        };
        for (k, capacity, piece) in of_pieces(&of_nodes, &capacities) {
            pieces[piece].content -= capacity * solution[k];
        }
        for (k, _, piece) in of_pieces(&of_nodes, &capacities) {
            solution[k] += pieces[piece].content / pieces[piece].capacity;
        }
        let (_, nx) = self.grid.shape();
        let columns = nx - usize::from(self.periodic()[0]);
        let rows = values.as_mut_slice().par_chunks_mut(nx);
        rows.zip(solution.par_chunks(columns))
            .zip(is_free.par_chunks(columns))
            .for_each(|((row, solution), is_free)| {
                for ((to, value), _) in row
                    .iter_mut()
                    .zip(solution)
                    .zip(is_free)
                    .filter(|(_, is_free)| **is_free)
                {
                    *to = *value;
                }
                row[nx - 1] = row[(nx - 1) % columns];
            });
        if self.has_periodic_rows() {
            let (first, others) = values.as_mut_slice().split_at_mut(nx);
            let last = others.len() - nx;
            others[last..].copy_from_slice(first);
        }
        let both = field.as_mut_slice().par_iter_mut().zip(values.as_slice());
        both.for_each(|(to, value)| *to = T::from_f64(*value));
        Ok(Some(steadiness(reached)))
    }

    /// Why this is not solved for.
    fn refuse(&self, reason: &str) -> ParamsError {
        ParamsError::Refused {
            place: params::Place::File("the parameters".into()),
            key: "method",
            value: format!("{:?}", self.params.method.name()),
            reason: format!("cannot be used: {reason}"),
        }
    }

    /// Refuses what one process cannot solve.
    ///
    /// # Errors
    /// [`ParamsError`] of several ranks.
    pub(crate) fn check_ranks(&self, ranks: usize) -> Result<(), ParamsError> {
        match self.params.method {
            StepMethod::Steady if ranks > 1 => Err(self.refuse(&format!(
                "it is solved for by one process, and there are {ranks} ranks: run it without mpirun, where its threads share the work"
            ))),
            _ => Ok(()),
        }
    }

    /// The share of a cell that a node stands for, of all that are the same point.
    fn weights(&self) -> [Vec<f64>; 2] {
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
    fn equilibrium(&self, values: &Field<f64>) -> Result<Equilibrium, Unready> {
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
    fn node(&self, k: usize) -> (usize, usize) {
        let columns = self.grid.x.nodes - usize::from(self.periodic()[0]);
        (k / columns, k % columns)
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

/// The nodes of closed pieces with the capacities of their cells, and to which of the pieces each belongs.
fn of_pieces<'a>(
    of_nodes: &'a [u32],
    capacities: &'a [f64],
) -> impl Iterator<Item = (usize, f64, usize)> + 'a {
    let nodes = of_nodes.iter().zip(capacities).enumerate();
    let of_closed = nodes.filter(|(_, (piece, _))| **piece != NONE);
    of_closed.map(|(k, (&piece, &capacity))| (k, capacity, piece as usize))
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

/// The closed pieces of a network, and to which of them each node belongs.
fn closed(network: &Network, is_free: &[bool]) -> (Vec<u32>, Vec<ClosedPiece>) {
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
    (of_nodes, pieces)
}
