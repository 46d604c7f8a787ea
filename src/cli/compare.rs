//! `diff2d compare`: whether two arrays hold the same bits, and if not, how far apart they are.

use super::{number, terminal::Terminal};
use crate::{
    cube::{ArrayFile, array::Scalar},
    error::Error,
};
use clap::Args;
use rayon::prelude::*;
use std::path::PathBuf;

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
    let (a, b) = (ArrayFile::open(&args.a)?, ArrayFile::open(&args.b)?);
    let names = || format!("{} and {} differ", a.path.display(), b.path.display());
    let described =
        |array: &ArrayFile| (array.npy.dtype, array.npy.shape.clone(), array.available());
    if described(&a) != described(&b) {
        let of = |array: &ArrayFile| {
            let committed = match &array.journal {
                Some(journal) if !journal.is_complete() => {
                    format!(", {} snapshots committed", journal.records.len())
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
    let frame: u64 = a.npy.shape.iter().skip(1).product();
    let elements = match a.npy.shape.len() {
        0 => 1,
        _ => a.available() * frame,
    };
    let difference = difference(&a, &b, elements);
    if difference.count == 0 {
        return terminal.result(&format!(
            "equal: {elements} elements of {}, bit for bit",
            a.npy.dtype
        ));
    }
    let place = a.index_of(difference.place);
    terminal.result(&format!(
        "different: {} of {elements} elements; the largest difference is {} at {place:?}, {} against {}",
        difference.count,
        number::python(difference.size),
        a.element(difference.place),
        b.element(difference.place),
    ))?;
    Err(Error::Differs(names()))
}

/// How many elements differ, and which the most: the first of equals.
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

fn difference(a: &ArrayFile, b: &ArrayFile, elements: u64) -> Difference {
    const PIECE: u64 = 1 << 16;
    let width = a.npy.dtype.bytes;
    (0..elements.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| {
            let range = piece * PIECE..((piece + 1) * PIECE).min(elements);
            if !a.npy.fortran_order && !b.npy.fortran_order {
                let (from, to) = (a.offset_of(range.start), a.offset_of(range.end));
                if a.data()[from..to] == b.data()[from..to] {
                    return Difference::NONE;
                }
            }
            range
                .filter(|&element| {
                    let (at, bt) = (a.offset_of(element), b.offset_of(element));
                    a.data()[at..at + width] != b.data()[bt..bt + width]
                })
                .map(|element| Difference {
                    count: 1,
                    size: distance(a.element(element), b.element(element)),
                    place: element,
                })
                .fold(Difference::NONE, Difference::join)
        })
        .reduce(|| Difference::NONE, Difference::join)
}

/// Bits that differ in a NaN are infinitely far apart.
#[expect(clippy::cast_precision_loss, reason = "a distance for people")]
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
