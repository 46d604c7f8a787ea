//! [`Gauges`]: what is read off a state at points and in regions.

use super::{geometry::Geometry, input::Digests, selection::Selection};
use crate::{
    grid::Axis,
    node_set::NodeSet,
    params::{ParamsError, PointValue, RawParams, RecordKeys},
    summary::pairwise,
};
use diff2d_stencil::real::Real;
use ndarray::{Array2, ArrayView2, Axis as ArrayAxis, s};
use rayon::prelude::*;
use serde::Serialize;
use std::{collections::BTreeSet, ops::Range};

/// A point, and the nodes whose values make its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gauge {
    /// Its name.
    pub name: String,
    /// Where it was asked for \[length\].
    pub asked: [f64; 2],
    /// Where its nodes lie \[length\].
    pub nodes: Vec<[f64; 2]>,
    /// Their columns and rows.
    #[serde(skip)]
    at: Vec<(usize, usize)>,
    /// Their shares in the value.
    pub weights: Vec<f64>,
}

impl Gauge {
    /// Refuses a point outside of the domain, or among masked nodes.
    fn new(
        geometry: &Geometry,
        name: &str,
        asked: [f64; 2],
        value: PointValue,
    ) -> Result<Self, String> {
        let grid = &geometry.grid;
        let along = |axis: &Axis, at: f64| {
            let (lower, upper) = axis.domain();
            if !(lower..=upper).contains(&at) {
                return Err(format!(
                    "the point {name} at {asked:?} is outside of the domain, which reaches from {lower:?} to {upper:?} there"
                ));
            }
            let nodes = axis.coordinates();
            let after = nodes
                .partition_point(|&node| node <= at)
                .clamp(1, nodes.len() - 1);
            let share = (at - nodes[after - 1]) / (nodes[after] - nodes[after - 1]);
            Ok(match (value, share) {
                (PointValue::Linear, 0.0) => vec![(after - 1, 1.0)],
                (PointValue::Linear, 1.0) => vec![(after, 1.0)],
                (PointValue::Linear, share) => vec![(after - 1, 1.0 - share), (after, share)],
                (PointValue::Nearest, share) if share <= 0.5 => vec![(after - 1, 1.0)],
                (PointValue::Nearest, _) => vec![(after, 1.0)],
            })
        };
        let (columns, rows) = (along(&grid.x, asked[0])?, along(&grid.y, asked[1])?);
        let mut gauge = Self {
            name: name.to_owned(),
            asked,
            nodes: Vec::new(),
            at: Vec::new(),
            weights: Vec::new(),
        };
        for &(j, of_row) in &rows {
            for &(i, of_column) in &columns {
                if geometry.masks((j, i)) {
                    return Err(format!(
                        "the point {name} at {asked:?} has the value of a masked node, at {}",
                        geometry.nodes.describe(j, i)
                    ));
                }
                gauge.nodes.push([grid.x.node(i), grid.y.node(j)]);
                gauge.at.push((j, i));
                gauge.weights.push(of_row * of_column);
            }
        }
        Ok(gauge)
    }

    /// Its value in a state, of the values of its nodes.
    fn value(&self, of: impl Fn((usize, usize)) -> f64) -> f64 {
        match (&self.at[..], &self.weights[..]) {
            ([node], _) => of(*node),
            (nodes, weights) => {
                let both = nodes.iter().zip(weights);
                both.map(|(&node, weight)| weight * of(node)).sum()
            }
        }
    }
}

/// The points and regions of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauges {
    /// The points.
    pub points: Vec<Gauge>,
    /// The nodes of all points, by rows and columns.
    nodes: Vec<(usize, usize)>,
    /// The names of the regions, whose nodes the geometry has.
    pub regions: Vec<String>,
}

/// Mean, minimum, maximum and mass of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionValues {
    /// Weighed by the area of nodes \[density\].
    pub mean: f64,
    /// \[density\]
    pub min: f64,
    /// \[density\]
    pub max: f64,
    /// `Σ w_j w_i c p dx dy` over its nodes \[density·length²\].
    pub mass: f64,
}

impl Gauges {
    /// Finds the nodes of points and regions; those of regions go to the geometry.
    ///
    /// # Errors
    /// [`ParamsError`] for points outside of the domain and among masked nodes, and for regions without nodes.
    pub fn new(
        keys: &RecordKeys,
        raw: &RawParams,
        geometry: &mut Geometry,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let points = keys.points.iter().map(|(name, point)| {
            let gauge = Gauge::new(geometry, name, *point, keys.value);
            gauge.map_err(|reason| raw.refuse("record.points", reason))
        });
        let points = points.collect::<Result<Vec<_>, _>>()?;
        for (name, area) in &keys.regions {
            const KEY: &str = "record.region";
            let (grid, nodes) = (geometry.grid.clone(), geometry.nodes.clone());
            let selection = Selection::new(area, KEY, raw, &grid, &nodes, digests)?;
            if !geometry.add_region(selection) {
                let reason = format!("the region {name} has no node: there is none {area}");
                return Err(raw.refuse(KEY, reason));
            }
        }
        let nodes: BTreeSet<_> = points.iter().flat_map(|gauge| &gauge.at).collect();
        Ok(Self {
            nodes: nodes.into_iter().copied().collect(),
            points,
            regions: keys.regions.iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// The nodes of points in some rows.
    #[must_use]
    pub fn nodes(&self, rows: &Range<usize>) -> &[(usize, usize)] {
        let before = |row: usize| self.nodes.partition_point(|&(j, _)| j < row);
        &self.nodes[before(rows.start)..before(rows.end)]
    }

    /// The values at the points, of those at all [nodes](Self::nodes).
    #[must_use]
    pub fn points(&self, values: &[f64]) -> Vec<f64> {
        let value = |node: (usize, usize)| {
            let at = self.nodes.binary_search(&node).ok();
            at.and_then(|at| values.get(at))
                .copied()
                .unwrap_or(f64::NAN)
        };
        self.points.iter().map(|gauge| gauge.value(value)).collect()
    }
}

/// What a row of a state adds to a region: area, sum, mass, minimum and maximum.
pub const OF_REGION: usize = 5;

impl Geometry {
    /// What rows of a state have in the regions, a row for each; the first one that is given is row `first`. `capacity` is that of
    /// each node of these, or of all.
    #[must_use]
    pub fn region_rows<T: Real>(
        &self,
        capacity: &[f64],
        rows: Range<usize>,
        first: usize,
        p: &ArrayView2<'_, T>,
    ) -> Array2<f64> {
        let (grid, nx) = (&self.grid, self.grid.x.nodes);
        let weights: Vec<f64> = (0..nx).map(|i| grid.x.weight(i)).collect();
        let uniform = capacity.first().copied().unwrap_or(1.0);
        let of_row = |region: &NodeSet, j: usize| {
            let begin = self.nodes.number(self.nodes.row(j), 0);
            let (at, of_row) = (j - first, grid.y.weight(j));
            let (values, capacities) = (p.row(at), capacity.get(at * nx..(at + 1) * nx));
            let [mut area, mut sum, mut mass] = [0.0; 3];
            let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
            for run in region.runs(begin..begin + nx as u64) {
                #[expect(clippy::cast_possible_truncation, reason = "numbers of columns")]
                let run = (run.start - begin) as usize..(run.end - begin) as usize;
                let values = values.slice(s![run.clone()]);
                let both = values.iter().zip(&weights[run.clone()]);
                for ((value, weight), i) in both.zip(run) {
                    let (value, weight) = (value.to_f64(), of_row * weight);
                    let c = capacities.map_or(uniform, |capacities| capacities[i]);
                    area += weight;
                    sum += weight * value;
                    mass += weight * (c * value);
                    (min, max) = (min.min(value), max.max(value));
                }
            }
            [area, sum, mass, min, max]
        };
        let mut found = Array2::zeros((rows.len(), OF_REGION * self.regions.len()));
        let all = found.axis_iter_mut(ArrayAxis(0)).into_par_iter();
        all.zip(rows).for_each(|(mut to, j)| {
            let regions = self.regions.iter().flat_map(|region| of_row(region, j));
            to.iter_mut()
                .zip(regions)
                .for_each(|(to, value)| *to = value);
        });
        found
    }

    /// What a state has in each region, of what all its rows have.
    #[must_use]
    pub fn region_values(&self, rows: &ArrayView2<'_, f64>) -> Vec<RegionValues> {
        let column = |at: usize| rows.column(at).to_vec();
        let values = (0..self.regions.len()).map(|number| OF_REGION * number);
        let values = values.map(|at| {
            let [area, sum, mass] = [at, at + 1, at + 2].map(|at| pairwise(&column(at)));
            RegionValues {
                mean: sum / area,
                min: column(at + 3).into_iter().fold(f64::INFINITY, f64::min),
                max: column(at + 4).into_iter().fold(f64::NEG_INFINITY, f64::max),
                mass: self.grid.integral(mass),
            }
        });
        values.collect()
    }
}
