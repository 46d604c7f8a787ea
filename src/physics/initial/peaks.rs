//! The four peaks of the course.

use super::super::nodes::Nodes;
use crate::{field::Field, grid::Grid};
use diff2d_stencil::real::Real;
use rayon::prelude::*;

/// One factor of the four peaks, `a(x) = 1 - |1 - 4*|(x-xm)/(x2-x1)||` with `xm = (x1+x2)/2`.
///
/// Source: the course's slides, in the order of its operations.
fn peak(x: f64, (x1, x2): (f64, f64)) -> f64 {
    let xm = (x1 + x2) / 2.0;
    1.0 - (1.0 - 4.0 * ((x - xm) / (x2 - x1)).abs()).abs()
}

/// Shape: the field has the rows of the grid from `first` on.
///
/// Shape: the field's rows are those of the grid from `first` on.
pub(super) fn four_peaks<T: Real>(field: &mut Field<T>, grid: &Grid, nodes: &Nodes, first: usize) {
    let [along_y, along_x] = [&grid.y, &grid.x].map(|axis| -> Vec<f64> {
        (0..axis.nodes)
            .map(|i| peak(axis.node(i), axis.domain()))
            .collect()
    });
    let (ny, nx) = grid.shape();
    field
        .as_mut_slice()
        .par_chunks_exact_mut(nx)
        .enumerate()
        .map(|(held, row)| (nodes.row(first + held), row))
        .filter(|&(j, _)| 0 < j && j < ny - 1)
        .for_each(|(j, row)| {
            for i in 1..nx - 1 {
                row[i] = T::from_f64(along_y[j] * along_x[i]);
            }
        });
}
