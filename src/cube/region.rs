//! Boxes out of arrays: which bytes of the file they are, and in which pieces to look at them.

use super::{
    array::{ArrayFile, Buffer},
    error::CubeError,
    piece::Piece,
};
use crate::sys;
use rayon::prelude::*;
use std::{cell::Cell, ops::Range};

/// Bytes of a file looked at at once: large enough that it costs nothing to begin, small enough for
/// caches.
pub const PIECE: u64 = 2 << 20;

/// Pieces that are read at once: disks are fast when many reads wait for them.
const AHEAD: usize = 8;

/// A part of a box that lies within one piece of the file: a range along one axis, all of the box
/// along the axes behind it.
struct Part {
    axis: usize,
    /// Place in the file of the element at the beginning of every axis from `axis` on.
    base: u64,
    range: Range<u64>,
}

/// The axes of a file in its order.
struct Axes<'a> {
    region: &'a [Range<u64>],
    /// Elements from one index to the next, of every axis.
    strides: Vec<u64>,
    /// Elements of the box at one index, of every axis.
    inner: Vec<u64>,
    /// Elements that a piece may span.
    most: u64,
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

impl Axes<'_> {
    /// Cuts the box, from `axis` on, into parts that each span no more than a piece.
    fn cut(&self, axis: usize, base: u64, parts: &mut Vec<Part>) {
        let range = self.region[axis].clone();
        let last_axis = axis + 1 == self.region.len();
        let step = self.most / self.strides[axis].max(1);
        if step > 0 || last_axis {
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
            for i in range {
                self.cut(axis + 1, base + i * self.strides[axis], parts);
            }
        }
    }

    /// The first element of a part, and the one behind its last, by their numbers in the file.
    fn span(&self, part: &Part) -> Range<u64> {
        let behind = &self.region[part.axis + 1..];
        let strides = &self.strides[part.axis..];
        let place = |first: u64, ends: &dyn Fn(&Range<u64>) -> u64| {
            let rest: u64 = behind
                .iter()
                .zip(&strides[1..])
                .map(|(range, stride)| ends(range) * stride)
                .sum();
            part.base + first * strides[0] + rest
        };
        place(part.range.start, &|range| range.start)..place(part.range.end - 1, &|range| {
            range.end - 1
        }) + 1
    }

    /// Copies the box from `axis` on out of a piece, in which it begins at element `at`.
    fn copy<T>(
        &self,
        axis: usize,
        count: u64,
        at: u64,
        out: &mut [T],
        run: &impl Fn(u64, &mut [T]),
    ) {
        let dense = self.inner[axis] == self.strides[axis];
        if dense {
            run(at, out);
            return;
        }
        let inner = size(self.inner[axis]);
        for (i, out) in (0..count).zip(out.chunks_mut(inner)) {
            let next = length(&self.region[axis + 1]);
            self.copy(axis + 1, next, at + i * self.strides[axis], out, run);
        }
    }
}

/// Reads a box into `out`; `convert` makes elements of bytes of the file, `whole` reads consecutive
/// ones.
pub(super) fn read<T: Send>(
    array: &ArrayFile,
    region: &[Range<u64>],
    out: &mut [T],
    whole: impl Fn(u64, &mut [T]) -> Result<(), CubeError> + Sync,
    convert: impl Fn(&[u8], &mut [T]) + Sync,
) -> Result<(), CubeError> {
    let width = array.npy.dtype.bytes;
    let shape = array.npy.in_file_order(&array.npy.shape);
    let lengths: Vec<u64> = region.iter().map(length).collect();
    let elements: u64 = lengths.iter().product();
    assert_eq!(elements, out.len() as u64, "the box and its room differ");
    if elements == 0 {
        return Ok(());
    }
    if region.is_empty() {
        return whole(0, out);
    }
    let behind = |lengths: &[u64], axis: usize| lengths[axis + 1..].iter().product();
    let axes = Axes {
        region,
        strides: (0..shape.len()).map(|axis| behind(&shape, axis)).collect(),
        inner: (0..shape.len())
            .map(|axis| behind(&lengths, axis))
            .collect(),
        most: PIECE / width as u64,
    };
    let mut parts = Vec::new();
    axes.cut(0, 0, &mut parts);
    let mut rest = out;
    let work = parts.into_iter().map(|part| {
        let elements = size(length(&part.range) * axes.inner[part.axis]);
        let (here, behind) = std::mem::take(&mut rest).split_at_mut(elements);
        rest = behind;
        (part, here)
    });
    let work: Vec<(Part, &mut [T])> = work.collect();
    let is_sparse = |(part, out): &(Part, &mut [T])| {
        let span = axes.span(part);
        (span.end - span.start) / 2 > out.len() as u64
    };
    let copy = |part: &Part, bytes: &[u8], out: &mut [T]| {
        let run = |at: u64, out: &mut [T]| {
            let from = size(at) * width;
            convert(&bytes[from..from + out.len() * width], out);
        };
        axes.copy(part.axis, length(&part.range), 0, out, &run);
    };
    if work.iter().any(is_sparse) {
        return read_some_pages(array, &axes, work, copy);
    }
    let read = |buffer: &mut Buffer, (part, out): (Part, &mut [T])| {
        let span = axes.span(&part);
        if span.end - span.start == out.len() as u64 {
            return whole(span.start, out);
        }
        copy(&part, array.bytes(span, buffer)?, out);
        Ok(())
    };
    work.into_par_iter()
        .try_for_each_init(Buffer::default, read)
}

/// Reads no more pages than are wanted.
fn read_some_pages<T: Send>(
    array: &ArrayFile,
    axes: &Axes<'_>,
    work: Vec<(Part, &mut [T])>,
    copy: impl Fn(&Part, &[u8], &mut [T]) + Sync,
) -> Result<(), CubeError> {
    let width = array.npy.dtype.bytes;
    let mut work = work.into_iter();
    loop {
        let some = work.by_ref().take(AHEAD.max(rayon::current_num_threads()));
        let some: Vec<(Part, &mut [T])> = some.collect();
        if some.is_empty() {
            return Ok(());
        }
        let mapped: Vec<(Part, &mut [T], Piece<'_>)> = some
            .into_par_iter()
            .map(|(part, out)| {
                let piece = array.map(axes.span(&part))?;
                fetch(axes, &part, &piece, width, out);
                Ok((part, out, piece))
            })
            .collect::<Result<_, CubeError>>()?;
        mapped
            .into_par_iter()
            .for_each(|(part, out, piece)| copy(&part, &piece, out));
    }
}

/// Begins to read what a part needs of its piece; runs less than a page apart are one.
fn fetch<T>(axes: &Axes<'_>, part: &Part, piece: &Piece<'_>, width: usize, out: &mut [T]) {
    if piece.is_resident() {
        return;
    }
    let wanted = Cell::new((0, 0));
    let run = |at: u64, out: &mut [T]| {
        let from = size(at) * width;
        let (start, end) = wanted.get();
        if from < end + sys::page_size() {
            wanted.set((start, from + out.len() * width));
        } else {
            piece.fetch(start..end);
            wanted.set((from, from + out.len() * width));
        }
    };
    axes.copy(part.axis, length(&part.range), 0, out, &run);
    let (start, end) = wanted.get();
    piece.fetch(start..end);
}

/// A count of elements in memory; one that does not fit makes the next access panic, not wrap.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
