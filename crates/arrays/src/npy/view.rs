//! [`View`]: an array that consists of some indices of a larger one.

use super::{header::NpyHeader, region::strides, slice::Slice};

/// What is taken of an array. Axes are in the order of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    shape: Vec<u64>,
    slices: Vec<Slice>,
}

impl View {
    /// Some indices of an array of this shape, or of this view of one.
    pub fn of(before: Option<&Self>, shape: &[u64], slices: &[Slice]) -> Self {
        let Some(before) = before else {
            return Self {
                shape: shape.to_vec(),
                slices: slices.to_vec(),
            };
        };
        let both = before.slices.iter().zip(slices);
        let slices = both.map(|(before, slice)| Slice {
            start: before.index(slice.start),
            step: before.step.saturating_mul(slice.step),
            count: slice.count,
        });
        Self {
            shape: before.shape.clone(),
            slices: slices.collect(),
        }
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

    /// The place of its first element in a file with this header, and how many places lie from one index to the next, both in
    /// file order.
    pub fn strides(&self, npy: &NpyHeader) -> (u64, Vec<u64>) {
        let whole = strides(&npy.in_file_order(&self.shape));
        let taken = npy.in_file_order(&self.slices);
        let both = || taken.iter().zip(&whole);
        let first = both().map(|(slice, stride)| slice.start * stride).sum();
        let strides = both().map(|(slice, stride)| slice.step.saturating_mul(*stride));
        (first, strides.collect())
    }
}
