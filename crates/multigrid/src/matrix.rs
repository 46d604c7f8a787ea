//! [`Matrix`]: what the levels of a hierarchy have in common.
//!
//! Matrices are kept by their elements beside the diagonal and the sums of their rows, and products are those of differences,
//! `(A x)[k] = sum[k] x[k] + Σ A[k, l] (x[l] - x[k])`: constants cancel exactly, however small the sums are.

use rayon::prelude::*;

/// Rows whose products are computed by one thread at a time, and whose terms of a sum are added in order.
pub(crate) const ROWS: usize = 4096;

/// A symmetric matrix, by rows.
pub(crate) trait Matrix: Sync {
    /// The number of rows.
    fn len(&self) -> usize;

    /// The sum of a row.
    fn sum(&self, row: usize) -> f64;

    /// Calls `entry` with the column and value of each element of a row beside the diagonal, in an order of its own.
    fn row(&self, row: usize, entry: impl FnMut(usize, f64));

    /// The element on the diagonal of a row.
    fn diagonal(&self, row: usize) -> f64 {
        let mut diagonal = self.sum(row);
        self.row(row, |_, a| diagonal -= a);
        diagonal
    }

    /// Sets each `out[k]` to `value(k, (A x)[k])`.
    fn map(&self, x: &[f64], out: &mut [f64], value: impl Fn(usize, f64) -> f64 + Sync);
}

/// A sparse matrix.
#[derive(Debug)]
pub(crate) struct Sparse {
    /// Where the elements of each row begin, and the last ones end.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    sums: Vec<f64>,
}

impl Sparse {
    /// Rows of a matrix from row `first` on, each its elements by columns and its sum; elements on the diagonal follow from these.
    pub(crate) fn of(first: usize, rows: impl IntoIterator<Item = (Vec<(u32, f64)>, f64)>) -> Self {
        let mut matrix = Self::joined(Vec::new());
        for (k, (row, sum)) in (first..).zip(rows) {
            for (column, value) in row {
                if column as usize != k && value != 0.0 {
                    matrix.columns.push(column);
                    matrix.values.push(value);
                }
            }
            matrix.starts.push(matrix.columns.len());
            matrix.sums.push(sum);
        }
        matrix
    }

    /// A matrix of rows that follow one another.
    pub(crate) fn joined(parts: Vec<Self>) -> Self {
        let elements = parts.iter().map(|part| part.columns.len()).sum();
        let rows = parts.iter().map(|part| part.sums.len()).sum::<usize>();
        let mut all = Self {
            starts: Vec::with_capacity(rows + 1),
            columns: Vec::with_capacity(elements),
            values: Vec::with_capacity(elements),
            sums: Vec::with_capacity(rows),
        };
        all.starts.push(0);
        for part in parts {
            let before = all.columns.len();
            all.starts
                .extend(part.starts[1..].iter().map(|start| before + start));
            all.columns.extend(part.columns);
            all.values.extend(part.values);
            all.sums.extend(part.sums);
        }
        all
    }

    fn elements(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[row]..self.starts[row + 1];
        let columns = self.columns[range.clone()].iter();
        columns
            .zip(&self.values[range])
            .map(|(&column, &value)| (column as usize, value))
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.columns.len() * 12 + self.sums.len() * 16
    }
}

impl Matrix for Sparse {
    fn len(&self) -> usize {
        self.sums.len()
    }

    fn sum(&self, row: usize) -> f64 {
        self.sums[row]
    }

    fn row(&self, row: usize, mut entry: impl FnMut(usize, f64)) {
        for (column, value) in self.elements(row) {
            entry(column, value);
        }
    }

    fn map(&self, x: &[f64], out: &mut [f64], value: impl Fn(usize, f64) -> f64 + Sync) {
        let chunks = out.par_chunks_mut(ROWS).enumerate();
        chunks.for_each(|(chunk, out)| {
            for (row, out) in (chunk * ROWS..).zip(out) {
                let own = x[row];
                let terms = self.elements(row).map(|(column, a)| a * (x[column] - own));
                *out = value(row, self.sums[row] * own + terms.sum::<f64>());
            }
        });
    }
}

/// The sum of `term(k)` for `k` below `len`, in an order that depends on `len` alone.
pub(crate) fn sum(len: usize, term: impl Fn(usize) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = (0..len.div_ceil(ROWS))
        .into_par_iter()
        .map(|part| {
            let mut lanes = [0.0; 8];
            let range = part * ROWS..len.min((part + 1) * ROWS);
            for k in range {
                lanes[k % 8] += term(k);
            }
            lanes.iter().sum()
        })
        .collect();
    parts.iter().sum()
}
