//! How far apart two arrays are, element by element.

use super::{AnalysisError, memory::size, output::Output};
use crate::npy::{
    ArrayFile, Cut, Dtype, Kind, NpyError, Region, Scalar, elements, index_in, length,
};
use crate::progress::Progress;
use crate::walk;
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
        let whole: Region = self.pairs.iter().map(|pairs| 0..pairs.count()).collect();
        let cut = Cut::of_elements(&whole, SOME);
        let threads = rayon::current_num_threads() as u64;
        let visit = |_: &mut (), _, piece: Region| self.piece(&piece, output, progress);
        let mut all: Vec<Difference> = Vec::new();
        walk::in_order(&cut, threads, 64 * threads, visit, |number, found| {
            let begun = cut.get(number).first().map_or(0, |rows| size(rows.start)) < all.len();
            let mut found = found.into_iter().peekable();
            if let Some(rest) = found.next_if(|_| begun)
                && let Some(row) = all.pop()
            {
                all.push(row.join(rest));
            }
            all.extend(found);
            Ok::<_, AnalysisError>(())
        })?;
        Ok(all)
    }

    /// Compares a box, index by index of the first axis.
    fn piece(
        &self,
        piece: &[Range<u64>],
        output: Option<&Output>,
        progress: &Progress,
    ) -> Result<Vec<Difference>, AnalysisError> {
        let [left, right] = [self.read(0, piece)?, self.read(1, piece)?];
        let [a, b] = self.arrays.map(|array| array.npy.dtype);
        progress.add((left.len() * a.bytes) as u64);
        let is_alike = a.native() == b.native();
        let mut differences = Vec::new();
        let row = size(elements(piece.get(1..).unwrap_or_default()));
        let mut all = Vec::new();
        for (number, (left, right)) in left.chunks(row).zip(right.chunks(row)).enumerate() {
            let mut found = Difference {
                elements: left.len() as u64,
                ..Difference::NONE
            };
            for (at, bits) in left.iter().zip(right).enumerate() {
                let is_same = is_alike && bits.0 == bits.1;
                if is_same && self.tolerance.is_none() && output.is_none() {
                    continue;
                }
                let pair = [Scalar::of_bits(a, *bits.0), Scalar::of_bits(b, *bits.1)];
                if output.is_some() {
                    differences.push(difference(pair[0], pair[1]));
                }
                let differs = match self.tolerance {
                    None => !is_same,
                    Some(tolerance) => !tolerance.allows(pair),
                };
                let are_nan = pair.iter().all(|one| one.to_f64().is_nan());
                found.count += u64::from(differs);
                found.both_nan += u64::from(differs && are_nan);
                if is_same {
                    continue;
                }
                let size = distance(pair[0], pair[1]);
                found.squares += if size.is_finite() { size * size } else { 0.0 };
                let is_further = match &found.largest {
                    None => size > 0.0 || differs,
                    Some(largest) => size > largest.size,
                };
                if is_further {
                    let index = index_in(piece, (number * row + at) as u64);
                    found.largest = Some(Largest { size, index, pair });
                }
            }
            all.push(found);
        }
        if let Some(output) = output {
            output.write_box(piece, bytemuck::cast_slice(&differences))?;
        }
        Ok(all)
    }

    /// The bits of one side of all pairs of a box, in C order.
    fn read(&self, side: usize, piece: &[Range<u64>]) -> Result<Vec<u64>, NpyError> {
        let array = self.arrays[side];
        let pairs = || piece.iter().zip(&self.pairs);
        let ranges: Region = pairs()
            .map(|(range, pairs)| pairs.of(range.start)[side]..pairs.of(range.end - 1)[side] + 1)
            .collect();
        let in_file = array.npy.in_file_order(&ranges);
        let mut bits = vec![0; size(elements(&ranges))];
        array.read_bits(&in_file, &mut bits)?;
        if !array.npy.fortran_order && elements(&ranges) == elements(piece) {
            return Ok(bits);
        }
        let mut pitches = vec![1; in_file.len()];
        for axis in (1..in_file.len()).rev() {
            pitches[axis - 1] = pitches[axis] * length(&in_file[axis]);
        }
        let pitches = array.npy.in_file_order(&pitches);
        let axes = pairs().zip(&ranges).zip(pitches);
        let places = axes.fold(vec![0], |places, (((range, pairs), read), pitch)| {
            let along: Vec<u64> = range
                .clone()
                .map(|at| (pairs.of(at)[side] - read.start) * pitch)
                .collect();
            places
                .iter()
                .flat_map(|place| along.iter().map(move |at| place + at))
                .collect()
        });
        Ok(places.into_iter().map(|place| bits[size(place)]).collect())
    }
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
