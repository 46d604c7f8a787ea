//! [`Order`]: medians and quantiles of windows, exact.
//!
//! | windows | method | cost of a result |
//! |---|---|---|
//! | windows that do not overlap | selection ([`select_nth_unstable_by`](slice::select_nth_unstable_by)) | their length |
//! | short windows along one axis | sorted windows in the lanes of vectors ([`sorted`](super::sorted)) | their length over the lanes |
//! | other windows | a set of ranks, to which one face of the window is added while the opposite face is removed ([`ranks`](super::ranks)) | the face, and the logarithm of the window for ranks |

use super::super::axis::WindowAxis;
use super::{
    BoxOperation, WindowBox, for_each_index, pitches,
    rank::Order,
    ranks::Ranks,
    sorted::{self, Sorted},
};

/// Buffers for windows.
#[derive(Default)]
pub(in super::super) struct OrderBuffers {
    sorted: Sorted,
    ranks: Ranks,
    window: Vec<f64>,
}

impl Order {
    /// The axis along which windows slide: among the axes on which they overlap, the one with the longest windows.
    fn axis(area: &WindowBox<'_>) -> Option<usize> {
        (0..area.axes.len())
            .rev()
            .filter(|&axis| {
                let WindowAxis { window, stride, .. } = area.axes[axis];
                stride < window && area.counts[axis] > 1
            })
            .max_by_key(|&axis| area.axes[axis].window)
    }

    /// Computes each window separately by selection.
    fn select(&self, area: &WindowBox<'_>, input: &[f64], out: &mut [f64], window: &mut Vec<f64>) {
        let pitch = pitches(&area.lengths);
        let steps: Vec<usize> = (area.axes.iter().zip(&pitch))
            .map(|(axis, pitch)| axis.stride as usize * pitch)
            .collect();
        let lengths: Vec<usize> = area.axes.iter().map(|axis| axis.window as usize).collect();
        for_each_index(
            &area.counts,
            [&steps, &pitches(&area.counts)],
            |window_start, result_place| {
                window.clear();
                for_each_index(&lengths, [&pitch, &pitch], |place, _| {
                    let value = input[window_start + place];
                    if !value.is_nan() {
                        window.push(value);
                    }
                });
                out[result_place] = self.of_values(window);
            },
        );
    }

    /// The result for the values that are not NaN, in any order.
    fn of_values(&self, values: &mut [f64]) -> f64 {
        if !self.has_result(values.len()) {
            return f64::NAN;
        }
        let pick = self.rank.pick(values.len());
        let (_, low, larger) = values.select_nth_unstable_by(pick.low, f64::total_cmp);
        let low = *low;
        let high = if pick.high == pick.low {
            low
        } else {
            larger.iter().copied().fold(f64::INFINITY, f64::min)
        };
        self.rank.between(pick, low, high)
    }
}

impl BoxOperation for Order {
    type Scratch = OrderBuffers;

    fn bytes(&self, lengths: &[u64], _: &[u64]) -> u64 {
        let elements = lengths.iter().product::<u64>();
        Ranks::bytes(elements, self.elements as u64)
    }

    fn compute(
        &self,
        area: &WindowBox<'_>,
        input: &mut [f64],
        out: &mut [f64],
        scratch: &mut OrderBuffers,
    ) {
        // Adding 0.0 makes all zeros equal, so that it does not matter which of them is found first.
        for value in input.iter_mut() {
            *value += 0.0;
        }
        let Some(axis) = Self::axis(area) else {
            return self.select(area, input, out, &mut scratch.window);
        };
        let window_axis = area.axes[axis];
        let is_line = window_axis.window == self.elements as u64;
        if is_line && window_axis.stride == 1 && self.elements <= sorted::MOST {
            scratch.sorted.slide(self, area, axis, input, out);
        } else {
            scratch.ranks.slide(self, area, axis, input, out);
        }
    }
}
