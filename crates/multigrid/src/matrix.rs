//! [`Matrix`]: the common operations of the levels of a hierarchy.
//!
//! A matrix is represented by its off-diagonal elements and its row sums, and products are computed from differences,
//! `(A x)[k] = sum[k] x[k] + Σ A[k, l] (x[l] - x[k])`, so that constants cancel exactly, however small the sums are.

use crate::rows::MatrixRows;
use rayon::prelude::*;
use std::ops::Range;

/// The number of rows whose products one thread computes at a time.
const ROWS: usize = 256;

/// The number of vector elements whose products one thread adds up.
pub(crate) const PART: usize = 4096;

/// A symmetric matrix, by rows.
pub(crate) trait Matrix: Sync {
    /// Whether storing a product with the matrix is worth its memory if the product is used more than once.
    const HAS_LONG_ROWS: bool;

    /// The number of rows.
    fn len(&self) -> usize;

    /// The sum of the elements of a row.
    fn sum(&self, row: usize) -> f64;

    /// Calls `entry` with the column and value of each off-diagonal element of a row, in any order.
    fn row(&self, row: usize, entry: impl FnMut(usize, f64));

    /// A lower estimate of the largest eigenvalue of `D⁻¹ A`, where `inverse` is `D⁻¹`.
    fn radius(&self, inverse: &[f64]) -> f64;

    /// The diagonal element of a row.
    fn diagonal(&self, row: usize) -> f64 {
        let mut diagonal = self.sum(row);
        self.row(row, |_, a| diagonal -= a);
        diagonal
    }

    /// Sets `out` to `A x`, some rows at a time, and calls `finish` to change them.
    fn map(&self, x: &[f64], out: &mut [f64], finish: impl Fn(Range<usize>, &mut [f64]) + Sync);
}

/// A sparse matrix: its off-diagonal elements, and its row sums.
#[derive(Debug)]
pub(crate) struct Sparse {
    pub(crate) off_diagonal: MatrixRows,
    pub(crate) sums: Vec<f64>,
}

impl Sparse {
    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.off_diagonal.bytes() + 8 * self.sums.len()
    }
}

impl Matrix for Sparse {
    const HAS_LONG_ROWS: bool = true;

    fn len(&self) -> usize {
        self.sums.len()
    }

    fn sum(&self, row: usize) -> f64 {
        self.sums[row]
    }

    fn row(&self, row: usize, mut entry: impl FnMut(usize, f64)) {
        let elements = self.off_diagonal.row(row);
        elements.for_each(|(column, value)| entry(column, value));
    }

    /// The estimate from fifteen steps of the power method and a Rayleigh quotient.
    fn radius(&self, inverse: &[f64]) -> f64 {
        let mut x: Vec<f64> = (0..self.len())
            .map(|k| pseudo_random(k) as f64 - f64::from(1u32 << 31))
            .collect();
        let mut product = vec![0.0; x.len()];
        let mut radius = 1.0;
        for _ in 0..15 {
            self.map(&x, &mut product, |_, _| {});
            let energy = dot(&x, &product);
            let nodes = x.par_iter_mut().zip(&product).zip(inverse);
            nodes.for_each(|((x, product), d)| *x = d * product);
            let norm = dot(&x, &product);
            if energy <= 0.0 || norm <= 0.0 {
                break;
            }
            radius = norm / energy;
            let scale = 1.0 / norm.sqrt();
            x.par_iter_mut().for_each(|x| *x *= scale);
        }
        radius
    }

    fn map(&self, x: &[f64], out: &mut [f64], finish: impl Fn(Range<usize>, &mut [f64]) + Sync) {
        let chunks = out.par_chunks_mut(ROWS).enumerate();
        chunks.for_each(|(chunk, out)| {
            let rows = chunk * ROWS..chunk * ROWS + out.len();
            for (row, out) in rows.clone().zip(&mut *out) {
                *out = self.sums[row] * x[row] + self.off_diagonal.differences(row, x);
            }
            finish(rows, out);
        });
    }
}

/// Element `k` of a fixed pseudo-random sequence of 32-bit numbers, as of SplitMix64.
fn pseudo_random(k: usize) -> u64 {
    let mut bits = (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32
}

/// The scalar product `aᵀ b`, in an order of summation that depends only on the length.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let parts = a.par_chunks(PART).zip(b.par_chunks(PART)).map(|(a, b)| {
        let ((a, remainder_a), (b, remainder_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        let mut lanes = [0.0; 8];
        for (a, b) in a.iter().zip(b) {
            for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane += a * b;
            }
        }
        let remainder = remainder_a.iter().zip(remainder_b).map(|(a, b)| a * b);
        lanes.into_iter().chain(remainder).sum::<f64>()
    });
    parts.collect::<Vec<f64>>().into_iter().sum()
}
