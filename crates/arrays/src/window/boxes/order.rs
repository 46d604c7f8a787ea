//! [`Order`]: medians and quantiles of windows, exact.
//!
//! | windows | method | cost of a result |
//! |---|---|---|
//! | that do not overlap | selection ([`select_nth_unstable_by`](slice::select_nth_unstable_by)) | their length |
//! | short, along one axis | sorted windows in the lanes of vectors ([`sorted`](super::sorted)) | their length over the lanes |
//! | others | a set of ranks from which a face of the window is taken and to which one is added ([`ranks`](super::ranks)) | the face, and the logarithm of the window for ranks |

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
    /// The axis along which windows slide: the longest windows that overlap.
    fn axis(area: &WindowBox<'_>) -> Option<usize> {
        let overlaps = |axis: &usize| {
            let (of, count) = (&area.axes[*axis], area.counts[*axis]);
            of.stride < of.window && count > 1
        };
        (0..area.axes.len())
            .rev()
            .filter(overlaps)
            .max_by_key(|&axis| area.axes[axis].window)
    }

    /// Each window for itself.
    fn select(&self, area: &WindowBox<'_>, input: &[f64], out: &mut [f64], window: &mut Vec<f64>) {
        let inside = pitches(&area.lengths);
        let steps: Vec<usize> = (area.axes.iter().zip(&inside))
            .map(|(axis, pitch)| axis.stride as usize * pitch)
            .collect();
        let lengths: Vec<usize> = area.axes.iter().map(|axis| axis.window as usize).collect();
        for_each_index(
            &area.counts,
            [&steps, &pitches(&area.counts)],
            |from, to| {
                window.clear();
                for_each_index(&lengths, [&inside, &inside], |at, _| {
                    let value = input[from + at];
                    if !value.is_nan() {
                        window.push(value);
                    }
                });
                out[to] = self.of_values(window);
            },
        );
    }

    /// The result for values that are there, in any order.
    fn of_values(&self, values: &mut [f64]) -> f64 {
        if !self.has_result(values.len()) {
            return f64::NAN;
        }
        let pick = self.rank.pick(values.len());
        let (_, low, above) = values.select_nth_unstable_by(pick.low, f64::total_cmp);
        let low = *low;
        let high = if pick.high == pick.low {
            low
        } else {
            above.iter().copied().fold(f64::INFINITY, f64::min)
        };
        self.rank.between(pick, low, high)
    }
}

impl BoxOperation for Order {
    type Scratch = OrderBuffers;

    fn bytes(&self, lengths: &[u64], _: &[u64]) -> u64 {
        let all = lengths.iter().product::<u64>();
        Ranks::bytes(all, self.elements as u64)
    }

    fn compute(
        &self,
        area: &WindowBox<'_>,
        input: &mut [f64],
        out: &mut [f64],
        scratch: &mut OrderBuffers,
    ) {
        // So that it does not matter which of two equal zeros is found first.
        for value in input.iter_mut() {
            *value += 0.0;
        }
        let Some(axis) = Self::axis(area) else {
            return self.select(area, input, out, &mut scratch.window);
        };
        let along = area.axes[axis];
        let is_line = along.window == self.elements as u64;
        if is_line && along.stride == 1 && self.elements <= sorted::MOST {
            scratch.sorted.slide(self, area, axis, input, out);
        } else {
            scratch.ranks.slide(self, area, axis, input, out);
        }
    }
}
