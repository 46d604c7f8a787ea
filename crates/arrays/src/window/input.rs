//! [`PaddedInput`]: what windows slide over: the selected part of an array, with a rim around it.

use super::pad::Pad;
use crate::npy::{ArrayFile, NpyError, Number, length};
use std::ops::Range;

/// One axis of the input, in file order.
#[derive(Debug, Clone, Copy)]
pub(super) struct InputAxis {
    /// Where the selected part of the axis begins.
    pub(super) start: u64,
    /// Elements selected.
    pub(super) length: u64,
    /// Places of the rim before them.
    pub(super) before: u64,
}

/// The selected part of an array with its rim. Places along an axis count from the beginning of the rim.
#[derive(Debug, Clone, Copy)]
pub(super) struct PaddedInput<'a> {
    pub(super) array: &'a ArrayFile,
    pub(super) axes: &'a [InputAxis],
    pub(super) pad: Option<Pad>,
}

/// Successive places along an axis, and the elements from the first to the last that lie there.
struct Stretch<'a> {
    /// The first of these places, counted from the beginning of the box.
    first: usize,
    elements: Range<u64>,
    /// The element at every place; none where the constant lies.
    places: &'a [Option<u64>],
}

impl<'a> Stretch<'a> {
    fn of(first: usize, places: &'a [Option<u64>]) -> Self {
        let taken = || places.iter().flatten();
        let start = taken().min().map_or(0, |&least| least);
        Self {
            first,
            elements: start..taken().max().map_or(0, |&most| most + 1),
            places,
        }
    }

    /// The number of the element at a place among those of the piece.
    fn number(&self, place: usize) -> Option<usize> {
        let number = self.places[place]? - self.elements.start;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// Pieces of places whose elements are neighbours.
    fn of_neighbours(places: &'a [Option<u64>]) -> Vec<Self> {
        let are_neighbours = |one: &Option<u64>, other: &Option<u64>| match (one, other) {
            (Some(one), Some(other)) => one.abs_diff(*other) <= 1,
            (one, other) => one == other,
        };
        let mut first = 0;
        let pieces = places.chunk_by(are_neighbours).map(|some| {
            first += some.len();
            Self::of(first - some.len(), some)
        });
        pieces.collect()
    }
}

impl PaddedInput<'_> {
    /// Reads a box into `out`, in file order.
    ///
    /// # Errors
    /// [`NpyError`] when the file cannot be read or has become shorter.
    pub(super) fn read_box<T: Number>(
        &self,
        ranges: &[Range<u64>],
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let inside = ranges.iter().zip(self.axes).map(|(range, axis)| {
            let start = range.start.checked_sub(axis.before)?;
            let end = range.end - axis.before;
            (end <= axis.length).then_some(axis.start + start..axis.start + end)
        });
        if let Some(inside) = inside.collect::<Option<Vec<_>>>() {
            return self.array.read_box(&inside, out);
        }
        let pad = self.pad.unwrap_or(Pad::Nearest);
        let places: Vec<Vec<Option<u64>>> = ranges
            .iter()
            .zip(self.axes)
            .map(|(range, axis)| {
                let place = |at: u64| i128::from(at) - i128::from(axis.before);
                let places = range.clone().map(place);
                places.map(|at| pad.element(at, axis.length)).collect()
            })
            .collect();
        // One read, unless the elements in between are too many.
        let whole = places.iter().map(|places| vec![Stretch::of(0, places)]);
        let mut pieces: Vec<Vec<Stretch<'_>>> = whole.collect();
        let read = pieces.iter().map(|pieces| length(&pieces[0].elements));
        if read.fold(1, u64::saturating_mul) > out.len() as u64 {
            let places = places.iter();
            pieces = places
                .map(|places| Stretch::of_neighbours(places))
                .collect();
        }
        let lengths: Vec<usize> = places.iter().map(Vec::len).collect();
        let mut chosen = vec![0; pieces.len()];
        let mut buffer = Vec::new();
        loop {
            let some: Vec<&Stretch<'_>> = pieces
                .iter()
                .zip(&chosen)
                .map(|(pieces, &number)| &pieces[number])
                .collect();
            self.read_pieces(&some, &lengths, pad.value(), &mut buffer, out)?;
            let Some(axis) = (0..pieces.len()).rfind(|&axis| chosen[axis] + 1 < pieces[axis].len())
            else {
                return Ok(());
            };
            chosen[axis] += 1;
            chosen[axis + 1..].fill(0);
        }
    }

    /// Reads the elements of a piece along every axis, and puts them to their places in `out`.
    fn read_pieces<T: Number>(
        &self,
        pieces: &[&Stretch<'_>],
        lengths: &[usize],
        fill: T,
        buffer: &mut Vec<T>,
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let ranges: Vec<Range<u64>> = pieces
            .iter()
            .zip(self.axes)
            .map(|(piece, axis)| axis.start + piece.elements.start..axis.start + piece.elements.end)
            .collect();
        let read: Vec<usize> = pieces
            .iter()
            .map(|piece| length(&piece.elements) as usize)
            .collect();
        buffer.resize(read.iter().product(), fill);
        if !buffer.is_empty() {
            self.array.read_box(&ranges, buffer)?;
        }
        let Some((inner, outer)) = pieces.split_last() else {
            return Ok(());
        };
        let width = read[outer.len()];
        let count = inner.places.len();
        // Whether the elements of a row are all of them in their order.
        let plain = (0..count).all(|at| inner.number(at) == Some(at));
        let mut index = vec![0; outer.len()];
        loop {
            let (mut from, mut to) = (Some(0), 0);
            for (axis, &at) in index.iter().enumerate() {
                from = from
                    .zip(outer[axis].number(at))
                    .map(|(from, at)| from * read[axis] + at);
                to = to * lengths[axis] + outer[axis].first + at;
            }
            let to = to * lengths[outer.len()] + inner.first;
            let row = &mut out[to..to + count];
            match from {
                None => row.fill(fill),
                Some(from) if plain => row.copy_from_slice(&buffer[from * width..][..row.len()]),
                Some(from) => {
                    for (at, to) in row.iter_mut().enumerate() {
                        *to = inner
                            .number(at)
                            .map_or(fill, |at| buffer[from * width + at]);
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
