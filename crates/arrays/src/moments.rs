//! [`Moments`]: running count, sum, range and squared deviations of many values.
//!
//! Values are taken in batches that fit the first-level cache. A batch is traversed twice: first for its sum and range,
//! then for the squared deviations from a value near its mean (the corrected two-pass algorithm). Sixteen neighbouring
//! columns fill the lanes of vectors; a contiguous run of values is split into sixteen columns, which are merged at the
//! end.
//!
//! Source: Chan, Golub and LeVeque, "Algorithms for computing the sample variance: analysis and
//! recommendations", The American Statistician 37 (1983), equation 1.7.

use super::{
    double_double::{DoubleDouble, SquaredDeviations},
    statistics::Statistics,
    summable::{Sum, Summable},
};
use crate::npy::Number;
use diff2d_sys::vectorised;

/// The number of columns that are summed in parallel.
const COLUMNS: usize = 16;
/// The number of values in a batch of a contiguous run.
pub const BATCH: usize = 4096;
/// The number of rows in a batch of columns.
pub const BATCH_ROWS: usize = 32;

/// The treatment of NaN, and the values that are counted separately.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Leave NaN out. Otherwise a NaN makes every result except the counts NaN, as in NumPy.
    pub skip_nan: bool,
    /// Count the values above this limit.
    pub above: Option<f64>,
}

impl Counted {
    fn above<'a, T: Summable>(self, values: impl Iterator<Item = &'a T>) -> u64 {
        self.above.map_or(0, |limit| {
            values.filter(|value| value.is_above(limit)).count() as u64
        })
    }
}

/// Running count, sum, range and squared deviations.
#[derive(Debug, Clone, Copy)]
pub struct Moments<T: Summable> {
    count: u64,
    /// The number of NaN among the values, counted even if they are left out.
    nan: u64,
    /// The number of values above the limit.
    above: u64,
    sum: T::Sum,
    min: T,
    max: T,
    deviations: SquaredDeviations,
}

impl<T: Summable> Default for Moments<T> {
    fn default() -> Self {
        Self {
            count: 0,
            nan: 0,
            above: 0,
            sum: T::Sum::default(),
            min: T::MIN_OF_NONE,
            max: T::MAX_OF_NONE,
            deviations: SquaredDeviations::default(),
        }
    }
}

impl<T: Summable> Moments<T> {
    /// The moments of a contiguous run.
    pub fn of_run(values: &[T], counted: Counted) -> Self {
        values
            .chunks(BATCH)
            .map(|batch| Self {
                above: counted.above(batch.iter()),
                ..Self::of_batch(batch, counted.skip_nan)
            })
            .fold(Self::default(), Self::merge)
    }

    fn of_batch(batch: &[T], skip_nan: bool) -> Self {
        let rows = batch.len() / COLUMNS;
        let (columns, remainder) = batch.split_at(rows * COLUMNS);
        let [remainder] = Batch::<T, 1>::of(remainder, 1, remainder.len()).moments();
        let mut moments = Batch::vectorised(columns, COLUMNS, rows)
            .moments()
            .into_iter()
            .fold(Self::default(), Self::merge)
            .merge(remainder);
        if moments.sum.is_nan() {
            let nan = batch.iter().filter(|value| value.is_nan()).count() as u64;
            if nan > 0 && skip_nan {
                moments = Self::of_batch(&without_nan(batch.iter()), false);
            } else if nan > 0 {
                moments.mark_nan();
            }
            moments.nan = nan;
        }
        moments
    }

    /// Adds a batch of rows, `stride` apart, to the moments of their columns.
    pub fn add_rows(
        values: &[T],
        stride: usize,
        rows: usize,
        columns: &mut [Self],
        counted: Counted,
    ) {
        let mut groups = columns.chunks_exact_mut(COLUMNS);
        let mut column = 0;
        for group in &mut groups {
            let added = Batch::vectorised(&values[column..], stride, rows).moments();
            Self::add_batch(group, added, &values[column..], stride, rows, counted);
            column += COLUMNS;
        }
        for moments in groups.into_remainder() {
            let added = Batch::<T, 1>::of(&values[column..], stride, rows).moments();
            let group = std::slice::from_mut(moments);
            Self::add_batch(group, added, &values[column..], stride, rows, counted);
            column += 1;
        }
    }

    fn add_batch<const N: usize>(
        columns: &mut [Self],
        added: [Self; N],
        values: &[T],
        stride: usize,
        rows: usize,
        counted: Counted,
    ) {
        for (number, (column, mut moments)) in columns.iter_mut().zip(added).enumerate() {
            let column_values = values[number..].iter().step_by(stride).take(rows);
            if moments.sum.is_nan() {
                let nan = column_values.clone().filter(|value| value.is_nan()).count() as u64;
                if nan > 0 && counted.skip_nan {
                    moments = Self::of_batch(&without_nan(column_values.clone()), false);
                } else if nan > 0 {
                    moments.mark_nan();
                }
                moments.nan = nan;
            }
            moments.above = counted.above(column_values);
            *column = column.merge(moments);
        }
    }

    /// Sets minimum and maximum to NaN, which comparisons have ignored; the sum is NaN already.
    fn mark_nan(&mut self) {
        let nan = self.sum.near_mean(self.count);
        (self.min, self.max) = (nan, nan);
    }

    /// The moments of the values of both together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let nan = self.nan + other.nan;
        let values_above = self.above + other.above;
        if self.count == 0 {
            return Self {
                nan,
                above: values_above,
                ..other
            };
        }
        if other.count == 0 {
            return Self {
                nan,
                above: values_above,
                ..self
            };
        }
        Self {
            count: self.count + other.count,
            nan,
            above: values_above,
            sum: self.sum.merge(other.sum),
            min: minimum(self.min, other.min),
            max: maximum(self.max, other.max),
            deviations: self.deviations.merge(
                self.count as f64,
                other.deviations,
                other.count as f64,
            ),
        }
    }

    /// Minimum and maximum; `None` without values.
    #[must_use]
    pub fn range(&self) -> Option<[T; 2]> {
        (self.count > 0).then_some([self.min, self.max])
    }

    /// The statistics of the values.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let has_values = self.count > 0;
        Statistics {
            count: self.count,
            nan: self.nan,
            above: self.above,
            sum: self.sum.scalar(),
            mean: self.sum.mean(self.count),
            std: if has_values {
                self.deviations.variance(self.count as f64).sqrt()
            } else {
                f64::NAN
            },
            range: has_values.then(|| (self.min.scalar(), self.max.scalar())),
        }
    }
}

fn without_nan<'a, T: Summable>(values: impl Iterator<Item = &'a T>) -> Vec<T> {
    values.copied().filter(|value| !value.is_nan()).collect()
}

/// The smaller one of two numbers; NaN if one of them is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
pub(super) fn minimum<T: Number>(a: T, b: T) -> T {
    if a < b || a != a { a } else { b }
}

/// The larger one of two numbers; NaN if one of them is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
pub(super) fn maximum<T: Number>(a: T, b: T) -> T {
    if a > b || a != a { a } else { b }
}

/// A batch of values in `N` neighbouring columns, summed up column by column.
struct Batch<T: Summable, const N: usize> {
    rows: usize,
    sums: <T::Sum as Sum<T>>::Columns<N>,
    min: [T; N],
    max: [T; N],
    /// A value near the mean of every column.
    shift: [T; N],
    /// The sums of the deviations from `shift`.
    deviations: [f64; N],
    /// The sums of the squares of these deviations.
    squares: [f64; N],
}

impl<T: Summable> Batch<T, COLUMNS> {
    /// Sums up the columns with vector instructions.
    fn vectorised(values: &[T], stride: usize, rows: usize) -> Self {
        vectorised(
            #[inline(always)]
            || Self::of(values, stride, rows),
        )
    }
}

impl<T: Summable, const N: usize> Batch<T, N> {
    #[inline(always)]
    fn of(values: &[T], stride: usize, rows: usize) -> Self {
        let mut sums = T::Sum::columns::<N>();
        let (mut min, mut max) = ([T::MIN_OF_NONE; N], [T::MAX_OF_NONE; N]);
        for number in 0..rows {
            let Some(values) = values[number * stride..].first_chunk::<N>() else {
                break;
            };
            T::Sum::add_row(&mut sums, values);
            for column in 0..N {
                let value = values[column];
                min[column] = if value < min[column] {
                    value
                } else {
                    min[column]
                };
                max[column] = if value > max[column] {
                    value
                } else {
                    max[column]
                };
            }
        }
        let shift =
            std::array::from_fn(|column| T::Sum::column(&sums, column).near_mean(rows as u64));
        let (mut deviations, mut squares) = ([0.0; N], [0.0; N]);
        for number in 0..rows {
            let Some(values) = values[number * stride..].first_chunk::<N>() else {
                break;
            };
            for column in 0..N {
                let deviation = values[column].minus(shift[column]);
                deviations[column] += deviation;
                squares[column] += deviation * deviation;
            }
        }
        Self {
            rows,
            sums,
            min,
            max,
            shift,
            deviations,
            squares,
        }
    }

    /// The moments of every column, without the effect of NaN on their ranges. If the function were inlined into the
    /// loops above, the compiler would use vectors of two numbers there.
    #[inline(never)]
    fn moments(&self) -> [Moments<T>; N] {
        std::array::from_fn(|column| {
            let shift = self.shift[column].double_double();
            let correction = self.deviations[column] / self.rows as f64;
            let squares = self.squares[column];
            let mean = DoubleDouble {
                hi: shift.hi,
                lo: shift.lo + correction,
            };
            let sum = if squares.is_finite() {
                squares - self.deviations[column] * correction
            } else {
                squares
            };
            Moments {
                count: self.rows as u64,
                nan: 0,
                above: 0,
                sum: T::Sum::column(&self.sums, column),
                min: self.min[column],
                max: self.max[column],
                deviations: SquaredDeviations {
                    mean,
                    sum: sum.into(),
                },
            }
        })
    }
}
