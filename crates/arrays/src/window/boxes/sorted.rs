//! [`Sorted`]: short windows, kept sorted in the lanes of vectors while they slide.

use super::{WindowBox, for_each_index, pitches, rank::Order};
use diff2d_sys::vectorised;

/// Windows longer than this are better served by a set of ranks.
pub(super) const MOST: usize = 128;
/// Windows that slide side by side.
const LANES: usize = 16;

type Lanes = [f64; LANES];

/// The elements of a window in each lane, sorted. An infinity stands for one that is not there.
#[derive(Default)]
pub(super) struct Sorted {
    elements: Vec<Lanes>,
    /// Elements that are NaN.
    missing: [usize; LANES],
}

/// Where the windows of one lane begin in the input, and their results in the output.
type Line = (usize, usize);

impl Sorted {
    /// Computes windows along one axis, one element after the other.
    pub(super) fn slide(
        &mut self,
        order: &Order,
        area: &WindowBox<'_>,
        axis: usize,
        input: &[f64],
        out: &mut [f64],
    ) {
        let (pitch_in, pitch_out) = (pitches(&area.lengths), pitches(&area.counts));
        let steps: Vec<usize> = (area.axes.iter().zip(&pitch_in))
            .map(|(axis, pitch)| axis.stride as usize * pitch)
            .collect();
        let count = area.counts[axis];
        let mut lines = area.counts.clone();
        lines[axis] = 1;
        // Few lines are cut, so that there is one for every lane.
        let cuts = LANES.div_ceil(lines.iter().product()).min(count);
        let each = count.div_ceil(cuts);
        let (from_step, to_step) = (pitch_in[axis], pitch_out[axis]);
        let mut group: Vec<Line> = Vec::with_capacity(LANES);
        let mut run = |group: &mut Vec<Line>| {
            if let Some(&last) = group.last() {
                group.resize(LANES, last);
                self.lines(order, group, each, [from_step, to_step], input, out);
                group.clear();
            }
        };
        for_each_index(&lines, [&steps, &pitch_out], |from, to| {
            for cut in 0..cuts {
                let first = (cut * each).min(count - each);
                group.push((from + first * from_step, to + first * to_step));
                if group.len() == LANES {
                    run(&mut group);
                }
            }
        });
        run(&mut group);
    }

    fn lines(
        &mut self,
        order: &Order,
        lines: &[Line],
        count: usize,
        [from_step, to_step]: [usize; 2],
        input: &[f64],
        out: &mut [f64],
    ) {
        let length = order.elements;
        self.elements.clear();
        self.elements.resize(length, [f64::INFINITY; LANES]);
        self.missing = [0; LANES];
        let whole = order.rank.pick(length);
        vectorised(
            #[inline(always)]
            || {
                let load = |at: usize| -> Lanes {
                    std::array::from_fn(
                        #[inline(always)]
                        |lane| input[lines[lane].0 + at * from_step],
                    )
                };
                for at in 0..length - 1 {
                    self.replace([f64::INFINITY; LANES], load(at));
                }
                for number in 0..count {
                    let old = match number {
                        0 => [f64::INFINITY; LANES],
                        number => load(number - 1),
                    };
                    self.replace(old, load(number + length - 1));
                    let (low, high) = (&self.elements[whole.low], &self.elements[whole.high]);
                    for lane in 0..LANES {
                        let result = match self.missing[lane] {
                            0 => order.rank.between(whole, low[lane], high[lane]),
                            missing => self.some(order, lane, length - missing),
                        };
                        out[lines[lane].1 + number * to_step] = result;
                    }
                }
            },
        );
    }

    /// The result of a window that lacks elements.
    fn some(&self, order: &Order, lane: usize, there: usize) -> f64 {
        if !order.has_result(there) {
            return f64::NAN;
        }
        let pick = order.rank.pick(there);
        let [low, high] = [pick.low, pick.high].map(|place| self.elements[place][lane]);
        order.rank.between(pick, low, high)
    }

    /// Takes an element out of each window and puts another one in.
    ///
    /// Without the old one, `t` is what remains: the elements below it, then those behind it. The new
    /// one comes between `t[i - 1]` and `t[i]`, or that element does.
    #[inline(always)]
    fn replace(&mut self, mut old: Lanes, mut new: Lanes) {
        for lane in 0..LANES {
            self.missing[lane] += usize::from(new[lane].is_nan());
            self.missing[lane] -= usize::from(old[lane].is_nan());
            old[lane] = if old[lane].is_nan() {
                f64::INFINITY
            } else {
                old[lane]
            };
            new[lane] = if new[lane].is_nan() {
                f64::INFINITY
            } else {
                new[lane]
            };
        }
        let mut before = [f64::NEG_INFINITY; LANES];
        let last = self.elements.len() - 1;
        for place in 0..=last {
            let here = self.elements[place];
            let next = match place == last {
                true => [f64::INFINITY; LANES],
                false => self.elements[place + 1],
            };
            let mut sorted = [0.0; LANES];
            for lane in 0..LANES {
                let remains = if here[lane] < old[lane] {
                    here[lane]
                } else {
                    next[lane]
                };
                let above = if new[lane] > before[lane] {
                    new[lane]
                } else {
                    before[lane]
                };
                sorted[lane] = if above < remains { above } else { remains };
                before[lane] = remains;
            }
            self.elements[place] = sorted;
        }
    }
}
