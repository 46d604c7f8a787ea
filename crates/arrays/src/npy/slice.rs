//! [`Slice`]: the indices of an axis that a slice in Python selects; [`View`]: the part of an array that slices select.

use super::{
    header::NpyHeader,
    region::{length, strides},
};
use std::ops::Range;

/// The `count` indices `start`, `start + step`, …: the slice `start:end:step` in Python with a positive step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The first index.
    pub start: u64,
    /// The distance from one index to the next, at least 1.
    pub step: u64,
    /// The number of indices.
    pub count: u64,
}

impl Slice {
    /// Every `step`th index of a range. A step of 0 counts as 1.
    #[must_use]
    pub fn new(range: &Range<u64>, step: u64) -> Self {
        let step = step.max(1);
        Self {
            start: range.start,
            step,
            count: length(range).div_ceil(step),
        }
    }

    /// Index number `number` of the slice.
    #[must_use]
    pub fn index(self, number: u64) -> u64 {
        self.start + number * self.step
    }

    /// The indices of the slice, from the first to the last.
    pub fn indices(self) -> impl Iterator<Item = u64> {
        (0..self.count).map(move |number| self.index(number))
    }

    /// Whether the slice contains an index.
    #[must_use]
    pub fn contains(self, index: u64) -> bool {
        let distance = index.checked_sub(self.start);
        distance.is_some_and(|distance| {
            distance.is_multiple_of(self.step) && distance / self.step < self.count
        })
    }

    /// The slice as a range, unless it leaves indices out.
    #[must_use]
    pub fn range(self) -> Option<Range<u64>> {
        (self.step == 1 || self.count < 2).then(|| self.start..self.start + self.count)
    }
}

/// The slices of an array that make a view. Axes are in the order of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// The distance in elements of the file between neighbouring indices of the larger array.
    strides: Vec<u64>,
    slices: Vec<Slice>,
    /// The distance in elements of the file to the indices of the axes that were dropped.
    offset: u64,
}

impl View {
    /// A view by slices of an array with this header, or of a view of it.
    pub fn of(base: Option<&Self>, npy: &NpyHeader, slices: &[Slice]) -> Self {
        let Some(base) = base else {
            let in_file_order = strides(&npy.in_file_order(&npy.shape));
            return Self {
                strides: npy.in_file_order(&in_file_order),
                slices: slices.to_vec(),
                offset: 0,
            };
        };
        let pairs = base.slices.iter().zip(slices);
        let slices = pairs.map(|(base, slice)| Slice {
            start: base.index(slice.start),
            step: base.step.saturating_mul(slice.step),
            count: slice.count,
        });
        Self {
            strides: base.strides.clone(),
            slices: slices.collect(),
            offset: base.offset,
        }
    }

    /// The view at the first index along an axis, without that axis.
    pub fn without_axis(mut self, axis: usize) -> Self {
        let (stride, slice) = (self.strides.remove(axis), self.slices.remove(axis));
        self.offset += slice.start * stride;
        self
    }

    /// Replaces index `i` along an axis by the index `i / period` along one axis and `i % period` along another; the
    /// axis of periods comes first if `is_period_first`. Indices after the last complete period are left out.
    pub fn split(mut self, axis: usize, period: u64, is_period_first: bool) -> Self {
        let Slice { start, step, count } = self.slices[axis];
        let periods = Slice {
            start,
            step: step.saturating_mul(period),
            count: count / period,
        };
        let indices_of_period = Slice {
            start: 0,
            step,
            count: period,
        };
        let slices = if is_period_first {
            [indices_of_period, periods]
        } else {
            [periods, indices_of_period]
        };
        self.slices.splice(axis..=axis, slices);
        self.strides.insert(axis, self.strides[axis]);
        self
    }

    /// The view with an additional first axis of length 1.
    pub fn with_leading_axis(mut self) -> Self {
        self.strides.insert(0, 1);
        self.slices.insert(0, Slice::new(&(0..1), 1));
        self
    }

    /// The length of every axis.
    pub fn lengths(&self) -> Vec<u64> {
        self.slices.iter().map(|slice| slice.count).collect()
    }

    /// The index in the larger array along an axis.
    pub fn index(&self, axis: usize, number: u64) -> u64 {
        self.slices
            .get(axis)
            .map_or(number, |slice| slice.index(number))
    }

    /// The position of the view's first element in a file with this header, and the strides of its axes, both in file
    /// order.
    pub fn strides(&self, npy: &NpyHeader) -> (u64, Vec<u64>) {
        let file_strides = npy.in_file_order(&self.strides);
        let slices = npy.in_file_order(&self.slices);
        let starts = slices.iter().zip(&file_strides);
        let origin: u64 = starts.map(|(slice, stride)| slice.start * stride).sum();
        let steps = slices.iter().zip(&file_strides);
        let strides = steps.map(|(slice, stride)| slice.step.saturating_mul(*stride));
        (self.offset + origin, strides.collect())
    }
}
