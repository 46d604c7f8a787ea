//! [`Fourier`]: the discrete Fourier transform, with the same bits on every machine.
//!
//! ```text
//! X[k] = Σ x[j] exp(-2πi j k/n)
//! ```
//!
//! A length is divided into its prime factors, of which two twos are taken together, and each of them is a pass over all
//! values, from one array to another, without a permutation (Stockham's form). A length with a large prime factor is a
//! convolution with a chirp, by transforms of another length (Bluestein's form). Several lines are transformed at once, in
//! the lanes of registers, so that passes are vectorised for any length and however wide registers are. Nothing is used that
//! the system or the processor computes in a way of its own.
//!
//! Source: W. T. Cochran et al., "What is the fast Fourier transform?", Proc. IEEE 55 (1967), for Stockham's form;
//! L. I. Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", IEEE Trans. Audio
//! Electroacoust. 18 (1970).

use crate::values::{Value, Work};
use std::f64::consts::FRAC_PI_2;

/// Above this prime factor a convolution takes less time than a pass.
const LARGEST_FACTOR: usize = 61;

/// A transform of a certain length.
pub(crate) struct Fourier {
    len: usize,
    passes: Vec<Pass>,
    /// The convolution, if the passes are for another length.
    chirp: Option<Chirp>,
}

/// One factor of the length.
struct Pass {
    radix: usize,
    /// The product of the factors of all passes before.
    stride: usize,
    /// The factors of all outputs of a butterfly but the first.
    twiddles: Vec<[f64; 2]>,
    /// `exp(-2πi k/radix)`.
    roots: Vec<[f64; 2]>,
}

/// What makes a convolution of a transform.
struct Chirp {
    /// `exp(-πi j²/n)`.
    factors: Vec<[f64; 2]>,
    /// The transform of the convolution's kernel, by the length of that transform.
    kernel: Vec<[f64; 2]>,
}

/// `exp(-2πi k/n)`, of which quarters of a turn are exact.
pub(crate) fn turn(k: u64, n: u64) -> [f64; 2] {
    let quarters = 4 * (k % n);
    let angle = FRAC_PI_2 * ((quarters % n) as f64 / n as f64);
    let (sin, cos) = libm::sincos(angle);
    match quarters / n {
        0 => [cos, -sin],
        1 => [-sin, -cos],
        2 => [-cos, sin],
        _ => [sin, cos],
    }
}

/// The factors of a length in the order of their passes; `None` if one is too large.
fn factors(len: usize, largest: usize) -> Option<Vec<usize>> {
    let mut factors = Vec::new();
    let mut cofactor = len;
    let mut factor = 4;
    while cofactor > 1 {
        if cofactor.is_multiple_of(factor) {
            cofactor /= factor;
            factors.push(factor);
        } else {
            factor = match factor {
                4 => 2,
                2 => 3,
                odd => odd + 2,
            };
            if factor > largest {
                return None;
            }
        }
    }
    Some(factors)
}

impl Fourier {
    pub(crate) fn new(len: usize) -> Self {
        if let Some(factors) = factors(len, LARGEST_FACTOR) {
            return Self {
                len,
                passes: passes(len, &factors),
                chirp: None,
            };
        }
        let padded = (2 * len - 1..).find_map(|len| Some((len, factors(len, 5)?)));
        let (padded_len, factors) = padded.unwrap_or_default();
        let passes = passes(padded_len, &factors);
        let double = 2 * len as u64;
        let chirp: Vec<_> = (0..len as u64)
            .map(|j| turn(j * j % double, double))
            .collect();
        Self {
            len,
            chirp: Some(Chirp::new(chirp, &passes, padded_len)),
            passes,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(crate) fn transform(&self, values: &mut Vec<Value>, work: &mut Work) {
        let Some(chirp) = &self.chirp else {
            return run(&self.passes, values, &mut work.scratch);
        };
        let Chirp { factors, kernel } = chirp;
        let padded = &mut work.padded;
        padded.clear();
        let products = values.iter().zip(factors);
        padded.extend(products.map(|(value, factor)| value.times(*factor)));
        padded.resize(kernel.len(), Value::ZERO);
        run(&self.passes, padded, &mut work.scratch);
        // With real and imaginary parts exchanged before and behind it, a transform is the inverse one.
        for (value, factor) in padded.iter_mut().zip(kernel) {
            *value = value.times(*factor).exchanged();
        }
        run(&self.passes, padded, &mut work.scratch);
        for ((value, convolved), factor) in values.iter_mut().zip(padded).zip(factors) {
            *value = convolved.exchanged().times(*factor);
        }
    }
}

impl Chirp {
    fn new(factors: Vec<[f64; 2]>, passes: &[Pass], padded_len: usize) -> Self {
        let mut values = vec![Value::ZERO; padded_len];
        for (j, &[re, im]) in factors.iter().enumerate() {
            let value = Value::uniform([re, -im]).scaled(1.0 / padded_len as f64);
            values[j] = value;
            values[(padded_len - j) % padded_len] = value;
        }
        run(passes, &mut values, &mut Vec::new());
        Self {
            factors,
            kernel: values.iter().map(Value::first).collect(),
        }
    }
}

fn passes(len: usize, factors: &[usize]) -> Vec<Pass> {
    let mut stride = 1;
    let passes = factors.iter().map(|&radix| {
        let transformed_len = len / stride;
        let twiddles = (0..transformed_len / radix).flat_map(|j| {
            (1..radix).map(move |r| turn(j as u64 * r as u64, transformed_len as u64))
        });
        let pass = Pass {
            radix,
            stride,
            twiddles: twiddles.collect(),
            roots: (0..radix).map(|k| turn(k as u64, radix as u64)).collect(),
        };
        stride *= radix;
        pass
    });
    passes.collect()
}

/// Applies all passes; `scratch` is a second array.
#[inline(always)]
fn run(passes: &[Pass], values: &mut Vec<Value>, scratch: &mut Vec<Value>) {
    scratch.resize(values.len(), Value::ZERO);
    for pass in passes {
        match pass.radix {
            2 => pass.apply::<2>(values, scratch),
            3 => pass.apply::<3>(values, scratch),
            4 => pass.apply::<4>(values, scratch),
            5 => pass.apply::<5>(values, scratch),
            7 => pass.apply::<7>(values, scratch),
            _ => pass.apply_odd(values, scratch),
        }
        std::mem::swap(values, scratch);
    }
}

impl Pass {
    /// Applies the pass if its radix is `RADIX`.
    #[inline(always)]
    fn apply<const RADIX: usize>(&self, source: &[Value], target: &mut [Value]) {
        let stride = self.stride;
        let distance = source.len() / RADIX;
        for (block, outputs) in target.chunks_exact_mut(RADIX * stride).enumerate() {
            let inputs = &source[block * stride..][..(RADIX - 1) * distance + stride];
            let twiddles = &self.twiddles[block * (RADIX - 1)..][..RADIX - 1];
            for k in 0..stride {
                let mut values = [Value::ZERO; RADIX];
                for q in 0..RADIX {
                    values[q] = inputs[k + q * distance];
                }
                let sums = butterfly(values, &self.roots);
                outputs[k] = sums[0];
                for r in 1..RADIX {
                    outputs[k + r * stride] = match block {
                        // Its twiddles are 1.
                        0 => sums[r],
                        _ => sums[r].times(twiddles[r - 1]),
                    };
                }
            }
        }
    }

    /// Applies the pass of any odd radix.
    #[inline(always)]
    fn apply_odd(&self, source: &[Value], target: &mut [Value]) {
        let Self { radix, stride, .. } = *self;
        let distance = source.len() / radix;
        let [mut inputs, mut sums] = [[Value::ZERO; LARGEST_FACTOR]; 2];
        let (inputs, sums) = (&mut inputs[..radix], &mut sums[..radix]);
        for (block, outputs) in target.chunks_exact_mut(radix * stride).enumerate() {
            let twiddles = &self.twiddles[block * (radix - 1)..][..radix - 1];
            for k in 0..stride {
                let strided_values = source[block * stride + k..].iter().step_by(distance);
                for (input, value) in inputs.iter_mut().zip(strided_values) {
                    *input = *value;
                }
                odd_butterfly(inputs, sums, &self.roots);
                outputs[k] = sums[0];
                for (r, twiddle) in (1..).zip(twiddles) {
                    outputs[k + r * stride] = sums[r].times(*twiddle);
                }
            }
        }
    }
}

/// The butterfly of an odd number of values, which takes `inputs` as its work space.
#[inline(always)]
fn odd_butterfly(inputs: &mut [Value], outputs: &mut [Value], roots: &[[f64; 2]]) {
    let radix = inputs.len();
    outputs[0] = inputs[0];
    for q in 1..=radix / 2 {
        let (value, image) = (inputs[q], inputs[radix - q]);
        inputs[q] = value + image;
        inputs[radix - q] = value - image;
        outputs[0] = outputs[0] + inputs[q];
    }
    for r in 1..=radix / 2 {
        let (mut cosines, mut sines) = (inputs[0], Value::ZERO);
        let mut power = 0;
        for q in 1..=radix / 2 {
            power += r;
            if power >= radix {
                power -= radix;
            }
            let [cos, sin] = roots[power];
            cosines = cosines + inputs[q].scaled(cos);
            sines = sines + inputs[radix - q].scaled(sin);
        }
        outputs[r] = cosines + sines.times_i();
        outputs[radix - r] = cosines - sines.times_i();
    }
}

/// The butterfly of any number of values for which there is one.
#[inline(always)]
fn butterfly<const RADIX: usize>(mut values: [Value; RADIX], roots: &[[f64; 2]]) -> [Value; RADIX] {
    let mut sums = values;
    match values[..] {
        [a, b] => {
            sums[0] = a + b;
            sums[1] = a - b;
        }
        [a, b, c, d] => {
            let (even_sum, even_difference) = (a + c, a - c);
            let (odd_sum, odd_difference) = (b + d, (b - d).times_i());
            sums[0] = even_sum + odd_sum;
            sums[1] = even_difference - odd_difference;
            sums[2] = even_sum - odd_sum;
            sums[3] = even_difference + odd_difference;
        }
        _ => odd_butterfly(&mut values, &mut sums, &roots[..RADIX]),
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pass, several of them, and the convolution.
    const LENGTHS: &[usize] = &[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 22, 49, 61, 64, 65, 67, 74, 105, 134, 202, 598, 1009,
    ];

    #[test]
    fn any_length_has_the_sums_of_the_definition() {
        for &len in LENGTHS {
            let numbers: Vec<_> = (0..len).map(|j| turn((7 * j * j + j) as u64, 97)).collect();
            let mut values: Vec<_> = numbers
                .iter()
                .map(|&number| Value::uniform(number))
                .collect();
            Fourier::new(len).transform(&mut values, &mut Work::default());
            for (k, value) in values.iter().enumerate() {
                let mut sum = [0.0; 2];
                for (j, [re, im]) in numbers.iter().enumerate() {
                    let [cos, sin] = turn((j * k) as u64, len as u64);
                    sum[0] += re * cos - im * sin;
                    sum[1] += re * sin + im * cos;
                }
                let [re, im] = value.first();
                let error = (re - sum[0]).abs().max((im - sum[1]).abs());
                assert!(
                    error < 1e-13 * (len as f64).sqrt() * 4.0,
                    "{len} {k}: {error}"
                );
            }
        }
    }
}
