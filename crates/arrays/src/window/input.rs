//! [`PaddedInput`]: the input of windows: the selected part of a file with a rim around it.

use super::pad::Pad;
use crate::npy::{ArrayFile, NpyError, Number, length};
use std::ops::Range;

/// One axis of the input, in file order.
#[derive(Debug, Clone, Copy)]
pub(super) struct InputAxis {
    /// The first index of the selected part of the axis.
    pub(super) start: u64,
    /// The number of selected elements.
    pub(super) length: u64,
    /// The width of the rim before these elements.
    pub(super) before: u64,
}

/// The selected part of an array with its rim. Positions along an axis count from the beginning of the rim.
#[derive(Debug, Clone, Copy)]
pub(super) struct PaddedInput<'a> {
    pub(super) array: &'a ArrayFile,
    pub(super) axes: &'a [InputAxis],
    pub(super) pad: Option<Pad>,
}

/// Consecutive positions along an axis, and the range of elements that lie there.
struct Stretch<'a> {
    /// The first position, relative to the box.
    first: usize,
    elements: Range<u64>,
    /// The element at every position; `None` for the constant of the padding.
    places: &'a [Option<u64>],
}

impl<'a> Stretch<'a> {
    fn of(first: usize, places: &'a [Option<u64>]) -> Self {
        let numbers = places.iter().flatten();
        let start = numbers.clone().min().map_or(0, |&lowest| lowest);
        Self {
            first,
            elements: start..numbers.max().map_or(0, |&highest| highest + 1),
            places,
        }
    }

    /// The number of the element at a position, counted within the stretch.
    fn number(&self, place: usize) -> Option<usize> {
        let number = self.places[place]? - self.elements.start;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// Divides positions into stretches whose elements are neighbours.
    fn of_neighbours(places: &'a [Option<u64>]) -> Vec<Self> {
        let mut stretches = Vec::new();
        let mut first_place = 0;
        for stretch in places.chunk_by(|left, right| are_neighbours(*left, *right)) {
            stretches.push(Self::of(first_place, stretch));
            first_place += stretch.len();
        }
        stretches
    }
}

fn are_neighbours(left: Option<u64>, right: Option<u64>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.abs_diff(right) <= 1,
        (left, right) => left == right,
    }
}

impl PaddedInput<'_> {
    /// Reads a box into `out`, in file order.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be read or has become shorter.
    pub(super) fn read_box<T: Number>(
        &self,
        ranges: &[Range<u64>],
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let ranges_in_array = ranges.iter().zip(self.axes).map(|(range, axis)| {
            let start = range.start.checked_sub(axis.before)?;
            let end_index = range.end - axis.before;
            (end_index <= axis.length).then_some(axis.start + start..axis.start + end_index)
        });
        if let Some(ranges_in_array) = ranges_in_array.collect::<Option<Vec<_>>>() {
            return self.array.read_box(&ranges_in_array, out);
        }
        let pad = self.pad.unwrap_or(Pad::Nearest);
        let places: Vec<Vec<Option<u64>>> = ranges
            .iter()
            .zip(self.axes)
            .map(|(range, axis)| {
                range
                    .clone()
                    .map(|place| i128::from(place) - i128::from(axis.before))
                    .map(|index| pad.element(index, axis.length))
                    .collect()
            })
            .collect();
        // All places are one stretch, unless the elements between them are too many.
        let mut stretches: Vec<Vec<Stretch<'_>>> = places
            .iter()
            .map(|places| vec![Stretch::of(0, places)])
            .collect();
        let read_elements = stretches
            .iter()
            .map(|stretches| length(&stretches[0].elements));
        if read_elements.fold(1, u64::saturating_mul) > out.len() as u64 {
            stretches = places
                .iter()
                .map(|places| Stretch::of_neighbours(places))
                .collect();
        }
        let lengths: Vec<usize> = places.iter().map(Vec::len).collect();
        let mut chosen = vec![0; stretches.len()];
        let mut buffer = Vec::new();
        loop {
            let stretch_of_axis: Vec<&Stretch<'_>> = stretches
                .iter()
                .zip(&chosen)
                .map(|(stretches, &number)| &stretches[number])
                .collect();
            self.read_stretches(&stretch_of_axis, &lengths, pad.value(), &mut buffer, out)?;
            let Some(axis) =
                (0..stretches.len()).rfind(|&axis| chosen[axis] + 1 < stretches[axis].len())
            else {
                return Ok(());
            };
            chosen[axis] += 1;
            chosen[axis + 1..].fill(0);
        }
    }

    /// Reads the elements of a stretch along every axis, and copies them to their positions in `out`.
    fn read_stretches<T: Number>(
        &self,
        stretches: &[&Stretch<'_>],
        lengths: &[usize],
        fill: T,
        buffer: &mut Vec<T>,
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let ranges: Vec<Range<u64>> = stretches
            .iter()
            .zip(self.axes)
            .map(|(stretch, axis)| {
                axis.start + stretch.elements.start..axis.start + stretch.elements.end
            })
            .collect();
        let read_lengths: Vec<usize> = stretches
            .iter()
            .map(|stretch| length(&stretch.elements) as usize)
            .collect();
        buffer.resize(read_lengths.iter().product(), fill);
        if !buffer.is_empty() {
            self.array.read_box(&ranges, buffer)?;
        }
        let Some((inner, outer)) = stretches.split_last() else {
            return Ok(());
        };
        let width = read_lengths[outer.len()];
        let count = inner.places.len();
        let is_row_in_order = (0..count).all(|place| inner.number(place) == Some(place));
        let mut index = vec![0; outer.len()];
        loop {
            let (mut source_row, mut target_row) = (Some(0), 0);
            for (axis, &place) in index.iter().enumerate() {
                source_row = source_row
                    .zip(outer[axis].number(place))
                    .map(|(row, number)| row * read_lengths[axis] + number);
                target_row = target_row * lengths[axis] + outer[axis].first + place;
            }
            let row_start = target_row * lengths[outer.len()] + inner.first;
            let row = &mut out[row_start..row_start + count];
            match source_row {
                None => row.fill(fill),
                Some(source_row) if is_row_in_order => {
                    row.copy_from_slice(&buffer[source_row * width..][..row.len()]);
                }
                Some(source_row) => {
                    for (place, element) in row.iter_mut().enumerate() {
                        *element = inner
                            .number(place)
                            .map_or(fill, |number| buffer[source_row * width + number]);
                    }
                }
            }
            let Some(axis) =
                (0..index.len()).rfind(|&axis| index[axis] + 1 < outer[axis].places.len())
            else {
                return Ok(());
            };
            index[axis] += 1;
            index[axis + 1..].fill(0);
        }
    }
}
