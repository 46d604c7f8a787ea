//! [`Moments`]: running count, sum, range and squared deviations of many values.
//!
//! Values are taken in batches that fit the first-level cache. A batch is gone through twice: once
//! for its sum and range, once for the squared deviations from a value near its mean (the corrected
//! two-pass algorithm). Sixteen neighbouring columns are the lanes of vectors; a contiguous run of
//! values is split into as many columns, which are merged at the end.
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

/// Columns that are summed side by side.
const COLUMNS: usize = 16;
/// Values of a contiguous run that make a batch.
pub const BATCH: usize = 4096;
/// Rows of columns that make a batch.
pub const BATCH_ROWS: usize = 32;

/// Which values count, and which are counted beside.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Leave NaN out. Otherwise a NaN makes every result but the counts NaN, as in NumPy.
    pub skip_nan: bool,
    /// Count the values above this one.
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
    /// How many values are, or were, NaN.
    nan: u64,
    /// How many lie above a limit.
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
        let (columns, rest) = batch.split_at(rows * COLUMNS);
        let [rest] = Batch::<T, 1>::of(rest, 1, rest.len()).moments();
        let mut all = Batch::vectorised(columns, COLUMNS, rows)
            .moments()
            .into_iter()
            .fold(Self::default(), Self::merge)
            .merge(rest);
        if all.sum.is_nan() {
            let nan = batch.iter().filter(|value| value.is_nan()).count() as u64;
            if nan > 0 && skip_nan {
                all = Self::of_batch(&without_nan(batch.iter()), false);
            } else if nan > 0 {
                all.mark_nan();
            }
            all.nan = nan;
        }
        all
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
        let mut at = 0;
        for group in &mut groups {
            let added = Batch::vectorised(&values[at..], stride, rows).moments();
            Self::add_batch(group, added, &values[at..], stride, rows, counted);
            at += COLUMNS;
        }
        for column in groups.into_remainder() {
            let added = Batch::<T, 1>::of(&values[at..], stride, rows).moments();
            let column = std::slice::from_mut(column);
            Self::add_batch(column, added, &values[at..], stride, rows, counted);
            at += 1;
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
            let own = || values[number..].iter().step_by(stride).take(rows);
            if moments.sum.is_nan() {
                let nan = own().filter(|value| value.is_nan()).count() as u64;
                if nan > 0 && counted.skip_nan {
                    moments = Self::of_batch(&without_nan(own()), false);
                } else if nan > 0 {
                    moments.mark_nan();
                }
                moments.nan = nan;
            }
            moments.above = counted.above(own());
            *column = column.merge(moments);
        }
    }

    /// Makes the range that of a NaN, which comparisons have passed over; the sum is NaN already.
    fn mark_nan(&mut self) {
        let nan = self.sum.near_mean(self.count);
        (self.min, self.max) = (nan, nan);
    }

    /// The moments of the values of both.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn merge(self, other: Self) -> Self {
        let [nan, above] = [self.nan + other.nan, self.above + other.above];
        if self.count == 0 {
            return Self {
                nan,
                above,
                ..other
            };
        }
        if other.count == 0 {
            return Self { nan, above, ..self };
        }
        Self {
            count: self.count + other.count,
            nan,
            above,
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

    /// Minimum and maximum, of at least one value.
    #[must_use]
    pub fn range(&self) -> Option<[T; 2]> {
        (self.count > 0).then_some([self.min, self.max])
    }

    /// The results.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn statistics(&self) -> Statistics {
        let any = self.count > 0;
        Statistics {
            count: self.count,
            nan: self.nan,
            above: self.above,
            sum: self.sum.scalar(),
            mean: self.sum.mean(self.count),
            std: if any {
                self.deviations.variance(self.count as f64).sqrt()
            } else {
                f64::NAN
            },
            range: any.then(|| (self.min.scalar(), self.max.scalar())),
        }
    }
}

fn without_nan<'a, T: Summable>(values: impl Iterator<Item = &'a T>) -> Vec<T> {
    values.copied().filter(|value| !value.is_nan()).collect()
}

/// The smaller of two, NaN if one is.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
pub(super) fn minimum<T: Number>(a: T, b: T) -> T {
    if a < b || a != a { a } else { b }
}

/// The larger of two, NaN if one is.
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
    /// A value near the mean; the sum of the deviations from it, and that of their squares.
    shift: [T; N],
    deviations: [f64; N],
    squares: [f64; N],
}

impl<T: Summable> Batch<T, COLUMNS> {
    /// Of as many columns as vectors take.
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
        let row = |number: usize| values[number * stride..].first_chunk::<N>();
        let mut sums = T::Sum::columns::<N>();
        let (mut min, mut max) = ([T::MIN_OF_NONE; N], [T::MAX_OF_NONE; N]);
        for values in (0..rows).map_while(row) {
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
        for values in (0..rows).map_while(row) {
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

    /// The moments of every column; their ranges do not know of NaN yet. Inlined into the loops above,
    /// it would make the compiler use vectors of two numbers there.
    #[inline(never)]
    #[expect(clippy::cast_precision_loss, reason = "a batch has few rows")]
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
