//! [`Fields`]: derivatives by the values on the nodes, from sums over the steps and over what was read.

use super::{
    readings::Direct,
    sums::Sums,
    system::{Node, System},
};
use crate::{
    fault::Fault,
    params::{Coordinates, Face, Quantity, StepMethod},
    physics::{faces::mean, wall::Side},
    problem::Problem,
    run::RunError,
};
use ndarray::Array2;

/// A field of which each node's value is an unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKey {
    /// D along x and y together.
    D,
    /// D along x.
    Dx,
    /// D along y.
    Dy,
    /// c.
    Capacity,
    /// k.
    Decay,
    /// S: what is added to the source at all times.
    Source,
    /// The state before the first step.
    Initial,
}

impl FieldKey {
    /// All fields.
    pub const ALL: [Self; 7] = [
        Self::D,
        Self::Dx,
        Self::Dy,
        Self::Capacity,
        Self::Decay,
        Self::Source,
        Self::Initial,
    ];

    /// The key of the parameters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::D => "D",
            Self::Dx => "Dx",
            Self::Dy => "Dy",
            Self::Capacity => "capacity",
            Self::Decay => "decay",
            Self::Source => "source",
            Self::Initial => "initial",
        }
    }

    /// The field with this key.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    fn is_of_d(self) -> bool {
        matches!(self, Self::D | Self::Dx | Self::Dy)
    }
}

/// Derivatives by values on the nodes.
pub struct Fields<'p> {
    pub problem: &'p Problem,
    pub system: &'p System,
    pub sums: &'p Sums,
    pub direct: &'p Direct,
    /// What walls that follow time have given, times adjoint states, by nodes along each side.
    pub moving_walls: &'p [Option<Vec<f64>>; 4],
    /// The adjoint state before the first step.
    pub adjoint: &'p Array2<f64>,
}

/// Refuses a field by which a problem has no gradient.
///
/// # Errors
/// The reason, in a sentence.
pub fn check(problem: &Problem, field: FieldKey) -> Result<(), RunError> {
    match hindrance(problem, field)? {
        Some(sentence) => Err(Fault::refused(sentence).into()),
        None => Ok(()),
    }
}

/// Why a problem has no gradient by a field.
fn hindrance(problem: &Problem, field: FieldKey) -> Result<Option<&'static str>, RunError> {
    let method = problem.params.method;
    if method == StepMethod::Exact && !matches!(field, FieldKey::Source | FieldKey::Initial) {
        return Ok(Some(
            "method = \"exact\" has gradients by initial and source alone, since it needs one D, capacity and decay: \"rkl2\" has one by their values at each node",
        ));
    }
    if method == StepMethod::Steady && field == FieldKey::Initial {
        return Ok(Some(
            "method = \"steady\" has no initial state on which its answer depends",
        ));
    }
    let is_rkl2 = method == StepMethod::Rkl2;
    let needs_states = !matches!(field, FieldKey::Source | FieldKey::Initial);
    if is_rkl2 && needs_states && problem.depends_on_time() {
        return Ok(Some(
            "walls or sources depend on t, and stages of rkl2 contain what they change by: method = \"euler\" has this gradient",
        ));
    }
    if !field.is_of_d() {
        return Ok(None);
    }
    let Some(diffusivities) = problem.slots().diffusivities()? else {
        return Ok(Some(
            "D jumps between nodes, where its formula is integrated along edges: D as an array has a gradient at its nodes",
        ));
    };
    if diffusivities.iter().flatten().any(|&d| d == 0.0) {
        return Ok(Some(
            "D is 0 at some nodes, where p has no derivative by it: a small D in place of 0 has one",
        ));
    }
    let gauges = problem.gauges().map_or(&[][..], |gauges| &gauges.points);
    if !problem.geometry().has_plain_faces() && gauges.iter().any(|gauge| gauge.weights.len() > 1) {
        return Ok(Some(
            "a point interpolated beside an interface depends on D itself: record.interpolate = \"nearest\" has a gradient by D",
        ));
    }
    Ok(None)
}

impl Fields<'_> {
    /// The derivatives by the values of a field. Of nodes that are the same point each has the derivative of the point.
    ///
    /// # Errors
    /// [`RunError`] if a file can no longer be read.
    pub fn of(&self, field: FieldKey) -> Result<Array2<f64>, RunError> {
        let mut derivatives = match field {
            FieldKey::Initial => self
                .system
                .first_alone(&(&self.system.weight * self.adjoint)),
            FieldKey::Source => {
                self.of_nodes(|node| self.sums.source[node] + self.direct.sums.source[node])
            }
            FieldKey::Decay => {
                self.of_nodes(|node| -self.sums.loss[node] - self.direct.sums.loss[node])
            }
            FieldKey::Capacity => self.of_capacity()?,
            FieldKey::D => {
                let [x, y] = self.of_diffusivities()?;
                x + y
            }
            FieldKey::Dx => self.of_diffusivities()?[0].clone(),
            FieldKey::Dy => self.of_diffusivities()?[1].clone(),
        };
        self.system.repeat(&mut derivatives);
        Ok(derivatives)
    }

    /// The time step, divided by the capacity if that is uniform.
    fn share(&self) -> f64 {
        self.problem.slots().share(self.problem.schedule.dt)
    }

    /// The radius of a node around an axis of rotation, otherwise 1.
    fn radius(&self, i: usize) -> f64 {
        match self.problem.params.coordinates {
            Coordinates::Axisymmetric => self.problem.grid.x.radius(i),
            Coordinates::Cartesian => 1.0,
        }
    }

    /// The size of the cell of a node.
    fn cell(&self, (j, i): Node) -> f64 {
        self.system.rows[j] * self.system.columns[i] * self.radius(i)
    }

    /// Derivatives by values that stand in a step times its length and the cell of the node.
    fn of_nodes(&self, sum: impl Fn(Node) -> f64) -> Array2<f64> {
        let share = self.share();
        let derivatives = Array2::from_shape_fn(self.system.shape, |node| {
            self.cell(node) * share * sum(node)
        });
        self.system.first_alone(&derivatives)
    }

    fn of_capacity(&self) -> Result<Array2<f64>, RunError> {
        let slots = self.problem.slots();
        let uniform = slots.uniform(Quantity::Capacity).unwrap_or(1.0);
        let mut derivatives = Array2::from_shape_fn(self.system.shape, |node| {
            -self.cell(node) / uniform * self.sums.change[node]
        });
        derivatives = self.system.first_alone(&derivatives);
        for (node, by_mass) in self.direct.capacity.indexed_iter() {
            derivatives[self.system.first(node)] += by_mass;
        }
        Ok(derivatives)
    }

    /// The derivatives by D along x and along y.
    fn of_diffusivities(&self) -> Result<[Array2<f64>; 2], RunError> {
        let system = self.system;
        let (ny, nx) = system.shape;
        let Some([d_x, d_y]) = self.problem.slots().diffusivities()? else {
            return Err(Fault::refused("D jumps between nodes").into());
        };
        let grid = &self.problem.grid;
        let scales =
            [grid.x.spacing, grid.y.spacing].map(|spacing| self.share() / (spacing * spacing));
        let mut derivatives = [system.zeros(), system.zeros()];
        let mut add_face = |axis: usize, nodes: [Node; 2], [scale, coefficient, sum]: [f64; 3]| {
            let of_axis = [&d_x, &d_y][axis];
            let values = nodes.map(|(j, i)| of_axis[j * nx + i]);
            let slopes = self.slopes(values, coefficient / scale);
            for (node, slope) in nodes.into_iter().zip(slopes) {
                derivatives[axis][system.first(node)] += sum * scale * slope;
            }
        };
        for j in 0..ny {
            for i in 0..nx {
                if system.has_face_east((j, i)) {
                    let radius = match self.problem.params.coordinates {
                        Coordinates::Axisymmetric => grid.x.radius_of_face(i + 1),
                        Coordinates::Cartesian => 1.0,
                    };
                    let sum = system.rows[j] * (self.sums.x[[j, i]] + self.direct.sums.x[[j, i]]);
                    let coefficient = system.step.x[[j, i + 1]];
                    add_face(
                        0,
                        [(j, i), (j, i + 1)],
                        [scales[0] * radius, coefficient, sum],
                    );
                }
                if system.has_face_north((j, i)) {
                    let sum =
                        system.columns[i] * (self.sums.y[[j, i]] + self.direct.sums.y[[j, i]]);
                    let coefficient = system.step.y[[j + 1, i]];
                    add_face(
                        1,
                        [(j, i), (j + 1, i)],
                        [scales[1] * self.radius(i), coefficient, sum],
                    );
                }
            }
        }
        // What passes a Robin wall is proportional to D of its node.
        for side in Side::ALL {
            let walls = self.problem.geometry().walls.wall(side);
            if walls.functions().len() != 3 {
                continue;
            }
            let axis = side.axis_number();
            for (number, [given, taken]) in system.step.inflows[side as usize].iter().enumerate() {
                let node @ (j, i) = system.node(side, number);
                if !system.is_first(node) {
                    continue;
                }
                let gained = match &self.moving_walls[side as usize] {
                    Some(gained) => gained[number],
                    None => given * self.sums.source[node],
                };
                let passed = system.length(side, node) * (gained - taken * self.sums.loss[node]);
                let d = [&d_x, &d_y][axis][j * nx + i];
                derivatives[axis][node] += (passed + self.direct.walls[side as usize][number]) / d;
            }
        }
        Ok(derivatives)
    }

    /// The derivatives of a face's coefficient by D at both of its nodes. An interface reduces the mean of both, as a
    /// resistance in series does.
    fn slopes(&self, [a, b]: [f64; 2], coefficient: f64) -> [f64; 2] {
        let face = self.problem.params.face;
        let mean = mean(face, a, b);
        if mean == 0.0 || a.is_nan() || b.is_nan() {
            return [0.0; 2];
        }
        let reduced = (coefficient / mean).powi(2);
        match face {
            Face::Harmonic => [b, a].map(|other| reduced * 2.0 * (other / (a + b)).powi(2)),
            Face::Arithmetic => [0.5 * reduced; 2],
        }
    }
}
