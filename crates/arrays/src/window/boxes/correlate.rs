//! Weighted sums of neighbours: along one axis, or over all elements of a window.

use super::{WindowBox, for_each_index, pitches};
use diff2d_sys::vectorised;

/// Results that are summed up side by side.
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
    fn run(&self, from: &[f64], to: &mut [f64]) {
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
                    let from = &from[outer * length * inner..][..length * inner];
                    let to = &mut to[outer * count * inner..][..count * inner];
                    if inner == 1 {
                        self.row(from, to);
                        continue;
                    }
                    for (number, to) in to.chunks_exact_mut(inner).enumerate() {
                        let from = &from[number * stride * inner..];
                        let tap = |tap: usize| tap * inner;
                        sums(from, 1, self.weights, tap, to);
                    }
                }
            },
        );
    }

    /// A contiguous line.
    #[inline(always)]
    fn row(&self, from: &[f64], to: &mut [f64]) {
        sums(from, self.stride, self.weights, |tap| tap, to);
    }
}

/// `to[i] = Σ weights[k] from[i * step + place(k)]`, added in the order of k.
#[inline(always)]
fn sums(
    from: &[f64],
    step: usize,
    weights: &[f64],
    place: impl Fn(usize) -> usize + Copy,
    to: &mut [f64],
) {
    let (groups, rest) = to.as_chunks_mut::<LANES>();
    for (number, to) in groups.iter_mut().enumerate() {
        *to = lanes(from, number * LANES * step, step, weights, place);
    }
    let begin = groups.len() * LANES;
    let (groups, rest) = rest.as_chunks_mut::<4>();
    for (number, to) in groups.iter_mut().enumerate() {
        *to = lanes(from, (begin + number * 4) * step, step, weights, place);
    }
    let begin = begin + groups.len() * 4;
    for (number, to) in rest.iter_mut().enumerate() {
        [*to] = lanes(from, (begin + number) * step, step, weights, place);
    }
}

#[inline(always)]
fn lanes<const N: usize>(
    from: &[f64],
    begin: usize,
    step: usize,
    weights: &[f64],
    place: impl Fn(usize) -> usize,
) -> [f64; N] {
    let mut sums = [0.0; N];
    for (tap, weight) in weights.iter().enumerate() {
        let at = begin + place(tap);
        if step == 1 {
            let row = &from[at..at + N];
            for lane in 0..N {
                sums[lane] += weight * row[lane];
            }
        } else {
            for lane in 0..N {
                sums[lane] += weight * from[at + lane * step];
            }
        }
    }
    sums
}

/// Sums with the product of a weight for every axis: one axis after the other.
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
    let Some(&last) = busy.last() else {
        out.copy_from_slice(input);
        return;
    };
    let mut source = None;
    for &axis in &busy {
        let along = WeightedAxis {
            outer: lengths[..axis].iter().product(),
            length: lengths[axis],
            inner: lengths[axis + 1..].iter().product(),
            weights: &factors[axis],
            stride: area.axes[axis].stride as usize,
            count: area.counts[axis],
        };
        lengths[axis] = along.count;
        let [a, b] = buffers;
        let (from, into) = match source {
            None => (input, a),
            Some(0) => (&a[..], b),
            Some(_) => (&b[..], a),
        };
        if axis == last {
            along.run(from, out);
            return;
        }
        into.resize(lengths.iter().product(), 0.0);
        along.run(from, into);
        source = Some(source.map_or(0, |number: usize| 1 - number));
    }
}

/// Sums with any weights, one by one.
pub(super) fn full(area: &WindowBox<'_>, weights: &[f64], input: &[f64], out: &mut [f64]) {
    let (taps, steps) = (taps(area), steps(area));
    let axis = area.counts.len() - 1;
    let count = area.counts[axis];
    let mut rows = area.counts.clone();
    rows[axis] = 1;
    for_each_index(&rows, [&steps, &pitches(&area.counts)], |from, to| {
        vectorised(
            #[inline(always)]
            || {
                let place = |tap: usize| taps[tap];
                sums(
                    &input[from..],
                    steps[axis],
                    weights,
                    place,
                    &mut out[to..to + count],
                );
            },
        );
    });
}

/// Places of the elements of a window, counted from its first.
pub(super) fn taps(area: &WindowBox<'_>) -> Vec<usize> {
    let window: Vec<usize> = area.axes.iter().map(|axis| axis.window as usize).collect();
    let pitch = pitches(&area.lengths);
    let mut taps = Vec::new();
    for_each_index(&window, [&pitch, &pitch], |place, _| taps.push(place));
    taps
}

/// From one window to the next in the input, along every axis.
pub(super) fn steps(area: &WindowBox<'_>) -> Vec<usize> {
    let pitch = pitches(&area.lengths);
    area.axes
        .iter()
        .zip(pitch)
        .map(|(axis, pitch)| axis.stride as usize * pitch)
        .collect()
}
