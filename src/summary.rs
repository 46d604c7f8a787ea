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
    /// Of a snapshot `Σ w_j w_i c p dx dy` \[density·length²\], of a row `Σ w_i c p` \[density\], with a capacity c of
    /// 1 where none is known. The weights are ½ for nodes on the walls and 1 for others.
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
    /// Of what is not known yet.
    pub const NONE: Self = Self {
        mass: f64::NAN,
        min: f64::NAN,
        max: f64::NAN,
    };

    /// The summary of one row, whose first and last value have the weights `left` and `right`.
    ///
    /// The order of the additions is fixed: value `i` is added to partial sum `i % 16`, and the partial
    /// sums are added pairwise.
    #[must_use]
    pub fn of_row<T: Real>(row: &[T], left: f64, right: f64) -> Self {
        let mut sums = [0.0; PARTIAL_SUMS];
        let mut min = [f64::INFINITY; PARTIAL_SUMS];
        let mut max = [f64::NEG_INFINITY; PARTIAL_SUMS];
        let mut add = |values: &[T]| {
            for (i, value) in values.iter().enumerate() {
                let value = value.to_f64();
                sums[i] += value;
                min[i] = if value < min[i] { value } else { min[i] };
                max[i] = if value > max[i] { value } else { max[i] };
            }
        };
        let (whole, rest) = row.as_chunks::<PARTIAL_SUMS>();
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

    /// The weighted sum, minimum and maximum of each of several whole rows of a grid, from row `first` on. Masked
    /// nodes, whose values are 0, have no part in them.
    #[must_use]
    pub fn of_each_row<T: Real>(
        rows: &[T],
        first: usize,
        masked: Option<&Arc<NodeSet>>,
        grid: &Grid,
    ) -> Vec<Self> {
        let nx = grid.x.nodes;
        let (left, right) = (grid.x.weight(0), grid.x.weight(nx - 1));
        let rows = rows.par_chunks_exact(nx).enumerate().with_min_len(64);
        let summary = rows.map(|(row, values)| {
            let summary = Self::of_row(values, left, right);
            let begin = ((first + row) * nx) as u64;
            match masked {
                Some(masked) if masked.within(begin..begin + nx as u64).next().is_some() => {
                    let inside = values.iter().zip(begin..);
                    let inside = inside.filter(|(_, number)| !masked.has(*number));
                    summary.with_ends_of(inside.map(|(value, _)| value.to_f64()))
                }
                _ => summary,
            }
        });
        summary.collect()
    }

    /// With minimum and maximum of these values, which none lies within if there are none; NaN stays.
    fn with_ends_of(self, values: impl Iterator<Item = f64> + Clone) -> Self {
        if self.min.is_nan() {
            return self;
        }
        Self {
            min: values.clone().fold(f64::INFINITY, f64::min),
            max: values.fold(f64::NEG_INFINITY, f64::max),
            ..self
        }
    }

    /// The summary of a snapshot from those of all its rows, first to last.
    #[must_use]
    pub fn of_rows(rows: &[Self], grid: &Grid) -> Self {
        let weighted: Vec<f64> = rows
            .iter()
            .enumerate()
            .map(|(j, row)| grid.y.weight(j) * row.mass)
            .collect();
        let nan = rows.iter().any(|row| row.min.is_nan());
        // A mask has left no node.
        let nan = nan || rows.iter().all(|row| row.min > row.max);
        let fold = |start, values: &mut dyn Iterator<Item = f64>, pick: fn(f64, f64) -> f64| {
            if nan {
                f64::NAN
            } else {
                values.fold(start, pick)
            }
        };
        Self {
            mass: grid.integral(pairwise(&weighted)),
            min: fold(f64::INFINITY, &mut rows.iter().map(|row| row.min), f64::min),
            max: fold(
                f64::NEG_INFINITY,
                &mut rows.iter().map(|row| row.max),
                f64::max,
            ),
        }
    }
}

/// Why the run ends where a value of rows of the grid, from row `first` on, is not finite. They have all columns, or
/// these.
#[must_use]
pub fn not_finite<T: Real>(
    rows: &[T],
    first: usize,
    columns: Option<Range<usize>>,
    grid: &Grid,
    now: Clock,
) -> Option<Halt> {
    let columns = columns.unwrap_or(0..grid.x.nodes);
    let nx = columns.len();
    // As fast as memory can be read.
    let is_sound = |row: &[T]| {
        row.iter()
            .fold(true, |all, value| all & value.to_f64().is_finite())
    };
    let row = rows
        .par_chunks(nx)
        .with_min_len(64)
        .position_first(|row| !is_sound(row))?;
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

/// Pairwise summation. Its error grows with the logarithm of the number of values.
///
/// Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §4.1.
#[must_use]
pub fn pairwise(values: &[f64]) -> f64 {
    match values {
        [] => 0.0,
        [one] => *one,
        // As they would be split, without a call for each.
        [a, b] => a + b,
        [a, b, c] => (a + b) + c,
        [a, b, c, d] => (a + b) + (c + d),
        _ => {
            let (left, right) = values.split_at(values.len().div_ceil(2));
            pairwise(left) + pairwise(right)
        }
    }
}

/// The [pairwise] sum of each column of some rows, of all columns together.
#[must_use]
pub fn pairwise_columns(rows: &ArrayView2<'_, f64>) -> Vec<f64> {
    let row = |number: usize| rows.row(number).into_iter();
    match rows.nrows() {
        0 => vec![0.0; rows.ncols()],
        1 => row(0).copied().collect(),
        2 => row(0).zip(row(1)).map(|(a, b)| a + b).collect(),
        3 => {
            let all = row(0).zip(row(1)).zip(row(2));
            all.map(|((a, b), c)| (a + b) + c).collect()
        }
        4 => {
            let all = row(0).zip(row(1)).zip(row(2).zip(row(3)));
            all.map(|((a, b), (c, d))| (a + b) + (c + d)).collect()
        }
        count => {
            let (left, right) = rows.view().split_at(Axis(0), count.div_ceil(2));
            let mut sums = pairwise_columns(&left);
            let others = pairwise_columns(&right);
            sums.iter_mut()
                .zip(others)
                .for_each(|(sum, other)| *sum += other);
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
