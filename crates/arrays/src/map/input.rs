//! [`MapInput`]: an input array of a formula.

use crate::{
    labels::{LabelledArray, Labels, NamedAxis},
    npy::{Region, length},
};

/// An array with its name in a formula. Reductions leave out the NaN of masked nodes.
#[derive(Debug)]
pub struct MapInput<'a> {
    /// The name in the formula.
    pub name: String,
    /// The array.
    pub array: &'a LabelledArray,
    /// The selected box of the array: a range for every axis.
    pub select: Region,
    /// The labels of the box.
    pub(super) labels: Labels,
}

impl<'a> MapInput<'a> {
    /// A box of an array with its name in a formula.
    #[must_use]
    pub fn new(name: &str, array: &'a LabelledArray, select: Region) -> Self {
        Self {
            name: name.to_owned(),
            labels: array.labels.of_box(&select),
            array,
            select,
        }
    }

    /// The length of every axis of the box.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.select.iter().map(length).collect()
    }

    /// The coordinates of an axis, if it has some.
    pub(super) fn coordinates(&self, axis: usize) -> Option<&[f64]> {
        self.labels.axis(axis).and_then(NamedAxis::coordinates)
    }
}
