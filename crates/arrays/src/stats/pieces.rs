//! A box in memory.

use crate::npy::{ArrayFile, NpyError, Number, elements, index_in};
use std::ops::Range;

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
