//! Boxes out of arrays: which bytes of the file they are, and in which pieces to look at them.

use super::{
    array::{ArrayFile, Buffer},
    error::CubeError,
    number::Number,
};
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of a file looked at at once: large enough that it costs nothing to begin, small enough for
/// caches.
pub const PIECE: u64 = 2 << 20;

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
pub(super) fn read<T: Number>(
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
    let work: Vec<(Part, &mut [T])> = parts
        .into_iter()
        .map(|part| {
            let elements = size(length(&part.range) * axes.inner[part.axis]);
            let (here, behind) = std::mem::take(&mut rest).split_at_mut(elements);
            rest = behind;
            (part, here)
        })
        .collect();
    let read = |buffer: &mut Buffer, (part, out): (Part, &mut [T])| {
        let span = axes.span(&part);
        let spanned = span.end - span.start;
        if spanned == out.len() as u64 {
            return whole(span.start, out);
        }
        let sparse = spanned / 2 > out.len() as u64;
        let mut copy = |bytes: &[u8]| {
            let run = |at: u64, out: &mut [T]| {
                let from = size(at) * width;
                convert(&bytes[from..from + out.len() * width], out);
            };
            axes.copy(part.axis, length(&part.range), 0, out, &run);
        };
        if sparse {
            copy(&array.sparse_piece(span)?);
        } else {
            copy(array.bytes(span, buffer)?);
        }
        Ok(())
    };
    work.into_par_iter()
        .try_for_each_init(Buffer::default, read)
}

/// A count of elements in memory; one that does not fit makes the next access panic, not wrap.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
