//! [`Field`]: the density on the grid's nodes, boundary ring included, and its sums.

use crate::{grid::Grid, real::Real};
use bytemuck::{Pod, Zeroable};
use memmap2::{Advice, MmapMut};
use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;
use std::{io, marker::PhantomData, ops::Range};

/// A dense array `[j, i]`, row-major, rows without gaps: exactly the bytes of a snapshot.
///
/// The memory is an anonymous map: zeroed, aligned to a page, refused with an error rather than an
/// abort when there is none, and on huge pages where the system grants them. Pages are placed when
/// first written, so whoever initialises a row decides where it lives.
///
/// Shape: `(ny, nx)`, the boundary ring being the first and last row and column.
#[derive(Debug)]
pub struct Field<T> {
    memory: MmapMut,
    shape: (usize, usize),
    element: PhantomData<T>,
}

impl<T: Real> Field<T> {
    /// A field of zeros.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn zeros(shape: (usize, usize)) -> io::Result<Self> {
        let bytes = shape
            .0
            .checked_mul(shape.1)
            .and_then(|count| count.checked_mul(size_of::<T>()))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let memory = MmapMut::map_anon(bytes)?;
        // Fewer address translations where granted; a kernel without huge pages says no and all is well.
        let _ = memory.advise(Advice::HugePage);
        Ok(Self {
            memory,
            shape,
            element: PhantomData,
        })
    }

    /// Number of rows and columns, `(ny, nx)`.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The values, row after row.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        bytemuck::cast_slice(&self.memory)
    }

    /// The values, row after row, to change.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.memory)
    }

    /// The bytes of a snapshot of this field, native byte order.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.memory
    }

    /// The bytes of the field, to be overwritten by those of a snapshot.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// The field as an array `[j, i]`.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, T> {
        let (rows, columns) = self.shape;
        ArrayView2::from_shape((rows, columns), self.as_slice())
            .unwrap_or_else(|_| unreachable!("the memory was made for this shape"))
    }

    /// The field as an array `[j, i]`, to change.
    pub fn view_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let (rows, columns) = self.shape;
        ArrayViewMut2::from_shape((rows, columns), self.as_mut_slice())
            .unwrap_or_else(|_| unreachable!("the memory was made for this shape"))
    }

    /// Mass, minimum and maximum of a field of the whole grid.
    #[must_use]
    pub fn summary(&self, grid: &Grid) -> Summary {
        Summary::of_rows(&self.summaries(grid, 0..self.shape.0), grid)
    }

    /// The weighted sum, minimum and maximum of each of some rows.
    ///
    /// # Panics
    /// When the field has no such rows.
    #[must_use]
    pub fn summaries(&self, grid: &Grid, rows: Range<usize>) -> Vec<Summary> {
        let nx = self.shape.1;
        let (left, right) = (grid.x.weight(0), grid.x.weight(nx - 1));
        self.as_slice()[rows.start * nx..rows.end * nx]
            .par_chunks_exact(nx)
            .with_min_len(64)
            .map(|row| Summary::of_row(row, left, right))
            .collect()
    }
}

/// What the journal holds of a snapshot beside its digest.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Summary {
    /// `Σ w_j w_i p dx dy`, weight ½ on wall nodes and 1 inside \[density·length²\].
    pub mass: f64,
    /// The smallest value, NaN if there is one.
    pub min: f64,
    /// The largest value, NaN if there is one.
    pub max: f64,
}

/// Partial sums of a row: enough for the widest vectors, and part of the definition of its sum.
const LANES: usize = 16;

impl Summary {
    /// The weighted sum, minimum and maximum of one row, always in the same order: value `i` goes to
    /// partial sum `i % 16`, the partial sums are added pairwise.
    #[must_use]
    pub fn of_row<T: Real>(row: &[T], left: f64, right: f64) -> Self {
        let mut sums = [0.0; LANES];
        let mut min = [f64::INFINITY; LANES];
        let mut max = [f64::NEG_INFINITY; LANES];
        let mut add = |values: &[T]| {
            for (lane, value) in values.iter().enumerate() {
                let value = value.to_f64();
                sums[lane] += value;
                min[lane] = if value < min[lane] { value } else { min[lane] };
                max[lane] = if value > max[lane] { value } else { max[lane] };
            }
        };
        let (whole, rest) = row.as_chunks::<LANES>();
        whole.iter().for_each(|chunk| add(chunk));
        add(rest);
        let ends = [(row.first(), left), (row.last(), right)];
        let correction: f64 = ends
            .iter()
            .filter(|(_, weight)| *weight != 1.0)
            .filter_map(|(value, weight)| value.map(|value| (1.0 - weight) * value.to_f64()))
            .sum();
        let sum = pairwise(&sums) - correction;
        let (min, max) = if sum.is_nan() && row.iter().any(|value| value.to_f64().is_nan()) {
            (f64::NAN, f64::NAN)
        } else {
            (
                min.into_iter().fold(f64::INFINITY, f64::min),
                max.into_iter().fold(f64::NEG_INFINITY, f64::max),
            )
        };
        Self {
            mass: sum,
            min,
            max,
        }
    }

    /// Joins the summaries of all rows of a grid, from the first to the last.
    #[must_use]
    pub fn of_rows(rows: &[Self], grid: &Grid) -> Self {
        let weighted: Vec<f64> = rows
            .iter()
            .enumerate()
            .map(|(j, row)| grid.y.weight(j) * row.mass)
            .collect();
        let nan = rows.iter().any(|row| row.min.is_nan());
        let fold = |start, values: &mut dyn Iterator<Item = f64>, pick: fn(f64, f64) -> f64| {
            if nan {
                f64::NAN
            } else {
                values.fold(start, pick)
            }
        };
        Self {
            mass: pairwise(&weighted) * grid.x.spacing * grid.y.spacing,
            min: fold(f64::INFINITY, &mut rows.iter().map(|row| row.min), f64::min),
            max: fold(
                f64::NEG_INFINITY,
                &mut rows.iter().map(|row| row.max),
                f64::max,
            ),
        }
    }
}

/// The sum by halves: an error that grows with the logarithm of the length.
///
/// Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §4.1.
fn pairwise(values: &[f64]) -> f64 {
    match values {
        [] => 0.0,
        [one] => *one,
        _ => {
            let (left, right) = values.split_at(values.len().div_ceil(2));
            pairwise(left) + pairwise(right)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_on_the_walls_counts_its_ends_half() {
        let row = [1.0, 2.0, 4.0];
        assert_eq!(Summary::of_row(&row, 0.5, 0.5).mass, 4.5);
        assert_eq!(Summary::of_row(&row, 1.0, 1.0).mass, 7.0);
    }

    #[test]
    fn nan_is_not_lost_among_numbers() {
        let summary = Summary::of_row(&[1.0, f64::NAN, 3.0], 1.0, 1.0);
        assert!(summary.mass.is_nan() && summary.min.is_nan() && summary.max.is_nan());
        let summary = Summary::of_row(&[f64::INFINITY, f64::NEG_INFINITY], 1.0, 1.0);
        assert_eq!(
            (summary.min, summary.max),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }

    #[test]
    fn the_sum_of_many_tenths_keeps_its_digits() {
        let row = vec![0.1_f64; 1_000_001];
        let sum = Summary::of_row(&row, 1.0, 1.0).mass;
        assert!((sum - 100_000.1).abs() < 1e-6, "{sum}");
    }
}
