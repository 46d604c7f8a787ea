//! Compares two arrays element by element.

use super::{AnalysisError, memory::size, output::Output};
use crate::npy::{
    ArrayFile, Cut, Dtype, Kind, NpyError, Region, Scalar, elements, index_in, length,
};
use crate::progress::Progress;
use crate::walk;
use std::ops::Range;

/// The number of elements that are compared at a time.
const PIECE: u64 = 1 << 17;

/// The pairs of indices that are compared along an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Pairs {
    /// Each index of one array is paired with the same index of the other; holds the number of indices.
    Same(u64),
    /// The pairs of this list, in increasing order.
    Listed(Vec<[u64; 2]>),
}

impl Pairs {
    /// The number of pairs.
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

/// The tolerance of a comparison: `|a - b| ≤ absolute + relative |b|`, as in `numpy.isclose`. Infinities equal
/// themselves. Integers are compared without rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// The allowed difference, independent of the size of the elements.
    pub absolute: f64,
    /// The allowed difference as a fraction of the element of the second array.
    pub relative: f64,
    /// Whether NaN equals NaN. It never equals anything else.
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

/// The differences between the elements of two arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The number of elements that were compared.
    pub elements: u64,
    /// The number of elements that differ: in a bit, or by more than the tolerance.
    pub count: u64,
    /// The number of differing elements that are NaN in both arrays.
    pub both_nan: u64,
    /// The sum of the squares of all finite differences.
    squares: f64,
    /// The largest difference; of equal ones the first.
    pub largest: Option<Largest>,
    /// The largest magnitude of the finite elements of both arrays.
    pub magnitude: f64,
}

/// The largest difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Largest {
    /// The absolute difference; infinite if only one of the elements is NaN.
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
        magnitude: 0.0,
    };

    /// The root mean square of the differences.
    #[must_use]
    pub fn rms(&self) -> f64 {
        (self.squares / self.elements.max(1) as f64).sqrt()
    }

    fn join(mut self, other: Self) -> Self {
        let is_further = match (&self.largest, &other.largest) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(largest), Some(other)) => other.size > largest.size,
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
            magnitude: self.magnitude.max(other.magnitude),
        }
    }
}

/// Two arrays, and the pairs of their elements that are compared.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The arrays.
    pub arrays: [&'a ArrayFile; 2],
    /// The pairs of indices that are compared along every axis.
    pub pairs: Vec<Pairs>,
    /// The tolerance; `None` compares bits.
    pub tolerance: Option<Tolerance>,
}

impl Comparison<'_> {
    /// Compares all pairs, index by index of the first axis. The differences `a - b` go to `output`.
    ///
    /// # Errors
    /// [`AnalysisError::Npy`] if a file cannot be read or written.
    pub fn run(
        &self,
        output: Option<&Output>,
        progress: &Progress,
    ) -> Result<Vec<Difference>, AnalysisError> {
        let compared: Region = self.pairs.iter().map(|pairs| 0..pairs.count()).collect();
        let cut = Cut::of_elements(&compared, PIECE);
        let threads = rayon::current_num_threads() as u64;
        let mut rows: Vec<Difference> = Vec::new();
        walk::in_order(
            &cut,
            threads,
            64 * threads,
            |_: &mut (), _, piece: Region| self.piece(&piece, output, progress),
            |number, piece_rows| {
                let first_row = cut.get(number).first().map_or(0, |range| size(range.start));
                let continues_row = first_row < rows.len();
                let mut piece_rows = piece_rows.into_iter();
                if continues_row
                    && let (Some(row), Some(remainder)) = (rows.pop(), piece_rows.next())
                {
                    rows.push(row.join(remainder));
                }
                rows.extend(piece_rows);
                Ok::<_, AnalysisError>(())
            },
        )?;
        Ok(rows)
    }

    /// Compares a box, index by index of the first axis.
    fn piece(
        &self,
        piece: &[Range<u64>],
        output: Option<&Output>,
        progress: &Progress,
    ) -> Result<Vec<Difference>, AnalysisError> {
        let [left_bits, right_bits] = [self.read(0, piece)?, self.read(1, piece)?];
        let [left_dtype, right_dtype] = self.arrays.map(|array| array.npy.dtype);
        progress.add((left_bits.len() * left_dtype.bytes) as u64);
        let has_one_dtype = left_dtype.native() == right_dtype.native();
        let mut differences = Vec::new();
        let row_length = size(elements(piece.get(1..).unwrap_or_default()));
        let mut rows = Vec::new();
        let row_pairs = left_bits
            .chunks(row_length)
            .zip(right_bits.chunks(row_length));
        for (row_number, (left_row, right_row)) in row_pairs.enumerate() {
            let mut row = Difference {
                elements: left_row.len() as u64,
                ..Difference::NONE
            };
            for (column, (&left, &right)) in left_row.iter().zip(right_row).enumerate() {
                let is_same = has_one_dtype && left == right;
                let pair = [
                    Scalar::of_bits(left_dtype, left),
                    Scalar::of_bits(right_dtype, right),
                ];
                let magnitudes = pair.map(|element| element.to_f64().abs());
                let finite_magnitudes = magnitudes.into_iter().filter(|size| size.is_finite());
                row.magnitude = finite_magnitudes.fold(row.magnitude, f64::max);
                if is_same && self.tolerance.is_none() && output.is_none() {
                    continue;
                }
                if output.is_some() {
                    differences.push(difference(pair[0], pair[1]));
                }
                let differs = match self.tolerance {
                    None => !is_same,
                    Some(tolerance) => !tolerance.allows(pair),
                };
                let are_nan = pair.iter().all(|element| element.to_f64().is_nan());
                row.count += u64::from(differs);
                row.both_nan += u64::from(differs && are_nan);
                if is_same {
                    continue;
                }
                let size = distance(pair[0], pair[1]);
                row.squares += if size.is_finite() { size * size } else { 0.0 };
                let is_largest = match &row.largest {
                    None => size > 0.0 || differs,
                    Some(largest) => size > largest.size,
                };
                if is_largest {
                    let index = index_in(piece, (row_number * row_length + column) as u64);
                    row.largest = Some(Largest { size, index, pair });
                }
            }
            rows.push(row);
        }
        if let Some(output) = output {
            output.write_box(piece, bytemuck::cast_slice(&differences))?;
        }
        Ok(rows)
    }

    /// The bits of all elements of one of the arrays in a box, in C order.
    fn read(&self, side: usize, piece: &[Range<u64>]) -> Result<Vec<u64>, NpyError> {
        let array = self.arrays[side];
        let ranges: Region = piece
            .iter()
            .zip(&self.pairs)
            .map(|(range, pairs)| pairs.of(range.start)[side]..pairs.of(range.end - 1)[side] + 1)
            .collect();
        let file_ranges = array.npy.in_file_order(&ranges);
        let mut bits = vec![0; size(elements(&ranges))];
        array.read_bits(&file_ranges, &mut bits)?;
        let is_without_gaps = elements(&ranges) == elements(piece);
        if !array.npy.fortran_order && is_without_gaps {
            return Ok(bits);
        }
        let mut file_strides = vec![1; file_ranges.len()];
        for axis in (1..file_ranges.len()).rev() {
            file_strides[axis - 1] = file_strides[axis] * length(&file_ranges[axis]);
        }
        let strides = array.npy.in_file_order(&file_strides);
        let mut places = vec![0];
        for (axis, stride) in strides.into_iter().enumerate() {
            let distances: Vec<u64> = piece[axis]
                .clone()
                .map(|pair| (self.pairs[axis].of(pair)[side] - ranges[axis].start) * stride)
                .collect();
            places = places
                .iter()
                .flat_map(|place| distances.iter().map(move |distance| place + distance))
                .collect();
        }
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

/// `a - b`, rounded once; 0 for equal infinities.
fn difference(a: Scalar, b: Scalar) -> f64 {
    if let (Some(a), Some(b)) = (whole_number(a), whole_number(b)) {
        return (a - b) as f64;
    }
    match (a.to_f64(), b.to_f64()) {
        (a, b) if a == b => 0.0,
        (a, b) => a - b,
    }
}

/// The element as an integer, if it has an integer type or is a whole float of at most 64 bits.
fn whole_number(value: Scalar) -> Option<i128> {
    match value {
        Scalar::Integer(value) => Some(value),
        Scalar::Float(value) if value.fract() == 0.0 && value.abs() <= 2_f64.powi(64) => {
            Some(value as i128)
        }
        Scalar::Float(_) => None,
    }
}

/// The number of floats between two elements, in the coarser one of two types; `None` for integers and NaN.
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
    let [place, other_place] = values.map(|value| place_among_floats(value, coarser));
    Some(place.abs_diff(other_place))
}

/// The number of a float of `bytes` bytes if all floats are counted upwards from 0, and downwards to negative numbers.
fn place_among_floats(value: f64, bytes: usize) -> i64 {
    let (bits, sign) = match bytes {
        2 => (u64::from(half::f16::from_f64(value).to_bits()), 1 << 15),
        4 => (u64::from((value as f32).to_bits()), 1 << 31),
        _ => (value.to_bits(), 1 << 63),
    };
    let magnitude = (bits & !sign).cast_signed();
    if bits & sign == 0 {
        magnitude
    } else {
        -magnitude
    }
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
