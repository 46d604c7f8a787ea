//! [`MapInput`]: an array that a formula names.

use crate::{
    labels::{LabelledArray, Labels, NamedAxis},
    npy::Region,
};
use std::ops::Range;

/// An array under the name that a formula has for it. Reductions leave the NaN of masked nodes out.
#[derive(Debug)]
pub struct MapInput<'a> {
    /// The name.
    pub name: String,
    /// The array.
    pub array: &'a LabelledArray,
    /// The box that is taken of it: a range for every axis.
    pub select: Region,
    /// What is known of the box.
    pub(super) labels: Labels,
}

impl<'a> MapInput<'a> {
    /// A box of an array, under a name.
    #[must_use]
    pub fn new(name: &str, array: &'a LabelledArray, select: Region) -> Self {
        Self {
            name: name.to_owned(),
            labels: array.labels.of_box(&select),
            array,
            select,
        }
    }

    /// Length of every axis of the box.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
        self.select.iter().map(length).collect()
    }

    /// The coordinates of an axis, if it has some.
    pub(super) fn coordinates(&self, axis: usize) -> Option<&[f64]> {
        self.labels.axis(axis).and_then(NamedAxis::coordinates)
    }
}
