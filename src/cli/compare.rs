//! `diff2d compare`: whether two arrays hold the same bits, and if not, how far apart they are.

use super::{number, open::open, terminal::Terminal};
use crate::{
    cube::JournalledArray,
    error::Error,
    npy::{ArrayFile, Buffer, CHUNK_BYTES, NpyError, Scalar},
};
use clap::Args;
use rayon::prelude::*;
use std::{ops::Range, path::PathBuf};

/// Compare two .npy files bit for bit (exit code 3 if they differ)
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d compare output/mine.npy output/theirs.npy")]
pub(super) struct CompareArgs {
    /// One .npy file
    a: PathBuf,
    /// Another
    b: PathBuf,
}

pub(super) fn compare(args: &CompareArgs, terminal: &Terminal) -> Result<(), Error> {
    let (a, b) = (open(&args.a, terminal)?, open(&args.b, terminal)?);
    let names = || format!("{} and {} differ", a.path.display(), b.path.display());
    let described =
        |array: &JournalledArray| (array.npy.dtype, array.npy.shape.clone(), array.available());
    if described(&a) != described(&b) {
        let of = |array: &JournalledArray| {
            let committed = match &array.journal {
                Some(journal) if !journal.is_complete() => {
                    format!(", {} snapshots committed", journal.committed.total())
                }
                _ => String::new(),
            };
            format!(
                "{} of shape {:?}{committed}",
                array.npy.dtype, array.npy.shape
            )
        };
        terminal.result(&format!("different: {} against {}", of(&a), of(&b)))?;
        return Err(Error::Differs(names()));
    }
    let elements = a.elements();
    let difference = if a.npy.fortran_order == b.npy.fortran_order {
        in_one_order(&a, &b, elements)?
    } else {
        in_two_orders(&a, &b)?
    };
    if difference.count == 0 {
        return terminal.result(&format!(
            "equal: {elements} elements of {}, bit for bit",
            a.npy.dtype
        ));
    }
    let place = a.npy.index_of(difference.place);
    terminal.result(&format!(
        "different: {} of {elements} elements; the largest difference is {} at {place:?}, {} against {}",
        difference.count,
        number::python(difference.size),
        a.element(difference.place)?,
        b.element(b.npy.place_of(&place))?,
    ))?;
    Err(Error::Differs(names()))
}

/// How many elements differ, and the largest difference: the first of equal ones.
#[derive(Debug, Clone, Copy)]
struct Difference {
    count: u64,
    size: f64,
    place: u64,
}

impl Difference {
    const NONE: Self = Self {
        count: 0,
        size: f64::NEG_INFINITY,
        place: u64::MAX,
    };

    fn of(a: Scalar, b: Scalar, place: u64) -> Self {
        Self {
            count: 1,
            size: distance(a, b),
            place,
        }
    }

    fn join(self, other: Self) -> Self {
        let further =
            other.size > self.size || (other.size == self.size && other.place < self.place);
        let (size, place) = if further {
            (other.size, other.place)
        } else {
            (self.size, self.place)
        };
        Self {
            count: self.count + other.count,
            size,
            place,
        }
    }
}

fn in_one_order(a: &ArrayFile, b: &ArrayFile, elements: u64) -> Result<Difference, NpyError> {
    let dtype = a.npy.dtype;
    let most = CHUNK_BYTES / dtype.bytes as u64;
    (0..elements.div_ceil(most))
        .into_par_iter()
        .map_init(<(Buffer, Buffer)>::default, |(left, right), number| {
            let places = number * most..((number + 1) * most).min(elements);
            let (left, right) = (
                a.bytes(places.clone(), left)?,
                b.bytes(places.clone(), right)?,
            );
            if left == right {
                return Ok(Difference::NONE);
            }
            let pairs = left.chunks(dtype.bytes).zip(right.chunks(dtype.bytes));
            Ok(pairs
                .zip(places)
                .filter(|((left, right), _)| left != right)
                .map(|((left, right), place)| {
                    let [left, right] = [left, right].map(|bytes| Scalar::decode(dtype, bytes));
                    Difference::of(left, right, place)
                })
                .fold(Difference::NONE, Difference::join))
        })
        .try_reduce(|| Difference::NONE, |a, b| Ok(a.join(b)))
}

/// Compares boxes of about equal sides, since the two files have their elements in different orders.
fn in_two_orders(a: &ArrayFile, b: &ArrayFile) -> Result<Difference, NpyError> {
    let mut pending = vec![a.npy.shape.iter().map(|&end| 0..end).collect::<Vec<_>>()];
    let mut total = Difference::NONE;
    let length = |range: &Range<u64>| range.end - range.start;
    while let Some(region) = pending.pop() {
        let elements: u64 = region.iter().map(length).product();
        if elements * a.npy.dtype.bytes as u64 > CHUNK_BYTES {
            let longest = (0..region.len()).max_by_key(|&axis| length(&region[axis]));
            let axis = longest.unwrap_or_default();
            let middle = region[axis].start + length(&region[axis]) / 2;
            let [mut low, mut high] = [region.clone(), region];
            low[axis].end = middle;
            high[axis].start = middle;
            pending.extend([low, high]);
            continue;
        }
        let read = |array: &ArrayFile| {
            let mut bits = vec![0_u64; usize::try_from(elements).unwrap_or(usize::MAX)];
            array.read_bits(&array.npy.in_file_order(&region), &mut bits)?;
            Ok::<_, NpyError>(bits)
        };
        let (left, right) = (read(a)?, read(b)?);
        let lengths: Vec<usize> = region
            .iter()
            .map(|range| usize::try_from(length(range)).unwrap_or(usize::MAX))
            .collect();
        let view = |array: &ArrayFile, bits| {
            let shape = array.npy.in_file_order(&lengths);
            let view = ndarray::ArrayViewD::from_shape(shape, bits);
            view.map(|view| {
                if array.npy.fortran_order {
                    view.reversed_axes()
                } else {
                    view
                }
            })
        };
        let (Ok(left), Ok(right)) = (view(a, &left), view(b, &right)) else {
            unreachable!("the shape is that of the box")
        };
        for ((index, left), right) in left.indexed_iter().zip(&right) {
            if left != right {
                let index: Vec<u64> = (0..region.len())
                    .map(|axis| region[axis].start + index[axis] as u64)
                    .collect();
                let [left, right] = [left, right].map(|bits| Scalar::of_bits(a.npy.dtype, *bits));
                total = total.join(Difference::of(left, right, a.npy.place_of(&index)));
            }
        }
    }
    Ok(total)
}

/// The absolute difference, infinite if it is NaN.
#[expect(clippy::cast_precision_loss, reason = "a distance to print")]
fn distance(a: Scalar, b: Scalar) -> f64 {
    match (a, b) {
        (Scalar::Integer(a), Scalar::Integer(b)) => a.abs_diff(b) as f64,
        _ => {
            let distance = (a.to_f64() - b.to_f64()).abs();
            if distance.is_nan() {
                f64::INFINITY
            } else {
                distance
            }
        }
    }
}
