//! [`Fourier`]: weighted sums over large windows by fast Fourier transforms (overlap-save).
//!
//! The output is divided into blocks at fixed places, so that results do not depend on how it is
//! divided among threads. Errors are a few roundings of the largest value of a block. Infinities and
//! NaN, which a transform would spread over a block, are left out of it, and the windows that hold some are
//! summed one by one.
//!
//! Source: Stockham, "High-speed convolution and correlation", AFIPS 1966.

use super::{Area, correlate, for_each_index, pitches};
use crate::window::axis::WindowAxis;
use rustfft::{Fft, FftPlanner, num_complex::Complex};
use std::sync::Arc;

/// Weights from which on transforms are faster.
const MANY: usize = 1500;
/// Elements of a block at most, unless windows are longer.
const LARGEST: usize = 1 << 18;
/// Lines that are transformed together.
const LINES: usize = 16;

/// Weights, transformed.
pub(super) struct Fourier {
    /// Elements of a block along every axis.
    lengths: Vec<usize>,
    /// Windows of a block along every axis.
    counts: Vec<usize>,
    spectrum: Vec<Complex<f64>>,
    /// Along every axis, forth and back; `None` where a block has one element.
    plans: Vec<Option<[Arc<dyn Fft<f64>>; 2]>>,
}

/// Buffers for blocks.
#[derive(Default)]
pub(super) struct Scratch {
    block: Vec<Complex<f64>>,
    lines: Vec<Complex<f64>>,
    work: Vec<Complex<f64>>,
    odd: Vec<f64>,
    odd_counts: Vec<f64>,
    buffers: [Vec<f64>; 2],
}

impl Fourier {
    /// Transforms weights; `None` where they are few.
    pub(super) fn new(weights: &[f64], axes: &[WindowAxis]) -> Option<Self> {
        if weights.len() < MANY {
            return None;
        }
        let lengths = |times: usize| -> Vec<usize> {
            let along = axes.iter().map(|axis| {
                if axis.window == 1 {
                    return 1;
                }
                let all = axis.covered(&(0..axis.count)).end as usize;
                let wanted = (times * axis.window as usize).next_power_of_two();
                wanted.min(all.next_multiple_of(8))
            });
            along.collect()
        };
        let lengths = [8, 4, 2]
            .map(lengths)
            .into_iter()
            .find(|lengths| lengths.iter().product::<usize>() <= LARGEST)
            .unwrap_or_else(|| lengths(2));
        let counts = axes
            .iter()
            .zip(&lengths)
            .map(|(axis, length)| (length - axis.window as usize) / axis.stride as usize + 1)
            .collect();
        let mut planner = FftPlanner::new();
        let plans = lengths
            .iter()
            .map(|&length| {
                let plans = [
                    planner.plan_fft_forward(length),
                    planner.plan_fft_inverse(length),
                ];
                (length > 1).then_some(plans)
            })
            .collect();
        let all = lengths.iter().product();
        let mut fourier = Self {
            lengths,
            counts,
            spectrum: vec![Complex::default(); all],
            plans,
        };
        let window: Vec<usize> = axes.iter().map(|axis| axis.window as usize).collect();
        let mut block = std::mem::take(&mut fourier.spectrum);
        for_each_index(
            &window,
            [&pitches(&window), &pitches(&fourier.lengths)],
            |from, to| {
                block[to] = weights[from].into();
            },
        );
        fourier.transform(&mut block, 0, &mut Vec::new(), &mut Vec::new());
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let scale = 1.0 / all as f64;
        fourier.spectrum = block
            .into_iter()
            .map(|value| value.conj() * scale)
            .collect();
        Some(fourier)
    }

    /// Windows of a block along every axis; along others than windows have, as many as lie side by side.
    pub(super) fn blocks(&self) -> Vec<u64> {
        let blocks = self.lengths.iter().zip(&self.counts);
        blocks
            .map(|(&length, &count)| if length == 1 { LINES } else { count } as u64)
            .collect()
    }

    pub(super) fn bytes(&self) -> u64 {
        // A block, and what is odd in it with its buffers.
        self.spectrum.len() as u64 * (16 + 4 * 8)
    }

    /// The sums of whole blocks, but for those cut off at the end of the array.
    pub(super) fn run(
        &self,
        area: &Area<'_>,
        weights: &[f64],
        input: &[f64],
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let numbers: Vec<usize> = (area.counts.iter().zip(&self.counts))
            .map(|(all, each)| all.div_ceil(*each))
            .collect();
        let steps = correlate::steps(area);
        let pitch = pitches(&area.counts);
        let apart = |of: &[usize]| -> Vec<usize> {
            of.iter()
                .zip(&self.counts)
                .map(|(step, count)| step * count)
                .collect()
        };
        let mut corners = Vec::new();
        for_each_index(&numbers, [&apart(&steps), &apart(&pitch)], |from, to| {
            corners.push((from, to));
        });
        let mut number = vec![0; numbers.len()];
        for (from, to) in corners {
            let counts: Vec<usize> = (0..number.len())
                .map(|axis| {
                    self.counts[axis].min(area.counts[axis] - number[axis] * self.counts[axis])
                })
                .collect();
            self.block(
                area,
                &counts,
                weights,
                &input[from..],
                &mut out[to..],
                scratch,
            );
            if let Some(axis) = (0..number.len()).rfind(|&axis| number[axis] + 1 < numbers[axis]) {
                number[axis] += 1;
                number[axis + 1..].fill(0);
            }
        }
    }

    fn block(
        &self,
        area: &Area<'_>,
        counts: &[usize],
        weights: &[f64],
        input: &[f64],
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let lengths: Vec<usize> = (area.axes.iter().zip(counts))
            .map(|(axis, count)| (count - 1) * axis.stride as usize + axis.window as usize)
            .collect();
        let (pitch_in, pitch_out) = (pitches(&area.lengths), pitches(&area.counts));
        let pitch = pitches(&self.lengths);
        let Scratch {
            block,
            lines,
            work,
            odd,
            odd_counts,
            buffers,
        } = scratch;
        block.clear();
        block.resize(self.spectrum.len(), Complex::default());
        let mut is_odd = false;
        for_each_index(&lengths, [&pitch_in, &pitch], |from, to| {
            let value = input[from];
            is_odd |= !value.is_finite();
            block[to] = if value.is_finite() { value } else { 0.0 }.into();
        });
        self.transform(block, 0, lines, work);
        for (value, weight) in block.iter_mut().zip(&self.spectrum) {
            *value *= weight;
        }
        self.transform(block, 1, lines, work);
        let steps: Vec<usize> = (area.axes.iter().zip(&pitch))
            .map(|(axis, pitch)| axis.stride as usize * pitch)
            .collect();
        for_each_index(counts, [&steps, &pitch_out], |from, to| {
            out[to] = block[from].re;
        });
        if !is_odd {
            return;
        }
        odd.clear();
        for_each_index(&lengths, [&pitch_in, &pitch_in], |from, _| {
            odd.push(if input[from].is_finite() { 0.0 } else { 1.0 });
        });
        let ones: Vec<Vec<f64>> = area
            .axes
            .iter()
            .map(|axis| vec![1.0; axis.window as usize])
            .collect();
        let inside = Area {
            axes: area.axes,
            lengths,
            counts: counts.to_vec(),
        };
        odd_counts.resize(counts.iter().product(), 0.0);
        correlate::separable(&inside, &ones, odd, odd_counts, buffers);
        let (taps, steps) = (correlate::taps(area), correlate::steps(area));
        let mut next = odd_counts.iter();
        for_each_index(counts, [&steps, &pitch_out], |from, to| {
            if next.next().is_some_and(|&count| count > 0.0) {
                let products = taps
                    .iter()
                    .zip(weights)
                    .map(|(at, weight)| weight * input[from + at]);
                out[to] = products.sum();
            }
        });
    }

    /// Transforms a block along every axis, forth (0) or back (1).
    fn transform(
        &self,
        block: &mut [Complex<f64>],
        direction: usize,
        lines: &mut Vec<Complex<f64>>,
        work: &mut Vec<Complex<f64>>,
    ) {
        let pitch = pitches(&self.lengths);
        for (axis, plans) in self.plans.iter().enumerate() {
            let Some(plans) = plans else { continue };
            let plan = &plans[direction];
            work.resize(
                work.len().max(plan.get_inplace_scratch_len()),
                Complex::default(),
            );
            let (length, inner) = (self.lengths[axis], pitch[axis]);
            if inner == 1 {
                plan.process_with_scratch(block, work);
                continue;
            }
            for outer in block.chunks_exact_mut(length * inner) {
                for first in (0..inner).step_by(LINES) {
                    let some = LINES.min(inner - first);
                    lines.resize(some * length, Complex::default());
                    for (at, row) in outer.chunks_exact(inner).enumerate() {
                        for (line, value) in row[first..first + some].iter().enumerate() {
                            lines[line * length + at] = *value;
                        }
                    }
                    plan.process_with_scratch(lines, work);
                    for (at, row) in outer.chunks_exact_mut(inner).enumerate() {
                        for (line, value) in row[first..first + some].iter_mut().enumerate() {
                            *value = lines[line * length + at];
                        }
                    }
                }
            }
        }
    }
}
