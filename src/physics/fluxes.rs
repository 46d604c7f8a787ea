//! [`Fluxes`]: the rates at which the domain gains or loses mass through walls, at nodes with given values, by the
//! source, and by decay.
//!
//! Every node stands for a cell, whose balance is
//!
//! ```text
//!   w c dp/dt = Σ g l (p[neighbour] - p) + Σ q l + w (S - k p) + R        w: half a cell on walls, a quarter in corners
//! ```
//!
//! with the coefficients `g` of its faces, the flux `q` of walls that have one, and the lengths `l` of faces. `R` is 0
//! where steps change p. Elsewhere `R` is the rate that keeps the node at its value, and counts for the
//! [owner](Geometry::owners) of the node: a fixed wall or a table of held nodes. In a corner of two fixed walls the
//! flow through each face counts for the wall that it crosses, and the cell counts half for each wall. Flow between
//! nodes of one owner is left out, because it cancels.
//!
//! The contribution of wall values that change in time, `w c dp/dt`, depends on the time alone, and is computed by
//! [`MovingNodes`](super::moving_nodes::MovingNodes). Each row is summed by itself, on whichever rank it lies; the sums
//! of rows are added pairwise.

mod densities;

use super::{
    assembly::Assembled, geometry::Geometry, region_rim::RegionRim, tables::Tables, wall::Side,
};
use crate::summary::pairwise_columns;
use diff2d_stencil::{Coefficient, Equation, Operator, Weight, real::Real};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::{mem, ops::Range, sync::Arc};

/// Evaluates the coefficients of rates for a span, or for a moment; `None` if they cannot be evaluated.
type CoefficientsAt = Box<dyn Fn(Range<f64>) -> Option<(Equation<f64>, Tables)> + Send + Sync>;

/// The rates of a problem's states, for a range of rows.
pub struct Fluxes {
    geometry: Arc<Geometry>,
    /// The equation of a step for these rows, including the source at held nodes.
    assembled: Assembled<f64>,
    tables: Tables,
    coefficients_at: Option<CoefficientsAt>,
    rows: Range<usize>,
    /// The ratio of a rate to the increment of a step: the uniform capacity in the equation divided by the time step.
    factor: f64,
    /// The row sums of a source that does not depend on time.
    source_sums: Vec<f64>,
    /// The row sums of each term of the source, without its factor.
    term_sums: Vec<Vec<f64>>,
    /// The nodes of each region with a face to the outside of the region.
    rims: Vec<RegionRim>,
    conditions: RateConditions,
}

/// The parts of the rates that depend on time alone, at one time.
#[derive(Default)]
struct RateConditions {
    /// The inflow through walls along each side, from [`Tables::inflows`].
    inflows: [Vec<[f64; 2]>; 4],
    /// The row sums of the source.
    source_sums: Vec<f64>,
    /// The factors of the terms of the source.
    factors: Vec<f64>,
    /// The source at all nodes, if it is evaluated anew at each time.
    source: Array2<f64>,
}

impl Fluxes {
    /// The rates for rows whose equation takes steps of `dt`; `capacity` is the uniform capacity contained in the
    /// equation, or 1.
    #[must_use]
    pub fn new(
        geometry: &Arc<Geometry>,
        rows: Range<usize>,
        assembled: Assembled<f64>,
        tables: Tables,
        capacity: f64,
        dt: f64,
    ) -> Self {
        let mut fluxes = Self {
            factor: capacity / dt,
            rims: RegionRim::of_regions(geometry, &rows),
            geometry: Arc::clone(geometry),
            assembled,
            tables,
            coefficients_at: None,
            rows,
            source_sums: Vec::new(),
            term_sums: Vec::new(),
            conditions: RateConditions::default(),
        };
        if fluxes.assembled.source_at.is_some() {
            fluxes.conditions.source =
                Array2::zeros((fluxes.rows.len(), fluxes.geometry.grid.x.nodes));
        }
        match fluxes.assembled.equation.coefficient(Weight::One) {
            Some(Coefficient::Products(products)) => {
                fluxes.term_sums = products
                    .arrays
                    .iter()
                    .map(|array| fluxes.row_sums(&array.view()))
                    .collect();
            }
            Some(Coefficient::Array(array)) if fluxes.assembled.source_at.is_none() => {
                fluxes.source_sums = fluxes.row_sums(&array.view());
            }
            _ => {}
        }
        for side in Side::ALL {
            fluxes.conditions.inflows[side as usize] =
                fluxes.tables.inflows(side, fluxes.geometry.start);
        }
        fluxes
    }

    /// These rates with coefficients that are evaluated at each time, because D or decay depends on it.
    pub fn with_coefficients_at(mut self, coefficients_at: CoefficientsAt) -> Self {
        self.coefficients_at = Some(coefficients_at);
        self
    }

    /// The rates of a state of all rows at a time \[density·length²/time\]: through left, right, bottom and top, from
    /// the source, by decay, from each table of held nodes, and into each region. Outflow is negative. The contribution
    /// of changing wall values is not included.
    pub fn at<T: Real>(&mut self, time: f64, state: &ArrayView2<'_, T>) -> Vec<f64> {
        self.prepare(time);
        let mut sums = Array2::zeros((self.rows.len(), self.geometry.rates()));
        let rows = sums.outer_iter_mut().into_par_iter().zip(self.rows.clone());
        rows.for_each(|(mut row_sums, j)| {
            if let Some(row_sums) = row_sums.as_slice_mut() {
                self.row(j, state, row_sums);
            }
        });
        self.rates(&sums.view())
    }

    /// Evaluates the time-dependent parts, so that the rates are those at `time` from now on.
    pub fn prepare(&mut self, time: f64) {
        self.prepare_in_step(time, time..time);
    }

    /// Evaluates the time-dependent parts, so that the rates are those of a state at `time` in a step over `span` from now
    /// on: D and decay have their means over the step.
    pub fn prepare_in_step(&mut self, time: f64, span: Range<f64>) {
        let coefficients_at = self.coefficients_at.as_ref();
        if let Some((equation, tables)) = coefficients_at.and_then(|at| at(span)) {
            (self.assembled.equation, self.tables) = (equation, tables);
            for side in Side::ALL {
                self.conditions.inflows[side as usize] = self.tables.inflows(side, time);
            }
        }
        for side in Side::ALL {
            if self.geometry.walls.wall(side).depends_on_time() {
                self.conditions.inflows[side as usize] = self.tables.inflows(side, time);
            }
        }
        let mut source_sums = mem::take(&mut self.conditions.source_sums);
        source_sums.clone_from(&self.source_sums);
        source_sums.resize(self.rows.len(), 0.0);
        if let Some(source_at) = &self.assembled.source_at {
            source_at(time, &mut self.conditions.source);
            source_sums = self.row_sums(&self.conditions.source.view());
        }
        if let Some(factors_at) = &self.assembled.factors_at {
            self.conditions.factors = factors_at(&[time]).0;
            for (factor, term_sums) in self.conditions.factors.iter().zip(&self.term_sums) {
                for (sum, term_sum) in source_sums.iter_mut().zip(term_sums) {
                    *sum += factor * term_sum;
                }
            }
        }
        self.conditions.source_sums = source_sums;
    }

    /// The rates of a state with these row sums.
    #[must_use]
    pub fn rates(&self, row_sums: &ArrayView2<'_, f64>) -> Vec<f64> {
        let grid = &self.geometry.grid;
        // A sum of nothing is -0, which the last addition makes 0.
        pairwise_columns(row_sums)
            .into_iter()
            .map(|sum| self.factor * grid.integral(sum) + 0.0)
            .collect()
    }

    /// Writes the contribution of row `j` of a state to each of the rates. `p` also has the rows on both sides of it.
    pub fn row<T: Real>(&self, j: usize, p: &ArrayView2<'_, T>, sums: &mut [f64]) {
        let geometry = &self.geometry;
        sums.fill(0.0);
        sums[SOURCE] = self.conditions.source_sums[j - self.rows.start];
        sums[DECAY] = -self.decay(j, p);
        for side in Side::ALL {
            let columns = side.columns(&geometry.grid, j);
            let inflow: f64 = columns.map(|i| self.through_wall((j, i), side, p)).sum();
            sums[side as usize] += inflow;
        }
        let first_region = FIRST_HELD + geometry.tables();
        for (i, owners) in geometry.given_in(j) {
            let node = (j, i);
            for side in Side::ALL {
                let owner = owners[side.axis_number()];
                sums[owner] += self.sent(node, side, owner, p);
            }
            let supply = self.supply(node, p);
            owners
                .into_iter()
                .for_each(|owner| sums[owner] -= 0.5 * supply);
            let number = geometry.nodes.number(geometry.nodes.row(j), i);
            let regions = geometry.regions.iter().zip(&mut sums[first_region..]);
            regions
                .filter(|(region, _)| region.has(number))
                .for_each(|(_, sum)| *sum -= supply);
        }
        for (rim, sum) in self.rims.iter().zip(&mut sums[first_region..]) {
            *sum += rim
                .faces_in(geometry, j)
                .map(|(node, sides)| self.inflow_at_rim(node, sides, p))
                .sum::<f64>();
        }
    }

    /// The inflow into a node at the rim of a region through its faces on the given sides: from nodes outside the
    /// region, from nodes that keep their values, and through walls.
    fn inflow_at_rim<T: Real>(
        &self,
        node: (usize, usize),
        sides: impl Iterator<Item = Side>,
        p: &ArrayView2<'_, T>,
    ) -> f64 {
        sides
            .map(|side| match self.geometry.neighbour(node, side) {
                Some(neighbour) => self.flow(neighbour, node, side, p),
                None => self.through_wall(node, side, p),
            })
            .sum()
    }

    /// The inflow through a wall of given flux or of Robin's kind at a node on it; 0 for other walls.
    fn through_wall<T: Real>(
        &self,
        (j, i): (usize, usize),
        side: Side,
        p: &ArrayView2<'_, T>,
    ) -> f64 {
        let number = if side.is_column() {
            j - self.rows.start
        } else {
            i
        };
        match self.conditions.inflows[side as usize].get(number) {
            Some([given, taken]) => {
                self.length((j, i), side) * (given - taken * self.value(p, (j, i)))
            }
            None => 0.0,
        }
    }

    /// The outflow from a node of an owner through its face on a side, without the flow to nodes of the same owner.
    fn sent<T: Real>(
        &self,
        node: (usize, usize),
        side: Side,
        owner: usize,
        p: &ArrayView2<'_, T>,
    ) -> f64 {
        let Some(neighbour) = self.geometry.neighbour(node, side) else {
            return -self.through_wall(node, side, p);
        };
        if self.has_owner(neighbour, side, owner) {
            0.0
        } else {
            -self.flow(neighbour, node, side, p)
        }
    }

    /// Whether the flow through the faces of a node across this side's axis counts for an owner.
    fn has_owner(&self, node: (usize, usize), side: Side, owner: usize) -> bool {
        let owners = self.geometry.owners(node);
        owners.is_some_and(|owners| owners[side.axis_number()] == owner)
    }

    /// The largest ratio of the rate of a fixed wall or held table to the difference between its p and the p of all
    /// other nodes.
    #[must_use]
    pub fn conductance(&self) -> f64 {
        let mut sums = vec![0.0; self.geometry.rates()];
        for j in self.rows.clone() {
            for (i, owners) in self.geometry.given_in(j) {
                for side in Side::ALL {
                    let owner = owners[side.axis_number()];
                    let neighbour = self.geometry.neighbour((j, i), side);
                    if neighbour.is_some_and(|node| !self.has_owner(node, side, owner)) {
                        let place = self.place_of((j, i));
                        let face = face(&self.assembled.equation.operator, side, place);
                        sums[owner] += face * self.length((j, i), side);
                    }
                }
            }
        }
        let largest = sums.into_iter().fold(0.0, f64::max);
        self.factor * self.geometry.grid.integral(largest)
    }

    /// The flow to a node from its neighbour on a side.
    fn flow<T: Real>(
        &self,
        neighbour: (usize, usize),
        node: (usize, usize),
        side: Side,
        p: &ArrayView2<'_, T>,
    ) -> f64 {
        let face = face(&self.assembled.equation.operator, side, self.place_of(node));
        face * (self.value(p, neighbour) - self.value(p, node)) * self.length(node, side)
    }

    /// The gain of a node's cell by source and decay.
    fn supply<T: Real>(&self, (j, i): (usize, usize), p: &ArrayView2<'_, T>) -> f64 {
        let (equation, place) = (&self.assembled.equation, self.place_of((j, i)));
        let source = match equation.coefficient(Weight::One) {
            None => 0.0,
            Some(_) if self.assembled.source_at.is_some() => self.conditions.source[place],
            Some(Coefficient::Products(products)) => {
                let arrays = products.arrays.iter().zip(&self.conditions.factors);
                arrays.map(|(array, factor)| factor * array[place]).sum()
            }
            Some(coefficient) => coefficient.at([place.0, place.1], 0),
        };
        let decay = match equation.coefficient(Weight::Density) {
            Some(coefficient) => coefficient.at([place.0, place.1], 0),
            None => 0.0,
        };
        let grid = &self.geometry.grid;
        grid.y.weight(j) * grid.x.weight(i) * (source - decay * self.value(p, (j, i)))
    }

    /// The loss of a row by decay.
    fn decay<T: Real>(&self, j: usize, p: &ArrayView2<'_, T>) -> f64 {
        match self.assembled.equation.coefficient(Weight::Density) {
            None => 0.0,
            Some(coefficient) => self.row_sum(j, |place| {
                coefficient.at([place.0, place.1], 0) * p[place].to_f64()
            }),
        }
    }

    /// The row sums of an array, weighted by the cells of the nodes.
    fn row_sums(&self, values: &ArrayView2<'_, f64>) -> Vec<f64> {
        let rows = self.rows.clone().into_par_iter();
        rows.map(|j| self.row_sum(j, |place| values[place]))
            .collect()
    }

    /// The sum of `value` over a row, weighted by the cells of unmasked nodes. `value` takes an index among the rows.
    fn row_sum(&self, j: usize, value: impl Fn((usize, usize)) -> f64) -> f64 {
        let grid = &self.geometry.grid;
        let mut weights: Vec<f64> = (0..grid.x.nodes).map(|i| grid.x.weight(i)).collect();
        self.geometry.fill_masked(j, &mut weights, 0.0);
        let cells = weights.iter().enumerate();
        let sum: f64 = cells
            .filter(|(_, weight)| **weight != 0.0)
            .map(|(i, weight)| weight * value(self.place_of((j, i))))
            .sum();
        grid.y.weight(j) * sum
    }

    /// The index of a node among the rows.
    fn place_of(&self, (j, i): (usize, usize)) -> (usize, usize) {
        (j - self.rows.start, i)
    }

    fn value<T: Real>(&self, p: &ArrayView2<'_, T>, node: (usize, usize)) -> f64 {
        p[self.place_of(node)].to_f64()
    }

    /// The length of a face of a node, in spacings.
    fn length(&self, (j, i): (usize, usize), side: Side) -> f64 {
        if side.is_column() {
            self.geometry.grid.y.weight(j)
        } else {
            self.geometry.grid.x.weight(i)
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
    /// The number of rates.
    #[must_use]
    pub fn rates(&self) -> usize {
        FIRST_HELD + self.tables() + self.regions.len()
    }

    /// The numbers of the two rates to which a node with a given value contributes, for the flow across columns and
    /// across rows. Both are the rate of the table that holds the node, or of its wall; in a corner of fixed walls they
    /// differ. `None` for a masked node, and for a node at which steps change p.
    #[must_use]
    #[inline]
    pub fn owners(&self, node: (usize, usize)) -> Option<[usize; 2]> {
        if self.masks(node) {
            return None;
        }
        if let Some(table) = self.table_of(node) {
            return Some([FIRST_HELD + table; 2]);
        }
        let fixed_sides = Side::OF_AXES.map(|sides| {
            let mut sides = sides.into_iter();
            sides.find(|side| side.has(&self.grid, node) && self.walls.wall(*side).is_fixed())
        });
        match fixed_sides {
            [None, None] => None,
            [Some(column), Some(row)] => Some([column as usize, row as usize]),
            [Some(side), None] | [None, Some(side)] => Some([side as usize; 2]),
        }
    }

    /// The columns of the nodes with given values in a row, with their [`owners`](Self::owners).
    #[must_use]
    pub fn given_in(&self, j: usize) -> Vec<(usize, [usize; 2])> {
        let mut columns: Vec<usize> = self.held_in(j);
        for side in Side::ALL {
            if self.walls.wall(side).is_fixed() {
                columns.extend(side.columns(&self.grid, j));
            }
        }
        columns.sort_unstable();
        columns.dedup();
        columns
            .into_iter()
            .filter_map(|i| Some((i, self.owners((j, i))?)))
            .collect()
    }

    /// The neighbour of a node on the grid.
    #[must_use]
    #[inline]
    pub fn neighbour(&self, (j, i): (usize, usize), side: Side) -> Option<(usize, usize)> {
        let (ny, nx) = self.grid.shape();
        match side {
            Side::Left => i.checked_sub(1).map(|i| (j, i)),
            Side::Right => Some((j, i + 1)).filter(|_| i + 1 < nx),
            Side::Bottom => j.checked_sub(1).map(|j| (j, i)),
            Side::Top => Some((j + 1, i)).filter(|_| j + 1 < ny),
        }
    }
}

/// The index of the rate of the source, behind the rates of the four sides.
pub const SOURCE: usize = 4;
/// The index of the rate of decay.
pub const DECAY: usize = 5;
/// The index of the rate of the first table of held nodes. The rates of regions follow the last table.
pub const FIRST_HELD: usize = 6;
