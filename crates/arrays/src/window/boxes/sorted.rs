//! [`Sorted`]: short windows, kept sorted in the lanes of vectors while they slide.

use super::{WindowBox, for_each_index, pitches, rank::Order};
use diff2d_sys::vectorised;

/// The longest windows for which this method is faster than a set of ranks.
pub(super) const MOST: usize = 128;
/// The number of windows that slide in parallel.
const LANES: usize = 16;

type Lanes = [f64; LANES];

/// The sorted elements of a window in each lane. An infinity stands for a missing element.
#[derive(Default)]
pub(super) struct Sorted {
    elements: Vec<Lanes>,
    /// The number of NaN in each window.
    missing: [usize; LANES],
}

/// The position of the first window of a lane in the input, and of its result in the output.
type Line = (usize, usize);

impl Sorted {
    /// Computes windows along one axis, advancing by one element at a time.
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
        // Few lines are cut, so that every lane has one.
        let cuts = LANES.div_ceil(lines.iter().product()).min(count);
        let part_count = count.div_ceil(cuts);
        let steps_along_axis = [pitch_in[axis], pitch_out[axis]];
        let mut group: Vec<Line> = Vec::with_capacity(LANES);
        for_each_index(&lines, [&steps, &pitch_out], |line_in, line_out| {
            for cut in 0..cuts {
                let first_window = (cut * part_count).min(count - part_count);
                group.push((
                    line_in + first_window * steps_along_axis[0],
                    line_out + first_window * steps_along_axis[1],
                ));
                if group.len() == LANES {
                    self.lines(order, &group, part_count, steps_along_axis, input, out);
                    group.clear();
                }
            }
        });
        if let Some(&last_line) = group.last() {
            group.resize(LANES, last_line);
            self.lines(order, &group, part_count, steps_along_axis, input, out);
        }
    }

    fn lines(
        &mut self,
        order: &Order,
        lines: &[Line],
        count: usize,
        [step_in, step_out]: [usize; 2],
        input: &[f64],
        out: &mut [f64],
    ) {
        let length = order.elements;
        self.elements.clear();
        self.elements.resize(length, [f64::INFINITY; LANES]);
        self.missing = [0; LANES];
        let pick_of_all = order.rank.pick(length);
        vectorised(
            #[inline(always)]
            || {
                for place in 0..length - 1 {
                    let new_elements = load(input, lines, place * step_in);
                    self.replace([f64::INFINITY; LANES], new_elements);
                }
                for number in 0..count {
                    let old_elements = match number {
                        0 => [f64::INFINITY; LANES],
                        number => load(input, lines, (number - 1) * step_in),
                    };
                    let new_elements = load(input, lines, (number + length - 1) * step_in);
                    self.replace(old_elements, new_elements);
                    let low = &self.elements[pick_of_all.low];
                    let high = &self.elements[pick_of_all.high];
                    for lane in 0..LANES {
                        let result = match self.missing[lane] {
                            0 => order.rank.between(pick_of_all, low[lane], high[lane]),
                            missing => self.incomplete_result(order, lane, length - missing),
                        };
                        out[lines[lane].1 + number * step_out] = result;
                    }
                }
            },
        );
    }

    /// The result of a window with only `present` elements that are not NaN.
    fn incomplete_result(&self, order: &Order, lane: usize, present: usize) -> f64 {
        if !order.has_result(present) {
            return f64::NAN;
        }
        let pick = order.rank.pick(present);
        let [low, high] = [pick.low, pick.high].map(|place| self.elements[place][lane]);
        order.rank.between(pick, low, high)
    }

    /// Replaces an element in each window.
    ///
    /// Let `t` be the remaining sorted elements without the old one. Each position `i` then gets the new element if it
    /// lies between `t[i - 1]` and `t[i]`, and one of these two otherwise.
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
        let mut previous = [f64::NEG_INFINITY; LANES];
        let last_place = self.elements.len() - 1;
        for place in 0..=last_place {
            let current = self.elements[place];
            let following = if place == last_place {
                [f64::INFINITY; LANES]
            } else {
                self.elements[place + 1]
            };
            let mut sorted = [0.0; LANES];
            for lane in 0..LANES {
                let remaining = if current[lane] < old[lane] {
                    current[lane]
                } else {
                    following[lane]
                };
                let larger = if new[lane] > previous[lane] {
                    new[lane]
                } else {
                    previous[lane]
                };
                sorted[lane] = if larger < remaining {
                    larger
                } else {
                    remaining
                };
                previous[lane] = remaining;
            }
            self.elements[place] = sorted;
        }
    }
}

/// The elements of all lanes at a distance from the beginning of their windows.
#[inline(always)]
fn load(input: &[f64], lines: &[Line], distance: usize) -> Lanes {
    std::array::from_fn(
        #[inline(always)]
        |lane| input[lines[lane].0 + distance],
    )
}
