//! Reading boxes of an [`ArrayFile`].

use super::{
    array::{ArrayFile, Buffer, CHUNK_BYTES},
    error::NpyError,
    mapped::MappedChunk,
    number::Number,
    region::{Cut, Region, Runs, elements, index_in, strides},
    scalar,
};
use diff2d_sys as sys;
use rayon::prelude::*;
use std::{mem, ops::Range};

/// Chunks that are read at once: disks are fast when many reads wait for them.
const AHEAD: usize = 8;

impl ArrayFile {
    /// Reads a box into `out`, both in file order; `ranges` has a range for every axis of the file.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// When the box leaves the array, or `out` has another number of elements than it.
    pub fn read_box<T: Number>(
        &self,
        ranges: &[Range<u64>],
        out: &mut [T],
    ) -> Result<(), NpyError> {
        self.read_box_of(&self.npy.in_file_order(&self.npy.shape), ranges, out)
    }

    /// As [`read_box`](Self::read_box), of an array with the same elements in the shape `shape`, in file order.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// As [`read_box`](Self::read_box).
    pub fn read_box_of<T: Number>(
        &self,
        shape: &[u64],
        ranges: &[Range<u64>],
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let dtype = self.npy.dtype;
        let whole = |place, out: &mut [T]| self.read_in_file(place, out);
        self.read_parts(shape, ranges, out, whole, |bytes, out| {
            if dtype == T::DTYPE {
                bytemuck::cast_slice_mut(out).copy_from_slice(bytes);
            } else {
                T::decode(dtype, bytes, out);
            }
        })
    }

    /// As [`read_box`](Self::read_box), but the elements' bits, whatever they mean.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// As [`read_box`](Self::read_box).
    pub fn read_bits(&self, ranges: &[Range<u64>], out: &mut [u64]) -> Result<(), NpyError> {
        let dtype = self.npy.dtype;
        let convert = |bytes: &[u8], out: &mut [u64]| {
            for (to, from) in out.iter_mut().zip(bytes.chunks(dtype.bytes)) {
                *to = scalar::bits(dtype, from);
            }
        };
        let whole = |place, out: &mut [u64]| {
            let places = place..place + out.len() as u64;
            convert(self.bytes_in_file(places, &mut Buffer::default())?, out);
            Ok(())
        };
        let shape = self.npy.in_file_order(&self.npy.shape);
        self.read_parts(&shape, ranges, out, whole, convert)
    }

    /// As [`read_box`](Self::read_box), but the elements' bytes as the file has them.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// When the box leaves the array, or `out` has another number of bytes than it.
    pub fn read_bytes(&self, ranges: &[Range<u64>], out: &mut [u8]) -> Result<(), NpyError> {
        self.read_bytes_of(&self.npy.in_file_order(&self.npy.shape), ranges, out)
    }

    /// As [`read_bytes`](Self::read_bytes), of an array with the same elements in the shape `shape`, in file order.
    pub(super) fn read_bytes_of(
        &self,
        shape: &[u64],
        ranges: &[Range<u64>],
        out: &mut [u8],
    ) -> Result<(), NpyError> {
        fn read<const BYTES: usize>(
            array: &ArrayFile,
            shape: &[u64],
            ranges: &[Range<u64>],
            out: &mut [u8],
        ) -> Result<(), NpyError> {
            let out = out.as_chunks_mut::<BYTES>().0;
            let whole = |place, out: &mut [[u8; BYTES]]| {
                let (start, _) = array.range_of(place..place + out.len() as u64)?;
                array.fill(start, out.as_flattened_mut())
            };
            array.read_parts(shape, ranges, out, whole, |bytes, out| {
                out.as_flattened_mut().copy_from_slice(bytes);
            })
        }
        match self.npy.dtype.bytes {
            1 => read::<1>(self, shape, ranges, out),
            2 => read::<2>(self, shape, ranges, out),
            4 => read::<4>(self, shape, ranges, out),
            _ => read::<8>(self, shape, ranges, out),
        }
    }

    /// Reads a box into `out`, in parts that each lie within a chunk of the file: `whole` reads
    /// consecutive elements, `convert` makes elements of the bytes of consecutive ones.
    fn read_parts<T: Send>(
        &self,
        shape: &[u64],
        ranges: &[Range<u64>],
        out: &mut [T],
        whole: impl Fn(u64, &mut [T]) -> Result<(), NpyError> + Sync,
        convert: impl Fn(&[u8], &mut [T]) + Sync,
    ) -> Result<(), NpyError> {
        let width = self.npy.dtype.bytes;
        assert_eq!(
            elements(ranges),
            out.len() as u64,
            "elements of the box and of the memory for it"
        );
        let own = self.npy.in_file_order(&self.npy.shape);
        let (first, strides) = match self.is_view() {
            true => self.strides(),
            false => (0, strides(shape)),
        };
        let boxes = match self.is_view() && own != shape {
            // A box of an array of another shape is several of this one.
            true => boxes_of(&own, &Runs::of(shape, ranges)),
            false => vec![ranges.to_vec()],
        };
        let parts = boxes.iter().flat_map(|region| {
            let cut = Cut::within(region, &strides, CHUNK_BYTES / width as u64);
            (0..cut.count()).map(move |number| cut.get(number))
        });
        let mut rest = out;
        let work: Vec<(Runs, &mut [T])> = parts
            .map(|part| {
                let part = Runs::strided(first, &strides, &part);
                let count = size(part.elements());
                let out = rest.split_off_mut(..count).unwrap_or_default();
                (part, out)
            })
            .collect();
        let is_sparse = |(part, out): &(Runs, &mut [T])| {
            let span = part.span();
            (span.end - span.start) / 2 > out.len() as u64
        };
        let copy = |part: &Runs, bytes: &[u8], mut out: &mut [T]| {
            part.for_each(|place, count| {
                let from = size(place) * width;
                let (run, rest) = mem::take(&mut out).split_at_mut(size(count));
                convert(&bytes[from..from + run.len() * width], run);
                out = rest;
            });
        };
        if work.iter().any(is_sparse) {
            return self.read_needed_pages(work, copy);
        }
        let read = |buffer: &mut Buffer, (part, out): (Runs, &mut [T])| {
            let span = part.span();
            if span.end - span.start == out.len() as u64 {
                return whole(span.start, out);
            }
            copy(&part, self.bytes_in_file(span, buffer)?, out);
            Ok(())
        };
        work.into_par_iter()
            .try_for_each_init(Buffer::default, read)
    }

    /// Reads those pages only that hold elements of the box.
    fn read_needed_pages<T: Send>(
        &self,
        work: Vec<(Runs, &mut [T])>,
        copy: impl Fn(&Runs, &[u8], &mut [T]) + Sync,
    ) -> Result<(), NpyError> {
        let width = self.npy.dtype.bytes;
        let mut work = work.into_iter();
        loop {
            let some = work.by_ref().take(AHEAD.max(rayon::current_num_threads()));
            let some: Vec<(Runs, &mut [T])> = some.collect();
            if some.is_empty() {
                return Ok(());
            }
            let mapped: Vec<(Runs, &mut [T], MappedChunk<'_>)> = some
                .into_par_iter()
                .map(|(part, out)| {
                    let chunk = self.map(part.span())?;
                    begin_to_read(&part, &chunk, width);
                    Ok((part, out, chunk))
                })
                .collect::<Result<_, NpyError>>()?;
            mapped
                .into_par_iter()
                .for_each(|(part, out, chunk)| copy(&part, &chunk, out));
        }
    }
}

/// The boxes of an array of this shape that runs of its elements are, in their order.
fn boxes_of(shape: &[u64], runs: &Runs) -> Vec<Region> {
    let mut boxes = Vec::new();
    let whole: Region = shape.iter().map(|&length| 0..length).collect();
    let first = runs.span().start;
    runs.for_each(|place, count| {
        let (mut place, end) = (first + place, first + place + count);
        while place < end {
            let mut region: Region = index_in(&whole, place)
                .into_iter()
                .map(|index| index..index + 1)
                .collect();
            let mut size = 1;
            // As many axes as the run has from their beginning to their end, and a part of the next one.
            for (range, &length) in region.iter_mut().zip(shape).rev() {
                let most = (end - place) / size;
                range.end = length.min(range.start + most);
                size *= range.end - range.start;
                if *range != (0..length) {
                    break;
                }
            }
            place += size;
            boxes.push(region);
        }
    });
    boxes
}

/// Begins to read what a part needs of its chunk; runs less than a page apart are read as one.
fn begin_to_read(part: &Runs, chunk: &MappedChunk<'_>, width: usize) {
    if !chunk.is_incomplete() {
        return;
    }
    let page = sys::page_size();
    let mut wanted = 0..0;
    part.for_each(|place, count| {
        let from = size(place) * width;
        let end = from + size(count) * width;
        if from >= wanted.end + page {
            chunk.begin_to_read(wanted.clone());
            wanted.start = from;
        }
        wanted.end = end;
    });
    chunk.begin_to_read(wanted);
}

/// A number of elements in memory. One that does not fit makes the next access panic.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
