//! [`Aggregates`]: between a level and the coarser one below it, by smoothed aggregation.

use crate::{
    matrix::{Matrix, Sparse},
    rows::{Rows, Terms},
};
use rayon::prelude::*;

/// Couplings weaker than this share of the root of both diagonals do not join nodes into an aggregate.
const STRONG: f64 = 0.08;

/// The aggregate of a node that belongs to none: its strong couplings are all to the ground, and smoothing alone solves it.
const NONE: u32 = u32::MAX;

/// Aggregates of the nodes of a level, each a node of the coarser one.
///
/// The prolongation is `P = (I - ω D⁻¹ A) T`, where `T` gives all nodes of an aggregate its value, and `D` is the diagonal
/// of `A`; the restriction is its transpose. Neither is stored: `A` is there.
///
/// Source: Vaněk, Mandel, Brezina, Computing 56 (1996), 179–196, with Algorithm 2 for the aggregates.
#[derive(Debug)]
pub(crate) struct Aggregates {
    /// The aggregate of each node.
    of_each: Vec<u32>,
    /// The nodes, aggregate after aggregate.
    members: Vec<u32>,
    /// Where the members of each aggregate begin, and the last ones end.
    starts: Vec<u32>,
}

impl Aggregates {
    /// Aggregates of strongly coupled nodes.
    pub(crate) fn of(matrix: &impl Matrix) -> Self {
        let diagonal: Vec<f64> = (0..matrix.len())
            .into_par_iter()
            .map(|k| matrix.diagonal(k))
            .collect();
        let strong =
            |k: usize, l: usize, a: f64| a * a >= STRONG * STRONG * diagonal[k] * diagonal[l];
        let mut aggregates = vec![NONE; matrix.len()];
        let mut count = 0;
        // A node makes an aggregate with its free neighbours, if there are any, and at first only if all are.
        let mut make = |aggregates: &mut [u32], all: bool| {
            for k in 0..matrix.len() {
                let (mut free, mut taken) = (false, aggregates[k] != NONE);
                if !taken {
                    matrix.row(k, |l, a| {
                        let is_free = aggregates[l] == NONE;
                        free |= is_free && strong(k, l, a);
                        taken |= all && !is_free && strong(k, l, a);
                    });
                }
                if free && !taken {
                    aggregates[k] = count;
                    matrix.row(k, |l, a| {
                        if aggregates[l] == NONE && strong(k, l, a) {
                            aggregates[l] = count;
                        }
                    });
                    count += 1;
                }
            }
        };
        make(&mut aggregates, true);
        // The others join that aggregate to which they are coupled most.
        let first = aggregates.clone();
        for k in 0..matrix.len() {
            if first[k] == NONE {
                let mut most = 0.0;
                matrix.row(k, |l, a| {
                    let coupling = a * a / diagonal[l];
                    if first[l] != NONE && strong(k, l, a) && coupling > most {
                        most = coupling;
                        aggregates[k] = first[l];
                    }
                });
            }
        }
        drop(first);
        make(&mut aggregates, false);
        // A node whose neighbours have larger conductances elsewhere follows them.
        let mut changes = true;
        while changes {
            changes = false;
            for k in 0..matrix.len() {
                if aggregates[k] == NONE {
                    let mut most = STRONG * diagonal[k];
                    matrix.row(k, |l, a| {
                        if aggregates[l] != NONE && -a > most {
                            most = -a;
                            aggregates[k] = aggregates[l];
                            changes = true;
                        }
                    });
                }
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
        let mut next = starts.clone();
        let mut members = vec![0; starts[count] as usize];
        for (k, &aggregate) in aggregates.iter().enumerate() {
            if aggregate != NONE {
                let place = &mut next[aggregate as usize];
                members[*place as usize] = k as u32;
                *place += 1;
            }
        }
        Self {
            of_each: aggregates,
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

    /// Adds `T x`.
    pub(crate) fn spread(&self, x: &[f64], to: &mut [f64]) {
        let nodes = to.par_iter_mut().zip(&self.of_each);
        nodes.for_each(|(to, &aggregate)| *to += x.get(aggregate as usize).copied().unwrap_or(0.0));
    }

    /// `Tᵀ x`.
    pub(crate) fn gather(&self, x: &[f64], out: &mut [f64]) {
        let aggregates = out.par_iter_mut().enumerate();
        aggregates.for_each(|(a, out)| *out = self.members(a).iter().map(|&k| x[k as usize]).sum());
    }

    /// The matrix of the coarser level, `Pᵀ A P`.
    pub(crate) fn coarse<M: Matrix>(&self, matrix: &M, damping: &[f64]) -> Sparse {
        let sums = self.sums(matrix, damping);
        let (fine, coarse) = (matrix.len(), self.len());
        let prolongation = Rows::of(fine, coarse, |k, terms| {
            let mut add = |l: usize, p: f64| {
                if self.of_each[l] != NONE {
                    terms.add(self.of_each[l] as usize, p);
                }
            };
            add(k, 1.0);
            of_row(matrix, k, |l, a| add(l, -damping[k] * a));
        });
        let restriction = prolongation.transpose(coarse);
        let add_product = |row: usize, factor: f64, terms: &mut Terms| {
            of_row(matrix, row, |l, a| {
                terms.add_all(factor * a, prolongation.row(l));
            });
        };
        let product = M::HAS_LONG_ROWS
            .then(|| Rows::of(fine, coarse, |row, terms| add_product(row, 1.0, terms)));
        let beside = Rows::of(coarse, coarse, |row, terms| {
            for (k, factor) in restriction.row(row) {
                match &product {
                    Some(product) => terms.add_all(factor, product.row(k)),
                    None => add_product(k, factor, terms),
                }
            }
            terms.remove(row);
        });
        Sparse { beside, sums }
    }

    /// Of its rows, `Tᵀ Sᵀ Sᵀ A 1`: where all nodes belong to aggregates, nothing cancels.
    fn sums(&self, matrix: &impl Matrix, damping: &[f64]) -> Vec<f64> {
        let ones = self.of_each.iter().map(|&a| f64::from(u8::from(a != NONE)));
        let mut x: Vec<f64> = ones.collect();
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
        4 * (self.of_each.len() + self.members.len() + self.starts.len())
    }
}

/// Calls `entry` with each element of a row, that on the diagonal the last.
fn of_row(matrix: &impl Matrix, row: usize, mut entry: impl FnMut(usize, f64)) {
    let mut diagonal = matrix.sum(row);
    matrix.row(row, |column, a| {
        diagonal -= a;
        entry(column, a);
    });
    entry(row, diagonal);
}
