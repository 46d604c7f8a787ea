//! Boxes of an array: the ranges of their axes, and their elements.

use crate::npy::{ArrayFile, NpyError, Number, Region, elements};
use std::ops::Range;

/// A box of an array: a range for every axis of the array, in the order of its axes.
pub type Select = Vec<Range<u64>>;

/// Whether each of `count` axes is among `axes`.
pub(super) fn flags(count: usize, axes: &[usize]) -> Vec<bool> {
    (0..count).map(|axis| axes.contains(&axis)).collect()
}

/// The ranges of the axes of a box that are reduced, or of the axes that are kept.
pub(super) fn ranges_of_axes(region: &[Range<u64>], is_reduced: &[bool], reduced: bool) -> Region {
    let axes = region.iter().zip(is_reduced);
    axes.filter(|&(_, &is_reduced)| is_reduced == reduced)
        .map(|(range, _)| range.clone())
        .collect()
}

/// Reads a box.
pub(super) fn read<'b, T: Number>(
    array: &ArrayFile,
    part: &[Range<u64>],
    buffer: &'b mut Vec<T>,
) -> Result<&'b mut [T], NpyError> {
    let count = usize::try_from(elements(part)).unwrap_or(usize::MAX);
    buffer.resize(count, T::default());
    array.read_box(part, buffer)?;
    Ok(buffer)
}
