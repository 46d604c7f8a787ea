//! [`Moments`]: count, sum, mean, spread and range of many values, and how to join them.
//!
//! Values are taken in blocks that fit the first caches. A block is gone through twice: once for its
//! sum and range, once for the squared deviations from its mean. Sixteen neighbouring columns are
//! lanes of vectors; a contiguous run is taken as as many columns too, joined at the end.

use super::{
    measure::{Measure, Sum},
    twofold::{Spread, Twofold},
    vectorised::vectorised,
};
use crate::cube::{number::Number, scalar::Scalar};

/// Columns that are summed side by side.
const LANES: usize = 16;
/// Values of a contiguous run that make a block.
pub const BLOCK: usize = 4096;
/// Rows of columns that make a block.
pub const ROWS: usize = 32;

/// What is known of values once they are gone.
#[derive(Debug, Clone, Copy)]
pub struct Moments<T: Measure> {
    count: u64,
    sum: T::Sum,
    low: T,
    high: T,
    spread: Spread,
}

impl<T: Measure> Default for Moments<T> {
    fn default() -> Self {
        Self {
            count: 0,
            sum: T::Sum::default(),
            low: T::HIGHEST,
            high: T::LOWEST,
            spread: Spread::default(),
        }
    }
}

impl<T: Measure> Moments<T> {
    /// The moments of a contiguous run; NaN left out if `skip_nan`, else as NumPy has it.
    pub fn of_run(values: &[T], skip_nan: bool) -> Self {
        values
            .chunks(BLOCK)
            .map(|block| Self::of_block(block, skip_nan))
            .fold(Self::default(), Self::and)
    }

    fn of_block(block: &[T], skip_nan: bool) -> Self {
        let rows = block.len() / LANES;
        let (columns, rest) = block.split_at(rows * LANES);
        let [rest] = Block::<T, 1>::of(rest, 1, rest.len()).moments();
        let mut all = Block::vector(columns, LANES, rows)
            .moments()
            .into_iter()
            .fold(Self::default(), Self::and)
            .and(rest);
        if all.sum.is_nan() && block.iter().any(|value| value.is_nan()) {
            if skip_nan {
                return Self::of_block(&without_nan(block.iter()), false);
            }
            all.mark_nan();
        }
        all
    }

    /// Adds the rows of a block of columns, `stride` apart, to the moments of those columns.
    pub fn add_rows(values: &[T], stride: usize, rows: usize, columns: &mut [Self], skip: bool) {
        let mut groups = columns.chunks_exact_mut(LANES);
        let mut at = 0;
        for group in &mut groups {
            let lanes = Block::vector(&values[at..], stride, rows).moments();
            Self::add_lanes(group, lanes, &values[at..], stride, rows, skip);
            at += LANES;
        }
        for column in groups.into_remainder() {
            let lane = Block::<T, 1>::of(&values[at..], stride, rows).moments();
            let column = std::slice::from_mut(column);
            Self::add_lanes(column, lane, &values[at..], stride, rows, skip);
            at += 1;
        }
    }

    fn add_lanes<const N: usize>(
        columns: &mut [Self],
        lanes: [Self; N],
        values: &[T],
        stride: usize,
        rows: usize,
        skip_nan: bool,
    ) {
        for (lane, (column, mut moments)) in columns.iter_mut().zip(lanes).enumerate() {
            if moments.sum.is_nan() {
                let own = || values[lane..].iter().step_by(stride).take(rows);
                if own().any(|value| value.is_nan()) {
                    if skip_nan {
                        moments = Self::of_block(&without_nan(own()), false);
                    } else {
                        moments.mark_nan();
                    }
                }
            }
            *column = column.and(moments);
        }
    }

    /// NaN is neither above nor below anything; as a range, it is all there is.
    fn mark_nan(&mut self) {
        let pivot = self.sum.pivot(self.count);
        (self.low, self.high) = (pivot, pivot);
    }

    /// The moments of both together.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn and(self, other: Self) -> Self {
        if self.count == 0 {
            return other;
        }
        if other.count == 0 {
            return self;
        }
        Self {
            count: self.count + other.count,
            sum: self.sum.and(other.sum),
            low: lower(self.low, other.low),
            high: higher(self.high, other.high),
            spread: self
                .spread
                .and(self.count as f64, other.spread, other.count as f64),
        }
    }

    /// The results.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn summary(&self) -> Summary {
        let any = self.count > 0;
        Summary {
            count: self.count,
            sum: self.sum.scalar(),
            mean: self.sum.mean(self.count),
            std: if any {
                self.spread.variance(self.count as f64).sqrt()
            } else {
                f64::NAN
            },
            range: any.then(|| (self.low.scalar(), self.high.scalar())),
        }
    }
}

fn without_nan<'a, T: Measure>(values: impl Iterator<Item = &'a T>) -> Vec<T> {
    values.copied().filter(|value| !value.is_nan()).collect()
}

/// The lower of two, NaN if one is.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
pub(super) fn lower<T: Number>(a: T, b: T) -> T {
    if a < b || a != a { a } else { b }
}

/// The higher of two, NaN if one is.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
pub(super) fn higher<T: Number>(a: T, b: T) -> T {
    if a > b || a != a { a } else { b }
}

/// What a block tells of `N` neighbouring columns, each number of all of them side by side.
struct Block<T: Measure, const N: usize> {
    rows: usize,
    sums: <T::Sum as Sum<T>>::Lanes<N>,
    low: [T; N],
    high: [T; N],
    /// A value next to the mean, the sum of all distances to it, and that of their squares.
    pivot: [T; N],
    apart: [f64; N],
    squares: [f64; N],
}

impl<T: Measure> Block<T, LANES> {
    /// Of a whole vector of columns.
    fn vector(values: &[T], stride: usize, rows: usize) -> Self {
        vectorised(
            #[inline(always)]
            || Self::of(values, stride, rows),
        )
    }
}

impl<T: Measure, const N: usize> Block<T, N> {
    #[inline(always)]
    fn of(values: &[T], stride: usize, rows: usize) -> Self {
        let row = |number: usize| values[number * stride..].first_chunk::<N>();
        let mut sums = T::Sum::lanes::<N>();
        let (mut low, mut high) = ([T::HIGHEST; N], [T::LOWEST; N]);
        for values in (0..rows).map_while(row) {
            T::Sum::add(&mut sums, values);
            for lane in 0..N {
                let value = values[lane];
                low[lane] = if value < low[lane] { value } else { low[lane] };
                high[lane] = if value > high[lane] {
                    value
                } else {
                    high[lane]
                };
            }
        }
        let pivot = std::array::from_fn(|lane| T::Sum::lane(&sums, lane).pivot(rows as u64));
        let (mut apart, mut squares) = ([0.0; N], [0.0; N]);
        for values in (0..rows).map_while(row) {
            for lane in 0..N {
                let distance = values[lane].distance_to(pivot[lane]);
                apart[lane] += distance;
                squares[lane] += distance * distance;
            }
        }
        Self {
            rows,
            sums,
            low,
            high,
            pivot,
            apart,
            squares,
        }
    }

    /// The moments of every column; ranges do not know of NaN yet. Kept out of the loops above,
    /// which would be compiled for its pairs of numbers instead of for whole vectors.
    #[inline(never)]
    #[expect(clippy::cast_precision_loss, reason = "a block has few rows")]
    fn moments(&self) -> [Moments<T>; N] {
        std::array::from_fn(|lane| {
            let mean_apart = self.apart[lane] / self.rows as f64;
            let pivot = self.pivot[lane].twofold();
            Moments {
                count: self.rows as u64,
                sum: T::Sum::lane(&self.sums, lane),
                low: self.low[lane],
                high: self.high[lane],
                spread: Spread {
                    mean: Twofold {
                        hi: pivot.hi,
                        lo: pivot.lo + mean_apart,
                    },
                    squares: Twofold::of(self.squares[lane] - self.apart[lane] * mean_apart),
                },
            }
        })
    }
}

/// The six numbers of an array or of a column of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number of values.
    pub count: u64,
    /// Their sum, exact for integers.
    pub sum: Scalar,
    /// `sum / count`
    pub mean: f64,
    /// `sqrt(Σ(x - mean)² / count)`
    pub std: f64,
    /// Smallest and largest, where there is any.
    pub range: Option<(Scalar, Scalar)>,
}

impl Summary {
    /// What the numbers are called.
    pub const NAMES: [&'static str; 6] = ["count", "sum", "mean", "std", "min", "max"];

    /// All six, with all their digits; NaN for the range of nothing.
    #[must_use]
    pub fn scalars(&self) -> [Scalar; 6] {
        let (low, high) = self
            .range
            .unwrap_or((Scalar::Float(f64::NAN), Scalar::Float(f64::NAN)));
        [
            Scalar::Integer(self.count.into()),
            self.sum,
            Scalar::Float(self.mean),
            Scalar::Float(self.std),
            low,
            high,
        ]
    }
}
