//! [`Aggregates`]: the transfer between a level and the coarser one below it, by smoothed aggregation.

use crate::{
    matrix::{Matrix, Sparse},
    rows::{MatrixRows, RowTerms},
};
use rayon::prelude::*;

/// The strength of a coupling relative to the geometric mean of both diagonal elements below which it does not join
/// nodes into an aggregate.
const STRONG: f64 = 0.08;

/// The number for a node without an aggregate: its strong couplings are all to the ground, and smoothing alone solves
/// it.
const NONE: u32 = u32::MAX;

/// Aggregates of the nodes of a level, each a node of the coarser one.
///
/// The prolongation is `P = (I - ω D⁻¹ A) T`, where `T` gives all nodes of an aggregate its value, and `D` is the
/// diagonal of `A`; the restriction is its transpose. Neither is stored, because both follow from `A`.
///
/// Source: Vaněk, Mandel, Brezina, Computing 56 (1996), 179–196, with Algorithm 2 for the aggregates.
#[derive(Debug)]
pub(crate) struct Aggregates {
    /// The aggregate of each node.
    aggregate_of: Vec<u32>,
    /// The nodes, ordered by aggregate.
    members: Vec<u32>,
    /// Index in `members` of the first member of each aggregate, and of the end of the last one.
    starts: Vec<u32>,
}

impl Aggregates {
    /// Aggregates of strongly coupled nodes.
    pub(crate) fn of(matrix: &impl Matrix) -> Self {
        let diagonal: Vec<f64> = (0..matrix.len())
            .into_par_iter()
            .map(|k| matrix.diagonal(k))
            .collect();
        let mut aggregates = vec![NONE; matrix.len()];
        let mut count = 0;
        aggregate_neighbours(matrix, &diagonal, &mut aggregates, &mut count, true);
        // Each remaining node joins the aggregate to which it is coupled most strongly.
        let first_aggregates = aggregates.clone();
        for k in 0..matrix.len() {
            if first_aggregates[k] != NONE {
                continue;
            }
            let mut strongest = 0.0;
            matrix.row(k, |l, a| {
                let coupling = a * a / diagonal[l];
                let is_candidate = first_aggregates[l] != NONE && is_strong(&diagonal, k, l, a);
                if is_candidate && coupling > strongest {
                    strongest = coupling;
                    aggregates[k] = first_aggregates[l];
                }
            });
        }
        drop(first_aggregates);
        aggregate_neighbours(matrix, &diagonal, &mut aggregates, &mut count, false);
        // A node whose neighbours have larger conductances elsewhere follows them.
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for k in 0..matrix.len() {
                if aggregates[k] != NONE {
                    continue;
                }
                let mut largest_conductance = STRONG * diagonal[k];
                matrix.row(k, |l, a| {
                    if aggregates[l] != NONE && -a > largest_conductance {
                        largest_conductance = -a;
                        aggregates[k] = aggregates[l];
                        has_changed = true;
                    }
                });
            }
        }
        Self::with_members(aggregates, count as usize)
    }

    fn with_members(aggregates: Vec<u32>, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for &aggregate in aggregates.iter().filter(|&&aggregate| aggregate != NONE) {
            starts[aggregate as usize + 1] += 1;
        }
        for a in 0..count {
            starts[a + 1] += starts[a];
        }
        let mut next_places = starts.clone();
        let mut members = vec![0; starts[count] as usize];
        for (k, &aggregate) in aggregates.iter().enumerate() {
            if aggregate != NONE {
                let place = &mut next_places[aggregate as usize];
                members[*place as usize] = k as u32;
                *place += 1;
            }
        }
        Self {
            aggregate_of: aggregates,
            members,
            starts,
        }
    }

    /// The number of aggregates.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn members(&self, aggregate: usize) -> &[u32] {
        &self.members[self.starts[aggregate] as usize..self.starts[aggregate + 1] as usize]
    }

    /// Adds `T x` to the values of the nodes.
    pub(crate) fn spread(&self, x: &[f64], values: &mut [f64]) {
        let nodes = values.par_iter_mut().zip(&self.aggregate_of);
        nodes.for_each(|(value, &aggregate)| {
            *value += x.get(aggregate as usize).copied().unwrap_or(0.0);
        });
    }

    /// Sets `out` to `Tᵀ x`.
    pub(crate) fn gather(&self, x: &[f64], out: &mut [f64]) {
        let aggregates = out.par_iter_mut().enumerate();
        aggregates.for_each(|(a, out)| *out = self.members(a).iter().map(|&k| x[k as usize]).sum());
    }

    /// The matrix of the coarser level, `Pᵀ A P`.
    pub(crate) fn coarse<M: Matrix>(&self, matrix: &M, damping: &[f64]) -> Sparse {
        let sums = self.sums(matrix, damping);
        let (fine, coarse) = (matrix.len(), self.len());
        let prolongation = MatrixRows::of(fine, coarse, |k, terms| {
            add_aggregate(&self.aggregate_of, k, 1.0, terms);
            for_each_element(matrix, k, |l, a| {
                add_aggregate(&self.aggregate_of, l, -damping[k] * a, terms);
            });
        });
        let restriction = prolongation.transpose(coarse);
        let product = M::HAS_LONG_ROWS.then(|| {
            MatrixRows::of(fine, coarse, |row, terms| {
                add_row_of_product(matrix, &prolongation, row, 1.0, terms);
            })
        });
        let off_diagonal = MatrixRows::of(coarse, coarse, |row, terms| {
            for (k, factor) in restriction.row(row) {
                match &product {
                    Some(product) => terms.add_all(factor, product.row(k)),
                    None => add_row_of_product(matrix, &prolongation, k, factor, terms),
                }
            }
            terms.remove(row);
        });
        Sparse { off_diagonal, sums }
    }

    /// The row sums of the coarser level, `Tᵀ Sᵀ Sᵀ A 1`. If all nodes belong to aggregates, nothing cancels.
    fn sums(&self, matrix: &impl Matrix, damping: &[f64]) -> Vec<f64> {
        let ones = self.aggregate_of.iter();
        let mut x: Vec<f64> = ones.map(|&a| f64::from(u8::from(a != NONE))).collect();
        let mut sums = vec![0.0; x.len()];
        matrix.map(&x, &mut sums, |_, _| {});
        for _ in 0..2 {
            let damped = sums.par_iter().zip(damping).map(|(sum, d)| d * sum);
            let damped: Vec<f64> = damped.collect();
            matrix.map(&damped, &mut x, |rows, out| {
                out.iter_mut()
                    .zip(&sums[rows])
                    .for_each(|(out, sum)| *out = sum - *out);
            });
            std::mem::swap(&mut x, &mut sums);
        }
        x.truncate(self.len());
        self.gather(&sums, &mut x);
        x
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        4 * (self.aggregate_of.len() + self.members.len() + self.starts.len())
    }
}

/// Whether the element `a` couples the nodes `k` and `l` strongly.
fn is_strong(diagonal: &[f64], k: usize, l: usize, a: f64) -> bool {
    a * a >= STRONG * STRONG * diagonal[k] * diagonal[l]
}

/// Forms an aggregate of every free node and its free neighbours that are strongly coupled, if there are any; with
/// `needs_all`, only if all strongly coupled neighbours are free.
fn aggregate_neighbours(
    matrix: &impl Matrix,
    diagonal: &[f64],
    aggregates: &mut [u32],
    count: &mut u32,
    needs_all: bool,
) {
    for k in 0..matrix.len() {
        if aggregates[k] != NONE {
            continue;
        }
        let (mut has_free, mut has_taken) = (false, false);
        matrix.row(k, |l, a| {
            let is_free = aggregates[l] == NONE;
            has_free |= is_free && is_strong(diagonal, k, l, a);
            has_taken |= !is_free && is_strong(diagonal, k, l, a);
        });
        if !has_free || (needs_all && has_taken) {
            continue;
        }
        aggregates[k] = *count;
        matrix.row(k, |l, a| {
            if aggregates[l] == NONE && is_strong(diagonal, k, l, a) {
                aggregates[l] = *count;
            }
        });
        *count += 1;
    }
}

/// Adds a term to the aggregate of a node, if it belongs to one.
fn add_aggregate(aggregate_of: &[u32], node: usize, value: f64, terms: &mut RowTerms) {
    if aggregate_of[node] != NONE {
        terms.add(aggregate_of[node] as usize, value);
    }
}

/// Adds a multiple of a row of `A P`.
fn add_row_of_product(
    matrix: &impl Matrix,
    prolongation: &MatrixRows,
    row: usize,
    factor: f64,
    terms: &mut RowTerms,
) {
    for_each_element(matrix, row, |l, a| {
        terms.add_all(factor * a, prolongation.row(l));
    });
}

/// Calls `entry` with each element of a row; the diagonal element comes last.
fn for_each_element(matrix: &impl Matrix, row: usize, mut entry: impl FnMut(usize, f64)) {
    let mut diagonal = matrix.sum(row);
    matrix.row(row, |column, a| {
        diagonal -= a;
        entry(column, a);
    });
    entry(row, diagonal);
}
