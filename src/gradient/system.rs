//! [`System`]: the coefficients of a step in the form that its adjoint needs.
//!
//! A step changes a node by `rate L`, where `L` is what comes into its cell, divided by the share `w` of a cell:
//!
//! ```text
//!   L = Σ coefficient (p[neighbour] - p) + source - loss p + 2 (given - taken p)        the last one on walls
//! ```
//!
//! In the weights `w/rate` the part of a step that is proportional to p is symmetric. So the adjoint state, divided by
//! these weights, takes the steps of the problem itself, between walls that give 0.

use crate::{
    dynamics::Method,
    grid::Axis,
    params::Quantity,
    physics::{
        Unready,
        assembly::{Assembled, Purpose},
        fluxes::face,
        wall::Side,
    },
    problem::Problem,
};
use diff2d_stencil::{Coefficient, Equation, Ghost, Rkl2, Side as WallSide, Table, Walls, Weight};
use ndarray::Array2;
use rayon::prelude::*;

/// The place of a node: row and column.
pub type Node = (usize, usize);

/// The coefficients of a step.
pub struct Coefficients {
    /// The coefficients of the face west of each node, and one column more.
    pub x: Array2<f64>,
    /// The coefficients of the face south of each node, and one row more.
    pub y: Array2<f64>,
    /// What is lost of p.
    pub loss: Array2<f64>,
    /// What comes in; 0 if it depends on time.
    pub source: Array2<f64>,
    /// The factor of the whole increment.
    pub rate: Array2<f64>,
    /// `[given, taken]` of each node of a side; empty for fixed and periodic sides.
    pub inflows: [Vec<[f64; 2]>; 4],
}

impl Coefficients {
    /// The coefficients at a time, for some purpose.
    ///
    /// # Errors
    /// [`Unready`] if memory is short, or a file can no longer be read.
    pub fn new(problem: &Problem, purpose: Purpose, time: f64) -> Result<Self, Unready> {
        let rows = 0..problem.grid.y.nodes;
        let dt = problem.schedule.dt;
        let assembled: Assembled<f64> = problem.slots().assemble(rows, dt, purpose)?;
        Ok(Self::of(problem, &assembled.equation, time))
    }

    /// The coefficients of an equation.
    fn of(problem: &Problem, equation: &Equation<f64>, time: f64) -> Self {
        let shape @ (ny, nx) = problem.grid.shape();
        let source = match problem.slots().slot(Quantity::Source).depends_on_time() {
            true => Array2::zeros(shape),
            false => factors(equation, Weight::One, shape, 0.0),
        };
        let x = Array2::from_shape_fn((ny, nx + 1), |(j, i)| {
            let (i, side) = node_at_face(nx, i, [Side::Left, Side::Right]);
            face(&equation.operator, side, (j, i))
        });
        let y = Array2::from_shape_fn((ny + 1, nx), |(j, i)| {
            let (j, side) = node_at_face(ny, j, [Side::Bottom, Side::Top]);
            face(&equation.operator, side, (j, i))
        });
        Self {
            x,
            y,
            loss: factors(equation, Weight::Density, shape, 0.0),
            source,
            rate: factors(equation, Weight::Change, shape, 1.0),
            inflows: problem.inflows(time),
        }
    }
}

/// The factors of a term of an equation at all nodes, or the neutral one where there is no such term.
fn factors(equation: &Equation<f64>, weight: Weight, shape: Node, neutral: f64) -> Array2<f64> {
    Array2::from_shape_fn(shape, |(j, i)| match equation.coefficient(weight) {
        Some(Coefficient::Products(_)) | None => neutral,
        Some(coefficient) => coefficient.at([j, i], 0),
    })
}

/// A node beside a face along an axis, and the side on which the face lies: the node behind it, or the last one before it.
fn node_at_face(nodes: usize, face: usize, sides: [Side; 2]) -> (usize, Side) {
    match face == nodes {
        true => (face - 1, sides[1]),
        false => (face, sides[0]),
    }
}

/// A problem as its adjoint sees it.
pub struct System {
    pub shape: Node,
    /// Whether the first and last columns are the same points, and whether the first and last rows are.
    pub periodic: [bool; 2],
    /// Whether steps change a node.
    pub is_free: Array2<bool>,
    /// The shares of a cell of rows and of columns; 1 along periodic axes, of whose ends one counts.
    pub rows: Vec<f64>,
    pub columns: Vec<f64>,
    /// `w/rate`; 0 at nodes that keep their values.
    pub weight: Array2<f64>,
    pub step: Coefficients,
    /// The equation of a step of the adjoint state, and the walls between which it is taken.
    pub dual_equation: Equation<f64>,
    pub dual_walls: Walls<f64>,
    pub method: Method<f64>,
}

impl System {
    /// The system of a problem.
    ///
    /// # Errors
    /// [`Unready`] if memory is short, or a file can no longer be read.
    pub fn new(problem: &Problem) -> Result<Self, Unready> {
        let grid = &problem.grid;
        let shape @ (ny, _) = grid.shape();
        let geometry = problem.geometry();
        let dynamics = problem.dynamics::<f64>(0..ny)?;
        let periodic = problem.periodic();
        let is_free = Array2::from_shape_fn(shape, |node| {
            geometry.fixed_side(node).is_none() && !geometry.keeps(node)
        });
        let [rows, columns] = [(&grid.y, periodic[1]), (&grid.x, periodic[0])].map(shares_of_cells);
        let step = Coefficients::of(problem, &dynamics.equation, geometry.start);
        let weight = Array2::from_shape_fn(shape, |node @ (j, i)| match is_free[node] {
            true => rows[j] * columns[i] / step.rate[node],
            false => 0.0,
        });
        let mut dual_equation = dynamics.equation;
        dual_equation
            .terms
            .retain(|term| term.weight != Weight::One);
        Ok(Self {
            shape,
            periodic,
            is_free,
            rows,
            columns,
            weight,
            step,
            dual_equation,
            dual_walls: without_inflow(&dynamics.walls),
            method: dynamics.method,
        })
    }

    /// Zeros at all nodes.
    pub fn zeros(&self) -> Array2<f64> {
        Array2::zeros(self.shape)
    }

    /// The first of the nodes that are the same point as this one.
    pub fn first(&self, (j, i): Node) -> Node {
        let (ny, nx) = self.shape;
        let [is_last_column, is_last_row] = [i + 1 == nx, j + 1 == ny];
        (
            if self.periodic[1] && is_last_row {
                0
            } else {
                j
            },
            if self.periodic[0] && is_last_column {
                0
            } else {
                i
            },
        )
    }

    /// Whether a node is the first of those that are the same point as it.
    pub fn is_first(&self, node: Node) -> bool {
        self.first(node) == node
    }

    /// Whether there is a face east of a node that is not the same as another one.
    pub fn has_face_east(&self, (j, i): Node) -> bool {
        i + 1 < self.shape.1 && !(self.periodic[1] && j + 1 == self.shape.0)
    }

    /// Whether there is a face north of a node that is not the same as another one.
    pub fn has_face_north(&self, (j, i): Node) -> bool {
        j + 1 < self.shape.0 && !(self.periodic[0] && i + 1 == self.shape.1)
    }

    /// Copies what stands at the first nodes of points to the others.
    pub fn repeat(&self, values: &mut Array2<f64>) {
        let (ny, nx) = self.shape;
        if self.periodic[0] {
            let column = values.column(0).to_owned();
            values.column_mut(nx - 1).assign(&column);
        }
        if self.periodic[1] {
            let row = values.row(0).to_owned();
            values.row_mut(ny - 1).assign(&row);
        }
    }

    /// Values with 0 at nodes that are the same points as others before them.
    pub fn first_alone(&self, values: &Array2<f64>) -> Array2<f64> {
        let mut firsts = values.clone();
        for (node, value) in firsts.indexed_iter_mut() {
            if !self.is_first(node) {
                *value = 0.0;
            }
        }
        firsts
    }

    /// The sides on which a node lies.
    pub fn sides_at(&self, (j, i): Node) -> impl Iterator<Item = Side> + use<> {
        let (ny, nx) = self.shape;
        let is_at = [i == 0, i + 1 == nx, j == 0, j + 1 == ny];
        let sides = Side::ALL.into_iter().zip(is_at);
        sides.filter_map(|(side, is_at)| is_at.then_some(side))
    }

    /// The node with a number along a side.
    pub fn node(&self, side: Side, number: usize) -> Node {
        let (ny, nx) = self.shape;
        match side {
            Side::Left => (number, 0),
            Side::Right => (number, nx - 1),
            Side::Bottom => (0, number),
            Side::Top => (ny - 1, number),
        }
    }

    /// The length of a wall that belongs to a node, in spacings.
    pub fn length(&self, side: Side, (j, i): Node) -> f64 {
        match side.is_column() {
            true => self.rows[j],
            false => self.columns[i],
        }
    }

    /// The stages of a step of RKL2 that is a share of a whole one.
    pub fn stages(&self, share: f64) -> Option<Rkl2<f64>> {
        match &self.method {
            Method::Rkl2(method) if share == 1.0 => Some(method.clone()),
            Method::Rkl2(method) => Some(method.clone().part(share)),
            _ => None,
        }
    }

    /// The increment of a whole step; without what walls and sources give unless it `is_forced`.
    pub fn increment(&self, p: &Array2<f64>, is_forced: bool) -> Array2<f64> {
        let (ny, nx) = self.shape;
        let Coefficients {
            x,
            y,
            loss,
            source,
            rate,
            inflows,
        } = &self.step;
        let mut increments = self.zeros();
        let rows = increments.outer_iter_mut().into_par_iter().enumerate();
        rows.for_each(|(j, mut increments)| {
            let of_rows = neighbours(ny, self.periodic[1], j);
            for (i, increment) in increments.iter_mut().enumerate() {
                if !self.is_free[[j, i]] {
                    continue;
                }
                let centre = p[[j, i]];
                let mut sum = 0.0;
                for (neighbour, face, factor) in neighbours(nx, self.periodic[0], i) {
                    sum += factor * x[[j, face]] * (p[[j, neighbour]] - centre);
                }
                for (neighbour, face, factor) in of_rows {
                    sum += factor * y[[face, i]] * (p[[neighbour, i]] - centre);
                }
                sum -= loss[[j, i]] * centre;
                if is_forced {
                    sum += source[[j, i]];
                }
                for side in self.sides_at((j, i)) {
                    let number = number_along(side, (j, i));
                    if let Some([given, taken]) = inflows[side as usize].get(number) {
                        let inflow = if is_forced { *given } else { 0.0 };
                        sum += 2.0 * (inflow - taken * centre);
                    }
                }
                *increment = rate[[j, i]] * sum;
            }
        });
        increments
    }

    /// The adjoint state of derivatives by the values of the nodes.
    pub fn adjoint_of(&self, derivatives: &Array2<f64>) -> Array2<f64> {
        let mut adjoint = self.zeros();
        for (node, derivative) in derivatives.indexed_iter() {
            let point = self.first(node);
            if self.is_free[point] {
                adjoint[point] += derivative / self.weight[point];
            }
        }
        self.repeat(&mut adjoint);
        adjoint
    }
}

/// The number of a node along a side.
pub fn number_along(side: Side, (j, i): Node) -> usize {
    if side.is_column() { j } else { i }
}

/// The shares of a cell of the nodes along an axis; 1 if it is periodic.
fn shares_of_cells((axis, is_periodic): (&Axis, bool)) -> Vec<f64> {
    let nodes = 0..axis.nodes;
    nodes
        .map(|i| if is_periodic { 1.0 } else { axis.weight(i) })
        .collect()
}

/// The nodes before and behind one along an axis, each with the number of the face between, and how often that face
/// counts.
fn neighbours(nodes: usize, is_periodic: bool, i: usize) -> [(usize, usize, f64); 2] {
    let is_last = i + 1 == nodes;
    let neighbour_before = match (i, is_periodic) {
        (0, true) => (nodes - 2, 0, 1.0),
        (0, false) => (0, 0, 0.0),
        _ if is_last && !is_periodic => (i - 1, i, 2.0),
        _ => (i - 1, i, 1.0),
    };
    let neighbour_behind = match (i, is_periodic) {
        (_, true) if is_last => (1, nodes, 1.0),
        (_, false) if is_last => (i, i, 0.0),
        (0, false) => (1, 1, 2.0),
        _ => (i + 1, i + 1, 1.0),
    };
    [neighbour_before, neighbour_behind]
}

/// Walls of the same kinds that give nothing.
fn without_inflow(walls: &Walls<f64>) -> Walls<f64> {
    Walls {
        left: side_without_inflow(&walls.left),
        right: side_without_inflow(&walls.right),
        bottom: side_without_inflow(&walls.bottom),
        top: side_without_inflow(&walls.top),
    }
}

fn side_without_inflow(side: &WallSide<f64>) -> WallSide<f64> {
    match side {
        WallSide::Ghost(ghost) => {
            let (nodes, _) = ghost.alpha.parts();
            WallSide::Ghost(Ghost {
                mirror: ghost.mirror.clone(),
                alpha: Table::constant(nodes, 0.0),
                beta: ghost.beta.clone(),
            })
        }
        WallSide::Periodic => WallSide::Periodic,
        _ => WallSide::Held,
    }
}
