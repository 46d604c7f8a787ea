//! How far apart two arrays are, element by element.

use super::{
    AnalysisError,
    memory::size,
    output::Output,
    stats::pieces::{elements, index_in, pieces},
};
use crate::npy::{ArrayFile, Dtype, Kind, NpyError, Scalar};
use crate::progress::Progress;
use rayon::prelude::*;
use std::ops::Range;

/// Elements that are compared at a time.
const SOME: u64 = 1 << 17;

/// Which indices of two arrays are compared along an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Pairs {
    /// Each with the same one, of so many.
    Same(u64),
    /// These, in increasing order.
    Listed(Vec<[u64; 2]>),
}

impl Pairs {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Same(count) => *count,
            Self::Listed(pairs) => pairs.len() as u64,
        }
    }

    /// The indices of a pair.
    #[must_use]
    pub fn of(&self, number: u64) -> [u64; 2] {
        match self {
            Self::Same(_) => [number; 2],
            Self::Listed(pairs) => pairs[size(number)],
        }
    }
}

/// How far apart elements may be: `|a - b| ≤ absolute + relative |b|`, as in `numpy.isclose`. Infinities
/// are close to themselves. Integers are not rounded first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Of the size of the elements.
    pub absolute: f64,
    /// As a share of those of the second array.
    pub relative: f64,
    /// Whether NaN is close to NaN; it is close to nothing else.
    pub equal_nan: bool,
}

impl Tolerance {
    fn allows(self, [a, b]: [Scalar; 2]) -> bool {
        let (difference, b) = (difference(a, b), b.to_f64());
        difference == 0.0
            || (difference.abs() <= self.absolute + self.relative * b.abs() && b.is_finite())
            || (self.equal_nan && a.to_f64().is_nan() && b.is_nan())
    }
}

/// How far apart the elements of two arrays are.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Elements compared.
    pub elements: u64,
    /// How many differ: in a bit, or by more than is allowed.
    pub count: u64,
    /// How many of these are NaN in both arrays.
    pub both_nan: u64,
    /// The sum of the squared differences, where they are finite.
    squares: f64,
    /// The largest difference, the first of equal ones.
    pub largest: Option<Largest>,
}

/// The largest difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Largest {
    /// Its size; infinite beside NaN.
    pub size: f64,
    /// The index of the pair.
    pub index: Vec<u64>,
    /// The elements.
    pub pair: [Scalar; 2],
}

impl Difference {
    const NONE: Self = Self {
        elements: 0,
        count: 0,
        both_nan: 0,
        squares: 0.0,
        largest: None,
    };

    /// The root of the mean square of the differences.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn rms(&self) -> f64 {
        (self.squares / self.elements.max(1) as f64).sqrt()
    }

    fn join(mut self, other: Self) -> Self {
        let is_further = match (&self.largest, &other.largest) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(one), Some(other)) => other.size > one.size,
        };
        if is_further {
            self.largest = other.largest;
        }
        Self {
            elements: self.elements + other.elements,
            count: self.count + other.count,
            both_nan: self.both_nan + other.both_nan,
            squares: self.squares + other.squares,
            largest: self.largest,
        }
    }
}

/// Two arrays, and what of them is compared.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The arrays.
    pub arrays: [&'a ArrayFile; 2],
    /// What is compared along every axis.
    pub pairs: Vec<Pairs>,
    /// Without it, bits are compared.
    pub tolerance: Option<Tolerance>,
}

impl Comparison<'_> {
    /// Compares all, index by index of the first axis; the differences `a - b` go to `output`.
    ///
    /// # Errors
    /// [`AnalysisError::Npy`] when a file cannot be read or written.
    pub fn run(
        &self,
        output: Option<&Output>,
        progress: &Progress,
    ) -> Result<Vec<Difference>, AnalysisError> {
        let whole: Vec<Range<u64>> = self.pairs.iter().map(|pairs| 0..pairs.count()).collect();
        let Some((first, rest)) = whole.split_first() else {
            return Ok(vec![self.piece(&whole, output, progress)?]);
        };
        let each = elements(rest).max(1);
        // Several short rows at a time, and several pieces of long ones.
        let rows = (SOME / each).max(1);
        let blocks: Vec<Range<u64>> = (0..first.end.div_ceil(rows))
            .map(|number| number * rows..first.end.min((number + 1) * rows))
            .collect();
        let found: Vec<Vec<Difference>> = blocks
            .into_par_iter()
            .map(|block| {
                block
                    .map(|index| {
                        let mut row = whole.clone();
                        row[0] = index..index + 1;
                        pieces(&row, SOME)
                            .iter()
                            .try_fold(Difference::NONE, |all, piece| {
                                Ok(all.join(self.piece(piece, output, progress)?))
                            })
                    })
                    .collect()
            })
            .collect::<Result<_, AnalysisError>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    fn piece(
        &self,
        piece: &[Range<u64>],
        output: Option<&Output>,
        progress: &Progress,
    ) -> Result<Difference, AnalysisError> {
        let (left, right) = (Read::of(self, 0, piece)?, Read::of(self, 1, piece)?);
        progress.add((left.bits.len() * self.arrays[0].npy.dtype.bytes) as u64);
        let all = elements(piece);
        let [a, b] = self.arrays.map(|array| array.npy.dtype);
        let mut found = Difference {
            elements: all,
            ..Difference::NONE
        };
        let mut differences = Vec::new();
        for number in 0..all {
            let index = index_in(piece, number);
            let pair: Vec<[u64; 2]> = index
                .iter()
                .zip(&self.pairs)
                .map(|(&at, pairs)| pairs.of(at))
                .collect();
            let bits = [left.at(&pair, 0), right.at(&pair, 1)];
            let is_same = a.native() == b.native() && bits[0] == bits[1];
            if is_same && self.tolerance.is_none() && output.is_none() {
                continue;
            }
            let scalars = [Scalar::of_bits(a, bits[0]), Scalar::of_bits(b, bits[1])];
            if output.is_some() {
                differences.push(difference(scalars[0], scalars[1]));
            }
            let differs = match self.tolerance {
                None => !is_same,
                Some(tolerance) => !tolerance.allows(scalars),
            };
            let are_nan = scalars.iter().all(|one| one.to_f64().is_nan());
            found.count += u64::from(differs);
            found.both_nan += u64::from(differs && are_nan);
            if is_same {
                continue;
            }
            let size = distance(scalars[0], scalars[1]);
            found.squares += if size.is_finite() { size * size } else { 0.0 };
            let is_further = match &found.largest {
                None => size > 0.0 || differs,
                Some(largest) => size > largest.size,
            };
            if is_further {
                found.largest = Some(Largest {
                    size,
                    index,
                    pair: scalars,
                });
            }
        }
        if let Some(output) = output {
            output.write_box(piece, bytemuck::cast_slice(&differences))?;
        }
        Ok(found)
    }
}

/// A box of an array that holds one side of all pairs of a piece.
struct Read {
    bits: Vec<u64>,
    start: Vec<u64>,
    pitches: Vec<u64>,
}

impl Read {
    fn of(
        comparison: &Comparison<'_>,
        side: usize,
        piece: &[Range<u64>],
    ) -> Result<Self, NpyError> {
        let array = comparison.arrays[side];
        let ranges: Vec<Range<u64>> = piece
            .iter()
            .zip(&comparison.pairs)
            .map(|(range, pairs)| {
                let [first, last] = [range.start, range.end - 1].map(|at| pairs.of(at)[side]);
                first..last + 1
            })
            .collect();
        let mut bits = vec![0; size(elements(&ranges))];
        array.read_bits(&array.npy.in_file_order(&ranges), &mut bits)?;
        let in_file = array.npy.in_file_order(&ranges);
        let mut pitches = vec![1; in_file.len()];
        for axis in (1..in_file.len()).rev() {
            pitches[axis - 1] = pitches[axis] * length(&in_file[axis]);
        }
        Ok(Self {
            bits,
            start: ranges.iter().map(|range| range.start).collect(),
            pitches: array.npy.in_file_order(&pitches),
        })
    }

    fn at(&self, pair: &[[u64; 2]], side: usize) -> u64 {
        let places = pair.iter().zip(&self.start).zip(&self.pitches);
        let place: u64 = places
            .map(|((pair, start), pitch)| (pair[side] - start) * pitch)
            .sum();
        self.bits[size(place)]
    }
}

fn length(range: &Range<u64>) -> u64 {
    range.end - range.start
}

/// The absolute difference, infinite if it is NaN.
fn distance(a: Scalar, b: Scalar) -> f64 {
    let distance = difference(a, b).abs();
    if distance.is_nan() {
        f64::INFINITY
    } else {
        distance
    }
}

/// `a - b`, rounded once; 0 of equal infinities.
#[expect(clippy::cast_precision_loss, reason = "rounding is what it is for")]
fn difference(a: Scalar, b: Scalar) -> f64 {
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        return (a - b) as f64;
    }
    match (a.to_f64(), b.to_f64()) {
        (a, b) if a == b => 0.0,
        (a, b) => a - b,
    }
}

/// The integer that an element is, if it is an integer of its type, or a float among those of 64 bits.
fn whole(value: Scalar) -> Option<i128> {
    match value {
        Scalar::Integer(value) => Some(value),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "without a fraction, and small"
        )]
        Scalar::Float(value) if value.fract() == 0.0 && value.abs() <= 2_f64.powi(64) => {
            Some(value as i128)
        }
        Scalar::Float(_) => None,
    }
}

/// How many floats lie between two elements, of the coarser type of both; `None` of integers and NaN.
#[must_use]
pub fn ulps(pair: [Scalar; 2], dtypes: [Dtype; 2]) -> Option<u64> {
    if dtypes.iter().any(|dtype| dtype.kind != Kind::Float) {
        return None;
    }
    let values = pair.map(Scalar::to_f64);
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let coarser = dtypes[0].bytes.min(dtypes[1].bytes);
    let place = |value: f64| -> i64 {
        let (bits, sign) = match coarser {
            2 => (u64::from(half::f16::from_f64(value).to_bits()), 1 << 15),
            #[expect(clippy::cast_possible_truncation, reason = "rounded once")]
            4 => (u64::from((value as f32).to_bits()), 1 << 31),
            _ => (value.to_bits(), 1 << 63),
        };
        let magnitude = (bits & !sign).cast_signed();
        if bits & sign == 0 {
            magnitude
        } else {
            -magnitude
        }
    };
    Some(place(values[0]).abs_diff(place(values[1])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_unit_apart() {
        let of = |a: f64, b: f64, dtypes| ulps([Scalar::Float(a), Scalar::Float(b)], dtypes);
        assert_eq!(of(1.0, 1.0 + f64::EPSILON, [Dtype::F64; 2]), Some(1));
        assert_eq!(
            of(-f64::from_bits(1), f64::from_bits(1), [Dtype::F64; 2]),
            Some(2)
        );
        assert_eq!(
            of(0.1, f64::from(0.1_f32), [Dtype::F64, Dtype::F32]),
            Some(0)
        );
        assert_eq!(of(f64::NAN, 1.0, [Dtype::F64; 2]), None);
    }

    #[test]
    fn closeness_is_that_of_numpy() {
        let tolerance = Tolerance {
            absolute: 0.0,
            relative: 0.5,
            equal_nan: false,
        };
        for (a, b, close) in [
            (1.0, 2.0, true),
            (2.0, 1.0, false),
            (f64::INFINITY, f64::INFINITY, true),
            (1.0, f64::INFINITY, false),
            (f64::NAN, f64::NAN, false),
        ] {
            let pair = [a, b].map(Scalar::Float);
            assert_eq!(tolerance.allows(pair), close, "{a} {b}");
        }
        let equal_nan = Tolerance {
            equal_nan: true,
            ..tolerance
        };
        assert!(equal_nan.allows([Scalar::Float(f64::NAN); 2]));
        assert!(!equal_nan.allows([Scalar::Float(f64::NAN), Scalar::Float(0.0)]));
    }

    #[test]
    fn integers_are_compared_without_rounding() {
        let absolute = |absolute| Tolerance {
            absolute,
            relative: 0.0,
            equal_nan: false,
        };
        let large = i128::from(i64::MAX);
        for b in [Scalar::Integer(large - 1), Scalar::Float(2_f64.powi(63))] {
            let pair = [Scalar::Integer(large), b];
            assert!(!absolute(0.5).allows(pair), "{b}");
            assert!(absolute(1.0).allows(pair), "{b}");
            assert!(difference(pair[0], b).abs() == 1.0, "{b}");
        }
    }
}
