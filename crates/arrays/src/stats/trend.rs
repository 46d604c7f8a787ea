//! Trends along an axis of a box: the least-squares line through the values of each column.
//!
//! Sums use coordinates relative to their middle and values relative to the first value of the column, and they are
//! compensated ([`DoubleDouble`]), so that a small slope keeps its digits beside large coordinates or values. The
//! values of a column are added one by one, independent of the reads.

use super::{
    boxes::{Select, flags, read},
    options::Options,
};
use crate::double_double::DoubleDouble;
use crate::npy::{ArrayFile, Cut, Region, elements, length};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::{size, threads_within},
    summable::{Summable, with_summable},
    walk,
};
use diff2d_sys::vectorised;
use std::ops::Range;

/// The number of columns that are summed in parallel.
const LANES: usize = 8;
/// The number of rows of columns that stay in the first-level cache.
const ROWS: usize = 64;
/// The number of columns in a task, whose sums stay in the second-level cache.
const COLUMNS: u64 = 1 << 13;
/// The number of elements read at a time.
const ELEMENTS: u64 = 1 << 18;

/// The straight line `intercept + slope * coordinate`; both are NaN for fewer than two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The slope of the line per unit of the coordinate.
    pub slope: f64,
    /// The value of the line at coordinate 0.
    pub intercept: f64,
}

/// The trends of a box along an axis. `coordinate` gives the coordinate of an index along it; coordinates must
/// increase.
///
/// `emit` gets the trends in the order of the file, with the number of the first one.
///
/// # Errors
/// [`AnalysisError`], or an error of `emit`.
pub fn trends<E: From<AnalysisError>>(
    array: &ArrayFile,
    select: &Select,
    axis: usize,
    coordinate: impl Fn(u64) -> f64 + Sync,
    options: Options,
    progress: &Progress,
    mut emit: impl FnMut(u64, &[Trend]) -> Result<(), E>,
) -> Result<(), E> {
    let region = array.npy.in_file_order(select);
    let is_axis = array.npy.in_file_order(&flags(select.len(), &[axis]));
    let file_axis = is_axis.iter().position(|&flag| flag).unwrap_or(0);
    let threads = threads_within(options.memory, 0)?;
    let thread_memory = options.memory / threads;
    let read_limit = ELEMENTS.min(thread_memory / 32);
    let cut = cut(
        &region,
        file_axis,
        COLUMNS.min(thread_memory / 512),
        read_limit,
    );
    let range = select[axis].clone();
    let scale = TrendScale::of(coordinate(range.start), coordinate(range.end.max(1) - 1));
    let mut emitted = 0;
    with_summable!(array.npy.dtype.kind, T => walk::in_order(
        &cut,
        threads,
        threads,
        |buffer: &mut Vec<T>, _, task: Region| -> Result<_, AnalysisError> {
            let columns = size(elements(&task) / length(&task[file_axis]).max(1));
            let inner = size(elements(&task[file_axis + 1..]));
            let mut lines = vec![LineSums::default(); columns.div_ceil(LANES)];
            for range in portions(&task[file_axis], read_limit / (columns as u64).max(1)) {
                let mut part = task.clone();
                part[file_axis] = range.clone();
                let values = &*read(array, &part, buffer)?;
                let rows = size(length(&range));
                for start in (0..rows).step_by(ROWS) {
                    let times: Vec<TrendTime> = (start..rows.min(start + ROWS))
                        .map(|row| scale.time(coordinate(range.start + row as u64)))
                        .collect();
                    for (number, lines) in lines.iter_mut().enumerate() {
                        let mut batch = [[T::default(); LANES]; ROWS];
                        for lane in 0..LANES.min(columns - number * LANES) {
                            let column = number * LANES + lane;
                            let place = (column / inner * rows + start) * inner + column % inner;
                            let column_values = values[place..].iter().step_by(inner);
                            for (row, value) in batch.iter_mut().zip(column_values).take(times.len()) {
                                row[lane] = *value;
                            }
                        }
                        vectorised(|| lines.add(&batch, &times, options.skip_nan));
                    }
                }
                progress.add((values.len() * array.npy.dtype.bytes) as u64);
            }
            let trends = (0..columns).map(|column| lines[column / LANES].trend(column % LANES, scale));
            Ok(trends.collect::<Vec<_>>())
        },
        |_, trends: Vec<Trend>| {
            emit(emitted, &trends)?;
            emitted += trends.len() as u64;
            Ok(())
        },
    ))
}

/// Divides a box into boxes with the whole of one axis, in the order of their columns. Each has at most `columns`
/// columns and, if rows are short, about `read_limit` elements.
fn cut(region: &[Range<u64>], whole_axis: usize, columns: u64, read_limit: u64) -> Cut {
    let mut step: Vec<u64> = region.iter().map(length).collect();
    let (mut rows, mut step_columns, mut is_cut) = (1, 1_u64, false);
    for (axis, step) in step.iter_mut().enumerate().rev() {
        if axis == whole_axis {
            rows = (*step).max(1);
            continue;
        }
        let room = columns.min(read_limit / rows);
        let axis_length = *step;
        *step = if is_cut {
            1
        } else {
            (room / step_columns).clamp(1, axis_length.max(1))
        };
        is_cut |= *step < axis_length;
        step_columns = step_columns.saturating_mul(*step);
    }
    Cut::new(region, step)
}

/// Divides a range into parts of at most `longest` indices.
fn portions(range: &Range<u64>, longest: u64) -> impl Iterator<Item = Range<u64>> {
    let range_end = range.end;
    let step = longest.max(1);
    let starts = (range.start..range_end).step_by(size(step));
    starts.map(move |start| start..range_end.min(start.saturating_add(step)))
}

/// Maps coordinates to times: differences from the middle coordinate, in units of a power of two such that they are at
/// most 1.
#[derive(Clone, Copy)]
struct TrendScale {
    middle: f64,
    unit: f64,
}

/// A scaled coordinate, and its square.
struct TrendTime {
    time: DoubleDouble,
    square: DoubleDouble,
}

impl TrendScale {
    fn of(first: f64, last: f64) -> Self {
        let middle = f64::midpoint(first, last);
        let farthest = (first - middle).abs().max((last - middle).abs());
        // The power of two below the largest distance: its exponent alone.
        let unit = f64::from_bits(farthest.to_bits() & (0x7ff << 52)) * 2.0;
        Self {
            middle,
            unit: if unit.is_normal() { unit } else { 1.0 },
        }
    }

    fn time(self, coordinate: f64) -> TrendTime {
        let distance = DoubleDouble::from(coordinate) + -self.middle;
        let time = DoubleDouble {
            hi: distance.hi / self.unit,
            lo: distance.lo / self.unit,
        };
        TrendTime {
            time,
            square: time * time,
        }
    }
}

/// Sums of the columns of all lanes.
#[derive(Clone, Copy, Default)]
struct LaneSums {
    hi: [f64; LANES],
    lo: [f64; LANES],
}

impl LaneSums {
    #[inline(always)]
    fn get(&self, lane: usize) -> DoubleDouble {
        DoubleDouble {
            hi: self.hi[lane],
            lo: self.lo[lane],
        }
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, sum: DoubleDouble) {
        (self.hi[lane], self.lo[lane]) = (sum.hi, sum.lo);
    }

    #[inline(always)]
    fn add(&mut self, lane: usize, other: DoubleDouble) {
        self.set(lane, self.get(lane) + other);
    }
}

/// The sums that determine the lines of a few columns.
#[derive(Clone, Copy, Default)]
struct LineSums {
    count: [f64; LANES],
    /// The first value of every column.
    first: LaneSums,
    times: LaneSums,
    squares: LaneSums,
    /// Sums of how far values lie above the first one.
    values: LaneSums,
    products: LaneSums,
}

impl LineSums {
    #[inline(always)]
    fn add<T: Summable>(&mut self, rows: &[[T; LANES]], times: &[TrendTime], skip_nan: bool) {
        for (row, time) in rows.iter().zip(times) {
            for (lane, value) in row.iter().enumerate() {
                let value = value.double_double();
                let is_counted = !(skip_nan && value.hi.is_nan());
                let is_first = self.count[lane] == 0.0;
                let first_value = select(is_first, value, self.first.get(lane));
                let above_first = select(is_counted, value - first_value, DoubleDouble::default());
                self.first.set(lane, first_value);
                self.count[lane] += if is_counted { 1.0 } else { 0.0 };
                self.times
                    .add(lane, select(is_counted, time.time, DoubleDouble::default()));
                self.squares.add(
                    lane,
                    select(is_counted, time.square, DoubleDouble::default()),
                );
                self.values.add(lane, above_first);
                self.products.add(lane, time.time * above_first);
            }
        }
    }

    fn trend(&self, lane: usize, scale: TrendScale) -> Trend {
        let count = self.count[lane];
        if count < 2.0 {
            return Trend {
                slope: f64::NAN,
                intercept: f64::NAN,
            };
        }
        let n = DoubleDouble::from(count);
        let [times, squares, values, products] =
            [&self.times, &self.squares, &self.values, &self.products]
                .map(|sums| sums.get(lane).normalised());
        let slope = (n * products - times * values) / (n * squares - times * times);
        let middle = values / n - slope * (times / n);
        let slope = DoubleDouble {
            hi: slope.hi / scale.unit,
            lo: slope.lo / scale.unit,
        };
        let at_zero = middle.normalised() - slope * DoubleDouble::from(scale.middle);
        Trend {
            slope: slope.value(),
            intercept: (self.first.get(lane) + at_zero).value(),
        }
    }
}

/// One of two numbers, chosen without a branch so that lanes are computed together.
#[inline(always)]
fn select(condition: bool, value: DoubleDouble, otherwise: DoubleDouble) -> DoubleDouble {
    DoubleDouble {
        hi: if condition { value.hi } else { otherwise.hi },
        lo: if condition { value.lo } else { otherwise.lo },
    }
}
