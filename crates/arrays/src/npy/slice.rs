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
    /// An axis along which a list of indices is picked from its slice, and the list.
    picked: Option<(usize, Vec<u64>)>,
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
                picked: None,
            };
        };
        let picked = base.picked.as_ref().map(|(axis, indices)| {
            let kept_indices = slices[*axis].indices();
            let kept_indices = kept_indices.map(|number| indices[size(number)]);
            (*axis, kept_indices.collect())
        });
        let pairs = base.slices.iter().zip(slices).enumerate();
        let slices = pairs.map(|(axis, (base_slice, slice))| {
            match &picked {
                // The list says which indices of the slice there are.
                Some((picked_axis, _)) if *picked_axis == axis => *base_slice,
                _ => Slice {
                    start: base_slice.index(slice.start),
                    step: base_slice.step.saturating_mul(slice.step),
                    count: slice.count,
                },
            }
        });
        Self {
            strides: base.strides.clone(),
            slices: slices.collect(),
            offset: base.offset,
            picked,
        }
    }

    /// The view with a list of indices along an axis, in any order and as often as they are listed. They are indices of the view
    /// without such a list, whose place they take.
    ///
    /// # Panics
    /// When an index leaves its axis, or a list is picked along another axis.
    pub fn pick(mut self, axis: usize, indices: Vec<u64>) -> Self {
        assert!(
            self.picked
                .is_none_or(|(picked_axis, _)| picked_axis == axis),
            "one list of indices"
        );
        let count = self.slices[axis].count;
        assert!(
            indices.iter().all(|&index| index < count),
            "indices of the axis"
        );
        self.picked = Some((axis, indices));
        self
    }

    /// The axis along which indices are picked, in file order, and the list of those in a range.
    pub fn picked_in(&self, npy: &NpyHeader, region: &[Range<u64>]) -> Option<(usize, &[u64])> {
        let (axis, indices) = self.picked.as_ref()?;
        let axis = match npy.fortran_order {
            true => region.len() - 1 - axis,
            false => *axis,
        };
        let Range { start, end } = &region[axis];
        Some((axis, &indices[size(*start)..size(*end)]))
    }

    /// The view at the first index along an axis, without that axis.
    pub fn without_axis(mut self, axis: usize) -> Self {
        self.offset += self.index(axis, 0) * self.strides.remove(axis);
        self.slices.remove(axis);
        self.picked = match self.picked {
            Some((picked_axis, _)) if picked_axis == axis => None,
            Some((picked_axis, indices)) if picked_axis > axis => Some((picked_axis - 1, indices)),
            picked => picked,
        };
        self
    }

    /// Replaces index `i` along an axis by the index `i / period` along one axis and `i % period` along another; the
    /// axis of periods comes first if `is_period_first`. Indices after the last complete period are left out.
    ///
    /// # Panics
    /// When indices are picked.
    pub fn split(mut self, axis: usize, period: u64, is_period_first: bool) -> Self {
        assert!(self.picked.is_none(), "an axis without a list of indices");
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
        self.picked = self.picked.map(|(axis, indices)| (axis + 1, indices));
        self
    }

    /// The length of every axis.
    pub fn lengths(&self) -> Vec<u64> {
        let mut lengths: Vec<u64> = self.slices.iter().map(|slice| slice.count).collect();
        if let Some((axis, indices)) = &self.picked {
            lengths[*axis] = indices.len() as u64;
        }
        lengths
    }

    /// The index in the larger array along an axis.
    pub fn index(&self, axis: usize, number: u64) -> u64 {
        let number = self.number_in_slice(axis, number);
        self.slices
            .get(axis)
            .map_or(number, |slice| slice.index(number))
    }

    /// The number in the slice of an axis of the index `number` of the view.
    pub fn number_in_slice(&self, axis: usize, number: u64) -> u64 {
        match &self.picked {
            Some((picked_axis, indices)) if *picked_axis == axis => indices[size(number)],
            _ => number,
        }
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

/// The number of an index in a list in memory. A number that does not fit makes the next access panic.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{NpyHeader, Slice, View};
    use crate::npy::Dtype;

    #[test]
    fn picked_indices_are_those_of_the_slice() {
        let npy = NpyHeader::new(vec![10, 4], Dtype::F64, false);
        let slices = [Slice::new(&(1..10), 2), Slice::new(&(0..4), 1)];
        let view = View::of(None, &npy, &slices).pick(0, vec![4, 0, 0, 2]);
        let indices = |view: &View| -> Vec<u64> {
            let count = view.lengths()[0];
            (0..count).map(|number| view.index(0, number)).collect()
        };
        assert_eq!(indices(&view), [9, 1, 1, 5]);
        assert_eq!(view.lengths(), [4, 4]);
        let part = View::of(Some(&view), &npy, &[Slice::new(&(0..4), 3), slices[1]]);
        assert_eq!(indices(&part), [9, 5]);
        let again = part.clone().pick(0, vec![1]);
        assert_eq!(indices(&again), [3]);
        assert_eq!(again.without_axis(0).lengths(), [4]);
        let with_axis = part.with_leading_axis();
        assert_eq!(with_axis.index(1, 1), 5);
    }
}
