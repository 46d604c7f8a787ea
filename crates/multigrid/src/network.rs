//! [`Network`]: nodes of a grid and the conductances between them.

use crate::matrix::Matrix;
use rayon::prelude::*;
use std::ops::Range;

/// Nodes of a grid of `ny` rows and `nx` columns with conductances between neighbours, and between each node and the ground.
///
/// For the values `x`, the flow out of node `k` is
///
/// ```text
/// (A x)[k] = ground[k] x[k] + Σ g (x[k] - x[l])        over the neighbours l, g the conductance between k and l
/// ```
///
/// in which constants cancel exactly. Conductances are 0 or positive. The value of a node without conductances does not
/// change.
///
/// # Shape
///
/// `east`, `north` and `ground` have `ny * nx` elements, row by row.
#[derive(Debug, Clone)]
pub struct Network {
    /// The number of columns.
    pub nx: usize,
    /// The conductance between each node and the next one in its row; the last column is connected to the first.
    pub east: Vec<f64>,
    /// The conductance between each node and the node in the next row; the last row is connected to the first.
    pub north: Vec<f64>,
    /// The conductance between each node and the ground, where the value is 0.
    pub ground: Vec<f64>,
}

impl Network {
    /// The four neighbours of a node, and the conductances to them.
    fn neighbours(&self, k: usize) -> [(usize, f64); 4] {
        let (nx, len) = (self.nx, self.ground.len());
        let row_start = k - k % nx;
        let west = if k == row_start {
            row_start + nx - 1
        } else {
            k - 1
        };
        let east = if k + 1 == row_start + nx {
            row_start
        } else {
            k + 1
        };
        let south = if k < nx { k + len - nx } else { k - nx };
        let north = if k + nx >= len { k + nx - len } else { k + nx };
        [
            (west, self.east[west]),
            (east, self.east[k]),
            (south, self.north[south]),
            (north, self.north[k]),
        ]
    }

    /// The elements of `A x` for the row of the grid that begins with node `start`.
    fn products(&self, start: usize, x: &[f64], out: &mut [f64]) {
        let (nx, len) = (self.nx, self.ground.len());
        let (south_start, north_start) = ((start + len - nx) % len, (start + nx) % len);
        for k in [start, start + nx - 1] {
            out[k - start] = self.ground[k] * x[k];
            self.row(k, |l, a| out[k - start] += a * (x[l] - x[k]));
        }
        if let Some(n @ 1..) = nx.checked_sub(2) {
            let [west, centre, east, south, north] = [
                start,
                start + 1,
                start + 2,
                south_start + 1,
                north_start + 1,
            ]
            .map(|k| &x[k..][..n]);
            let [to_west, to_east] = [start, start + 1].map(|k| &self.east[k..][..n]);
            let [to_south, to_north] = [south_start, start].map(|k| &self.north[k + 1..][..n]);
            let (ground, out) = (&self.ground[start + 1..][..n], &mut out[1..][..n]);
            for i in 0..n {
                let x = centre[i];
                out[i] = ground[i] * x
                    + ((to_west[i] * (x - west[i]) + to_east[i] * (x - east[i]))
                        + (to_south[i] * (x - south[i]) + to_north[i] * (x - north[i])));
            }
        }
    }
}

impl Matrix for Network {
    const HAS_LONG_ROWS: bool = false;

    fn len(&self) -> usize {
        self.ground.len()
    }

    fn sum(&self, row: usize) -> f64 {
        self.ground[row]
    }

    #[inline]
    fn row(&self, row: usize, mut entry: impl FnMut(usize, f64)) {
        for (column, g) in self.neighbours(row) {
            // A row of one node, or of two with a seam, meets itself or the same node twice: entries add up.
            if g != 0.0 && column != row {
                entry(column, -g);
            }
        }
    }

    /// The estimate of the largest eigenvalue, which is at most 2, and close to 2.
    fn radius(&self, _: &[f64]) -> f64 {
        2.0
    }

    fn map(&self, x: &[f64], out: &mut [f64], finish: impl Fn(Range<usize>, &mut [f64]) + Sync) {
        let rows = out.par_chunks_mut(self.nx).enumerate();
        rows.for_each(|(j, out)| {
            let row = j * self.nx..(j + 1) * self.nx;
            self.products(row.start, x, out);
            finish(row, out);
        });
    }
}
