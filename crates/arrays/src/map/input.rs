//! [`MapInput`]: an array that a formula names.

use crate::npy::{ArrayFile, Region};
use std::ops::Range;

/// An array under the name that a formula has for it.
#[derive(Debug)]
pub struct MapInput<'a> {
    /// The name.
    pub name: String,
    /// The array.
    pub array: &'a ArrayFile,
    /// The box that is taken of it: a range for every axis.
    pub select: Region,
    /// Of every axis of the box the name and the coordinates, if they are known.
    pub axes: Vec<Option<MapAxis>>,
    /// Whether reductions leave NaN out.
    pub skip_nan: bool,
}

/// An axis with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct MapAxis {
    /// The name.
    pub name: String,
    /// A coordinate for each index, if there are some.
    pub coordinates: Option<Vec<f64>>,
}

impl MapInput<'_> {
    /// Length of every axis of the box.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
        self.select.iter().map(length).collect()
    }

    /// The coordinates of an axis, if it has some.
    pub(super) fn coordinates(&self, axis: usize) -> Option<&[f64]> {
        self.axes.get(axis)?.as_ref()?.coordinates.as_deref()
    }
}
