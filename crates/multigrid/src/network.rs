//! [`Network`]: nodes of a grid and the conductances between them.

use crate::matrix::Matrix;
use rayon::prelude::*;
use std::ops::Range;

/// Nodes of a grid of `ny` rows and `nx` columns with conductances between neighbours, and between each node and the ground.
///
/// What leaves node `k` while the values are `x` is
///
/// ```text
/// (A x)[k] = ground[k] x[k] + Σ g (x[k] - x[l])        over the neighbours l, g the conductance between k and l
/// ```
///
/// in which constants cancel exactly. Conductances are 0 or positive. A node without any is left as it is.
///
/// # Shape
///
/// All three are `ny * nx`, row by row.
#[derive(Debug, Clone)]
pub struct Network {
    /// The number of columns.
    pub nx: usize,
    /// Between a node and the next one of its row; that of the last column leads to the first.
    pub east: Vec<f64>,
    /// Between a node and that of the next row; that of the last row leads to the first.
    pub north: Vec<f64>,
    /// Between a node and the ground, where the value is 0.
    pub ground: Vec<f64>,
}

impl Network {
    /// The four neighbours of a node, and the conductances to them.
    fn neighbours(&self, k: usize) -> [(usize, f64); 4] {
        let (nx, len) = (self.nx, self.ground.len());
        let first = k - k % nx;
        let west = if k == first { first + nx - 1 } else { k - 1 };
        let east = if k + 1 == first + nx { first } else { k + 1 };
        let south = if k < nx { k + len - nx } else { k - nx };
        let north = if k + nx >= len { k + nx - len } else { k + nx };
        [
            (west, self.east[west]),
            (east, self.east[k]),
            (south, self.north[south]),
            (north, self.north[k]),
        ]
    }
}

impl Matrix for Network {
    fn len(&self) -> usize {
        self.ground.len()
    }

    fn sum(&self, row: usize) -> f64 {
        self.ground[row]
    }

    fn row(&self, row: usize, mut entry: impl FnMut(usize, f64)) {
        for (column, g) in self.neighbours(row) {
            // A row of one node, or of two with a seam, meets itself or the same node twice: entries add up.
            if g != 0.0 && column != row {
                entry(column, -g);
            }
        }
    }

    fn has_long_rows(&self) -> bool {
        false
    }

    fn map(&self, x: &[f64], out: &mut [f64], finish: impl Fn(Range<usize>, &mut [f64]) + Sync) {
        let (nx, len) = (self.nx, self.ground.len());
        let rows = out.par_chunks_mut(nx).enumerate();
        rows.for_each(|(j, out)| {
            let here = j * nx..(j + 1) * nx;
            let (south, north) = ((here.start + len - nx) % len, here.end % len);
            let (below, above) = (&x[south..][..nx], &x[north..][..nx]);
            let (to_south, to_north) =
                (&self.north[south..][..nx], &self.north[here.start..][..nx]);
            let [x, east, ground] =
                [x, &self.east, &self.ground].map(|all| &all[here.start..][..nx]);
            let out = &mut out[..nx];
            for i in 0..nx {
                let (down, up) = (x[i] - below[i], x[i] - above[i]);
                out[i] = ground[i] * x[i] + (to_south[i] * down + to_north[i] * up);
            }
            for i in 1..nx {
                out[i] += east[i - 1] * (x[i] - x[i - 1]);
            }
            for i in 1..nx {
                out[i - 1] += east[i - 1] * (x[i - 1] - x[i]);
            }
            let seam = east[nx - 1] * (x[nx - 1] - x[0]);
            out[nx - 1] += seam;
            out[0] -= seam;
            finish(here, out);
        });
    }
}
