//! Reads boxes of an [`ArrayFile`].

use super::{
    array::{ArrayFile, Buffer, CHUNK_BYTES},
    dtype,
    error::NpyError,
    number::Number,
    reader::MappedChunk,
    region::{Cut, Region, Runs, elements, index_in, strides},
    slice::Slice,
};
use diff2d_sys as sys;
use rayon::prelude::*;
use std::{mem, ops::Range};

/// The number of chunks that are read together: disks are fast when many reads are queued.
const AHEAD: usize = 8;

impl ArrayFile {
    /// Reads a box into `out`, both in file order; `ranges` has a range for every axis of the file.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// If the box leaves the array, or the numbers of elements in the box and in `out` differ.
    pub fn read_box<T: Number>(
        &self,
        ranges: &[Range<u64>],
        out: &mut [T],
    ) -> Result<(), NpyError> {
        self.read_box_of(&self.npy.in_file_order(&self.npy.shape), ranges, out)
    }

    /// Reads a box like [`read_box`](Self::read_box) after reshaping the array to `shape`, in file order.
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
        self.read_parts(
            shape,
            ranges,
            out,
            |place, out: &mut [T]| self.read_in_file(place, out),
            |bytes, out| {
                if dtype == T::DTYPE {
                    bytemuck::cast_slice_mut(out).copy_from_slice(bytes);
                } else {
                    T::decode(dtype, bytes, out);
                }
            },
        )
    }

    /// Reads the bits of the elements of a box, in the order of [`read_box`](Self::read_box).
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// As [`read_box`](Self::read_box).
    pub fn read_bits(&self, ranges: &[Range<u64>], out: &mut [u64]) -> Result<(), NpyError> {
        let dtype = self.npy.dtype;
        let shape = self.npy.in_file_order(&self.npy.shape);
        self.read_parts(
            &shape,
            ranges,
            out,
            |place, out: &mut [u64]| {
                let places = place..place + out.len() as u64;
                let mut buffer = Buffer::default();
                dtype::bits_of_each(dtype, self.bytes_in_file(places, &mut buffer)?, out);
                Ok(())
            },
            |bytes, out| dtype::bits_of_each(dtype, bytes, out),
        )
    }

    /// Reads the bytes of the elements of a box as they are in the file, in the order of [`read_box`](Self::read_box).
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// If the box leaves the array, or the numbers of bytes in the box and in `out` differ.
    pub fn read_bytes(&self, ranges: &[Range<u64>], out: &mut [u8]) -> Result<(), NpyError> {
        self.read_bytes_of(&self.npy.in_file_order(&self.npy.shape), ranges, out)
    }

    /// Reads bytes like [`read_bytes`](Self::read_bytes) after reshaping the array to `shape`, in file order.
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
            array.read_parts(
                shape,
                ranges,
                out,
                |place, out: &mut [[u8; BYTES]]| {
                    let (start, _) = array.range_of(place..place + out.len() as u64)?;
                    array.fill(start, out.as_flattened_mut())
                },
                |bytes, out| out.as_flattened_mut().copy_from_slice(bytes),
            )
        }
        match self.npy.dtype.bytes {
            1 => read::<1>(self, shape, ranges, out),
            2 => read::<2>(self, shape, ranges, out),
            4 => read::<4>(self, shape, ranges, out),
            _ => read::<8>(self, shape, ranges, out),
        }
    }

    /// Reads a box into `out`, in parts that each lie within a chunk of the file. `read_run` reads elements at
    /// consecutive positions of the file; `convert` converts the bytes of such a run to elements.
    fn read_parts<T: Copy + Send>(
        &self,
        shape: &[u64],
        ranges: &[Range<u64>],
        out: &mut [T],
        read_run: impl Fn(u64, &mut [T]) -> Result<(), NpyError> + Sync,
        convert: impl Fn(&[u8], &mut [T]) + Sync,
    ) -> Result<(), NpyError> {
        assert_eq!(
            elements(ranges),
            out.len() as u64,
            "elements of the box and of the memory for it"
        );
        let own_shape = self.npy.in_file_order(&self.npy.shape);
        let (origin, strides) = if self.is_view() {
            self.strides()
        } else {
            (0, strides(shape))
        };
        let boxes = match self.is_view() && own_shape != shape {
            // A box of an array of another shape is several boxes of this one.
            true => boxes_of(&own_shape, &Runs::of(shape, ranges)),
            false => vec![ranges.to_vec()],
        };
        if let [region] = &boxes[..]
            && let Some((axis, indices)) = self.picked_in(region)
            && let Some(repeated) = repeated_box(region, axis, indices)
        {
            let mut elements_once = vec![out[0]; size(elements(&repeated))];
            let first_index = repeated[axis].start;
            let whole = PlacedBox {
                region: repeated,
                origin,
                strides,
            };
            self.read_placed(vec![whole], &mut elements_once, read_run, convert)?;
            repeat(&elements_once, region, axis, indices, first_index, out);
            return Ok(());
        }
        let boxes = boxes
            .into_iter()
            .flat_map(|region| match self.picked_in(&region) {
                Some((axis, indices)) => boxes_of_picked(&region, axis, indices, origin, &strides),
                None => vec![PlacedBox {
                    region,
                    origin,
                    strides: strides.clone(),
                }],
            });
        self.read_placed(boxes.collect(), out, read_run, convert)
    }

    /// Reads boxes one after the other into `out`, as [`read_parts`](Self::read_parts) does.
    fn read_placed<T: Send>(
        &self,
        boxes: Vec<PlacedBox>,
        out: &mut [T],
        read_run: impl Fn(u64, &mut [T]) -> Result<(), NpyError> + Sync,
        convert: impl Fn(&[u8], &mut [T]) + Sync,
    ) -> Result<(), NpyError> {
        let width = self.npy.dtype.bytes;
        let parts = boxes.into_iter().flat_map(|placed| {
            let cut = Cut::within(&placed.region, &placed.strides, CHUNK_BYTES / width as u64);
            (0..cut.count()).map(move |number| {
                let part = cut.get(number);
                Runs::strided(placed.origin, &placed.strides, &part)
            })
        });
        let mut unassigned = out;
        let work: Vec<(Runs, &mut [T])> = parts
            .map(|runs| {
                let count = size(runs.elements());
                let out = unassigned.split_off_mut(..count).unwrap_or_default();
                (runs, out)
            })
            .collect();
        if work.iter().any(|(runs, _)| runs.are_sparse()) {
            return self.read_needed_pages(work, convert);
        }
        work.into_par_iter().try_for_each_init(
            Buffer::default,
            |buffer: &mut Buffer, (runs, out): (Runs, &mut [T])| {
                let span = runs.span();
                let has_no_gaps = span.end - span.start == out.len() as u64;
                if has_no_gaps {
                    return read_run(span.start, out);
                }
                copy_runs(
                    &runs,
                    self.bytes_in_file(span, buffer)?,
                    width,
                    out,
                    &convert,
                );
                Ok(())
            },
        )
    }

    /// Reads only the pages that hold elements of the box.
    fn read_needed_pages<T: Send>(
        &self,
        work: Vec<(Runs, &mut [T])>,
        convert: impl Fn(&[u8], &mut [T]) + Sync,
    ) -> Result<(), NpyError> {
        let width = self.npy.dtype.bytes;
        let mut work = work.into_iter();
        loop {
            let count = AHEAD.max(rayon::current_num_threads());
            let batch: Vec<(Runs, &mut [T])> = work.by_ref().take(count).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let mapped: Vec<(Runs, &mut [T], MappedChunk<'_>)> = batch
                .into_par_iter()
                .map(|(runs, out)| {
                    let chunk = self.map(runs.span())?;
                    begin_to_read(&runs, &chunk, width);
                    Ok((runs, out, chunk))
                })
                .collect::<Result<_, NpyError>>()?;
            mapped
                .into_par_iter()
                .for_each(|(runs, out, chunk)| copy_runs(&runs, &chunk, width, out, &convert));
        }
    }
}

/// A box, and where its elements are in the file.
struct PlacedBox {
    region: Region,
    /// The position of the element whose indices are all 0.
    origin: u64,
    /// The distance between the positions of neighbours along each axis.
    strides: Vec<u64>,
}

/// The boxes with the elements of a box whose indices along an axis are picked, in the order of the elements. Indices that follow one
/// another at equal distances are one box.
fn boxes_of_picked(
    region: &[Range<u64>],
    axis: usize,
    indices: &[u64],
    origin: u64,
    strides: &[u64],
) -> Vec<PlacedBox> {
    let progressions = progressions(indices);
    let mut boxes = Vec::new();
    let outer_count = elements(&region[..axis]);
    for number in 0..outer_count {
        let outer_index = index_in(&region[..axis], number);
        for progression in &progressions {
            let mut part = region.to_vec();
            for (range, &index) in part.iter_mut().zip(&outer_index) {
                *range = index..index + 1;
            }
            part[axis] = 0..progression.count;
            let mut part_strides = strides.to_vec();
            part_strides[axis] *= progression.step;
            boxes.push(PlacedBox {
                region: part,
                origin: origin + progression.start * strides[axis],
                strides: part_strides,
            });
        }
    }
    boxes
}

/// The box with all elements of a box whose indices along an axis are picked, if that is no larger, as where indices are repeated. Along
/// the axis it has the indices before any are picked.
fn repeated_box(region: &[Range<u64>], axis: usize, indices: &[u64]) -> Option<Region> {
    let (first, last) = (*indices.iter().min()?, *indices.iter().max()?);
    let is_repeated = indices.len() > 1 && last - first < indices.len() as u64;
    let mut repeated = region.to_vec();
    repeated[axis] = first..last + 1;
    (is_repeated && elements(region) > 0).then_some(repeated)
}

/// Puts the elements of a box into `out` as often as their indices along an axis are picked; `first_index` is the first one of the box.
fn repeat<T: Copy>(
    elements_once: &[T],
    region: &[Range<u64>],
    axis: usize,
    indices: &[u64],
    first_index: u64,
    out: &mut [T],
) {
    let inner = size(elements(&region[axis + 1..]));
    let outer = size(elements(&region[..axis]));
    let planes = out.chunks_exact_mut(indices.len() * inner);
    for (plane_once, plane) in elements_once
        .chunks_exact(elements_once.len() / outer)
        .zip(planes)
    {
        for (row, &index) in plane.chunks_exact_mut(inner).zip(indices) {
            let start = size(index - first_index) * inner;
            row.copy_from_slice(&plane_once[start..start + inner]);
        }
    }
}

/// A list of indices as slices: each is as long as the indices that follow have one distance.
fn progressions(indices: &[u64]) -> Vec<Slice> {
    let mut progressions: Vec<Slice> = Vec::new();
    for &index in indices {
        if let Some(last) = progressions.last_mut() {
            if last.count == 1 && index > last.start {
                (last.step, last.count) = (index - last.start, 2);
                continue;
            }
            if last.count > 1 && index == last.index(last.count) {
                last.count += 1;
                continue;
            }
        }
        progressions.push(Slice {
            start: index,
            step: 1,
            count: 1,
        });
    }
    progressions
}

/// Converts the elements of runs, each of `width` bytes. `bytes` are the bytes of their whole span.
fn copy_runs<T>(
    runs: &Runs,
    bytes: &[u8],
    width: usize,
    mut out: &mut [T],
    convert: impl Fn(&[u8], &mut [T]),
) {
    runs.for_each(|place, count| {
        let start = size(place) * width;
        let (run, later_runs) = mem::take(&mut out).split_at_mut(size(count));
        convert(&bytes[start..start + run.len() * width], run);
        out = later_runs;
    });
}

/// The boxes of an array with this shape that contain the elements of runs, in the order of the elements.
fn boxes_of(shape: &[u64], runs: &Runs) -> Vec<Region> {
    let mut boxes = Vec::new();
    let whole_array: Region = shape.iter().map(|&length| 0..length).collect();
    let span_start = runs.span().start;
    runs.for_each(|place, count| {
        let mut place = span_start + place;
        let run_end = place + count;
        while place < run_end {
            let mut region: Region = index_in(&whole_array, place)
                .into_iter()
                .map(|index| index..index + 1)
                .collect();
            let mut size = 1;
            // The box takes as many whole axes as the run has, and a part of the next axis.
            for (range, &length) in region.iter_mut().zip(shape).rev() {
                let indices_left = (run_end - place) / size;
                range.end = length.min(range.start + indices_left);
                size *= range.end - range.start;
                let is_whole_axis = *range == (0..length);
                if !is_whole_axis {
                    break;
                }
            }
            place += size;
            boxes.push(region);
        }
    });
    boxes
}

/// Begins to read the parts of a chunk that runs need. Runs less than a page apart are read together.
fn begin_to_read(runs: &Runs, chunk: &MappedChunk<'_>, width: usize) {
    if !chunk.is_incomplete() {
        return;
    }
    let page = sys::page_size();
    let mut pending = 0..0;
    runs.for_each(|place, count| {
        let start = size(place) * width;
        if start >= pending.end + page {
            chunk.begin_to_read(pending.clone());
            pending.start = start;
        }
        pending.end = start + size(count) * width;
    });
    chunk.begin_to_read(pending);
}

/// A number of elements as an index in memory. A number that does not fit makes the next access panic.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{ArrayFile, elements};
    use crate::npy::{Dtype, NpyHeader};
    use std::io::Write;

    /// Lists that ascend, repeat, descend and jump, along each axis and in both orders of elements.
    #[test]
    fn picked_elements_are_those_of_their_indices() {
        let shape = [5_u64, 4, 6];
        let count = shape.iter().product::<u64>() as usize;
        let mut file = tempfile::tempfile().unwrap();
        let numbers: Vec<f64> = (0..count).map(|number| number as f64).collect();
        file.write_all(bytemuck::cast_slice(&numbers)).unwrap();
        for fortran_order in [false, true] {
            for axis in 0..3 {
                for list in [
                    vec![3, 0, 0, 2],
                    vec![1, 1, 1],
                    vec![0, 2],
                    vec![3],
                    vec![0, 1, 2, 3],
                    vec![],
                ] {
                    let mut npy = NpyHeader::new(shape.to_vec(), Dtype::F64, fortran_order);
                    npy.data_offset = 0;
                    let whole = npy.clone();
                    let file = file.try_clone().unwrap();
                    let mut array = ArrayFile::of_parts(file, "a.npy".as_ref(), npy).unwrap();
                    array.pick(axis, list.clone());
                    let region: Vec<_> = array.npy.shape.iter().map(|&length| 0..length).collect();
                    let mut out = vec![0.0; elements(&region) as usize];
                    array
                        .read_box(&array.npy.in_file_order(&region), &mut out)
                        .unwrap();
                    for (place, &value) in (0..).zip(&out) {
                        let mut index = array.npy.index_of(place);
                        index[axis] = list[index[axis] as usize];
                        assert_eq!(value, whole.place_of(&index) as f64, "{list:?} {axis}");
                        let element = array.element(place).unwrap();
                        assert_eq!(element.to_f64(), value);
                    }
                    let mut run = vec![0.0; out.len()];
                    array.read(0, &mut run).unwrap();
                    assert_eq!(run, out, "{list:?} {axis}");
                }
            }
        }
    }
}
