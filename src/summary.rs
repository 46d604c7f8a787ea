//! [`Summary`]: mass, minimum and maximum, the same for any number of threads and ranks.

use crate::{dynamics::Halt, grid::Grid, node_set::NodeSet, schedule::Clock};
use bytemuck::{Pod, Zeroable};
use diff2d_stencil::real::Real;
use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// Mass, minimum and maximum of a snapshot, or weighted sum, minimum and maximum of a row.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Summary {
    /// The mass of a snapshot, `Σ w_j w_i c p dx dy` \[density·length²\], or the sum of a row, `Σ w_i c p` \[density\],
    /// with a capacity c of 1 if it is not known. The weights are ½ for nodes on the walls and 1 for others.
    pub mass: f64,
    /// The smallest value; NaN if any value is NaN.
    pub min: f64,
    /// The largest value; NaN if any value is NaN.
    pub max: f64,
}

/// The number of partial sums of a row. It is part of the definition of the sum, and large enough for
/// the widest vector registers.
const PARTIAL_SUMS: usize = 16;

impl Summary {
    /// A summary without values.
    pub const NONE: Self = Self {
        mass: f64::NAN,
        min: f64::NAN,
        max: f64::NAN,
    };

    /// The summary of one row, with the weights `left` and `right` for its first and last value.
    ///
    /// The order of the additions is fixed: value `i` is added to partial sum `i % 16`, and the partial
    /// sums are added pairwise.
    #[must_use]
    pub fn of_row<T: Real>(row: &[T], left: f64, right: f64) -> Self {
        let mut sums = [0.0; PARTIAL_SUMS];
        let mut min = [f64::INFINITY; PARTIAL_SUMS];
        let mut max = [f64::NEG_INFINITY; PARTIAL_SUMS];
        let (chunks, remainder) = row.as_chunks::<PARTIAL_SUMS>();
        for values in chunks.iter().map(|chunk| &chunk[..]).chain([remainder]) {
            for (i, value) in values.iter().enumerate() {
                let value = value.to_f64();
                sums[i] += value;
                min[i] = if value < min[i] { value } else { min[i] };
                max[i] = if value > max[i] { value } else { max[i] };
            }
        }
        let end_values = [(row.first(), left), (row.last(), right)];
        let correction: f64 = end_values
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

    /// The weighted sum, minimum and maximum of each of several complete rows of a grid, from row `first` on. Masked
    /// nodes are left out.
    #[must_use]
    pub fn of_each_row<T: Real>(
        rows: &[T],
        first: usize,
        masked: Option<&Arc<NodeSet>>,
        grid: &Grid,
    ) -> Vec<Self> {
        let nx = grid.x.nodes;
        let (left_weight, right_weight) = (grid.x.weight(0), grid.x.weight(nx - 1));
        let rows = rows.par_chunks_exact(nx).enumerate().with_min_len(64);
        rows.map(|(row, values)| {
            let first_number = ((first + row) * nx) as u64;
            let numbers = first_number..first_number + nx as u64;
            match masked {
                Some(masked) if masked.within(numbers).next().is_some() => {
                    // A snapshot has NaN at masked nodes, and the state 0.
                    let mut zeroed_values = values.to_vec();
                    masked.fill(first_number, &mut zeroed_values, T::default());
                    let unmasked_values = values.iter().zip(first_number..);
                    let unmasked_values =
                        unmasked_values.filter(|(_, number)| !masked.has(*number));
                    Self::of_row(&zeroed_values, left_weight, right_weight)
                        .with_extremes_of(unmasked_values.map(|(value, _)| value.to_f64()))
                }
                _ => Self::of_row(values, left_weight, right_weight),
            }
        })
        .collect()
    }

    /// The summary with minimum and maximum of these values: infinity and minus infinity if there are none. NaN is
    /// kept.
    fn with_extremes_of(self, values: impl Iterator<Item = f64> + Clone) -> Self {
        if self.min.is_nan() {
            return self;
        }
        Self {
            min: values.clone().fold(f64::INFINITY, f64::min),
            max: values.fold(f64::NEG_INFINITY, f64::max),
            ..self
        }
    }

    /// The summary of a snapshot from the summaries of all its rows, in order.
    #[must_use]
    pub fn of_rows(rows: &[Self], grid: &Grid) -> Self {
        let weighted: Vec<f64> = rows
            .iter()
            .enumerate()
            .map(|(j, row)| grid.y.weight(j) * row.mass)
            .collect();
        let mass = grid.integral(pairwise(&weighted));
        let has_nan = rows.iter().any(|row| row.min.is_nan());
        let is_all_masked = rows.iter().all(|row| row.min > row.max);
        if has_nan || is_all_masked {
            return Self {
                mass,
                min: f64::NAN,
                max: f64::NAN,
            };
        }
        Self {
            mass,
            min: rows.iter().map(|row| row.min).fold(f64::INFINITY, f64::min),
            max: rows
                .iter()
                .map(|row| row.max)
                .fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// The reason why the run ends if a value is not finite in rows of the grid, from row `first` on. The rows have the
/// given columns of the grid, or all columns.
pub fn not_finite<T: Real>(
    rows: &[T],
    first: usize,
    columns: Option<Range<usize>>,
    grid: &Grid,
    now: Clock,
) -> Option<Halt> {
    let columns = columns.unwrap_or(0..grid.x.nodes);
    let nx = columns.len();
    let row = rows
        .par_chunks(nx)
        .with_min_len(64)
        .position_first(|row| !are_finite(row))?;
    let values = rows[row * nx..].iter().map(|value| value.to_f64());
    let (i, value) = values.enumerate().find(|(_, value)| !value.is_finite())?;
    let (x, y) = (grid.x.node(columns.start + i), grid.y.node(first + row));
    Some(Halt::State {
        value,
        place: format!("x = {x:?}, y = {y:?}"),
        step: now.step,
        time: now.simtime,
    })
}

/// Whether all values are finite. Without an early end the loop is as fast as memory.
fn are_finite<T: Real>(values: &[T]) -> bool {
    values.iter().fold(true, |is_finite, value| {
        is_finite & value.to_f64().is_finite()
    })
}

/// Pairwise summation. Its error grows with the logarithm of the number of values.
///
/// Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §4.1.
pub fn pairwise(values: &[f64]) -> f64 {
    match values {
        [] => 0.0,
        [value] => *value,
        // Short slices are added as they would be split, without a call for each part.
        [a, b] => a + b,
        [a, b, c] => (a + b) + c,
        [a, b, c, d] => (a + b) + (c + d),
        _ => {
            let (first_half, second_half) = values.split_at(values.len().div_ceil(2));
            pairwise(first_half) + pairwise(second_half)
        }
    }
}

/// The [pairwise] sum of each column of an array, computed for all columns together.
pub fn pairwise_columns(rows: &ArrayView2<'_, f64>) -> Vec<f64> {
    let row = |number: usize| rows.row(number).into_iter();
    match rows.nrows() {
        0 => vec![0.0; rows.ncols()],
        1 => row(0).copied().collect(),
        2 => row(0).zip(row(1)).map(|(a, b)| a + b).collect(),
        3 => {
            let columns = row(0).zip(row(1)).zip(row(2));
            columns.map(|((a, b), c)| (a + b) + c).collect()
        }
        4 => {
            let columns = row(0).zip(row(1)).zip(row(2).zip(row(3)));
            columns.map(|((a, b), (c, d))| (a + b) + (c + d)).collect()
        }
        count => {
            let (upper, lower) = rows.view().split_at(Axis(0), count.div_ceil(2));
            let mut sums = pairwise_columns(&upper);
            for (sum, addend) in sums.iter_mut().zip(pairwise_columns(&lower)) {
                *sum += addend;
            }
            sums
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_ends_of_a_row_have_their_weights() {
        let row = [1.0, 2.0, 4.0];
        assert_eq!(Summary::of_row(&row, 0.5, 0.5).mass, 4.5);
        assert_eq!(Summary::of_row(&row, 1.0, 1.0).mass, 7.0);
    }

    #[test]
    fn a_nan_makes_the_summary_nan_and_infinities_do_not() {
        let summary = Summary::of_row(&[1.0, f64::NAN, 3.0], 1.0, 1.0);
        assert!(summary.mass.is_nan() && summary.min.is_nan() && summary.max.is_nan());
        let summary = Summary::of_row(&[f64::INFINITY, f64::NEG_INFINITY], 1.0, 1.0);
        assert_eq!(
            (summary.min, summary.max),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }

    #[test]
    fn a_long_row_is_summed_pairwise() {
        let row = vec![0.1_f64; 1_000_001];
        let sum = Summary::of_row(&row, 1.0, 1.0).mass;
        assert!((sum - 100_000.1).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn columns_are_summed_as_each_of_them_alone() {
        for count in 0..70 {
            let rows =
                Array2::from_shape_fn((count, 3), |(j, i)| 0.1 + 1.0 / (j + 2 * i + 1) as f64);
            let each = rows.columns().into_iter();
            let each: Vec<f64> = each.map(|column| pairwise(&column.to_vec())).collect();
            assert_eq!(pairwise_columns(&rows.view()), each, "{count}");
        }
    }
}
