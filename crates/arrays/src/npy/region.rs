//! Boxes of arrays: their division into smaller ones ([`Cut`]), and the positions of their elements in the array
//! ([`Runs`]). Index arithmetic only.

use std::ops::Range;

/// A box of an array: a range of indices along every axis.
pub type Region = Vec<Range<u64>>;

/// The length of a range.
#[must_use]
pub fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// The number of elements of a box; 1 without axes.
#[must_use]
pub fn elements(region: &[Range<u64>]) -> u64 {
    region.iter().map(length).fold(1, u64::saturating_mul)
}

/// The strides of an array: the distance in elements between neighbours along each axis.
pub(super) fn strides(shape: &[u64]) -> Vec<u64> {
    let lengths = shape.iter().rev();
    let mut strides: Vec<u64> = lengths
        .scan(1_u64, |product, &length| {
            let stride = *product;
            *product = stride.saturating_mul(length);
            Some(stride)
        })
        .collect();
    strides.reverse();
    strides
}

/// The index of an element of a box, from its number in C order.
#[must_use]
pub fn index_in(region: &[Range<u64>], mut number: u64) -> Vec<u64> {
    let mut index: Vec<u64> = region.iter().map(|range| range.start).collect();
    for (i, range) in index.iter_mut().zip(region).rev() {
        *i += number % length(range);
        number /= length(range);
    }
    index
}

/// The division of a box into boxes in C order, all of one shape except at the ends. A box is computed from its number,
/// so there may be any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    whole: Region,
    step: Vec<u64>,
}

impl Cut {
    /// Divides a box into boxes of the shape `step`, which has a length for every axis; 0 counts as 1.
    #[must_use]
    pub fn new(whole: &[Range<u64>], mut step: Vec<u64>) -> Self {
        step.iter_mut().for_each(|step| *step = (*step).max(1));
        Self {
            whole: whole.to_vec(),
            step,
        }
    }

    /// Divides a list of `count` entries into lists of `step` entries.
    #[must_use]
    pub fn of_list(count: u64, step: u64) -> Self {
        Self::new(std::slice::from_ref(&(0..count)), vec![step])
    }

    /// Divides a box into boxes of at most `most` elements, and at least one, in the order of the elements.
    #[must_use]
    pub fn of_elements(whole: &[Range<u64>], most: u64) -> Self {
        let lengths: Vec<u64> = whole.iter().map(length).collect();
        Self::within(whole, &strides(&lengths), most)
    }

    /// Divides a box into boxes in the order of the elements. Each lies within `most` consecutive elements of a file
    /// with these strides, unless it is a single element.
    #[must_use]
    pub(super) fn within(whole: &[Range<u64>], strides: &[u64], most: u64) -> Self {
        let axes = whole.iter().zip(strides);
        let step =
            axes.map(|(range, &stride)| (most / stride.max(1)).clamp(1, length(range).max(1)));
        Self::new(whole, step.collect())
    }

    /// The number of boxes; 0 if the whole box has no elements.
    #[must_use]
    pub fn count(&self) -> u64 {
        let axes = self.whole.iter().zip(&self.step);
        axes.map(|(range, step)| length(range).div_ceil(*step))
            .fold(1, u64::saturating_mul)
    }

    /// The box with this number.
    #[must_use]
    pub fn get(&self, mut number: u64) -> Region {
        let mut region = self.whole.clone();
        for (range, step) in region.iter_mut().zip(&self.step).rev() {
            let count = length(range).div_ceil(*step).max(1);
            range.start += number % count * step;
            range.end = range.end.min(range.start.saturating_add(*step));
            number /= count;
        }
        region
    }

    /// All boxes in order.
    pub fn iter(&self) -> impl Iterator<Item = Region> + '_ {
        (0..self.count()).map(|number| self.get(number))
    }
}

/// The positions of the elements of a box in an array: runs of elements that are neighbours in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The position of the array's first element.
    origin: u64,
    axes: Vec<CutAxis>,
}

/// An axis of the array within the box.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CutAxis {
    /// The range of indices in the box.
    range: Range<u64>,
    /// The distance in elements of the array between neighbouring indices.
    stride: u64,
    /// The number of elements of the box at one index.
    elements: u64,
}

impl Runs {
    /// The runs of the given box in an array of this shape, in C order.
    ///
    /// # Panics
    /// If box and array have different numbers of axes.
    #[must_use]
    pub fn of(shape: &[u64], region: &[Range<u64>]) -> Self {
        Self::strided(0, &strides(shape), region)
    }

    /// The runs of the given box in an array with these strides, whose first element is at the position `origin` of a
    /// file.
    pub(super) fn strided(origin: u64, strides: &[u64], region: &[Range<u64>]) -> Self {
        assert_eq!(strides.len(), region.len(), "axes of an array and of a box");
        let mut elements = 1;
        let mut axes: Vec<CutAxis> = Vec::with_capacity(strides.len() + 1);
        if strides.last() != Some(&1) {
            // An array without axes has one element. Elements that are no neighbours in the file are runs of one element.
            axes.push(CutAxis {
                range: 0..1,
                stride: 1,
                elements,
            });
        }
        for (&stride, range) in strides.iter().zip(region).rev() {
            axes.push(CutAxis {
                range: range.clone(),
                stride,
                elements,
            });
            elements = elements.saturating_mul(length(range));
        }
        axes.reverse();
        Self { origin, axes }
    }

    /// Number of elements of the box.
    #[must_use]
    pub fn elements(&self) -> u64 {
        let slowest_axis = &self.axes[0];
        length(&slowest_axis.range) * slowest_axis.elements
    }

    /// The positions in the array from the first to the last element of the box, which must not be empty.
    #[must_use]
    pub fn span(&self) -> Range<u64> {
        let mut first_place = self.origin;
        let mut last_place = self.origin;
        for CutAxis { range, stride, .. } in &self.axes {
            first_place += range.start * stride;
            last_place += range.end.saturating_sub(1) * stride;
        }
        first_place..last_place + 1
    }

    /// Whether most positions from the first to the last element belong to other boxes.
    pub(super) fn are_sparse(&self) -> bool {
        let span = self.span();
        (span.end - span.start) / 2 > self.elements()
    }

    /// Calls `run` for every run of consecutive elements, in order, with the position of its first element, counted
    /// from the first element of the box, and the number of its elements.
    pub fn for_each(&self, mut run: impl FnMut(u64, u64)) {
        self.runs(0, 0, &mut run);
    }

    fn runs(&self, axis: usize, place: u64, run: &mut impl FnMut(u64, u64)) {
        let CutAxis {
            ref range,
            stride,
            elements,
        } = self.axes[axis];
        if elements == stride {
            run(place, length(range) * elements);
            return;
        }
        for index in 0..length(range) {
            self.runs(axis + 1, place + index * stride, run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The positions of the elements of a box, one by one.
    fn places(shape: &[u64], ranges: &[Range<u64>]) -> Vec<u64> {
        ranges
            .iter()
            .zip(shape)
            .fold(vec![0], |places, (range, length)| {
                let places = places.into_iter();
                places
                    .flat_map(|place| range.clone().map(move |i| place * length + i))
                    .collect()
            })
    }

    proptest! {
        #[test]
        fn boxes_and_their_runs_are_the_whole_in_order(
            axes in prop::collection::vec((1_u64..6, 0_u64..6, 0_u64..6), 0..4),
            most in 1_u64..80,
        ) {
            let shape: Vec<u64> = axes.iter().map(|axis| axis.0).collect();
            let whole: Region = axes
                .iter()
                .map(|&(length, start, count)| {
                    let start = start.min(length);
                    start..(start + count).min(length)
                })
                .collect();
            let expected = places(&shape, &whole);
            prop_assert_eq!(elements(&whole), expected.len() as u64);
            for (cut, is_in_array) in [(Cut::within(&whole, &strides(&shape), most), true), (Cut::of_elements(&whole, most), false)] {
                let mut found = Vec::new();
                for region in cut.iter() {
                    let runs = Runs::of(&shape, &region);
                    let (span, before) = (runs.span(), found.len());
                    runs.for_each(|place, count| {
                        found.extend((span.start + place..).take(count as usize));
                    });
                    let found = &found[before..];
                    prop_assert_eq!(found.len() as u64, runs.elements());
                    prop_assert_eq!(span, found[0]..found[found.len() - 1] + 1);
                    let size = if is_in_array { found[found.len() - 1] - found[0] + 1 } else { found.len() as u64 };
                    prop_assert!(size <= most);
                }
                prop_assert_eq!(found, &expected[..]);
            }
        }

        #[test]
        fn boxes_of_any_shape_cover_every_element_once(
            axes in prop::collection::vec((0_u64..9, 0_u64..5), 0..4),
        ) {
            let whole: Region = axes.iter().map(|axis| 2..2 + axis.0).collect();
            let cut = Cut::new(&whole, axes.iter().map(|axis| axis.1).collect());
            let mut found: Vec<Vec<u64>> = cut
                .iter()
                .flat_map(|region| (0..elements(&region)).map(move |number| index_in(&region, number)))
                .collect();
            found.sort();
            let expected: Vec<Vec<u64>> = (0..elements(&whole)).map(|number| index_in(&whole, number)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn rows_that_fill_their_axis_are_one_run() {
        for (region, expected) in [
            ([1..3, 0..5, 0..6], vec![(0, 60)]),
            ([1..3, 2..4, 0..6], vec![(0, 12), (30, 12)]),
        ] {
            let mut runs = Vec::new();
            Runs::of(&[4, 5, 6], &region).for_each(|place, count| runs.push((place, count)));
            assert_eq!(runs, expected);
        }
    }
}
