//! [`Sums`]: products of states and adjoint states, summed over steps.
//!
//! Each node and each face sums its own products step after step, from the last step to the first. So the bits depend on
//! nothing but the states.

use super::system::System;
use diff2d_sys::vectorised;
use ndarray::{Array2, Zip};
use rayon::prelude::*;

/// A share of a step, the state before it, and the adjoint state behind it.
pub type Pair<'s> = (f64, &'s Array2<f64>, &'s Array2<f64>);

/// Sums over steps, of which a share `f` of a step counts as much of its products.
#[derive(Debug, Clone)]
pub struct Sums {
    /// `(p[i+1] - p[i]) (mu[i] - mu[i+1])` of the face east of each node, and the same of the face north of it.
    pub x: Array2<f64>,
    pub y: Array2<f64>,
    /// `mu`, by which source and inflow count.
    pub source: Array2<f64>,
    /// `p mu`, by which losses count.
    pub loss: Array2<f64>,
    /// The increment times `mu`, by which the capacity counts.
    pub change: Array2<f64>,
    /// The derivatives by values that nodes keep, by what is read there.
    pub read: Array2<f64>,
}

impl Sums {
    /// Sums of nothing.
    pub fn new(system: &System) -> Self {
        Self {
            x: system.zeros(),
            y: system.zeros(),
            source: system.zeros(),
            loss: system.zeros(),
            change: system.zeros(),
            read: system.zeros(),
        }
    }

    /// Adds `mu` alone.
    pub fn add_source(&mut self, share: f64, adjoint: &Array2<f64>) {
        self.source
            .zip_mut_with(adjoint, |sum, mu| *sum += share * mu);
    }

    /// Adds the increment from one state to the next.
    pub fn add_change(&mut self, state: &Array2<f64>, next: &Array2<f64>, adjoint: &Array2<f64>) {
        let sums = Zip::from(&mut self.change)
            .and(state)
            .and(next)
            .and(adjoint);
        sums.par_for_each(|sum, p, next, mu| *sum += (next - p) * mu);
    }

    /// Adds what a share of the increment of a state contributes to all sums, for methods whose increments are not those
    /// between two states. Only the increment of the state itself `is_forced` by walls and sources.
    pub fn add_increment(&mut self, system: &System, pair: Pair<'_>, is_forced: bool) {
        let (share, state, adjoint) = pair;
        if is_forced {
            self.add_source(share, adjoint);
        }
        self.add_products(&[pair]);
        let increment = system.increment(state, is_forced);
        let sums = Zip::from(&mut self.change).and(&increment).and(adjoint);
        sums.par_for_each(|sum, change, mu| *sum += share * change * mu);
    }

    /// Adds the products at faces and the losses, of steps in this order.
    pub fn add_products(&mut self, pairs: &[Pair<'_>]) {
        let (ny, nx) = self.x.dim();
        let rows = self.x.outer_iter_mut().into_par_iter();
        let rows = rows.zip(self.y.outer_iter_mut().into_par_iter());
        let rows = rows.zip(self.loss.outer_iter_mut().into_par_iter());
        rows.enumerate()
            .for_each(|(j, ((mut x, mut y), mut loss))| {
                let (Some(x), Some(y), Some(loss)) =
                    (x.as_slice_mut(), y.as_slice_mut(), loss.as_slice_mut())
                else {
                    return;
                };
                for &(share, state, adjoint) in pairs {
                    let arrays = [state, adjoint].map(|array| array.as_slice().unwrap_or_default());
                    let row = arrays.map(|array| &array[j * nx..(j + 1) * nx]);
                    let next_row = arrays.map(|array| {
                        if j + 1 < ny {
                            &array[(j + 1) * nx..(j + 2) * nx]
                        } else {
                            &[]
                        }
                    });
                    vectorised(|| add_row(share, row, next_row, [&mut *x, &mut *y, &mut *loss]));
                }
            });
    }
}

/// Adds a step to the sums of a row, from p and `mu` in it and in the next row.
#[inline(always)]
fn add_row(
    share: f64,
    [p, mu]: [&[f64]; 2],
    [p_north, mu_north]: [&[f64]; 2],
    [x, y, loss]: [&mut [f64]; 3],
) {
    let faces = x.len() - 1;
    let (p_west, p_east) = (&p[..faces], &p[1..=faces]);
    let (mu_west, mu_east) = (&mu[..faces], &mu[1..=faces]);
    for i in 0..faces {
        x[i] += share * ((p_east[i] - p_west[i]) * (mu_west[i] - mu_east[i]));
    }
    for ((sum, p), mu) in loss.iter_mut().zip(p).zip(mu) {
        *sum += share * (p * mu);
    }
    let nodes = p.iter().zip(mu).zip(p_north.iter().zip(mu_north));
    for (sum, ((p, mu), (p_north, mu_north))) in y.iter_mut().zip(nodes) {
        *sum += share * ((p_north - p) * (mu - mu_north));
    }
}
