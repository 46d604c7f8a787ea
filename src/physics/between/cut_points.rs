//! [`CutPoints`]: the weights of the four nodes around a point, in a cell in which D jumps or which an interface cuts.
//!
//! Between such nodes p bends where D jumps, and steps at an interface. It is the sum of four functions that do so, too:
//!
//! ```text
//!   1,   τ,   ∫dν/D + ΣR,   (x - xm)(y - ym)        ν along the normal of the edge, τ along the edge
//! ```
//!
//! The third one has the flux 1 through the edge, and the second one none. If nothing jumps these are the functions of the
//! bilinear mean. The second and the third are integrated from the point to each node on two paths, along x first and
//! along y first, and the mean of both counts:
//!
//! ```text
//!   o─────┬────────o
//!   │     │        │
//!   ├─────P────────┤
//!   │     │        │
//!   o─────┴────────o
//! ```
//!
//! Source: Z. Li, T. Lin and X. Wu, "New Cartesian grid methods for interface problems using the finite element
//! formulation", Numerische Mathematik 96, 2003.

use super::{
    jumping::Jumping,
    measure::GAUSS,
    stretch::{divided, oriented, within},
};
use crate::{
    node_set::NodeSet,
    params::{Function, ParamsError, Quantity},
    physics::{
        geometry::Geometry,
        slots::Slots,
        values::{Values, value_at_point},
    },
};
use std::array;

/// D along x and along y, which come first, and the areas of interfaces.
pub(super) const DIFFUSION: usize = 2;

/// Finds the weights of nodes around points.
pub struct CutPoints<'a> {
    slots: &'a Slots,
    pub(super) jumping: Vec<Jumping<'a>>,
    /// The area inside of each interface, and its resistance.
    pub(super) areas: Vec<(Area<'a>, &'a Function)>,
}

/// The area inside of an interface.
pub(super) enum Area<'a> {
    /// All places at which a function is not 0.
    Function(&'a Function),
    /// All places whose nearest node is one of these.
    Nodes(&'a NodeSet),
}

/// A cell between four nodes, with a point in it.
pub(super) struct Cell<'a> {
    points: &'a CutPoints<'a>,
    /// The numbers of the columns and of the rows.
    numbers: [[usize; 2]; 2],
    /// Their coordinates.
    pub(super) bounds: [[f64; 2]; 2],
    point: [f64; 2],
    /// D along x and along y where no formula gives it.
    uniform: [f64; DIFFUSION],
}

/// A straight part of a path from the point to a node, parallel to an axis.
struct Leg {
    axis: usize,
    /// The distance in the direction of the axis.
    distance: f64,
    /// Places, each with the length that it stands for; the first and the last one are the ends, without a length.
    lengths: Vec<f64>,
    /// D along x and along y at each place, and 1 inside of each interface.
    values: Vec<Vec<f64>>,
    /// The resistance of each interface.
    resistances: Vec<f64>,
    /// Whether a formula of D jumps between the ends.
    is_cut: bool,
}

/// The normal of an edge, of the length 1.
type Normal = [f64; 2];

impl<'a> CutPoints<'a> {
    /// The points of a domain; `None` if nothing cuts a cell.
    #[must_use]
    pub fn new(slots: &'a Slots) -> Option<Self> {
        let geometry = &*slots.geometry;
        let jumping = [Quantity::X, Quantity::Y]
            .into_iter()
            .filter_map(|quantity| match slots.slot(quantity).values.given() {
                Values::Function(function) => Jumping::new(function, geometry, geometry.start),
                _ => None,
            });
        let mut jumping: Vec<Jumping<'a>> = jumping.collect();
        let mut areas = Vec::new();
        for interface in geometry.interfaces.list() {
            let area = match &interface.formula {
                Some(formula) => Area::Function(formula),
                None => Area::Nodes(&interface.inside),
            };
            areas.push((area, &interface.resistance));
            let formula = interface.formula.as_ref();
            jumping.extend(
                formula.and_then(|formula| Jumping::new(formula, geometry, geometry.start)),
            );
        }
        let nothing_jumps = jumping.is_empty() && areas.is_empty();
        (!nothing_jumps).then_some(Self {
            slots,
            jumping,
            areas,
        })
    }

    /// The weights of the nodes of a cell in the value at a point of it: of the lower row first, and in each row of the
    /// lower column first. `None` if nothing cuts the cell, and where D is 0 in all of it. `numbers` has the two columns
    /// and the two rows of the nodes. If some of these nodes are masked, the point lies on a line of nodes, and only those
    /// beside it on the line count.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub fn weights(
        &self,
        point: [f64; 2],
        numbers: [[usize; 2]; 2],
    ) -> Result<Option<[f64; 4]>, ParamsError> {
        let geometry = &*self.slots.geometry;
        let cell = self.cell(point, numbers)?;
        let bounds = cell.bounds;
        let [columns, rows] = numbers;
        let mut corners = rows
            .into_iter()
            .flat_map(|j| columns.into_iter().map(move |i| (j, i)));
        let line = [1, 0]
            .into_iter()
            .find(|&axis| bounds[axis].contains(&point[axis]));
        Ok(match line {
            Some(fixed_axis) if corners.any(|node| geometry.masks(node)) => {
                cell.weights_on_line(1 - fixed_axis)
            }
            _ => cell.weights(),
        })
    }

    /// The cell between two columns and two rows, with a point in it.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub(super) fn cell(
        &self,
        point: [f64; 2],
        numbers: [[usize; 2]; 2],
    ) -> Result<Cell<'_>, ParamsError> {
        let geometry = &*self.slots.geometry;
        let nodes = &geometry.nodes;
        let mut uniform = [0.0; DIFFUSION];
        for (quantity, value) in [Quantity::X, Quantity::Y].into_iter().zip(&mut uniform) {
            let values = self.slots.slot(quantity).values.given();
            // Of a formula each place is asked.
            if !matches!(values, Values::Function(_)) {
                *value = mean_at_nodes(values, geometry, numbers)?;
            }
        }
        Ok(Cell {
            points: self,
            numbers,
            bounds: [0, 1].map(|axis| numbers[axis].map(|number| nodes.along(axis)[number])),
            point,
            uniform,
        })
    }
}

/// The mean of the values at the four nodes of a cell.
fn mean_at_nodes(
    values: &Values,
    geometry: &Geometry,
    [columns, rows]: [[usize; 2]; 2],
) -> Result<f64, ParamsError> {
    if let Values::Uniform(value) = values {
        return Ok(*value);
    }
    let nx = geometry.nodes.x.len();
    let mut of_rows = vec![0.0; 2 * nx];
    values.rows(&geometry.nodes, rows[0]..rows[1] + 1, 0.0, &mut of_rows)?;
    let sum: f64 = columns.iter().map(|i| of_rows[*i] + of_rows[nx + i]).sum();
    Ok(sum / 4.0)
}

impl Cell<'_> {
    /// A part of a path along an axis to the lower (0) or upper end (1), at the coordinate `over` of the other axis.
    fn leg(&self, axis: usize, end: usize, over: f64) -> Leg {
        let (start, node) = (self.point[axis], self.bounds[axis][end]);
        let interval = [start.min(node), start.max(node)];
        let jumping = &self.points.jumping;
        let cuts = jumping
            .iter()
            .flat_map(|jumping| jumping.cuts_between(axis, over, interval));
        let pieces = divided(interval, cuts.collect());
        let is_cut = pieces.len() > 1;
        let (mut places, mut lengths) = (vec![interval[0]], vec![0.0]);
        for &[lower, upper] in pieces.iter().filter(|piece| piece[0] < piece[1]) {
            for (share, weight) in GAUSS {
                places.push(within([lower, upper], share));
                lengths.push(weight * (upper - lower));
            }
        }
        places.push(interval[1]);
        lengths.push(0.0);
        let quantities = 0..DIFFUSION + self.points.areas.len();
        let values = quantities.map(|quantity| {
            let places = places.iter();
            places
                .map(|&place| self.value(quantity, oriented(axis, [place, over])))
                .collect()
        });
        let [lower, upper] = self.bounds[axis];
        let [x, y] = oriented(axis, [f64::midpoint(lower, upper), over]);
        let areas = self.points.areas.iter();
        Leg {
            axis,
            distance: node - start,
            lengths,
            values: values.collect(),
            resistances: areas
                .map(|(_, resistance)| value_at_point(resistance, [x, y, 0.0], 0))
                .collect(),
            is_cut,
        }
    }

    /// D along x or along y at a place, or whether it is inside of an interface.
    pub(super) fn value(&self, quantity: usize, [x, y]: [f64; 2]) -> f64 {
        if let Some(area) = quantity.checked_sub(DIFFUSION) {
            let is_inside = match self.points.areas[area].0 {
                Area::Function(function) => value_at_point(function, [x, y, 0.0], 0) != 0.0,
                Area::Nodes(nodes) => {
                    let [i, j] = array::from_fn(|axis| self.nearest(axis, [x, y][axis]));
                    let coordinates = &self.points.slots.geometry.nodes;
                    nodes.has(coordinates.number(coordinates.row(j), coordinates.column(i)))
                }
            };
            return f64::from(u8::from(is_inside));
        }
        let quantities = [Quantity::X, Quantity::Y];
        match self.points.slots.slot(quantities[quantity]).values.given() {
            Values::Function(function) => value_at_point(function, [x, y, 0.0], 0),
            _ => self.uniform[quantity],
        }
    }

    /// The number of the column or row next to a coordinate.
    fn nearest(&self, axis: usize, coordinate: f64) -> usize {
        let [lower, upper] = self.bounds[axis];
        self.numbers[axis][usize::from(coordinate - lower > upper - coordinate)]
    }

    /// The weights in a cell whose nodes all count.
    fn weights(&self) -> Option<[f64; 4]> {
        let [x, y] = self.bounds;
        // From the point, and along the sides of the cell; by their ends.
        let inner = [0, 1].map(|axis| [0, 1].map(|end| self.leg(axis, end, self.point[1 - axis])));
        let outer = [(0, y), (1, x)]
            .map(|(axis, lines)| lines.map(|line| [0, 1].map(|end| self.leg(axis, end, line))));
        let mut legs = inner
            .iter()
            .flatten()
            .chain(outer.iter().flatten().flatten());
        if !legs.any(Leg::bends) {
            return None;
        }
        let normal = normal(&inner, &outer)?;
        let largest = inner
            .iter()
            .flatten()
            .chain(outer.iter().flatten().flatten());
        let largest = largest.map(|leg| leg.largest(normal)).fold(0.0, f64::max);
        let middle = [0, 1].map(|axis| f64::midpoint(self.bounds[axis][0], self.bounds[axis][1]));
        let functions = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| {
            let paths = [
                [&inner[0][i], &outer[1][i][j]],
                [&inner[1][j], &outer[0][j][i]],
            ];
            let [mut tangential, mut normal_part] = [0.0; 2];
            for leg in paths.iter().flatten() {
                let [of_tangent, of_normal] = leg.functions(normal, largest);
                tangential += of_tangent / 2.0;
                normal_part += of_normal / 2.0;
            }
            let bilinear = bilinear_part([x[i], y[j]], middle) - bilinear_part(self.point, middle);
            [tangential, normal_part, bilinear]
        });
        // The value at the point follows from those at the nodes if the three functions vanish there.
        let minors: [f64; 4] = array::from_fn(|left_out| {
            let others: Vec<[f64; 3]> = (0..4)
                .filter(|&node| node != left_out)
                .map(|node| functions[node])
                .collect();
            let sign = if left_out % 2 == 0 { 1.0 } else { -1.0 };
            sign * determinant(&others)
        });
        let sum: f64 = minors.iter().sum();
        let weights = minors.map(|minor| minor / sum);
        weights
            .iter()
            .all(|weight| weight.is_finite())
            .then_some(weights)
    }

    /// The weights on a line of nodes along an axis, on which p is linear in the resistance.
    fn weights_on_line(&self, axis: usize) -> Option<[f64; 4]> {
        let other_axis = 1 - axis;
        let legs = [0, 1].map(|end| self.leg(axis, end, self.point[other_axis]));
        if !legs.iter().any(Leg::bends) {
            return None;
        }
        let normal = oriented(axis, [1.0, 0.0]);
        let largest = legs
            .iter()
            .map(|leg| leg.largest(normal))
            .fold(0.0, f64::max);
        let [lower, upper] = legs.map(|leg| leg.functions(normal, largest)[1]);
        let line = usize::from(self.point[other_axis] == self.bounds[other_axis][1]);
        let mut weights = [0.0; 4];
        for (end, resistance) in [upper, -lower].into_iter().enumerate() {
            let [i, j] = oriented(axis, [end, line]);
            weights[2 * j + i] = resistance / (upper - lower);
        }
        weights
            .iter()
            .all(|weight| weight.is_finite())
            .then_some(weights)
    }
}

/// The function that is bilinear about the middle of a cell.
fn bilinear_part([x, y]: [f64; 2], middle: [f64; 2]) -> f64 {
    (x - middle[0]) * (y - middle[1])
}

/// The determinant of three rows.
fn determinant(rows: &[[f64; 3]]) -> f64 {
    let [[a, b, c], [d, e, f], [g, h, i]] = [rows[0], rows[1], rows[2]];
    a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
}

/// The normal of the edge that cuts a cell, from the legs that leave the point along each axis and those along the sides
/// of the cell. It is the direction in which the integrals of `∇D` over the four parts of the cell point: by the
/// divergence theorem they are the integrals of D along their outlines. Of a layer that lies within one part these tell
/// nothing, and the legs that it cuts count. `None` if nothing jumps.
fn normal(inner: &[[Leg; 2]; 2], outer: &[[[Leg; 2]; 2]; 2]) -> Option<Normal> {
    /// What rounding may leave of an integral.
    const ROUNDING: f64 = 1e-10;
    let legs = || {
        inner
            .iter()
            .flatten()
            .chain(outer.iter().flatten().flatten())
    };
    let mut of_parts = [[0.0; 2]; 2];
    let mut of_legs = [0.0; 2];
    let quantities = inner[0][0].values.len();
    for quantity in 0..quantities {
        let largest = legs()
            .map(|leg| leg.largest_of(quantity))
            .fold(0.0, f64::max);
        if largest == 0.0 {
            continue;
        }
        for i in [0, 1] {
            for j in [0, 1] {
                let differences = [
                    outer[1][i][j].integral(quantity) - inner[1][j].integral(quantity),
                    outer[0][j][i].integral(quantity) - inner[0][i].integral(quantity),
                ];
                let signs = [[-1.0, 1.0][i], [-1.0, 1.0][j]];
                let gradient = [0, 1].map(|axis| signs[axis] * differences[axis] / largest);
                for row in [0, 1] {
                    for column in [0, 1] {
                        of_parts[row][column] += gradient[row] * gradient[column];
                    }
                }
            }
        }
        for leg in legs() {
            let variation = leg.variation(quantity) / largest * leg.distance.abs();
            of_legs[leg.axis] += variation * variation;
        }
    }
    let [[xx, xy], [_, yy]] = of_parts;
    let total = of_legs[0] + of_legs[1];
    let direction = if xx + yy > ROUNDING * ROUNDING * total {
        principal([xx, xy, yy])
    } else {
        of_legs.map(f64::sqrt)
    };
    let length = (direction[0] * direction[0] + direction[1] * direction[1]).sqrt();
    (length > 0.0).then(|| direction.map(|part| part / length))
}

/// The direction in which a symmetric matrix stretches most.
fn principal([xx, xy, yy]: [f64; 3]) -> [f64; 2] {
    let difference = xx - yy;
    let stretch = difference.abs() + (difference * difference + 4.0 * xy * xy).sqrt();
    match difference >= 0.0 {
        true => [stretch, 2.0 * xy],
        false => [2.0 * xy, stretch],
    }
}

impl Leg {
    /// Whether p may bend or step on it.
    fn bends(&self) -> bool {
        let varies = (DIFFUSION..self.values.len()).any(|area| self.variation(area) > 0.0);
        self.is_cut || varies
    }

    /// The integral of a quantity along the leg.
    fn integral(&self, quantity: usize) -> f64 {
        let values = self.lengths.iter().zip(&self.values[quantity]);
        values.map(|(length, value)| length * value).sum()
    }

    fn largest_of(&self, quantity: usize) -> f64 {
        let values = self.values[quantity].iter().copied();
        values.fold(0.0, f64::max)
    }

    /// The difference between the largest and the smallest value.
    fn variation(&self, quantity: usize) -> f64 {
        let values = self.values[quantity].iter().copied();
        let [largest, smallest] = [
            values.clone().fold(f64::NEG_INFINITY, f64::max),
            values.fold(f64::INFINITY, f64::min),
        ];
        largest - smallest
    }

    /// The largest D along a normal.
    fn largest(&self, normal: Normal) -> f64 {
        let places = 0..self.lengths.len();
        places
            .map(|place| self.along(normal, place))
            .fold(0.0, f64::max)
    }

    /// D along a normal at a place.
    fn along(&self, [x, y]: Normal, place: usize) -> f64 {
        x * x * self.values[0][place] + y * y * self.values[1][place]
    }

    /// The differences between the two ends of the function whose flux through the edge is 0, and of the one whose flux
    /// is 1.
    fn functions(&self, normal: Normal, largest: f64) -> [f64; 2] {
        /// The smallest D relative to the largest one: what is closed still has a resistance.
        const SMALLEST: f64 = 1e-12;
        /// A part of a normal that is rounding.
        const ROUNDING: f64 = 1e-9;
        let [x, y] = normal;
        let [mut slope, mut resistance] = [0.0; 2];
        for (place, length) in self.lengths.iter().enumerate() {
            let normal_d = self.along(normal, place).max(SMALLEST * largest);
            let oblique = x * y * (self.values[1][place] - self.values[0][place]);
            slope += length * oblique / normal_d;
            resistance += length / normal_d;
        }
        let part = normal[self.axis];
        let tangent = [-y, x][self.axis];
        let direction = self.distance.signum();
        let mut step = 0.0;
        if part.abs() > ROUNDING {
            for (area, contact) in self.values[DIFFUSION..].iter().zip(&self.resistances) {
                let changes = area.windows(2).filter(|pair| pair[0] != pair[1]).count();
                // The faces between nodes are longer than an oblique edge.
                step += part.signum() * changes as f64 * contact / (x.abs() + y.abs());
            }
        }
        [
            self.distance * tangent - direction * part * slope,
            direction * (part * resistance + step),
        ]
    }
}
