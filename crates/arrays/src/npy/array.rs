//! [`ArrayFile`]: an array file, to read.

use super::{
    dtype::Scalar,
    error::{HeaderError, NpyError},
    header::NpyHeader,
    number::Number,
    reader::{MappedChunk, Reader},
    region::strides,
    slice::{Slice, View},
};
use diff2d_sys as sys;
use std::{
    fs::File,
    io::{self, BufReader},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
};

/// The number of bytes of a file that are processed together: enough to amortise the start of a read, few enough for
/// the caches.
pub const CHUNK_BYTES: u64 = 2 << 20;

/// Reusable memory for the bytes of elements, aligned for any type.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u64>);

impl Buffer {
    fn bytes(&mut self, len: usize) -> &mut [u8] {
        let words = len.div_ceil(size_of::<u64>());
        if self.0.len() < words {
            self.0.resize(words, 0);
        }
        &mut bytemuck::cast_slice_mut(&mut self.0)[..len]
    }
}

/// An array file. Only chunks of it are in memory at a time, whatever its size.
#[derive(Debug)]
pub struct ArrayFile {
    /// The name under which the file was opened.
    pub path: PathBuf,
    /// The header of the file.
    pub npy: NpyHeader,
    /// Bytes of the file.
    pub bytes: u64,
    /// The part of the array in the file, if this array is only a part of it.
    view: Option<View>,
    /// The number of indices of the first axis that hold data.
    available: u64,
    reader: Reader,
}

impl ArrayFile {
    /// Opens an array.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be read, is not a `.npy` file of plain numbers, or is shorter than its header
    /// says.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        Self::of_file(open_file(path)?, path)
    }

    /// The array in an open file with the name `path`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_file(file: File, path: &Path) -> Result<Self, NpyError> {
        let npy = NpyHeader::decode(BufReader::new(&file)).map_err(NpyError::header(path))?;
        Self::of_parts(file, path, npy)
    }

    /// The array with this header in a file that was opened under the name `path`, which may be flat, without a header of its own.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be examined, or is shorter than the array.
    pub fn of_parts(file: File, path: &Path, npy: NpyHeader) -> Result<Self, NpyError> {
        let status = file.metadata().map_err(NpyError::io("examine", path))?;
        npy.fits(status.len()).map_err(NpyError::header(path))?;
        Ok(Self {
            path: path.to_owned(),
            available: npy.shape.first().copied().unwrap_or(1),
            view: None,
            npy,
            bytes: status.len(),
            reader: Reader::new(file, path),
        })
    }

    /// The part of the array that slices select, one for each axis. Its elements stay where they are in the file.
    ///
    /// # Panics
    /// If the number of slices differs from the number of axes, or a slice leaves its axis.
    #[must_use]
    pub fn view(mut self, slices: &[Slice]) -> Self {
        let shape = self.shape();
        assert_eq!(slices.len(), shape.len(), "slices and axes");
        for (slice, &length) in slices.iter().zip(&shape) {
            let last_index = slice.count.checked_sub(1).map(|last| slice.index(last));
            assert!(last_index < Some(length), "a slice within its axis");
        }
        let view = View::of(self.view.as_ref(), &self.npy, slices);
        self.npy.shape = view.lengths();
        self.available = self.npy.shape.first().copied().unwrap_or(1);
        self.view = Some(view);
        self
    }

    /// The array with an additional first axis of length 1. If the data is limited along the present first axis, only
    /// the part with data remains.
    #[must_use]
    pub fn with_leading_axis(mut self) -> Self {
        if self.is_limited() {
            let slices: Vec<Slice> = self
                .shape()
                .into_iter()
                .map(|length| Slice::new(&(0..length), 1))
                .collect();
            self = self.view(&slices);
        }
        self.npy.shape.insert(0, 1);
        self.view = self.view.map(View::with_leading_axis);
        self.available = 1;
        self
    }

    /// The part of the array at an index along an axis, without that axis.
    ///
    /// # Panics
    /// When the index leaves its axis.
    #[must_use]
    pub fn at_index(mut self, axis: usize, index: u64) -> Self {
        let lengths = self.shape().into_iter().enumerate();
        let slices = lengths.map(|(other, length)| match other == axis {
            true => Slice::new(&(index..index + 1), 1),
            false => Slice::new(&(0..length), 1),
        });
        self = self.view(&slices.collect::<Vec<Slice>>());
        self.view = self.view.map(|view| view.without_axis(axis));
        if let Some(view) = &self.view {
            self.npy.shape = view.lengths();
        }
        self.available = self.npy.shape.first().copied().unwrap_or(1);
        self
    }

    /// The array with two axes in place of one that has at least `period` indices. Index `i` becomes index `i / period`
    /// along the axis of periods and `i % period` along the other axis, which comes first in Fortran order. Indices
    /// after the last complete period are left out.
    #[must_use]
    pub fn split(mut self, axis: usize, period: u64) -> Self {
        let lengths = self.shape().into_iter();
        let slices: Vec<Slice> = lengths.map(|length| Slice::new(&(0..length), 1)).collect();
        self = self.view(&slices);
        let is_period_first = self.npy.fortran_order;
        self.view = self
            .view
            .map(|view| view.split(axis, period, is_period_first));
        if let Some(view) = &self.view {
            self.npy.shape = view.lengths();
        }
        self.available = self.npy.shape.first().copied().unwrap_or(1);
        self
    }

    /// Picks indices along an axis: the array then has these alone, in their order and as often as they are listed. Its elements stay
    /// where they are in the file. The indices are those that the axis has without such a list, so that another list takes the place
    /// of an earlier one along the same axis.
    ///
    /// # Panics
    /// When an index leaves the axis, or indices are already picked along another axis.
    pub fn pick(&mut self, axis: usize, indices: Vec<u64>) {
        let view = self.view.take().unwrap_or_else(|| {
            let lengths = self.shape().into_iter();
            let slices: Vec<Slice> = lengths.map(|length| Slice::new(&(0..length), 1)).collect();
            View::of(None, &self.npy, &slices)
        });
        let view = view.pick(axis, indices);
        self.npy.shape = view.lengths();
        self.available = self.npy.shape.first().copied().unwrap_or(1);
        self.view = Some(view);
    }

    /// Whether the array is only a part of the array in the file.
    #[must_use]
    pub fn is_view(&self) -> bool {
        self.view.is_some()
    }

    /// The index in the file for the index `number` along an axis. They differ only for a [`view`](Self::view).
    #[must_use]
    pub fn index_in_file(&self, axis: usize, number: u64) -> u64 {
        let view = self.view.as_ref();
        view.map_or(number, |view| view.index(axis, number))
    }

    /// The number of bytes after the array, which belong to no element.
    #[must_use]
    pub fn bytes_behind(&self) -> u64 {
        let array_end = self.npy.file_bytes().unwrap_or(self.bytes);
        self.bytes.saturating_sub(array_end)
    }

    /// The position in the file of the first element, and the distance between the positions of neighbours along each
    /// axis, in file order.
    pub(super) fn strides(&self) -> (u64, Vec<u64>) {
        match &self.view {
            Some(view) => view.strides(&self.npy),
            None => (0, strides(&self.npy.in_file_order(&self.npy.shape))),
        }
    }

    /// The number in the slice of an axis of the index `number`, which differ where indices are [picked](Self::pick).
    fn number_in_slice(&self, axis: usize, number: u64) -> u64 {
        let view = self.view.as_ref();
        view.map_or(number, |view| view.number_in_slice(axis, number))
    }

    /// The axis along which indices are picked, and the list of those in a box; both in file order.
    pub(super) fn picked_in(&self, region: &[Range<u64>]) -> Option<(usize, &[u64])> {
        self.view.as_ref()?.picked_in(&self.npy, region)
    }

    /// Limits the data of the array to the first `available` indices of its first axis.
    pub fn limit(&mut self, available: u64) {
        let length = self.npy.shape.first().copied().unwrap_or(1);
        self.available = available.min(length);
    }

    /// Makes reads fail once `stop` is set.
    pub fn stop_on(&mut self, stop: Arc<AtomicUsize>) {
        self.reader.stop_on(stop);
    }

    /// Whether a part of the array holds no data.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.npy
            .shape
            .first()
            .is_some_and(|&length| self.available < length)
    }

    /// The number of indices of the first axis that hold data; 1 for an array without axes.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.available
    }

    /// The length of every axis, counting only the part with data.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let mut shape = self.npy.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = self.available();
        }
        shape
    }

    /// The number of elements with data. They come first in file order.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.shape().iter().product()
    }

    /// The bytes of a range of elements in file order.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be read or has become shorter.
    ///
    /// # Panics
    /// If there are no such elements.
    pub fn bytes<'a>(
        &self,
        places: Range<u64>,
        buffer: &'a mut Buffer,
    ) -> Result<&'a [u8], NpyError> {
        if self.is_view() {
            let count = (places.end - places.start) * self.npy.dtype.bytes as u64;
            let bytes = buffer.bytes(usize::try_from(count).unwrap_or(usize::MAX));
            self.read_bytes_of(&[self.elements()], &[places], bytes)?;
            return Ok(bytes);
        }
        self.bytes_in_file(places, buffer)
    }

    /// The bytes of elements at consecutive positions of the file.
    pub(super) fn bytes_in_file<'a>(
        &self,
        places: Range<u64>,
        buffer: &'a mut Buffer,
    ) -> Result<&'a [u8], NpyError> {
        let (start, len) = self.range_of(places)?;
        let bytes = buffer.bytes(len);
        self.fill(start, bytes)?;
        Ok(bytes)
    }

    /// Maps the bytes of elements at consecutive positions of the file, without reading them.
    pub(super) fn map(&self, places: Range<u64>) -> Result<MappedChunk<'_>, NpyError> {
        let (start, len) = self.range_of(places)?;
        let mapped = self.reader.map(start, len);
        mapped.map_err(NpyError::io("map", &self.path))
    }

    /// The first byte of elements at consecutive positions of the file, and their number of bytes.
    pub(super) fn range_of(&self, places: Range<u64>) -> Result<(u64, usize), NpyError> {
        assert!(places.start <= places.end && (self.is_view() || places.end <= self.elements()));
        let width = self.npy.dtype.bytes as u64;
        let len = usize::try_from((places.end - places.start) * width)
            .map_err(|_| NpyError::io("read", &self.path)(io::ErrorKind::OutOfMemory.into()))?;
        Ok((self.npy.data_offset + places.start * width, len))
    }

    /// The best number of elements to read at a time, which is smaller while the page cache holds them.
    #[must_use]
    pub fn chunk_elements(&self) -> usize {
        self.reader.chunk_bytes() / size_of::<u64>()
    }

    pub(super) fn fill(&self, start: u64, bytes: &mut [u8]) -> Result<(), NpyError> {
        self.reader
            .read(start, bytes)
            .map_err(|error| self.read_error(error))
    }

    /// The error of a failed read. If the file ends before the array, it has been shortened since it was opened.
    fn read_error(&self, error: io::Error) -> NpyError {
        let length = self.reader.metadata().map(|status| status.len());
        match (error.kind(), length, self.npy.file_bytes()) {
            (io::ErrorKind::UnexpectedEof, Ok(found), Ok(expected)) => {
                NpyError::header(&self.path)(HeaderError::short(expected, found))
            }
            _ => NpyError::io("read", &self.path)(error),
        }
    }

    /// Fills `out` with elements in file order, beginning with number `place`.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// As [`bytes`](Self::bytes).
    pub fn read<T: Number>(&self, place: u64, out: &mut [T]) -> Result<(), NpyError> {
        if self.is_view() {
            let places = place..place + out.len() as u64;
            return self.read_box_of(&[self.elements()], std::slice::from_ref(&places), out);
        }
        self.read_in_file(place, out)
    }

    /// Reads elements at consecutive positions of the file.
    pub(super) fn read_in_file<T: Number>(
        &self,
        place: u64,
        out: &mut [T],
    ) -> Result<(), NpyError> {
        let dtype = self.npy.dtype;
        if dtype == T::DTYPE {
            let (start, _) = self.range_of(place..place + out.len() as u64)?;
            return self.fill(start, bytemuck::cast_slice_mut(out));
        }
        let mut buffer = Buffer::default();
        let mut start = place;
        // Each chunk is converted while a cache holds its bytes.
        for out in out.chunks_mut(self.chunk_elements()) {
            let chunk_end = start + out.len() as u64;
            T::decode(
                dtype,
                self.bytes_in_file(start..chunk_end, &mut buffer)?,
                out,
            );
            start = chunk_end;
        }
        Ok(())
    }

    /// Reads one element by its number in file order, without the bytes around it.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be read or has become shorter.
    pub fn element(&self, place: u64) -> Result<Scalar, NpyError> {
        let dtype = self.npy.dtype;
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..dtype.bytes];
        let place = if self.is_view() {
            let (origin, strides) = self.strides();
            let index = self.npy.index_of(place).into_iter().enumerate();
            let index: Vec<u64> = index
                .map(|(axis, number)| self.number_in_slice(axis, number))
                .collect();
            let index = self.npy.in_file_order(&index);
            let distances = index
                .iter()
                .zip(strides)
                .map(|(index, stride)| index * stride);
            origin + distances.sum::<u64>()
        } else {
            place
        };
        let start = self.npy.data_offset + place * dtype.bytes as u64;
        self.reader
            .read_few(start, bytes)
            .map_err(|error| self.read_error(error))?;
        Ok(Scalar::decode(dtype, bytes))
    }

    /// Tells the system that [single elements](Self::element) far apart will be read.
    pub fn expect_single_elements(&self) {
        self.reader.expect_few();
    }

    /// Reads a box of a matrix of the last two axes, such as a frame of a `(t, y, x)` array, as double precision.
    /// Matrices are numbered in C order. The values come row after row, or column after column in Fortran order.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// If the array has fewer than two dimensions, there is no such matrix, or the box leaves it.
    pub fn read_frame(
        &self,
        number: u64,
        [rows, columns]: [Range<u64>; 2],
        out: &mut [f64],
    ) -> Result<(), NpyError> {
        let [outer @ .., _, _] = self.npy.shape.as_slice() else {
            unreachable!("an array with frames has two dimensions or more")
        };
        let mut number = number;
        let mut region = vec![columns, rows];
        for &length in outer.iter().rev() {
            let index = number % length;
            number /= length;
            region.push(index..index + 1);
        }
        region.reverse();
        self.read_box(&self.npy.in_file_order(&region), out)
    }
}

/// Opens a file to read. A directory, a pipe or a device is refused here and not at the first read.
///
/// # Errors
/// [`NpyError::Io`].
pub fn open_file(path: &Path) -> Result<File, NpyError> {
    sys::open_to_read(path).map_err(|error| {
        // No other kind of error says that the name is a directory, a pipe or a device.
        let is_no_file = error.kind() == io::ErrorKind::Other;
        NpyError::io("open", path)(if is_no_file {
            io::Error::other(format!(
                "{error}, and it is read at any place: save it to a file first"
            ))
        } else {
            error
        })
    })
}
