//! [`Labels`]: names, coordinates, units and dates of the axes of an array; [`LabelledArray`]: an array with its labels.
//!
//! Labels of cubes are in their journals, labels of other arrays in a small file [beside](mod@beside) them.

mod axis;
pub mod beside;
mod dated;

pub use axis::{AxisValues, NamedAxis};
pub use dated::DateIndices;

use crate::npy::{ArrayFile, Slice};
use std::ops::{Deref, DerefMut, Range};

/// Names, coordinates and units of the axes of an array, and the meaning of its elements.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// The axes, as far as they are known.
    pub axes: Vec<Option<NamedAxis>>,
    /// The quantity of the values, if it is known: `difference`.
    pub quantity: Option<String>,
    /// The unit of the values, if it is known.
    pub unit: Option<String>,
    /// Whether NaN stands for nodes outside the domain, or for snapshots that a scenario does not have.
    pub is_masked: bool,
}

impl Labels {
    /// Labels for axes only.
    #[must_use]
    pub fn of_axes(axes: Vec<Option<NamedAxis>>) -> Self {
        Self {
            axes,
            ..Self::default()
        }
    }

    /// The labels of one axis.
    #[must_use]
    pub fn axis(&self, axis: usize) -> Option<&NamedAxis> {
        self.axes.get(axis)?.as_ref()
    }

    /// The number of the axis with this name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.axes
            .iter()
            .position(|axis| axis.as_ref().is_some_and(|axis| axis.name == name))
    }

    /// The names of all axes that have one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().flatten().map(|axis| axis.name.as_str())
    }

    /// The unit of an axis, or of the values for the name `p`, if it is known.
    #[must_use]
    pub fn unit_of(&self, name: &str) -> Option<&str> {
        match name {
            "p" => self.unit.as_deref(),
            name => self.axis(self.position(name)?)?.unit.as_deref(),
        }
    }

    /// Labels with other axes. `change` makes each axis from its number and the old axis.
    #[must_use]
    pub fn with_axes(
        &self,
        mut change: impl FnMut(usize, &NamedAxis) -> Option<NamedAxis>,
    ) -> Self {
        let axes = self.axes.iter().enumerate();
        Self {
            axes: axes
                .map(|(number, axis)| change(number, axis.as_ref()?))
                .collect(),
            ..self.clone()
        }
    }

    /// The labels of the axes that statistics do not reduce. Nodes stay masked unless the statistics reduce one of
    /// their axes.
    #[must_use]
    pub fn without(&self, reduced: &[usize]) -> Self {
        let axes = self.axes.iter().enumerate();
        let kept_axes = axes.filter(|(number, _)| !reduced.contains(number));
        let mut axes_of_nodes = (0..self.axes.len()).rev().take(2);
        Self {
            is_masked: self.is_masked && !axes_of_nodes.any(|axis| reduced.contains(&axis)),
            ..Self::of_axes(kept_axes.map(|(_, axis)| axis.clone()).collect())
        }
    }

    /// The labels of a box of the array.
    #[must_use]
    pub fn of_box(&self, select: &[Range<u64>]) -> Self {
        self.with_axes(|number, axis| axis.of_range(select.get(number)?))
    }
}

/// An array file with its labels.
#[derive(Debug)]
pub struct LabelledArray {
    array: ArrayFile,
    /// The labels, with an entry for every axis.
    pub labels: Labels,
}

impl LabelledArray {
    /// An array with these labels.
    #[must_use]
    pub fn new(array: ArrayFile, labels: Labels) -> Self {
        let mut array = Self {
            array,
            labels: Labels::default(),
        };
        array.label(labels);
        array
    }

    /// The part of the array that the slices select, one for each axis, with its labels.
    ///
    /// # Panics
    /// As [`ArrayFile::view`].
    #[must_use]
    pub fn view(self, slices: &[Slice]) -> Self {
        let labels = self
            .labels
            .with_axes(|number, axis| axis.of_slice(*slices.get(number)?));
        Self {
            labels,
            array: self.array.view(slices),
        }
    }

    /// The array with an additional first axis of length 1, without labels.
    #[must_use]
    pub fn with_leading_axis(self) -> Self {
        let mut labels = self.labels;
        labels.axes.insert(0, None);
        Self {
            array: self.array.with_leading_axis(),
            labels,
        }
    }

    /// The part of the array at an index along an axis, without that axis, as by [`ArrayFile::at_index`].
    #[must_use]
    pub fn at_index(self, axis: usize, index: u64) -> Self {
        let mut labels = self.labels;
        if axis < labels.axes.len() {
            labels.axes.remove(axis);
        }
        Self {
            array: self.array.at_index(axis, index),
            labels,
        }
    }

    /// The array with two axes in place of one, as by [`ArrayFile::split`]. The axis within a period has the name of
    /// the original axis and the coordinates of the first period; the axis of the periods has no labels.
    #[must_use]
    pub fn split(self, axis: usize, period: u64) -> Self {
        let mut labels = self.labels;
        let first_period = Slice::new(&(0..period), 1);
        let axis_of_period = labels
            .axis(axis)
            .and_then(|axis| axis.of_slice(first_period));
        let axes = if self.array.npy.fortran_order {
            [axis_of_period, None]
        } else {
            [None, axis_of_period]
        };
        labels.axes.splice(axis..=axis, axes);
        Self {
            array: self.array.split(axis, period),
            labels,
        }
    }

    /// Replaces the labels of the array.
    pub fn label(&mut self, mut labels: Labels) {
        labels.axes.resize(self.npy.shape.len(), None);
        self.labels = labels;
    }
}

impl Deref for LabelledArray {
    type Target = ArrayFile;

    fn deref(&self) -> &ArrayFile {
        &self.array
    }
}

impl DerefMut for LabelledArray {
    fn deref_mut(&mut self) -> &mut ArrayFile {
        &mut self.array
    }
}
