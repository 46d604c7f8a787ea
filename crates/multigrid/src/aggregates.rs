//! [`Aggregates`]: between a level and the coarser one below it, by smoothed aggregation.

use crate::matrix::{Matrix, Sparse};
use rayon::prelude::*;

/// Couplings weaker than this share of the root of both diagonals do not join nodes into an aggregate.
const STRONG: f64 = 0.08;

/// The aggregate of a node that belongs to none: its strong couplings are all to the ground, and smoothing alone solves it.
const NONE: u32 = u32::MAX;

/// Coarse rows that are computed together.
const PART: usize = 256;

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
        let parts = parts.map_init(Vectors::default, |vectors, part| {
            let rows = part * PART..self.len().min((part + 1) * PART);
            let first = rows.start;
            let rows = rows.map(|row| self.row(row, matrix, (damping, &sums), vectors));
            Sparse::of(first, rows)
        });
        Sparse::joined(parts.collect())
    }

    /// A row of `Pᵀ A P` and its sum, from that of the unit matrix: `Tᵀ (I - A ω D⁻¹) A (I - ω D⁻¹ A) T`.
    fn row(
        &self,
        row: usize,
        matrix: &impl Matrix,
        (damping, sums): (&[f64], &[f64]),
        Vectors(one, other): &mut Vectors,
    ) -> (Row, f64) {
        one.clear();
        for &k in self.members(row) {
            one.add(k, 1.0);
            of_row(matrix, k as usize, |l, a| {
                one.add(l as u32, -damping[l] * a);
            });
        }
        let sum = one.terms.iter().map(|&(k, value)| value * sums[k as usize]);
        let sum = sum.sum();
        other.clear();
        for &(k, value) in &one.terms {
            of_row(matrix, k as usize, |l, a| other.add(l as u32, a * value));
        }
        one.clear();
        let mut add = |k: usize, value: f64| {
            if self.of_each[k] != NONE {
                one.add(self.of_each[k], value);
            }
        };
        for &(k, value) in &other.terms {
            let (k, damped) = (k as usize, damping[k as usize] * value);
            add(k, value);
            of_row(matrix, k, |l, a| add(l, -a * damped));
        }
        let mut terms = one.terms.clone();
        terms.sort_unstable_by_key(|&(column, _)| column);
        (terms, sum)
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

/// Two sparse vectors, each of which the other one is computed from.
#[derive(Debug, Default)]
struct Vectors(SparseVector, SparseVector);

/// A sparse vector to which terms are added, by a hash table.
#[derive(Debug, Default)]
struct SparseVector {
    /// By index, in the order in which they came.
    terms: Vec<(u32, f64)>,
    /// Where the term of an index lies, [`NONE`] if there is none here; a power of two, at least twice as many as terms.
    places: Vec<u32>,
}

impl SparseVector {
    fn clear(&mut self) {
        self.terms.clear();
        self.places.fill(NONE);
    }

    fn add(&mut self, index: u32, value: f64) {
        if 2 * self.terms.len() >= self.places.len() {
            let places = (2 * self.places.len()).max(64);
            self.places.clear();
            self.places.resize(places, NONE);
            for place in 0..self.terms.len() {
                let slot = self.slot(self.terms[place].0);
                self.places[slot] = place as u32;
            }
        }
        let slot = self.slot(index);
        match self.places[slot] {
            NONE => {
                self.places[slot] = self.terms.len() as u32;
                self.terms.push((index, value));
            }
            place => self.terms[place as usize].1 += value,
        }
    }

    /// Where the place of an index is, or is to be.
    fn slot(&self, index: u32) -> usize {
        let last = self.places.len() - 1;
        let mut slot = index.wrapping_mul(0x9e37_79b1) as usize >> 7 & last;
        loop {
            match self.places[slot] {
                NONE => return slot,
                place if self.terms[place as usize].0 == index => return slot,
                _ => slot = (slot + 1) & last,
            }
        }
    }
}
