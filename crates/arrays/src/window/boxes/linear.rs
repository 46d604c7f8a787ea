//! [`Linear`]: weighted sums of windows.

use super::{BoxOperation, Weights, WindowBox, correlate, weights::WeightForm};

/// Weighted sums of windows. If elements of a window are left out, its sum is divided by the weights of the others.
pub(in super::super) struct Linear {
    weights: Weights,
    /// Ones in place of the weights, to count elements.
    ones: Vec<Vec<f64>>,
    /// Leave NaN out, and make a window with fewer elements than this number NaN.
    skip: Option<u64>,
    elements: f64,
}

/// Buffers for boxes.
#[derive(Default)]
pub(in super::super) struct LinearBuffers {
    buffers: [Vec<f64>; 2],
    mask: Vec<f64>,
    counts: Vec<f64>,
    sums: Vec<f64>,
}

impl Linear {
    /// Sums with the given weights; the axes of the weights are in file order.
    pub(in super::super) fn new(weights: Weights, skip: Option<u64>) -> Self {
        let window = weights.window();
        Self {
            ones: window
                .iter()
                .map(|&length| vec![1.0; length as usize])
                .collect(),
            elements: window.iter().product::<u64>() as f64,
            weights,
            skip,
        }
    }

    fn sums(
        &self,
        area: &WindowBox<'_>,
        input: &[f64],
        out: &mut [f64],
        scratch: &mut LinearBuffers,
    ) {
        match &self.weights.form {
            WeightForm::Separable(factors) => {
                correlate::separable(area, factors, input, out, &mut scratch.buffers);
            }
            WeightForm::Full(weights) => correlate::full(area, weights, input, out),
        }
    }
}

impl BoxOperation for Linear {
    type Scratch = LinearBuffers;

    fn bytes(&self, lengths: &[u64], counts: &[u64]) -> u64 {
        let elements = lengths.iter().product::<u64>();
        let results = counts.iter().product::<u64>();
        let skipping = if self.skip.is_some() {
            elements + 2 * results
        } else {
            0
        };
        (2 * elements + skipping).saturating_mul(8)
    }

    fn compute(
        &self,
        area: &WindowBox<'_>,
        input: &mut [f64],
        out: &mut [f64],
        scratch: &mut LinearBuffers,
    ) {
        let Some(least) = self
            .skip
            .filter(|_| input.iter().any(|value| value.is_nan()))
        else {
            return self.sums(area, input, out, scratch);
        };
        let mut mask = std::mem::take(&mut scratch.mask);
        let mut counts = std::mem::take(&mut scratch.counts);
        let mut sums = std::mem::take(&mut scratch.sums);
        mask.clear();
        mask.extend(
            input
                .iter()
                .map(|value| if value.is_nan() { 0.0 } else { 1.0 }),
        );
        for value in input.iter_mut().filter(|value| value.is_nan()) {
            *value = 0.0;
        }
        counts.resize(out.len(), 0.0);
        correlate::separable(area, &self.ones, &mask, &mut counts, &mut scratch.buffers);
        self.sums(area, input, out, scratch);
        sums.resize(out.len(), 0.0);
        self.sums(area, &mask, &mut sums, scratch);
        for (out, (&count, &sum)) in out.iter_mut().zip(counts.iter().zip(&sums)) {
            if count < self.elements {
                *out /= sum;
            }
            if count < least as f64 || sum == 0.0 && count < self.elements {
                *out = f64::NAN;
            }
        }
        (scratch.mask, scratch.counts, scratch.sums) = (mask, counts, sums);
    }
}
