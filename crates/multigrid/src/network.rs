//! [`Network`]: nodes of a grid and the conductances between them.

use crate::matrix::Matrix;
use rayon::prelude::*;

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

    fn map(&self, x: &[f64], out: &mut [f64], value: impl Fn(usize, f64) -> f64 + Sync) {
        let (nx, len) = (self.nx, self.ground.len());
        let rows = out.par_chunks_mut(nx).enumerate();
        rows.for_each(|(j, out)| {
            let here = j * nx;
            let south = if j == 0 { len - nx } else { here - nx };
            let north = if here + nx == len { 0 } else { here + nx };
            let (below, above) = (&x[south..south + nx], &x[north..north + nx]);
            let (x, ground) = (&x[here..here + nx], &self.ground[here..here + nx]);
            let east = &self.east[here..here + nx];
            let (to_south, to_north) =
                (&self.north[south..south + nx], &self.north[here..here + nx]);
            let node = |i: usize, west: usize, next: usize| {
                ground[i] * x[i]
                    + ((east[west] * (x[i] - x[west]) + east[i] * (x[i] - x[next]))
                        + (to_south[i] * (x[i] - below[i]) + to_north[i] * (x[i] - above[i])))
            };
            out[0] = value(here, node(0, nx - 1, 1 % nx));
            #[expect(clippy::needless_range_loop, reason = "many slices have this index")]
            for i in 1..nx.saturating_sub(1) {
                out[i] = value(here + i, node(i, i - 1, i + 1));
            }
            if nx > 1 {
                out[nx - 1] = value(here + nx - 1, node(nx - 1, nx - 2, 0));
            }
        });
    }
}
