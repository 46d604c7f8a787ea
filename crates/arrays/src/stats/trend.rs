//! Trends along an axis of a box: the straight line that is nearest to the values of a column by least squares.
//!
//! The sums are about the middle of the coordinates and the first value of the column, and keep their rounding errors as
//! all others do ([`DoubleDouble`]), so that neither far coordinates nor large values take digits from a small slope. The
//! values of a column are added one after the other, whatever is read together.

use super::{
    asked::{Options, Select},
    read,
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

/// Columns that are summed side by side.
const LANES: usize = 8;
/// Rows of columns that stay in the first-level cache.
const ROWS: usize = 64;
/// Columns of a task, whose sums stay in the second-level cache.
const COLUMNS: u64 = 1 << 13;
/// Elements read at a time.
const ELEMENTS: u64 = 1 << 18;

/// The straight line `intercept + slope * coordinate`; NaN of fewer than two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Change of the values for each unit of the coordinate.
    pub slope: f64,
    /// The line at coordinate 0.
    pub intercept: f64,
}

/// The trends of a box along an axis, of whose indices `coordinate` gives the coordinates, which increase.
///
/// `emit` gets them in the order of the file, with the number of the first of them.
///
/// # Errors
/// [`AnalysisError`], those of `emit` among them.
pub fn trends<E: From<AnalysisError>>(
    array: &ArrayFile,
    select: &Select,
    axis: usize,
    coordinate: impl Fn(u64) -> f64 + Sync,
    options: Options,
    progress: &Progress,
    mut emit: impl FnMut(u64, &[Trend]) -> Result<(), E>,
) -> Result<(), E> {
    let whole = array.npy.in_file_order(select);
    let flags: Vec<bool> = (0..select.len()).map(|one| one == axis).collect();
    let along = array.npy.in_file_order(&flags);
    let along = along.iter().position(|&is| is).unwrap_or(0);
    let threads = threads_within(options.memory, 0)?;
    let each = options.memory / threads;
    let most = ELEMENTS.min(each / 32);
    let cut = cut(&whole, along, COLUMNS.min(each / 512), most);
    let range = select[axis].clone();
    let scale = Scale::of(coordinate(range.start), coordinate(range.end.max(1) - 1));
    let mut first = 0;
    let join = |_, trends: Vec<Trend>| {
        emit(first, &trends)?;
        first += trends.len() as u64;
        Ok(())
    };
    with_summable!(array.npy.dtype.kind, T => {
        let visit = |buffer: &mut Vec<T>, _, task: Region| -> Result<_, AnalysisError> {
            let columns = size(elements(&task) / length(&task[along]).max(1));
            let inner = size(elements(&task[along + 1..]));
            let mut lines = vec![Lines::default(); columns.div_ceil(LANES)];
            for range in portions(&task[along], most / (columns as u64).max(1)) {
                let mut part = task.clone();
                part[along] = range.clone();
                let values = &*read(array, &part, buffer)?;
                let rows = size(length(&range));
                for start in (0..rows).step_by(ROWS) {
                    let times: Vec<Time> = (start..rows.min(start + ROWS))
                        .map(|row| scale.time(coordinate(range.start + row as u64)))
                        .collect();
                    for (number, lines) in lines.iter_mut().enumerate() {
                        let mut batch = [[T::default(); LANES]; ROWS];
                        for lane in 0..LANES.min(columns - number * LANES) {
                            let column = number * LANES + lane;
                            let place = (column / inner * rows + start) * inner + column % inner;
                            let own = values[place..].iter().step_by(inner);
                            for (row, value) in batch.iter_mut().zip(own).take(times.len()) {
                                row[lane] = *value;
                            }
                        }
                        vectorised(|| lines.add(&batch, &times, options.skip_nan));
                    }
                }
                progress.add((values.len() * array.npy.dtype.bytes) as u64);
            }
            let all = (0..columns).map(|column| lines[column / LANES].trend(column % LANES, scale));
            Ok(all.collect::<Vec<_>>())
        };
        walk::in_order(&cut, threads, threads, visit, join)
    })
}

/// Boxes with the whole axis `along`, one after the other in the order of their columns: of at most so many columns, and,
/// where rows are short, of about as many elements as are read at a time.
fn cut(whole: &[Range<u64>], along: usize, columns: u64, most: u64) -> Cut {
    let mut step: Vec<u64> = whole.iter().map(length).collect();
    let (mut rows, mut each, mut is_cut) = (1, 1_u64, false);
    for (axis, step) in step.iter_mut().enumerate().rev() {
        if axis == along {
            rows = (*step).max(1);
            continue;
        }
        let room = columns.min(most / rows);
        let whole = *step;
        *step = match is_cut {
            true => 1,
            false => (room / each).clamp(1, whole.max(1)),
        };
        is_cut |= *step < whole;
        each = each.saturating_mul(*step);
    }
    Cut::new(whole, step)
}

/// A range in parts of at most so many indices.
fn portions(range: &Range<u64>, most: u64) -> impl Iterator<Item = Range<u64>> {
    let (end, most) = (range.end, most.max(1));
    let starts = (range.start..end).step_by(size(most));
    starts.map(move |start| start..end.min(start.saturating_add(most)))
}

/// Coordinates are counted from one in the middle, in units of a power of two that makes them at most 1.
#[derive(Clone, Copy)]
struct Scale {
    middle: f64,
    unit: f64,
}

/// A coordinate, and its square.
struct Time {
    time: DoubleDouble,
    square: DoubleDouble,
}

impl Scale {
    fn of(first: f64, last: f64) -> Self {
        let middle = f64::midpoint(first, last);
        let farthest = (first - middle).abs().max((last - middle).abs());
        // The bits of the exponent alone.
        let unit = f64::from_bits(farthest.to_bits() & (0x7ff << 52)) * 2.0;
        Self {
            middle,
            unit: if unit.is_normal() { unit } else { 1.0 },
        }
    }

    fn time(self, coordinate: f64) -> Time {
        let apart = DoubleDouble::from(coordinate) + -self.middle;
        let time = DoubleDouble {
            hi: apart.hi / self.unit,
            lo: apart.lo / self.unit,
        };
        Time {
            time,
            square: time * time,
        }
    }
}

/// Sums of a few columns.
#[derive(Clone, Copy, Default)]
struct Sums {
    hi: [f64; LANES],
    lo: [f64; LANES],
}

impl Sums {
    #[inline(always)]
    fn get(&self, lane: usize) -> DoubleDouble {
        DoubleDouble {
            hi: self.hi[lane],
            lo: self.lo[lane],
        }
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, to: DoubleDouble) {
        (self.hi[lane], self.lo[lane]) = (to.hi, to.lo);
    }

    #[inline(always)]
    fn add(&mut self, lane: usize, other: DoubleDouble) {
        self.set(lane, self.get(lane) + other);
    }
}

/// What the lines of a few columns follow from.
#[derive(Clone, Copy, Default)]
struct Lines {
    count: [f64; LANES],
    /// The first value.
    first: Sums,
    times: Sums,
    squares: Sums,
    /// How far values lie above the first one.
    values: Sums,
    products: Sums,
}

impl Lines {
    #[inline(always)]
    fn add<T: Summable>(&mut self, rows: &[[T; LANES]], times: &[Time], skip_nan: bool) {
        for (row, time) in rows.iter().zip(times) {
            for (lane, value) in row.iter().enumerate() {
                let value = value.double_double();
                let is_there = !(skip_nan && value.hi.is_nan());
                let is_first = self.count[lane] == 0.0;
                let or_none = |number: DoubleDouble| DoubleDouble {
                    hi: if is_there { number.hi } else { 0.0 },
                    lo: if is_there { number.lo } else { 0.0 },
                };
                let known = self.first.get(lane);
                let first = DoubleDouble {
                    hi: if is_first { value.hi } else { known.hi },
                    lo: if is_first { value.lo } else { known.lo },
                };
                let above = or_none(value - first);
                self.first.set(lane, first);
                self.count[lane] += if is_there { 1.0 } else { 0.0 };
                self.times.add(lane, or_none(time.time));
                self.squares.add(lane, or_none(time.square));
                self.values.add(lane, above);
                self.products.add(lane, time.time * above);
            }
        }
    }

    fn trend(&self, lane: usize, scale: Scale) -> Trend {
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
