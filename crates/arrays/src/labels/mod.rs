//! What is known of an array beside its elements: [`Labels`]; and the array with them, [`LabelledArray`].
//!
//! Cubes have them from their journals, other arrays from a small file [beside](mod@beside) them.

mod axis;
pub mod beside;

pub use axis::{AxisValues, NamedAxis};

use crate::npy::{ArrayFile, Slice};
use std::ops::{Deref, DerefMut, Range};

/// What is known of an array beside its elements.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// Every axis, as far as it is known.
    pub axes: Vec<Option<NamedAxis>>,
    /// What the values are, if that is known: `difference`.
    pub quantity: Option<String>,
    /// In what they are, if that is known.
    pub unit: Option<String>,
    /// Whether NaN stands for nodes that are not part of the domain, or for snapshots that a scenario has not.
    pub is_masked: bool,
}

impl Labels {
    /// Those of axes alone.
    #[must_use]
    pub fn of_axes(axes: Vec<Option<NamedAxis>>) -> Self {
        Self {
            axes,
            ..Self::default()
        }
    }

    /// What is known of an axis.
    #[must_use]
    pub fn axis(&self, axis: usize) -> Option<&NamedAxis> {
        self.axes.get(axis)?.as_ref()
    }

    /// The axis of a name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        let is_it = |axis: &Option<NamedAxis>| axis.as_ref().is_some_and(|axis| axis.name == name);
        self.axes.iter().position(is_it)
    }

    /// The names that axes have.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().flatten().map(|axis| axis.name.as_str())
    }

    /// The unit of an axis, or of the values, `p`, if it is known.
    #[must_use]
    pub fn unit_of(&self, name: &str) -> Option<&str> {
        match name {
            "p" => self.unit.as_deref(),
            name => self.axis(self.position(name)?)?.unit.as_deref(),
        }
    }

    /// The same of other axes, each made of its number and what is known of it.
    #[must_use]
    pub fn with_axes(&self, mut made: impl FnMut(usize, &NamedAxis) -> Option<NamedAxis>) -> Self {
        let axes = self.axes.iter().enumerate();
        Self {
            axes: axes
                .map(|(axis, known)| made(axis, known.as_ref()?))
                .collect(),
            ..self.clone()
        }
    }

    /// Those of statistics over some axes: of the others. Where these are the nodes, masked ones stay.
    #[must_use]
    pub fn without(&self, reduced: &[usize]) -> Self {
        let left = self.axes.iter().enumerate();
        let left = left.filter(|(axis, _)| !reduced.contains(axis));
        let mut nodes = (0..self.axes.len()).rev().take(2);
        Self {
            is_masked: self.is_masked && !nodes.any(|axis| reduced.contains(&axis)),
            ..Self::of_axes(left.map(|(_, known)| known.clone()).collect())
        }
    }

    /// Those of a box of the array.
    #[must_use]
    pub fn of_box(&self, select: &[Range<u64>]) -> Self {
        self.with_axes(|axis, known| known.of_range(select.get(axis)?))
    }
}

/// An array file, and what is known of the array beside its elements.
#[derive(Debug)]
pub struct LabelledArray {
    array: ArrayFile,
    /// What is known of it; axes have an entry for every axis.
    pub labels: Labels,
}

impl LabelledArray {
    /// An array of which this is known.
    #[must_use]
    pub fn new(array: ArrayFile, labels: Labels) -> Self {
        let mut array = Self {
            array,
            labels: Labels::default(),
        };
        array.label(labels);
        array
    }

    /// The array of some indices along every axis, and what is known of them.
    ///
    /// # Panics
    /// As [`ArrayFile::view`].
    #[must_use]
    pub fn view(self, slices: &[Slice]) -> Self {
        let axes = |axis: usize, known: &NamedAxis| known.of_slice(*slices.get(axis)?);
        Self {
            labels: self.labels.with_axes(axes),
            array: self.array.view(slices),
        }
    }

    /// From now on this is known of the array.
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
