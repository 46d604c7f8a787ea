//! Weighted sums of neighbours: along one axis, or over all elements of a window.

use super::{WindowBox, for_each_index, pitches};
use diff2d_sys::vectorised;

/// The number of results that are summed in parallel.
const LANES: usize = 32;

/// Weighted sums along one axis of an array `(outer, length, inner)`.
#[derive(Clone, Copy)]
struct WeightedAxis<'a> {
    outer: usize,
    length: usize,
    inner: usize,
    weights: &'a [f64],
    stride: usize,
    count: usize,
}

impl WeightedAxis<'_> {
    fn run(&self, input: &[f64], out: &mut [f64]) {
        let Self {
            length,
            inner,
            stride,
            count,
            ..
        } = *self;
        vectorised(
            #[inline(always)]
            || {
                for outer in 0..self.outer {
                    let input = &input[outer * length * inner..][..length * inner];
                    let out = &mut out[outer * count * inner..][..count * inner];
                    if inner == 1 {
                        self.row(input, out);
                        continue;
                    }
                    for (number, row) in out.chunks_exact_mut(inner).enumerate() {
                        let input = &input[number * stride * inner..];
                        sums(input, 1, self.weights, |tap| tap * inner, row);
                    }
                }
            },
        );
    }

    /// Sums along a contiguous line.
    #[inline(always)]
    fn row(&self, input: &[f64], out: &mut [f64]) {
        sums(input, self.stride, self.weights, |tap| tap, out);
    }
}

/// `out[i] = Σ weights[k] input[i * step + place(k)]`, added in the order of k.
#[inline(always)]
fn sums(
    input: &[f64],
    step: usize,
    weights: &[f64],
    place: impl Fn(usize) -> usize + Copy,
    out: &mut [f64],
) {
    let (groups, remainder) = out.as_chunks_mut::<LANES>();
    for (number, group) in groups.iter_mut().enumerate() {
        *group = lanes(input, number * LANES * step, step, weights, place);
    }
    let start = groups.len() * LANES;
    let (groups, remainder) = remainder.as_chunks_mut::<4>();
    for (number, group) in groups.iter_mut().enumerate() {
        *group = lanes(input, (start + number * 4) * step, step, weights, place);
    }
    let start = start + groups.len() * 4;
    for (number, sum) in remainder.iter_mut().enumerate() {
        [*sum] = lanes(input, (start + number) * step, step, weights, place);
    }
}

#[inline(always)]
fn lanes<const N: usize>(
    input: &[f64],
    start: usize,
    step: usize,
    weights: &[f64],
    place: impl Fn(usize) -> usize,
) -> [f64; N] {
    let mut sums = [0.0; N];
    for (tap, weight) in weights.iter().enumerate() {
        let first_place = start + place(tap);
        if step == 1 {
            let row = &input[first_place..first_place + N];
            for lane in 0..N {
                sums[lane] += weight * row[lane];
            }
        } else {
            for lane in 0..N {
                sums[lane] += weight * input[first_place + lane * step];
            }
        }
    }
    sums
}

/// Weighted sums by one factor for every axis, one axis after the other.
pub(super) fn separable(
    area: &WindowBox<'_>,
    factors: &[Vec<f64>],
    input: &[f64],
    out: &mut [f64],
    buffers: &mut [Vec<f64>; 2],
) {
    let mut lengths = area.lengths.clone();
    let busy: Vec<usize> = (0..lengths.len())
        .filter(|&axis| area.axes[axis].stride > 1 || factors[axis] != [1.0])
        .collect();
    let Some(&last_axis) = busy.last() else {
        out.copy_from_slice(input);
        return;
    };
    let mut source = None;
    for &axis in &busy {
        let weighted_axis = WeightedAxis {
            outer: lengths[..axis].iter().product(),
            length: lengths[axis],
            inner: lengths[axis + 1..].iter().product(),
            weights: &factors[axis],
            stride: area.axes[axis].stride as usize,
            count: area.counts[axis],
        };
        lengths[axis] = weighted_axis.count;
        let [buffer, other_buffer] = buffers;
        let (axis_input, axis_out) = match source {
            None => (input, buffer),
            Some(0) => (&buffer[..], other_buffer),
            Some(_) => (&other_buffer[..], buffer),
        };
        if axis == last_axis {
            weighted_axis.run(axis_input, out);
            return;
        }
        axis_out.resize(lengths.iter().product(), 0.0);
        weighted_axis.run(axis_input, axis_out);
        source = Some(source.map_or(0, |number: usize| 1 - number));
    }
}

/// Weighted sums with any weights, one by one.
pub(super) fn full(area: &WindowBox<'_>, weights: &[f64], input: &[f64], out: &mut [f64]) {
    let (taps, steps) = (taps(area), steps(area));
    let axis = area.counts.len() - 1;
    let count = area.counts[axis];
    let mut rows = area.counts.clone();
    rows[axis] = 1;
    for_each_index(
        &rows,
        [&steps, &pitches(&area.counts)],
        |input_start, out_start| {
            vectorised(
                #[inline(always)]
                || {
                    sums(
                        &input[input_start..],
                        steps[axis],
                        weights,
                        |tap: usize| taps[tap],
                        &mut out[out_start..out_start + count],
                    );
                },
            );
        },
    );
}

/// The positions of the elements of a window, relative to the first one.
pub(super) fn taps(area: &WindowBox<'_>) -> Vec<usize> {
    let window: Vec<usize> = area.axes.iter().map(|axis| axis.window as usize).collect();
    let pitch = pitches(&area.lengths);
    let mut taps = Vec::new();
    for_each_index(&window, [&pitch, &pitch], |place, _| taps.push(place));
    taps
}

/// The distance between neighbouring windows in the input, along every axis.
pub(super) fn steps(area: &WindowBox<'_>) -> Vec<usize> {
    let pitch = pitches(&area.lengths);
    area.axes
        .iter()
        .zip(pitch)
        .map(|(axis, pitch)| axis.stride as usize * pitch)
        .collect()
}
