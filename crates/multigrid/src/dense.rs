//! [`Dense`]: the coarsest level, solved directly.

use crate::matrix::Matrix;

/// The factorisation of a matrix, `L D Lᵀ`. If a pivot vanishes, as happens once for each closed piece of a network,
/// its unknown is 0.
///
/// Row sums are eliminated together with the elements, and pivots are computed from them: if the elements are negative,
/// as for conductances, nothing is subtracted, so that small sums keep their digits.
///
/// Source: Grassmann, Taksar, Heyman, Oper. Res. 33 (1985), 1107–1116.
#[derive(Debug)]
pub(crate) struct Dense {
    /// For row `k` the elements of `L` before the diagonal, followed by the pivot `D[k, k]`.
    factor: Vec<f64>,
    /// The right-hand side on entry to [`solve`](Self::solve), and the solution afterwards.
    pub(crate) x: Vec<f64>,
}

impl Dense {
    pub(crate) fn of(matrix: &impl Matrix) -> Self {
        let len = matrix.len();
        let mut factor = vec![0.0; len * len];
        let mut sums: Vec<f64> = (0..len).map(|k| matrix.sum(k)).collect();
        for k in 0..len {
            matrix.row(k, |l, a| factor[k * len + l] += a);
        }
        // From the last unknown to the first, so that the matrix that remains is the upper left block.
        for k in (0..len).rev() {
            let (block, row) = factor.split_at_mut(k * len);
            let row = &mut row[..=k];
            let pivot = sums[k] - row[..k].iter().sum::<f64>();
            row[k] = pivot;
            for i in 0..k {
                let quotient = quotient(row[i], pivot);
                let remaining_row = &mut block[i * len..i * len + k];
                remaining_row
                    .iter_mut()
                    .zip(&row[..k])
                    .for_each(|(a, b)| *a -= quotient * b);
                sums[i] -= quotient * sums[k];
            }
            row[..k].iter_mut().for_each(|a| *a = quotient(*a, pivot));
        }
        Self {
            factor,
            x: vec![0.0; len],
        }
    }

    /// Replaces `x` by `A⁻¹ x`.
    pub(crate) fn solve(&mut self) {
        let Self { factor, x } = self;
        let len = x.len();
        for k in (0..len).rev() {
            let value = x[k];
            let row = &factor[k * len..k * len + k];
            x[..k]
                .iter_mut()
                .zip(row)
                .for_each(|(x, l)| *x -= l * value);
        }
        for k in 0..len {
            let row = &factor[k * len..k * len + k];
            let dot: f64 = row.iter().zip(&x[..k]).map(|(l, x)| l * x).sum();
            x[k] = quotient(x[k], factor[k * len + k]) - dot;
        }
    }
}

/// The quotient of a value and a pivot; 0 if the pivot has vanished.
fn quotient(value: f64, pivot: f64) -> f64 {
    if pivot > 0.0 { value / pivot } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn a_closed_piece_and_a_grounded_one_are_solved() {
        // 0 - 1 with nothing else; 2 - 3, and 3 to the ground.
        let mut dense = Dense::of(&Network {
            nx: 4,
            east: vec![2.0, 0.0, 3.0, 0.0],
            north: vec![0.0; 4],
            ground: vec![0.0, 0.0, 0.0, 1e-20],
        });
        dense.x = vec![-1.0, 1.0, 3e-20, 1e-20];
        dense.solve();
        let expected = [0.0, 0.5, 4.0, 4.0];
        let both = dense.x.iter().zip(expected);
        assert!(
            both.clone().all(|(x, e)| (x - e).abs() < 1e-14),
            "{:?}",
            dense.x
        );
    }
}
