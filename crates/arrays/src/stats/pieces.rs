//! A box cut into pieces.

use crate::npy::{ArrayFile, NpyError, Number};
use std::ops::Range;

/// A box, in file order.
pub(in super::super) type Box = Vec<Range<u64>>;

/// Cuts a box, in file order, into boxes of at most so many elements.
pub(in super::super) fn pieces(whole: &[Range<u64>], most: u64) -> Vec<Box> {
    let mut pieces = Vec::new();
    if !whole.iter().any(Range::is_empty) {
        cut(whole, 0, most.max(1), Vec::new(), &mut pieces);
    }
    pieces
}

fn cut(whole: &[Range<u64>], axis: usize, most: u64, before: Box, pieces: &mut Vec<Box>) {
    let Some(range) = whole.get(axis) else {
        pieces.push(before);
        return;
    };
    let rest: u64 = elements(&whole[axis + 1..]);
    let with = |range: Range<u64>, behind: &[Range<u64>]| [&before[..], &[range], behind].concat();
    if rest <= most {
        let step = (most / rest) as usize;
        for start in range.clone().step_by(step) {
            let end = range.end.min(start + step as u64);
            pieces.push(with(start..end, &whole[axis + 1..]));
        }
    } else {
        for i in range.clone() {
            cut(whole, axis + 1, most, with(i..i + 1, &[]), pieces);
        }
    }
}

/// Number of elements of a box.
pub(in super::super) fn elements(of: &[Range<u64>]) -> u64 {
    of.iter().map(|range| range.end - range.start).product()
}

/// Reads a box.
pub(super) fn read<'b, T: Number>(
    array: &ArrayFile,
    piece: &[Range<u64>],
    buffer: &'b mut Vec<T>,
) -> Result<&'b mut [T], NpyError> {
    let count = usize::try_from(elements(piece)).unwrap_or(usize::MAX);
    buffer.resize(count, T::default());
    array.read_box(piece, buffer)?;
    Ok(buffer)
}

/// The index of an element of a box by its number.
pub(in super::super) fn index_in(piece: &[Range<u64>], mut number: u64) -> Vec<u64> {
    let mut index: Vec<u64> = piece.iter().map(|range| range.start).collect();
    for (i, range) in index.iter_mut().zip(piece).rev() {
        let length = range.end - range.start;
        *i += number % length;
        number /= length;
    }
    index
}

/// The numbers that the elements of a box have in another one which holds it, in order.
pub(super) fn numbers_in<'a>(
    inner: &'a [Range<u64>],
    outer: &'a [Range<u64>],
) -> impl Iterator<Item = usize> + 'a {
    (0..elements(inner)).map(move |number| {
        let index = index_in(inner, number);
        let place = index.iter().zip(outer).fold(0, |place, (i, range)| {
            place * (range.end - range.start) + (i - range.start)
        });
        usize::try_from(place).unwrap_or(usize::MAX)
    })
}
