//! [`Region`]: a box of an array, and which elements of the file it is. Index arithmetic only.

use std::ops::Range;

/// A box of an array in C order: a range of indices along every axis.
///
/// Elements have two numbers: their *place*, counted over the array, and their order within the box.
/// A box is cut into [`Part`]s, a part into runs of elements that are neighbours in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    axes: Vec<Dimension>,
}

/// An axis of the array, as far as the box goes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dimension {
    /// Indices within the box.
    range: Range<u64>,
    /// Elements of the array from one index to the next.
    stride: u64,
    /// Elements of the box at one index.
    elements: u64,
}

/// A part of a box: a range along one axis, one index along every axis before, and all of the box
/// along the axes behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    axis: usize,
    /// Place of the element at the index of every axis before, and at the beginning of the others.
    base: u64,
    range: Range<u64>,
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

impl Region {
    /// The box with these ranges of an array of this shape.
    ///
    /// # Panics
    /// When they have different numbers of axes.
    #[must_use]
    pub fn new(shape: &[u64], ranges: &[Range<u64>]) -> Self {
        assert_eq!(shape.len(), ranges.len(), "axes of an array and of a box");
        let (mut stride, mut elements) = (1, 1);
        let mut axes: Vec<Dimension> = Vec::with_capacity(shape.len().max(1));
        for (&whole, range) in shape.iter().zip(ranges).rev() {
            axes.push(Dimension {
                range: range.clone(),
                stride,
                elements,
            });
            stride = stride.saturating_mul(whole);
            elements = elements.saturating_mul(length(range));
        }
        if axes.is_empty() {
            // An array without axes has one element.
            axes.push(Dimension {
                range: 0..1,
                stride,
                elements,
            });
        }
        axes.reverse();
        Self { axes }
    }

    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> u64 {
        let first = &self.axes[0];
        length(&first.range) * first.elements
    }

    /// The whole box as one part.
    #[must_use]
    pub fn whole(&self) -> Part {
        Part {
            axis: 0,
            base: 0,
            range: self.axes[0].range.clone(),
        }
    }

    /// Cuts the box, in order, into parts that each lie within `most` consecutive elements of the
    /// array; a part of one element may always be.
    #[must_use]
    pub fn parts(&self, most: u64) -> Vec<Part> {
        let mut parts = Vec::new();
        if self.elements() > 0 {
            self.cut(0, 0, most, &mut parts);
        }
        parts
    }

    fn cut(&self, axis: usize, base: u64, most: u64, parts: &mut Vec<Part>) {
        let Dimension { range, stride, .. } = &self.axes[axis];
        let is_last = axis + 1 == self.axes.len();
        let step = most / stride.max(&1);
        if step > 0 || is_last {
            let mut start = range.start;
            while start < range.end {
                let end = range.end.min(start + step.max(1));
                parts.push(Part {
                    axis,
                    base,
                    range: start..end,
                });
                start = end;
            }
        } else {
            for i in range.clone() {
                self.cut(axis + 1, base + i * stride, most, parts);
            }
        }
    }

    /// Number of elements of a part.
    #[must_use]
    pub fn elements_of(&self, part: &Part) -> u64 {
        length(&part.range) * self.axes[part.axis].elements
    }

    /// The places from the first element of a part, which must have one, to its last.
    #[must_use]
    pub fn span(&self, part: &Part) -> Range<u64> {
        let (mut first, mut last) = (part.base, part.base);
        let behind = self.axes[part.axis + 1..].iter();
        let behind = behind.map(|axis| (&axis.range, axis.stride));
        let own = (&part.range, self.axes[part.axis].stride);
        for (range, stride) in std::iter::once(own).chain(behind) {
            first += range.start * stride;
            last += range.end.saturating_sub(1) * stride;
        }
        first..last + 1
    }

    /// Calls `run` for every run of consecutive elements of a part, in order, with the place of its
    /// first element, counted from the first element of the part, and their number.
    pub fn for_each_run(&self, part: &Part, mut run: impl FnMut(u64, u64)) {
        self.runs(part.axis, length(&part.range), 0, &mut run);
    }

    fn runs(&self, axis: usize, count: u64, place: u64, run: &mut impl FnMut(u64, u64)) {
        let Dimension {
            stride, elements, ..
        } = self.axes[axis];
        if elements == stride {
            run(place, count * elements);
            return;
        }
        let next = length(&self.axes[axis + 1].range);
        for i in 0..count {
            self.runs(axis + 1, next, place + i * stride, run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Places of the elements of a box, one by one.
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
        fn parts_and_their_runs_are_the_box_in_order(
            axes in prop::collection::vec((1_u64..6, 0_u64..6, 0_u64..6), 0..4),
            most in 1_u64..80,
        ) {
            let shape: Vec<u64> = axes.iter().map(|axis| axis.0).collect();
            let ranges: Vec<Range<u64>> = axes
                .iter()
                .map(|&(length, start, count)| {
                    let start = start.min(length);
                    start..(start + count).min(length)
                })
                .collect();
            let expected = places(&shape, &ranges);
            let region = Region::new(&shape, &ranges);
            prop_assert_eq!(region.elements(), expected.len() as u64);
            let mut found = Vec::new();
            for part in region.parts(most) {
                let span = region.span(&part);
                let before = found.len();
                region.for_each_run(&part, |place, count| {
                    found.extend((span.start + place..).take(count as usize));
                });
                let found = &found[before..];
                prop_assert_eq!(found.len() as u64, region.elements_of(&part));
                prop_assert_eq!(span, found[0]..found[found.len() - 1] + 1);
                prop_assert!(found.len() == 1 || found[found.len() - 1] - found[0] < most);
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn rows_that_fill_their_axis_are_one_run() {
        let region = Region::new(&[4, 5, 6], &[1..3, 0..5, 0..6]);
        let mut runs = Vec::new();
        region.for_each_run(&region.whole(), |place, count| runs.push((place, count)));
        assert_eq!(runs, [(0, 60)]);
        let region = Region::new(&[4, 5, 6], &[1..3, 2..4, 0..6]);
        let mut runs = Vec::new();
        region.for_each_run(&region.whole(), |place, count| runs.push((place, count)));
        assert_eq!(runs, [(0, 12), (30, 12)]);
    }
}
