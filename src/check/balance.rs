//! [`Balance`]: what the mass changed by, and what went through walls and came from the source.

use crate::{
    dynamics::{Dynamics, Method},
    field::Field,
    grid::Grid,
    params::ParamsError,
    physics::{geometry::Geometry, wall::Side},
    problem::Problem,
};
use diff2d_stencil::{self as stencil, Coefficient, Operator, Walls};
use ndarray::{Array2, ArrayView2};

/// The mass at both ends of a run and all that changed it \[density·length²\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// At the beginning.
    pub start: f64,
    /// At the end.
    pub end: f64,
    /// What came in through left, right, bottom and top; negative where more went out.
    pub walls: [f64; 4],
    /// What the source gave.
    pub source: f64,
    /// What held nodes gave; negative where they took more.
    pub held: f64,
    /// What the decay took, which is negative.
    pub decay: f64,
    /// What the nodes on fixed walls changed by because their values did.
    pub fixed: f64,
}

impl Balance {
    /// What none of these explains: roundings, if the steps are right.
    #[must_use]
    pub fn unexplained(&self) -> f64 {
        let inside = self.source + self.held + self.decay + self.fixed;
        let explained = self.walls.iter().sum::<f64>() + inside;
        (self.end - self.start) - explained
    }
}

/// What increments bring in: through left, right, bottom and top, from the source, by decay, and from held nodes.
type Gains = [f64; 7];

/// Sums what each step brings in, from the states that it takes increments of.
///
/// A stage of a step is a combination of earlier states and increments, the same at every node. So what it has brought
/// in since the beginning of the step is that combination of what the stages before have brought in.
pub(super) struct Meter<'a> {
    problem: &'a Problem,
    grid: &'a Grid,
    dynamics: Dynamics<f64>,
    /// The capacity of every node, row by row.
    capacity: Vec<f64>,
    /// That of all nodes, which increments have in them; 1 if it varies.
    factor: f64,
    time: f64,
    fixed_at_start: f64,
    start: f64,
    /// Since the beginning of the run.
    total: Gains,
    /// Since the beginning of the step, after the latest stage and the one before.
    in_step: [Gains; 2],
    /// The increments of the state before the step.
    of_start: Gains,
    /// Of one step, if the source does not depend on time.
    constant_source: Option<f64>,
    /// Of one step, of each term with the factor 1.
    terms: Vec<f64>,
    /// Space for a source that does.
    scratch: Array2<f64>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        dynamics: Dynamics<f64>,
        state: &Field<f64>,
    ) -> Result<Self, ParamsError> {
        let mut meter = Self {
            problem,
            grid: &problem.grid,
            capacity: problem.capacity()?,
            factor: problem.uniform_capacity().unwrap_or(1.0),
            time: 0.0,
            fixed_at_start: 0.0,
            start: problem.summary(state)?.mass,
            total: Gains::default(),
            in_step: [Gains::default(); 2],
            of_start: Gains::default(),
            constant_source: None,
            terms: Vec::new(),
            scratch: Array2::zeros((0, 0)),
            dynamics,
        };
        let walls = meter.walls_at(0.0);
        meter.fixed_at_start = meter.on_fixed_walls(&walls, &state.view());
        if meter.dynamics.source_at.is_some() {
            meter.scratch = Array2::zeros(state.shape());
        } else {
            let source = meter.dynamics.equation.source.as_ref();
            meter.constant_source =
                Some(source.map_or(0.0, |source| meter.inside(&walls, &source.view())));
        }
        let terms = meter.dynamics.equation.terms.arrays.iter();
        meter.terms = terms
            .map(|term| meter.inside(&walls, &term.view()))
            .collect();
        Ok(meter)
    }

    /// The walls at a time.
    fn walls_at(&self, time: f64) -> Walls<f64> {
        match &self.dynamics.walls_at {
            Some(walls_at) => walls_at(&[time, time + self.dynamics.pace.dt]).0,
            None => self.dynamics.walls.clone(),
        }
    }

    /// Adds what stage `number` of a step brings in, which takes increments of this state.
    pub(super) fn see(&mut self, number: usize, state: &Field<f64>) {
        let Method::Rkl2(method) = self.dynamics.method.clone() else {
            self.in_step[0] = self.gains(self.time, state);
            return;
        };
        let time = self.time + method.times()[number - 1] * self.dynamics.pace.dt;
        let gains = self.gains(time, state);
        if number == 1 {
            self.of_start = gains;
        }
        let [latest, older] = self.in_step;
        let after = std::array::from_fn(|part| {
            let of_start = self.of_start[part];
            let increments = [gains[part] - of_start, of_start];
            method.difference(number, [latest[part], older[part]], increments)
        });
        self.in_step = [after, latest];
    }

    /// Adds up the step.
    pub(super) fn end_step(&mut self) {
        let [gains, _] = std::mem::take(&mut self.in_step);
        for (total, gain) in self.total.iter_mut().zip(gains) {
            *total += gain;
        }
        self.time += self.dynamics.pace.dt;
    }

    /// The increments of a state at a time, over the sides and the domain.
    fn gains(&mut self, time: f64, state: &Field<f64>) -> Gains {
        let walls = self.walls_at(time);
        let mut gains = Gains::default();
        for (side, gain) in Side::ALL.into_iter().zip(&mut gains) {
            let line = Line {
                side,
                grid: self.grid,
                geometry: self.problem.geometry(),
                operator: &self.dynamics.equation.operator,
                state: state.view(),
            };
            *gain = line.inflow(&walls);
        }
        gains[5] = -self.decayed(&walls, &state.view());
        gains[4] = match (self.constant_source, &self.dynamics.source_at) {
            (None, Some(source_at)) => {
                source_at(time, &mut self.scratch);
                self.inside(&walls, &self.scratch.view())
            }
            (constant, _) => constant.unwrap_or(0.0),
        };
        if let Some(factors_at) = &self.dynamics.factors_at {
            let factors = factors_at(&[time]).0;
            let products = factors
                .iter()
                .zip(&self.terms)
                .map(|(factor, term)| factor * term);
            gains[4] += products.sum::<f64>();
        }
        if self.problem.geometry().has_held() {
            gains[6] = self.given_by_held(&walls, &state.view());
        }
        gains.map(|gain| self.factor * gain)
    }

    /// What goes from held nodes to those next to them that are computed.
    fn given_by_held(&self, walls: &Walls<f64>, p: &ArrayView2<'_, f64>) -> f64 {
        let (geometry, grid) = (self.problem.geometry(), self.grid);
        let ((ny, nx), [wraps_x, wraps_y]) = geometry.shape();
        let is_computed = |node| is_computed(walls, p.dim(), node) && !geometry.keeps(node);
        // The first node of a periodic axis is the last one, too.
        let (columns, rows) = (nx - usize::from(wraps_x), ny - usize::from(wraps_y));
        let weight_x = |i: usize| if wraps_x { 1.0 } else { grid.x.weight(i) };
        let weight_y = |j: usize| if wraps_y { 1.0 } else { grid.y.weight(j) };
        let [mut of_x, mut of_y] = [0.0; 2];
        for (j, i) in (0..rows).flat_map(|j| (0..columns).map(move |i| (j, i))) {
            let (east, north) = (((j, i), (j, i + 1)), ((j, i), (j + 1, i)));
            let faces = match &self.dynamics.equation.operator {
                Operator::Isotropic { r } => [*r; 2],
                Operator::Anisotropic { rx, ry } => [*rx, *ry],
                Operator::Variable { x, y } => [x[[j, i + 1]], y[[j + 1, i]]],
            };
            let through = |(one, other): ((usize, usize), (usize, usize)), face: f64| {
                let flow = face * (p[other] - p[one]);
                match [one, other].map(|node| (geometry.keeps(node), is_computed(node))) {
                    [(true, _), (_, true)] => -flow,
                    [(_, true), (true, _)] => flow,
                    _ => 0.0,
                }
            };
            if i + 1 < nx {
                of_x += weight_y(j) * through(east, faces[0]);
            }
            if j + 1 < ny {
                of_y += weight_x(i) * through(north, faces[1]);
            }
        }
        (of_x + of_y) * grid.x.spacing * grid.y.spacing
    }

    pub(super) fn balance(&self, state: &Field<f64>) -> Result<Balance, ParamsError> {
        let walls = self.walls_at(self.time);
        let [left, right, bottom, top, source, decay, held] = self.total;
        Ok(Balance {
            start: self.start,
            end: self.problem.summary(state)?.mass,
            walls: [left, right, bottom, top],
            source,
            held,
            decay,
            fixed: self.on_fixed_walls(&walls, &state.view()) - self.fixed_at_start,
        })
    }

    /// The weighted sum over the nodes that steps compute.
    fn inside(&self, walls: &Walls<f64>, values: &ArrayView2<'_, f64>) -> f64 {
        let shape = values.dim();
        self.sum(values, |j, i| f64::from(is_computed(walls, shape, (j, i))))
    }

    /// The same of what decays in a step.
    fn decayed(&self, walls: &Walls<f64>, state: &ArrayView2<'_, f64>) -> f64 {
        let Some(reaction) = &self.dynamics.equation.reaction else {
            return 0.0;
        };
        let decay = |j: usize, i: usize| match &reaction.decay {
            Coefficient::Number(decay) => *decay,
            Coefficient::Array(decay) => decay[[j, i]],
        };
        let (shape, geometry) = (state.dim(), self.problem.geometry());
        self.sum(state, |j, i| {
            let counts = is_computed(walls, shape, (j, i)) && !geometry.keeps((j, i));
            f64::from(counts) * decay(j, i)
        })
    }

    /// The mass on the nodes that walls give their values.
    fn on_fixed_walls(&self, walls: &Walls<f64>, values: &ArrayView2<'_, f64>) -> f64 {
        let (ny, nx) = values.dim();
        self.sum(values, |j, i| {
            f64::from(!is_computed(walls, (ny, nx), (j, i))) * self.capacity[j * nx + i]
        })
    }

    /// The sum over the nodes, each of which counts so much.
    fn sum(&self, values: &ArrayView2<'_, f64>, counts: impl Fn(usize, usize) -> f64) -> f64 {
        let weight = |j: usize, i: usize| self.grid.y.weight(j) * self.grid.x.weight(i);
        let counting = values
            .indexed_iter()
            .map(|((j, i), value)| (counts(j, i), j, i, value));
        let sum: f64 = counting
            .filter(|(count, .., value)| *count != 0.0 && **value != 0.0)
            .map(|(count, j, i, value)| weight(j, i) * count * value)
            .sum();
        sum * self.grid.x.spacing * self.grid.y.spacing
    }
}

fn is_fixed(side: &stencil::Side<f64>) -> bool {
    matches!(side, stencil::Side::Held | stencil::Side::Given(_))
}

fn is_computed(walls: &Walls<f64>, (ny, nx): (usize, usize), (j, i): (usize, usize)) -> bool {
    let ends = [
        (i == 0, &walls.left),
        (i + 1 == nx, &walls.right),
        (j == 0, &walls.bottom),
        (j + 1 == ny, &walls.top),
    ];
    !ends.iter().any(|(is_on, side)| *is_on && is_fixed(side))
}

/// The nodes along a side and those next to them.
struct Line<'a> {
    side: Side,
    grid: &'a Grid,
    geometry: &'a Geometry,
    operator: &'a Operator<f64>,
    state: ArrayView2<'a, f64>,
}

impl Line<'_> {
    /// The node with this number along the side, so many nodes away from it.
    fn node(&self, k: usize, depth: usize) -> (usize, usize) {
        let (j, i) = self.side.node(self.grid, k);
        match self.side {
            Side::Left => (j, depth),
            Side::Right => (j, i - depth),
            Side::Bottom => (depth, i),
            Side::Top => (j - depth, i),
        }
    }

    /// The coefficients of the faces outside and inside of a node on the side.
    fn faces(&self, k: usize) -> [f64; 2] {
        let (ny, nx) = self.state.dim();
        match self.operator {
            Operator::Isotropic { r } => [*r; 2],
            Operator::Anisotropic { rx, ry } => [if self.side.is_column() { *rx } else { *ry }; 2],
            Operator::Variable { x, y } => match self.side {
                Side::Left => [x[[k, 0]], x[[k, 1]]],
                Side::Right => [x[[k, nx]], x[[k, nx - 1]]],
                Side::Bottom => [y[[0, k]], y[[1, k]]],
                Side::Top => [y[[ny, k]], y[[ny - 1, k]]],
            },
        }
    }

    /// What a step brings in through the side.
    fn inflow(&self, walls: &Walls<f64>) -> f64 {
        let side = [&walls.left, &walls.right, &walls.bottom, &walls.top][self.side as usize];
        let shape = self.state.dim();
        let along = match self.side.is_column() {
            true => &self.grid.y,
            false => &self.grid.x,
        };
        let is_computed = |node| is_computed(walls, shape, node) && !self.geometry.keeps(node);
        let inner = |k: usize| self.state[self.node(k, 1)];
        let outermost = |k: usize| self.state[self.node(k, 0)];
        let of_node = |k: usize| match side {
            // From the wall's node to the next one.
            stencil::Side::Held | stencil::Side::Given(_)
                if is_computed(self.node(k, 1)) && !self.geometry.keeps(self.node(k, 0)) =>
            {
                self.faces(k)[1] * (outermost(k) - inner(k))
            }
            // What the half cell gets beyond what comes from inside.
            stencil::Side::Ghost(ghost) if is_computed(self.node(k, 0)) => {
                let [mirror, alpha, beta] =
                    [&ghost.mirror, &ghost.alpha, &ghost.beta].map(|table| table.parts().1[k]);
                let beyond = mirror * inner(k) + (alpha - beta * outermost(k));
                let [outer, within] = self.faces(k);
                0.5 * (outer * (beyond - outermost(k)) - within * (inner(k) - outermost(k)))
            }
            _ => 0.0,
        };
        let sum: f64 = (0..along.nodes).map(|k| along.weight(k) * of_node(k)).sum();
        sum * self.grid.x.spacing * self.grid.y.spacing
    }
}
