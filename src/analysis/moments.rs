//! [`Moments`]: count, sum, mean, spread and range of many values, and how to join them.
//!
//! Values are taken in blocks that fit the first caches. A block is gone through twice: once for its
//! sum and range, once for the squared deviations from its mean. Sixteen neighbouring columns are
//! lanes of vectors; a contiguous run is taken as as many columns too, joined at the end.

use super::{
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

/// A number that can be summed without loss.
pub trait Measure: Number {
    /// The exact sum of integers, the [`Twofold`] sum of floats.
    type Sum: Sum<Self>;
    /// Above every value but infinity, or the largest.
    const HIGHEST: Self;
    /// Below every value but infinity, or the smallest.
    const LOWEST: Self;

    /// `self - pivot`, exact or rounded once.
    fn distance_to(self, pivot: Self) -> f64;
    /// Itself, exactly.
    fn twofold(self) -> Twofold;
    /// Whether it is NaN.
    fn is_nan(self) -> bool;
    /// To print.
    fn scalar(self) -> Scalar;
}

/// A sum of values.
pub trait Sum<T>: Copy + Default + Send + Sync {
    /// The sums of several columns.
    type Lanes<const N: usize>: Copy;

    /// Sums of nothing.
    fn lanes<const N: usize>() -> Self::Lanes<N>;
    /// Adds a value to each of several sums.
    fn add<const N: usize>(lanes: &mut Self::Lanes<N>, values: &[T; N]);
    /// One of several sums.
    fn lane<const N: usize>(lanes: &Self::Lanes<N>, lane: usize) -> Self;
    /// The sum of two sums.
    fn and(self, other: Self) -> Self;
    /// A value next to the mean of `count` values.
    fn pivot(self, count: u64) -> T;
    /// The mean of `count` values, rounded.
    fn mean(self, count: u64) -> f64;
    /// To print.
    fn scalar(self) -> Scalar;
    /// Whether a value was NaN, or infinities cancelled.
    fn is_nan(self) -> bool;
}

impl Measure for f64 {
    type Sum = Twofold;
    const HIGHEST: Self = Self::INFINITY;
    const LOWEST: Self = Self::NEG_INFINITY;

    #[inline(always)]
    fn distance_to(self, pivot: Self) -> f64 {
        self - pivot
    }

    #[inline(always)]
    fn twofold(self) -> Twofold {
        Twofold::of(self)
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    fn scalar(self) -> Scalar {
        Scalar::Float(self)
    }
}

impl Sum<f64> for Twofold {
    type Lanes<const N: usize> = ([f64; N], [f64; N]);

    #[inline(always)]
    fn lanes<const N: usize>() -> Self::Lanes<N> {
        ([0.0; N], [0.0; N])
    }

    #[inline(always)]
    fn add<const N: usize>((hi, lo): &mut Self::Lanes<N>, values: &[f64; N]) {
        for lane in 0..N {
            let sum = Twofold {
                hi: hi[lane],
                lo: lo[lane],
            }
            .plus(values[lane]);
            (hi[lane], lo[lane]) = (sum.hi, sum.lo);
        }
    }

    fn lane<const N: usize>((hi, lo): &Self::Lanes<N>, lane: usize) -> Self {
        Self {
            hi: hi[lane],
            lo: lo[lane],
        }
    }

    fn and(self, other: Self) -> Self {
        Self::and(self, other)
    }

    fn pivot(self, count: u64) -> f64 {
        self.mean(count)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    fn mean(self, count: u64) -> f64 {
        self.value() / count as f64
    }

    fn scalar(self) -> Scalar {
        Scalar::Float(self.value())
    }

    fn is_nan(self) -> bool {
        self.hi.is_nan()
    }
}

macro_rules! integers {
    ($integer:ident) => {
        impl Measure for $integer {
            type Sum = i128;
            const HIGHEST: Self = Self::MAX;
            const LOWEST: Self = Self::MIN;

            #[inline(always)]
            #[expect(clippy::cast_precision_loss, reason = "the one rounding")]
            fn distance_to(self, pivot: Self) -> f64 {
                let distance = self.abs_diff(pivot) as f64;
                if self < pivot { -distance } else { distance }
            }

            #[inline(always)]
            fn twofold(self) -> Twofold {
                Twofold::from(i128::from(self))
            }

            fn is_nan(self) -> bool {
                false
            }

            fn scalar(self) -> Scalar {
                Scalar::Integer(self.into())
            }
        }

        impl Sum<$integer> for i128 {
            type Lanes<const N: usize> = [i128; N];

            #[inline(always)]
            fn lanes<const N: usize>() -> Self::Lanes<N> {
                [0; N]
            }

            #[inline(always)]
            fn add<const N: usize>(lanes: &mut Self::Lanes<N>, values: &[$integer; N]) {
                for lane in 0..N {
                    lanes[lane] += i128::from(values[lane]);
                }
            }

            fn lane<const N: usize>(lanes: &Self::Lanes<N>, lane: usize) -> Self {
                lanes[lane]
            }

            fn and(self, other: Self) -> Self {
                self + other
            }

            fn pivot(self, count: u64) -> $integer {
                $integer::try_from(self / i128::from(count.max(1))).unwrap_or_default()
            }

            #[expect(clippy::cast_precision_loss, reason = "rounded where it is asked for")]
            fn mean(self, count: u64) -> f64 {
                self as f64 / count as f64
            }

            fn scalar(self) -> Scalar {
                Scalar::Integer(self)
            }

            fn is_nan(self) -> bool {
                false
            }
        }
    };
}

integers!(i64);
integers!(u64);

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
        let [rest] = lanes::<T, 1>(rest, 1, rest.len());
        let mut all = vector(columns, LANES, rows)
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
            let lanes = vector(&values[at..], stride, rows);
            Self::add_lanes(group, lanes, &values[at..], stride, rows, skip);
            at += LANES;
        }
        for column in groups.into_remainder() {
            let lane = lanes::<T, 1>(&values[at..], stride, rows);
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

/// [`lanes`] of a whole vector.
fn vector<T: Measure>(values: &[T], stride: usize, rows: usize) -> [Moments<T>; LANES] {
    vectorised(
        #[inline(always)]
        || lanes::<T, LANES>(values, stride, rows),
    )
}

/// The moments of `N` neighbouring columns; ranges do not know of NaN yet.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a block has few rows")]
fn lanes<T: Measure, const N: usize>(values: &[T], stride: usize, rows: usize) -> [Moments<T>; N] {
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
    let pivot: [T; N] = std::array::from_fn(|lane| T::Sum::lane(&sums, lane).pivot(rows as u64));
    let (mut apart, mut squares) = ([0.0; N], [0.0; N]);
    for values in (0..rows).map_while(row) {
        for lane in 0..N {
            let distance = values[lane].distance_to(pivot[lane]);
            apart[lane] += distance;
            squares[lane] += distance * distance;
        }
    }
    std::array::from_fn(|lane| {
        let mean_apart = apart[lane] / rows as f64;
        let pivot = pivot[lane].twofold();
        Moments {
            count: rows as u64,
            sum: T::Sum::lane(&sums, lane),
            low: low[lane],
            high: high[lane],
            spread: Spread {
                mean: Twofold {
                    hi: pivot.hi,
                    lo: pivot.lo + mean_apart,
                },
                squares: Twofold::of(squares[lane] - apart[lane] * mean_apart),
            },
        }
    })
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
