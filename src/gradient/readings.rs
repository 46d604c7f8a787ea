//! [`Readings`]: how numbers of a record depend on the state that they are read from, and on the coefficients themselves.
//!
//! A rate is what comes into nodes with given values, through walls, or into a region: a sum over faces, walls and cells
//! of the same terms as those of a step, each times a number. So with these numbers in place of an adjoint state it adds
//! to the same sums:
//!
//! ```text
//!   Σ coefficient (p[e] - p[w]) (m[w] - m[e]) + Σ m (source - loss p) + Σ m (given - taken p)
//! ```

use super::{
    of_unready,
    sums::Sums,
    system::{Coefficients, Node, System, number_along},
};
use crate::{
    params::{Quantity, RowNumber},
    physics::{
        assembly::Purpose,
        fluxes::{DECAY, FIRST_HELD, SOURCE},
        wall::Side,
    },
    problem::Problem,
    run::RunError,
};
use ndarray::Array2;

/// The numbers by which the terms of a rate are multiplied.
struct Multipliers {
    /// The multipliers of nodes, for faces along x and along y, and for source and losses of their cells.
    x: Array2<f64>,
    y: Array2<f64>,
    source: Array2<f64>,
    loss: Array2<f64>,
    /// The multipliers of walls, by nodes along each side.
    walls: [Vec<f64>; 4],
}

/// Derivatives by coefficients of what is read from given states.
pub struct Direct {
    pub sums: Sums,
    /// The derivatives by the capacity of each node.
    pub capacity: Array2<f64>,
    /// The contributions of what passes walls, each times its derivative, by nodes along each side.
    pub walls: [Vec<f64>; 4],
}

/// Reads derivatives of numbers of a record.
pub struct Readings<'p> {
    problem: &'p Problem,
    /// The coefficients of rates, to which the cells of nodes that keep their values contribute.
    rates: Coefficients,
    capacity: Vec<f64>,
    /// The nodes of points, and their weights in each point.
    point_nodes: Vec<Node>,
    pub direct: Direct,
}

impl<'p> Readings<'p> {
    /// Readings of a problem.
    ///
    /// # Errors
    /// [`RunError`] if memory is short, or a file can no longer be read.
    pub fn new(problem: &'p Problem, system: &System) -> Result<Self, RunError> {
        let rates = Coefficients::new(problem, Purpose::Rates, problem.geometry().start);
        let ny = problem.grid.y.nodes;
        let point_nodes = problem
            .gauges()
            .map(|gauges| gauges.nodes(&(0..ny)).to_vec());
        let walls = Side::ALL.map(|side| vec![0.0; side.nodes(&problem.grid)]);
        Ok(Self {
            problem,
            rates: rates.map_err(of_unready)?,
            capacity: problem.slots().capacities()?,
            point_nodes: point_nodes.unwrap_or_default(),
            direct: Direct {
                sums: Sums::new(system),
                capacity: system.zeros(),
                walls,
            },
        })
    }

    /// Adds the derivatives of `factor` times a number, read from a state at a time, to those by the values of nodes and to the
    /// direct ones.
    pub fn add(
        &mut self,
        system: &System,
        (number, time): (RowNumber, f64),
        factor: f64,
        state: &Array2<f64>,
        by_state: &mut Array2<f64>,
    ) {
        let problem = self.problem;
        match number {
            RowNumber::Point(point) => self.add_point(point, factor, by_state),
            RowNumber::Mass => self.add_mass(None, factor, state, by_state),
            RowNumber::RegionMass(region) => self.add_mass(Some(region), factor, state, by_state),
            RowNumber::RegionMean(region) => {
                let sizes = self.sizes(Some(region));
                let size: f64 = sizes.sum();
                by_state.zip_mut_with(&sizes, |sum, share| *sum += factor * share / size);
            }
            RowNumber::Rate(rate) | RowNumber::RegionRate(rate) => {
                self.add_rate(system, (rate, time), factor, state, by_state);
            }
            RowNumber::Flux(side) => {
                let size = problem.wall_sizes()[side];
                if size > 0.0 {
                    self.add_rate(system, (side, time), factor / size, state, by_state);
                }
            }
            RowNumber::Min
            | RowNumber::Max
            | RowNumber::RegionMin(_)
            | RowNumber::RegionMax(_)
            | RowNumber::Gain(_)
            | RowNumber::RegionGain(_)
            | RowNumber::Unexplained => {}
        }
    }

    fn add_point(&self, point: usize, factor: f64, by_state: &mut Array2<f64>) {
        let Some(gauges) = self.problem.gauges() else {
            return;
        };
        for (place, node) in self.point_nodes.iter().enumerate() {
            let mut values = vec![0.0; self.point_nodes.len()];
            values[place] = 1.0;
            by_state[*node] += factor * gauges.points(&values)[point];
        }
    }

    /// The size of the cell of each node, or of those of a region, in cells: times the radius around an axis.
    fn sizes(&self, region: Option<usize>) -> Array2<f64> {
        let (grid, geometry) = (&self.problem.grid, self.problem.geometry());
        Array2::from_shape_fn(grid.shape(), |node @ (j, i)| {
            let number = geometry.nodes.number(geometry.nodes.row(j), i);
            let is_in = match region {
                Some(region) => geometry.regions[region].has(number),
                None => !geometry.masks(node),
            };
            let radius = grid.x.radii().map_or(1.0, |_| grid.x.radius(i));
            if is_in {
                grid.y.weight(j) * grid.x.weight(i) * radius
            } else {
                0.0
            }
        })
    }

    fn add_mass(
        &mut self,
        region: Option<usize>,
        factor: f64,
        state: &Array2<f64>,
        by_state: &mut Array2<f64>,
    ) {
        let grid = &self.problem.grid;
        let (nx, unit) = (grid.x.nodes, factor * grid.integral(1.0));
        for (node @ (j, i), size) in self.sizes(region).indexed_iter() {
            // Around an axis capacities have the radius with them.
            let radius = if *size > 0.0 && grid.x.radii().is_some() {
                grid.x.radius(i)
            } else {
                1.0
            };
            let is_uniform = self.problem.slots().uniform(Quantity::Capacity).is_some();
            let share = if is_uniform { *size } else { size / radius };
            by_state[node] += unit * share * self.capacity[j * nx + i];
            self.direct.capacity[node] += unit * size * state[node];
        }
    }

    fn add_rate(
        &mut self,
        system: &System,
        (rate, time): (usize, f64),
        factor: f64,
        state: &Array2<f64>,
        by_state: &mut Array2<f64>,
    ) {
        let problem = self.problem;
        let capacity = problem.slots().uniform(Quantity::Capacity).unwrap_or(1.0);
        let unit = factor * problem.grid.integral(1.0) * capacity / problem.schedule.dt;
        let multipliers = self.multipliers(system, rate, unit);
        let (Direct { sums, walls, .. }, rates) = (&mut self.direct, &self.rates);
        let (ny, nx) = system.shape;
        for j in 0..ny {
            for i in 0..nx {
                if system.has_face_east((j, i)) {
                    let (west, east) = ((j, i), (j, i + 1));
                    let difference = multipliers.x[west] - multipliers.x[east];
                    let flow = system.rows[j] * rates.x[east] * difference;
                    sums.x[west] += (state[east] - state[west]) * difference;
                    by_state[east] += flow;
                    by_state[west] -= flow;
                }
                if system.has_face_north((j, i)) {
                    let (south, north) = ((j, i), (j + 1, i));
                    let difference = multipliers.y[south] - multipliers.y[north];
                    let flow = system.columns[i] * rates.y[north] * difference;
                    sums.y[south] += (state[north] - state[south]) * difference;
                    by_state[north] += flow;
                    by_state[south] -= flow;
                }
                let node = (j, i);
                if system.is_first(node) {
                    let share = system.rows[j] * system.columns[i];
                    sums.source[node] += multipliers.source[node];
                    sums.loss[node] += multipliers.loss[node] * state[node];
                    by_state[node] -= share * multipliers.loss[node] * rates.loss[node];
                }
            }
        }
        let inflows = problem.inflows(time);
        for side in Side::ALL {
            for (number, [given, taken]) in inflows[side as usize].iter().enumerate() {
                let node = system.node(side, number);
                let through = multipliers.walls[side as usize][number] * system.length(side, node);
                if system.is_first(node) {
                    by_state[node] -= through * taken;
                    walls[side as usize][number] += through * (given - taken * state[node]);
                }
            }
        }
    }

    /// The multipliers of a rate, each times `unit`.
    fn multipliers(&self, system: &System, rate: usize, unit: f64) -> Multipliers {
        let (grid, geometry) = (&self.problem.grid, self.problem.geometry());
        let mut multipliers = Multipliers {
            x: system.zeros(),
            y: system.zeros(),
            source: system.zeros(),
            loss: system.zeros(),
            walls: Side::ALL.map(|side| vec![0.0; side.nodes(grid)]),
        };
        let region = rate.checked_sub(FIRST_HELD + geometry.tables());
        for node @ (j, i) in ndarray::indices(system.shape) {
            if geometry.masks(node) {
                continue;
            }
            let number = geometry.nodes.number(geometry.nodes.row(j), i);
            let owners = geometry.owners(node);
            if let Some(region) = region {
                if geometry.regions[region].has(number) && owners.is_some() {
                    (multipliers.source[node], multipliers.loss[node]) = (-unit, -unit);
                } else if geometry.regions[region].has(number) {
                    (multipliers.x[node], multipliers.y[node]) = (unit, unit);
                    for side in system.sides_at(node) {
                        multipliers.walls[side as usize][number_along(side, node)] = unit;
                    }
                }
                continue;
            }
            match rate {
                SOURCE => multipliers.source[node] = unit,
                DECAY => multipliers.loss[node] = unit,
                _ => {}
            }
            for side in system.sides_at(node) {
                if side as usize == rate {
                    multipliers.walls[rate][number_along(side, node)] += unit;
                }
            }
            let Some(owners) = owners else {
                continue;
            };
            let [x, y] = owners.map(|owner| if owner == rate { unit } else { 0.0 });
            multipliers.x[node] -= x;
            multipliers.y[node] -= y;
            multipliers.source[node] -= 0.5 * (x + y);
            multipliers.loss[node] -= 0.5 * (x + y);
            for side in system.sides_at(node) {
                let owned = [x, y][side.axis_number()];
                multipliers.walls[side as usize][number_along(side, node)] -= owned;
            }
        }
        multipliers
    }
}
