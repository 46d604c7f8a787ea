//! [`Aggregates`]: between a level and the coarser one below it, by smoothed aggregation.

use crate::matrix::{Matrix, Sparse};
use rayon::prelude::*;
use std::ops::Range;

/// Couplings weaker than this share of the root of both diagonals do not join nodes into an aggregate.
const STRONG: f64 = 0.08;

/// The aggregate of a node that belongs to none: its strong couplings are all to the ground, and smoothing alone solves it.
const NONE: u32 = u32::MAX;

/// Coarse rows that are computed together.
const PART: usize = 1024;

/// The elements of a row of a sparse matrix, by columns.
type Row = Vec<(u32, f64)>;

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
        // A node whose neighbours are all free makes an aggregate with them.
        for k in 0..matrix.len() {
            let (mut coupled, mut free) = (false, aggregates[k] == NONE);
            if free {
                matrix.row(k, |l, a| {
                    if strong(k, l, a) {
                        coupled = true;
                        free &= aggregates[l] == NONE;
                    }
                });
            }
            if free && coupled {
                aggregates[k] = count;
                matrix.row(k, |l, a| {
                    if strong(k, l, a) {
                        aggregates[l] = count;
                    }
                });
                count += 1;
            }
        }
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
        // What is left makes aggregates among itself.
        for k in 0..matrix.len() {
            let mut coupled = false;
            if aggregates[k] == NONE {
                matrix.row(k, |l, a| {
                    if strong(k, l, a) && aggregates[l] == NONE {
                        aggregates[l] = count;
                        coupled = true;
                    }
                });
            }
            if coupled {
                aggregates[k] = count;
                count += 1;
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
    pub(crate) fn coarse(&self, matrix: &impl Matrix, damping: &[f64]) -> Sparse {
        // `A P 1` is `A T 1 - A (ω D⁻¹ A T 1)`: where all nodes belong to aggregates, nothing cancels in it.
        let ones: Vec<f64> = self
            .of_each
            .iter()
            .map(|&a| f64::from(u8::from(a != NONE)))
            .collect();
        let (mut damped, mut sums) = (vec![0.0; ones.len()], vec![0.0; ones.len()]);
        matrix.map(&ones, &mut damped, |k, product| damping[k] * product);
        matrix.map(&ones, &mut sums, |_, product| product);
        let mut beside = ones;
        matrix.map(&damped, &mut beside, |_, product| product);
        sums.par_iter_mut()
            .zip(&beside)
            .for_each(|(sum, beside)| *sum -= beside);
        drop((damped, beside));
        let parts = (0..self.len().div_ceil(PART)).into_par_iter();
        let parts = parts.map_init(
            || Accumulator::new(self.len()),
            |sum, part| {
                let rows = part * PART..self.len().min((part + 1) * PART);
                self.rows(rows, matrix, (damping, &sums), sum)
            },
        );
        Sparse::joined(parts.collect())
    }

    /// Some rows of `Pᵀ A P`. Those of `P` and `A P` that they take are there once, and for these rows alone.
    fn rows(
        &self,
        aggregates: Range<usize>,
        matrix: &impl Matrix,
        (damping, sums): (&[f64], &[f64]),
        sum: &mut Accumulator,
    ) -> Sparse {
        let first = aggregates.start;
        let near = self.and_beside(
            matrix,
            self.starts[aggregates.start]..self.starts[aggregates.end],
        );
        let reach = and_beside(matrix, near.iter().copied());
        let prolongation: Vec<_> = reach
            .iter()
            .map(|&k| self.prolongation(matrix, damping, k as usize, sum))
            .collect();
        let of = |k: u32| &prolongation[reach.partition_point(|&other| other < k)];
        let product: Vec<_> = near
            .iter()
            .map(|&k| {
                let mut add =
                    |l: usize, a: f64| of(l as u32).iter().for_each(|&(to, p)| sum.add(to, a * p));
                add(k as usize, matrix.diagonal(k as usize));
                matrix.row(k as usize, &mut add);
                sum.take()
            })
            .collect();
        let row = |aggregate: usize| {
            let mut total = 0.0;
            for k in self.and_beside(matrix, self.starts[aggregate]..self.starts[aggregate + 1]) {
                let own = of(k).binary_search_by_key(&(aggregate as u32), |&(to, _)| to);
                let Ok(own) = own else { continue };
                let factor = of(k)[own].1;
                let place = near.partition_point(|&other| other < k);
                total += factor * sums[k as usize];
                product[place]
                    .iter()
                    .for_each(|&(to, value)| sum.add(to, factor * value));
            }
            (sum.take(), total)
        };
        Sparse::of(first, aggregates.map(row))
    }

    /// The members of some aggregates and the nodes beside them, ascending.
    fn and_beside(&self, matrix: &impl Matrix, members: Range<u32>) -> Vec<u32> {
        and_beside(
            matrix,
            self.members[members.start as usize..members.end as usize]
                .iter()
                .copied(),
        )
    }

    /// A row of `P`.
    fn prolongation(
        &self,
        matrix: &impl Matrix,
        damping: &[f64],
        row: usize,
        sum: &mut Accumulator,
    ) -> Row {
        let mut add = |column: usize, value: f64| {
            if self.of_each[column] != NONE {
                sum.add(self.of_each[column], value);
            }
        };
        add(row, 1.0 - damping[row] * matrix.diagonal(row));
        matrix.row(row, |column, a| add(column, -damping[row] * a));
        sum.take()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        4 * (self.of_each.len() + self.members.len() + self.starts.len())
    }
}

/// A row of a sparse matrix while terms are added to it.
///
/// Source: Gustavson, ACM Trans. Math. Softw. 4 (1978), 250–269.
struct Accumulator {
    /// Where the term of each column lies, [`NONE`] if there is none.
    places: Vec<u32>,
    terms: Vec<(u32, f64)>,
}

impl Accumulator {
    fn new(columns: usize) -> Self {
        Self {
            places: vec![NONE; columns],
            terms: Vec::new(),
        }
    }

    fn add(&mut self, column: u32, value: f64) {
        let place = &mut self.places[column as usize];
        if *place == NONE {
            *place = self.terms.len() as u32;
            self.terms.push((column, value));
        } else {
            self.terms[*place as usize].1 += value;
        }
    }

    /// The terms by columns. The row is empty again.
    fn take(&mut self) -> Row {
        for &(column, _) in &self.terms {
            self.places[column as usize] = NONE;
        }
        let mut row = std::mem::take(&mut self.terms);
        row.sort_unstable_by_key(|&(column, _)| column);
        row
    }
}

/// Some nodes and those beside them, ascending.
fn and_beside(matrix: &impl Matrix, nodes: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut all = Vec::new();
    for k in nodes {
        all.push(k);
        matrix.row(k as usize, |l, _| all.push(l as u32));
    }
    all.sort_unstable();
    all.dedup();
    all
}
