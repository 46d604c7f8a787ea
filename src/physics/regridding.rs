//! [`Regridding`]: the values of an array of another grid on the nodes of this one, by the coordinates of both.
//!
//! ```text
//!   nodes of the array   o─────────o─────────o        linear: between the nodes of the array
//!   nodes of the grid    ·   ·   ·   ·   ·   ·        mean: of these straight lines over the cell of the node
//! ```
//!
//! Straight lines have the trapezoidal sum of their nodes, and cells fill the domain: so means keep the mass. Around an axis of
//! rotation rings of one value stand in place of the lines along the radius, for the same reason.

use super::input::Input;
use crate::{
    grid::{Axis, Grid},
    params::{Canonical, Params, ParamsError, RawParams, Regrid},
};
use diff2d_arrays::{
    labels::beside,
    npy::{mark_in, open_file},
};
use diff2d_sys as sys;
use serde::Deserialize;
use std::{
    io::{BufRead, BufReader, Read},
    ops::Range,
    path::Path,
};

/// The share of a spacing by which coordinates may differ by rounding.
const ROUNDING: f64 = 1e-9;

/// For each node of an axis, the first node of the array that counts, and the weights of it and of the next ones.
type Weights = Vec<(usize, Vec<f64>)>;

/// How values on the nodes of a grid follow from those of an array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Regridding {
    along_y: Weights,
    along_x: Weights,
    /// The columns of the array.
    columns: usize,
}

impl Regridding {
    /// The weights of an array with such a matrix for the nodes of a grid.
    ///
    /// # Errors
    /// [`ParamsError`] for an array whose coordinates are not known, or do not reach over the grid.
    pub(super) fn new(
        input: &Input,
        shape: &[u64],
        matrix: [u64; 2],
        manner: Regrid,
        grid: &Grid,
    ) -> Result<Self, ParamsError> {
        let [y, x] = coordinates(input.path(), shape, matrix).ok_or_else(|| {
            input.refuse("interpolate needs the coordinates of its nodes, along y and along x, and neither a journal nor a file .axes.json beside it has them")
        })?;
        let [along_y, along_x] =
            [("y", &y, &grid.y), ("x", &x, &grid.x)].map(|(name, nodes, axis)| {
                let weights = weights(nodes, axis, manner);
                weights.map_err(|reason| input.refuse(&format!("its nodes {reason} along {name}")))
            });
        Ok(Self {
            along_y: along_y?,
            along_x: along_x?,
            columns: x.len(),
        })
    }

    /// Values on rows of the grid. `read` reads rows of the array. What is NaN does not count, unless there is nothing else.
    pub(super) fn read(
        &self,
        rows: Range<usize>,
        out: &mut [f64],
        mut read: impl FnMut(Range<usize>, &mut [f64]) -> Result<(), ParamsError>,
    ) -> Result<(), ParamsError> {
        let (mut held_rows, mut held_values) = (0..0, Vec::new());
        for (row, out) in self.along_y[rows]
            .iter()
            .zip(out.chunks_exact_mut(self.along_x.len()))
        {
            let (first_row, weights_of_rows) = row;
            let needed_rows = *first_row..first_row + weights_of_rows.len();
            if held_rows != needed_rows {
                held_values.resize(needed_rows.len() * self.columns, 0.0);
                read(needed_rows.clone(), &mut held_values)?;
                held_rows = needed_rows;
            }
            for (value, (first_column, weights)) in out.iter_mut().zip(&self.along_x) {
                let (mut sum, mut total) = (0.0, 0.0);
                let weighted_rows = held_values.chunks_exact(self.columns).zip(weights_of_rows);
                for (held_row, of_row) in weighted_rows {
                    for (held_value, of_column) in held_row[*first_column..].iter().zip(weights) {
                        if !held_value.is_nan() {
                            sum += of_row * of_column * held_value;
                            total += of_row * of_column;
                        }
                    }
                }
                *value = sum / total;
            }
        }
        Ok(())
    }
}

/// The weights of nodes of an array for each node of an axis; a reason if the nodes do not reach over it.
fn weights(nodes: &[f64], axis: &Axis, manner: Regrid) -> Result<Weights, String> {
    let [first_node, last_node] = [nodes[0], nodes[nodes.len() - 1]];
    let slack = ROUNDING * axis.spacing;
    let cells = (0..axis.nodes).map(|i| {
        let node = axis.node(i);
        let half = match manner {
            Regrid::Linear => 0.0,
            Regrid::Mean => axis.spacing / 2.0,
        };
        // The cell of a node on a wall ends there.
        let is_half = axis.weight(i) < 1.0;
        let lower = if is_half && i == 0 { node } else { node - half };
        let upper = if is_half && i > 0 { node } else { node + half };
        if lower < first_node - slack || upper > last_node + slack {
            return Err(format!(
                "reach from {first_node:?} to {last_node:?}, and the grid needs values from {lower:?} to {upper:?}"
            ));
        }
        let is_ring = manner == Regrid::Mean && axis.radii().is_some();
        let cell = [lower, upper].map(|end| end.clamp(first_node, last_node));
        Ok(if is_ring { of_ring(nodes, cell) } else { of_lines(nodes, cell, slack) })
    });
    cells.collect()
}

/// The weights of nodes in the mean over a cell of straight lines between them; the cell may be a point.
fn of_lines(nodes: &[f64], [lower, upper]: [f64; 2], slack: f64) -> (usize, Vec<f64>) {
    let first_node = nodes.partition_point(|node| *node <= lower + slack).max(1) - 1;
    let last_node = nodes.partition_point(|node| *node < upper - slack);
    if last_node <= first_node {
        return (first_node, vec![1.0]);
    }
    let mut weights = vec![0.0; last_node - first_node + 1];
    for (number, line) in nodes[first_node..=last_node].windows(2).enumerate() {
        let (start, stop) = (lower.max(line[0]), upper.min(line[1]));
        let share = if upper > lower {
            (stop - start) / (upper - lower)
        } else {
            1.0
        };
        let share_of_next = (f64::midpoint(start, stop) - line[0]) / (line[1] - line[0]);
        weights[number] += share * (1.0 - share_of_next);
        weights[number + 1] += share * share_of_next;
    }
    (first_node, weights)
}

/// The weights of nodes in the mean over a ring of what each has over its own ring, by their areas.
fn of_ring(nodes: &[f64], [lower, upper]: [f64; 2]) -> (usize, Vec<f64>) {
    let middles = nodes.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
    let last_node = nodes[nodes.len() - 1];
    let radii: Vec<f64> = [nodes[0]]
        .into_iter()
        .chain(middles)
        .chain([last_node])
        .collect();
    let rings = radii.windows(2).map(|ring| {
        let (inner, outer) = (ring[0].max(lower), ring[1].min(upper));
        (outer - inner).max(0.0) * (outer + inner)
    });
    let areas: Vec<f64> = rings.collect();
    let first_node = areas.iter().position(|area| *area > 0.0).unwrap_or(0);
    let count = areas[first_node..]
        .iter()
        .take_while(|area| **area > 0.0)
        .count();
    (
        first_node,
        areas[first_node..first_node + count.max(1)].to_vec(),
    )
}

/// The coordinates along y and x of the matrices of an array, from the journal of a cube or from the labels beside it.
fn coordinates(path: &Path, shape: &[u64], matrix: [u64; 2]) -> Option<[Vec<f64>; 2]> {
    of_cube(path, matrix).or_else(|| {
        let mark = mark_in(&open_file(path).ok()?);
        let labels = beside::read(path, mark, shape).ok()?;
        let axes = [shape.len() - 2, shape.len() - 1].map(|number| {
            let coordinates = labels.axis(number)?.coordinates()?;
            coordinates.is_sorted().then(|| coordinates.to_vec())
        });
        let [y, x] = axes;
        Some([y?, x?])
    })
}

/// The coordinates of the nodes of a cube, whose journal begins with its parameters.
fn of_cube(path: &Path, matrix: [u64; 2]) -> Option<[Vec<f64>; 2]> {
    /// The largest size of a line in bytes. A longer one is none of a journal.
    const LONGEST: u64 = 1 << 26;
    #[derive(Deserialize)]
    struct Header {
        params: Canonical,
    }
    let journal = sys::open_to_read(&path.with_extension("journal")).ok()?;
    let mut line = String::new();
    let mut journal = BufReader::new(journal.take(LONGEST));
    journal.read_line(&mut line).ok()?;
    let header: Header = serde_json::from_str(&line).ok()?;
    let raw = RawParams::from_canonical(&header.params);
    let grid = Grid::new(&Params::from_raw(&raw).ok()?, &raw).ok()?;
    let (rows, columns) = grid.shape();
    let is_its_own = [rows as u64, columns as u64] == matrix;
    is_its_own.then(|| [grid.y.coordinates(), grid.x.coordinates()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(cells: usize) -> Vec<f64> {
        (0..=cells).map(|i| i as f64 / cells as f64).collect()
    }

    /// The sum of values, each with the size of the cell of its node.
    fn mass(nodes: &[f64], values: &[f64], is_ring: bool) -> f64 {
        let last = nodes.len() - 1;
        let middle = |i: usize| f64::midpoint(nodes[i], nodes[i + 1]);
        let masses = values.iter().enumerate().map(|(i, value)| {
            let from = if i == 0 { nodes[0] } else { middle(i - 1) };
            let to = if i == last { nodes[last] } else { middle(i) };
            value * (to - from) * if is_ring { to + from } else { 1.0 }
        });
        masses.sum()
    }

    fn carried(values: &[f64], weights: impl Iterator<Item = (usize, Vec<f64>)>) -> Vec<f64> {
        let means = weights.map(|(begin, weights)| {
            let parts = weights.iter().zip(&values[begin..]);
            parts.map(|(weight, value)| weight * value).sum::<f64>() / weights.iter().sum::<f64>()
        });
        means.collect()
    }

    #[test]
    fn means_keep_the_mass_of_any_other_grid() {
        for (from, to) in [(40, 160), (160, 40), (40, 40), (30, 70), (70, 30), (7, 21)] {
            let (old, new) = (nodes(from), nodes(to));
            let values: Vec<f64> = old.iter().map(|x| (3.0 * x).sin() + x * x).collect();
            let cell = |i: usize| {
                let half = 0.5 / to as f64;
                [(new[i] - half).max(0.0), (new[i] + half).min(1.0)]
            };
            for is_ring in [false, true] {
                let weights = (0..=to).map(|i| match is_ring {
                    true => of_ring(&old, cell(i)),
                    false => of_lines(&old, cell(i), 1e-12),
                });
                let means = carried(&values, weights);
                let [before, after] = [mass(&old, &values, is_ring), mass(&new, &means, is_ring)];
                assert!(
                    (before - after).abs() < 1e-13,
                    "{from} {to}: {before} {after}"
                );
            }
        }
    }

    #[test]
    fn lines_have_the_values_of_nodes_and_of_what_is_straight() {
        let old = nodes(8);
        let values: Vec<f64> = old.iter().map(|x| 2.0 - x).collect();
        for x in [0.0, 0.1, 0.125, 0.5, 0.77, 1.0] {
            let found = carried(&values, [of_lines(&old, [x, x], 1e-12)].into_iter());
            assert!((found[0] - (2.0 - x)).abs() < 1e-15, "{x}: {found:?}");
        }
        assert_eq!(of_lines(&old, [0.25, 0.25], 1e-12), (2, vec![1.0]));
    }
}
