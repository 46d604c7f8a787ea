//! [`Fluxes`]: what comes into the domain through its walls, from held nodes and the source, and by decay.
//!
//! Each is a sum over faces or nodes of what the assembled equation adds there in a step, by the length of the step. Rows are
//! summed for themselves, wherever they are, and their sums pairwise.

use super::{geometry::Geometry, wall::Side};
use crate::{dynamics::Dynamics, node_set::NodeSet, summary::pairwise_columns};
use diff2d_stencil::{Coefficient, Operator, Side as Beyond, Walls, real::Real};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::{mem, ops::Range, sync::Arc};

/// The rates of states of a problem, of its equation and what acts on it from outside, for rows that follow one another.
pub struct Fluxes {
    geometry: Arc<Geometry>,
    dynamics: Dynamics<f64>,
    /// The rows whose dynamics these are.
    held: Range<usize>,
    /// A rate by what a step adds: the capacity that the equation has in it, by the time step.
    factor: f64,
    /// The sums of rows of the source, where it does not depend on time; of its terms with the factor 1.
    source: Vec<f64>,
    terms: Vec<Vec<f64>>,
    /// Space for one that does.
    scratch: Array2<f64>,
    /// Where something comes to each region.
    rims: Vec<RegionRim>,
    /// The walls, and the sums of rows of the source, at the time that rates are asked of.
    now: (Walls<f64>, Vec<f64>),
}

impl Fluxes {
    /// Those of the dynamics of these rows; `capacity` is that of all nodes, which the equation has in it, or 1.
    #[must_use]
    pub fn new(
        geometry: &Arc<Geometry>,
        held: Range<usize>,
        dynamics: Dynamics<f64>,
        capacity: f64,
    ) -> Self {
        let mut fluxes = Self {
            factor: capacity / dynamics.pace.dt,
            now: (dynamics.walls.clone(), Vec::new()),
            geometry: Arc::clone(geometry),
            dynamics,
            held,
            source: Vec::new(),
            terms: Vec::new(),
            scratch: Array2::default((0, 0)),
            rims: Vec::new(),
        };
        fluxes.rims = fluxes.rims();
        let equation = &fluxes.dynamics.equation;
        let sums = |array: &Array2<f64>| fluxes.inside(&array.view());
        let terms = equation.terms.arrays.iter().map(sums).collect();
        let source = match (&equation.source, &fluxes.dynamics.source_at) {
            (Some(source), None) => sums(source),
            _ => Vec::new(),
        };
        if fluxes.dynamics.source_at.is_some() {
            fluxes.scratch = Array2::zeros((fluxes.held.len(), fluxes.geometry.grid.x.nodes));
        }
        (fluxes.source, fluxes.terms) = (source, terms);
        fluxes
    }

    /// What comes in per time into a state of all rows at a time \[density·length²/time\]: through left, right, bottom and
    /// top, from the source, by decay, from each table of held nodes, and into each region through its rim. What leaves is
    /// negative.
    pub fn at<T: Real>(&mut self, time: f64, state: &ArrayView2<'_, T>) -> Vec<f64> {
        self.prepare(time);
        let mut rows = Array2::zeros((self.held.len(), self.geometry.rates()));
        let to = rows.outer_iter_mut().into_par_iter().zip(self.held.clone());
        to.for_each(|(mut to, j)| {
            if let Some(to) = to.as_slice_mut() {
                self.row(j, state, to);
            }
        });
        self.rates(&rows.view())
    }

    /// Rates are those at this time from now on.
    pub fn prepare(&mut self, time: f64) {
        if let Some(walls_at) = &self.dynamics.walls_at {
            self.now.0 = walls_at(&[time, time + self.dynamics.pace.dt]).0;
        }
        let mut source = mem::take(&mut self.now.1);
        source.clone_from(&self.source);
        source.resize(self.held.len(), 0.0);
        if let Some(source_at) = &self.dynamics.source_at {
            source_at(time, &mut self.scratch);
            source = self.inside(&self.scratch.view());
        }
        if let Some(factors_at) = &self.dynamics.factors_at {
            for (factor, term) in factors_at(&[time]).0.iter().zip(&self.terms) {
                let rows = source.iter_mut().zip(term);
                rows.for_each(|(sum, term)| *sum += factor * term);
            }
        }
        self.now.1 = source;
    }

    /// The rates to which all rows of a state add this.
    #[must_use]
    pub fn rates(&self, rows: &ArrayView2<'_, f64>) -> Vec<f64> {
        let grid = &self.geometry.grid;
        let sums = pairwise_columns(rows).into_iter();
        // A sum of nothing is -0.
        sums.map(|sum| self.factor * grid.integral(sum) + 0.0)
            .collect()
    }

    /// What row `j` of a state, of which all rows that are held are given, adds to each of the rates. Those next to it are held,
    /// too.
    pub fn row<T: Real>(&self, j: usize, p: &ArrayView2<'_, T>, sums: &mut [f64]) {
        let (geometry, (walls, source)) = (&self.geometry, &self.now);
        sums.fill(0.0);
        sums[SOURCE] = source[j - self.held.start];
        let sides = [&walls.left, &walls.right, &walls.bottom, &walls.top];
        for (side, beyond) in Side::ALL.into_iter().zip(sides) {
            let columns = side.columns(&geometry.grid, j);
            let through = columns.map(|i| self.through(side, beyond, (j, i), p));
            sums[side as usize] = through.sum();
        }
        for (table, i) in geometry.held_in(j) {
            let to_all = Side::ALL
                .into_iter()
                .map(|side| self.given((j, i), side, p));
            sums[FIRST_HELD + table] += to_all.sum::<f64>();
        }
        if let Some(reaction) = &self.dynamics.equation.reaction {
            sums[DECAY] = -match &reaction.decay {
                Coefficient::Number(0.0) => 0.0,
                Coefficient::Number(decay) => {
                    self.weighed(j, |i| decay * p[self.among((j, i))].to_f64())
                }
                Coefficient::Array(decay) => self.weighed(j, |i| {
                    let node = self.among((j, i));
                    decay[node] * p[node].to_f64()
                }),
            };
        }
        let of_regions = FIRST_HELD + geometry.tables();
        let begin = geometry.nodes.number(j, 0);
        let numbers = begin..begin + geometry.nodes.x.len() as u64;
        for (number, rim) in self.rims.iter().enumerate() {
            let into = rim.nodes.within(numbers.clone());
            #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
            let into = into.map(|node| {
                let faces = rim.sides.each_ref().map(|side| side.has(node));
                self.to_region(faces, (j, (node - begin) as usize), sides, p)
            });
            sums[of_regions + number] = into.sum();
        }
    }

    /// The nodes of each region that have a neighbour which is not [inside](Self::inside_region), or a wall; and those of them with
    /// such a neighbour on each side. Each row has numbers of its own here.
    fn rims(&self) -> Vec<RegionRim> {
        let (ny, nx) = self.geometry.grid.shape();
        let rows = self.held.start..self.held.end.min(ny);
        let rim = |region: &NodeSet| {
            let none = vec![false; nx];
            let row = |j: usize| self.inside_region(region, j);
            let mut rim = RegionRim::default();
            let mut below = rows.start.checked_sub(1).map_or(none.clone(), row);
            let mut here = row(rows.start);
            for j in rows.clone() {
                let above = if j + 1 < ny { row(j + 1) } else { none.clone() };
                for i in (0..nx).filter(|&i| here[i]) {
                    let left = i > 0 && here[i - 1];
                    let right = i + 1 < nx && here[i + 1];
                    rim.add(
                        self.geometry.nodes.number(j, i),
                        [left, right, below[i], above[i]],
                    );
                }
                (below, here) = (here, above);
            }
            rim
        };
        self.geometry.regions.iter().map(rim).collect()
    }

    /// Whether each node of a row is one of a region that steps change.
    fn inside_region(&self, region: &NodeSet, j: usize) -> Vec<bool> {
        let Geometry {
            grid, nodes, walls, ..
        } = &*self.geometry;
        let mut inside = vec![false; grid.x.nodes];
        region.fill(nodes.number(nodes.row(j), 0), &mut inside, true);
        self.geometry.fill_kept(j, &mut inside, false);
        for side in Side::ALL
            .into_iter()
            .filter(|&side| walls.wall(side).is_fixed())
        {
            inside[side.columns(grid, j)].fill(false);
        }
        inside
    }

    /// What comes to a node at the rim of a region through these of its faces: from nodes that are not of it, or that keep their
    /// values, and through walls.
    fn to_region<T: Real>(
        &self,
        faces: [bool; 4],
        node: (usize, usize),
        walls: [&Beyond<f64>; 4],
        p: &ArrayView2<'_, T>,
    ) -> f64 {
        let from = |(side, beyond): (Side, &Beyond<f64>)| match self.next(node, side) {
            _ if !faces[side as usize] => 0.0,
            Some(next) => {
                let by = self.value(p, next) - self.value(p, node);
                self.face(node, side) * by * self.length(node, side)
            }
            None => self.through(side, beyond, node, p),
        };
        Side::ALL.into_iter().zip(walls).map(from).sum()
    }

    /// What comes in at a node on a side: from the node to the next one where its value is given, else what its half cell gets
    /// beyond what comes from inside.
    fn through<T: Real>(
        &self,
        side: Side,
        beyond: &Beyond<f64>,
        (j, i): (usize, usize),
        p: &ArrayView2<'_, T>,
    ) -> f64 {
        let node = (j, i);
        match beyond {
            Beyond::Held | Beyond::Given(_) if !self.geometry.keeps(node) => {
                self.given(node, side.opposite(), p)
            }
            Beyond::Ghost(ghost) if self.is_computed(node) => {
                let number = match side.is_column() {
                    true => j - self.held.start,
                    false => i,
                };
                let [mirror, alpha, beta] =
                    [&ghost.mirror, &ghost.alpha, &ghost.beta].map(|table| table.parts().1[number]);
                let (own, inside) = (self.value(p, node), side.opposite());
                let inner = self.next(node, inside);
                let inner = inner.map_or(own, |inner| self.value(p, inner));
                let outer = mirror * inner + (alpha - beta * own);
                let from = self.face(node, side) * (outer - own);
                let to = self.face(node, inside) * (inner - own);
                0.5 * (from - to) * self.length(node, side)
            }
            _ => 0.0,
        }
    }

    /// What a node gives to its neighbour, where that is computed.
    fn given<T: Real>(&self, (j, i): (usize, usize), side: Side, p: &ArrayView2<'_, T>) -> f64 {
        let computed = |&next: &(usize, usize)| self.is_computed(next);
        let next = self.next((j, i), side).filter(computed);
        next.map_or(0.0, |next| {
            let by = self.value(p, (j, i)) - self.value(p, next);
            self.face((j, i), side) * by * self.length((j, i), side)
        })
    }

    /// The neighbour of a node.
    fn next(&self, (j, i): (usize, usize), side: Side) -> Option<(usize, usize)> {
        let (ny, nx) = self.geometry.grid.shape();
        match side {
            Side::Left => i.checked_sub(1).map(|i| (j, i)),
            Side::Right => Some((j, i + 1)).filter(|_| i + 1 < nx),
            Side::Bottom => j.checked_sub(1).map(|j| (j, i)),
            Side::Top => Some((j + 1, i)).filter(|_| j + 1 < ny),
        }
    }

    /// The place of a node among the rows that are held.
    fn among(&self, (j, i): (usize, usize)) -> (usize, usize) {
        (j - self.held.start, i)
    }

    fn value<T: Real>(&self, p: &ArrayView2<'_, T>, node: (usize, usize)) -> f64 {
        p[self.among(node)].to_f64()
    }

    fn face(&self, node: (usize, usize), side: Side) -> f64 {
        face(&self.dynamics.equation.operator, side, self.among(node))
    }

    /// The length of a face of a node, in spacings.
    fn length(&self, (j, i): (usize, usize), side: Side) -> f64 {
        match side.is_column() {
            true => self.geometry.grid.y.weight(j),
            false => self.geometry.grid.x.weight(i),
        }
    }

    /// Whether a step changes a node.
    fn is_computed(&self, node: (usize, usize)) -> bool {
        !self.geometry.is_on_fixed(node) && !self.geometry.keeps(node)
    }

    /// The weighed sum of a row over the nodes that steps change.
    fn weighed(&self, j: usize, value: impl Fn(usize) -> f64) -> f64 {
        let Geometry { grid, walls, .. } = &*self.geometry;
        let mut weights: Vec<f64> = (0..grid.x.nodes).map(|i| grid.x.weight(i)).collect();
        let fixed = Side::ALL
            .into_iter()
            .filter(|&side| walls.wall(side).is_fixed());
        fixed.for_each(|side| weights[side.columns(grid, j)].fill(0.0));
        self.geometry.fill_kept(j, &mut weights, 0.0);
        let there = weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| **weight != 0.0);
        grid.y.weight(j) * there.map(|(i, weight)| weight * value(i)).sum::<f64>()
    }

    /// The weighed sums of the rows of an array of the rows that are held over these nodes.
    fn inside(&self, values: &ArrayView2<'_, f64>) -> Vec<f64> {
        let rows = self.held.clone().into_par_iter();
        rows.map(|j| self.weighed(j, |i| values[self.among((j, i))]))
            .collect()
    }
}

/// The nodes of a region that something comes to from beyond it, and those of them that it comes to through a face on each side.
#[derive(Default)]
struct RegionRim {
    nodes: NodeSet,
    sides: [NodeSet; 4],
}

impl RegionRim {
    /// Takes a node, whose neighbours on some sides are inside of the region.
    fn add(&mut self, node: u64, inside: [bool; 4]) {
        for (side, _) in self
            .sides
            .iter_mut()
            .zip(inside)
            .filter(|(_, is_inside)| !is_inside)
        {
            self.nodes.add(node);
            side.add(node);
        }
    }
}

/// The coefficient of a face of a node.
#[must_use]
pub fn face(operator: &Operator<f64>, side: Side, (j, i): (usize, usize)) -> f64 {
    match (operator, side) {
        (Operator::Isotropic { r }, _) => *r,
        (Operator::Anisotropic { rx, .. }, Side::Left | Side::Right) => *rx,
        (Operator::Anisotropic { ry, .. }, Side::Bottom | Side::Top) => *ry,
        (Operator::Variable { x, .. }, Side::Left) => x[[j, i]],
        (Operator::Variable { x, .. }, Side::Right) => x[[j, i + 1]],
        (Operator::Variable { y, .. }, Side::Bottom) => y[[j, i]],
        (Operator::Variable { y, .. }, Side::Top) => y[[j + 1, i]],
    }
}

impl Geometry {
    /// How many rates there are.
    #[must_use]
    pub fn rates(&self) -> usize {
        FIRST_HELD + self.tables() + self.regions.len()
    }
}

/// The places of sums behind those of the sides.
pub const SOURCE: usize = 4;
/// As [`SOURCE`].
pub const DECAY: usize = 5;
/// As [`SOURCE`], of the first table of held nodes.
pub const FIRST_HELD: usize = 6;
