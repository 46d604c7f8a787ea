//! [`Input`]: what windows slide over: the selected part of an array, with a rim around it.

use super::pad::{Pad, Run};
use crate::npy::{ArrayFile, NpyError, Number};
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
pub(super) struct Input<'a> {
    pub(super) array: &'a ArrayFile,
    pub(super) axes: &'a [InputAxis],
    pub(super) pad: Option<Pad>,
}

/// Consecutive runs along an axis, read together: the elements from the first to the last of them.
struct Piece {
    elements: Range<u64>,
    runs: Vec<Run>,
}

impl Piece {
    fn of(runs: Vec<Run>) -> Self {
        let taken = || {
            runs.iter()
                .map(|run| run.elements())
                .filter(|taken| !taken.is_empty())
        };
        let start = taken().map(|taken| taken.start).min().unwrap_or(0);
        let end = taken().map(|taken| taken.end).max().unwrap_or(0);
        Self {
            elements: start..end,
            runs,
        }
    }

    fn places(&self) -> usize {
        self.runs.iter().map(|run| run.count()).sum()
    }

    /// For every place, the number of its element among those read.
    fn map(&self) -> Vec<Option<usize>> {
        let start = self.elements.start;
        let places = self.runs.iter().flat_map(|run| run.places());
        places
            .map(|place| place.map(|place| usize::try_from(place - start).unwrap_or(usize::MAX)))
            .collect()
    }
}

impl Input<'_> {
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
        let runs: Vec<Vec<Run>> = ranges
            .iter()
            .zip(self.axes)
            .map(|(range, axis)| {
                let place = |at: u64| i128::from(at) - i128::from(axis.before);
                pad.runs(place(range.start)..place(range.end), axis.length)
            })
            .collect();
        // One read, unless the elements in between are too many.
        let whole: Vec<Vec<Piece>> = runs
            .iter()
            .map(|runs| vec![Piece::of(runs.clone())])
            .collect();
        let read: u64 = whole
            .iter()
            .map(|pieces| pieces[0].elements.end - pieces[0].elements.start)
            .product();
        let pieces = if read <= out.len() as u64 {
            whole
        } else {
            let each = |runs: Vec<Run>| runs.into_iter().map(|run| Piece::of(vec![run])).collect();
            runs.into_iter().map(each).collect()
        };
        let lengths: Vec<usize> = pieces
            .iter()
            .map(|pieces| pieces.iter().map(Piece::places).sum())
            .collect();
        let mut chosen = vec![0; pieces.len()];
        let mut buffer = Vec::new();
        loop {
            let some: Vec<(&Piece, usize)> = pieces
                .iter()
                .zip(&chosen)
                .map(|(pieces, &number)| {
                    let before = pieces[..number].iter().map(Piece::places).sum();
                    (&pieces[number], before)
                })
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
        pieces: &[(&Piece, usize)],
        lengths: &[usize],
        fill: T,
        buffer: &mut Vec<T>,
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let ranges: Vec<Range<u64>> = pieces
            .iter()
            .zip(self.axes)
            .map(|((piece, _), axis)| {
                axis.start + piece.elements.start..axis.start + piece.elements.end
            })
            .collect();
        let read: Vec<usize> = pieces
            .iter()
            .map(|(piece, _)| (piece.elements.end - piece.elements.start) as usize)
            .collect();
        buffer.resize(read.iter().product(), fill);
        if !buffer.is_empty() {
            self.array.read_box(&ranges, buffer)?;
        }
        let maps: Vec<Vec<Option<usize>>> = pieces.iter().map(|(piece, _)| piece.map()).collect();
        let Some((last, outer)) = maps.split_last() else {
            return Ok(());
        };
        let width = read[outer.len()];
        // Whether the elements of a row are all of them in their order.
        let plain = last
            .iter()
            .enumerate()
            .all(|(at, place)| *place == Some(at));
        let mut index = vec![0; outer.len()];
        loop {
            let (mut from, mut to) = (Some(0), 0);
            for (axis, &at) in index.iter().enumerate() {
                from = from
                    .zip(outer[axis][at])
                    .map(|(from, at)| from * read[axis] + at);
                to = to * lengths[axis] + pieces[axis].1 + at;
            }
            let to = to * lengths[outer.len()] + pieces[outer.len()].1;
            let row = &mut out[to..to + last.len()];
            match from {
                None => row.fill(fill),
                Some(from) if plain => row.copy_from_slice(&buffer[from * width..][..row.len()]),
                Some(from) => {
                    for (to, place) in row.iter_mut().zip(last) {
                        *to = place.map_or(fill, |place| buffer[from * width + place]);
                    }
                }
            }
            let Some(axis) = (0..index.len()).rfind(|&axis| index[axis] + 1 < outer[axis].len())
            else {
                return Ok(());
            };
            index[axis] += 1;
            index[axis + 1..].fill(0);
        }
    }
}
