//! [`ArrayFile`]: an array file, to read.

use super::{
    error::{HeaderError, NpyError},
    header::NpyHeader,
    mapped::MappedChunk,
    number::Number,
    reader::Reader,
    region::strides,
    scalar::Scalar,
    slice::Slice,
    view::View,
};
use diff2d_sys as sys;
use std::{
    fs::File,
    io::{self, BufReader},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// Bytes of a file that are looked at together: enough that the beginning costs nothing, few enough
/// for the caches.
pub const CHUNK_BYTES: u64 = 2 << 20;

/// Memory for the bytes of elements, aligned for those of any type; used again and again.
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

/// An array file. Whatever its size, only chunks of it are in memory at a time.
#[derive(Debug)]
pub struct ArrayFile {
    /// Its name.
    pub path: PathBuf,
    /// What its header says.
    pub npy: NpyHeader,
    /// Bytes of the file, or as far as it belongs to the array.
    pub bytes: u64,
    /// Which part of the array in the file it is, if it is not all of it.
    view: Option<View>,
    /// How far along its first axis it holds data.
    available: u64,
    reader: Reader,
}

impl ArrayFile {
    /// Opens an array.
    ///
    /// # Errors
    /// [`NpyError`] when it cannot be read, is not a `.npy` file of plain numbers, or is shorter than its
    /// header promises.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        Self::of_file(open_file(path)?, path)
    }

    /// The array in a file that was opened under the name `path`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_file(file: File, path: &Path) -> Result<Self, NpyError> {
        let npy = NpyHeader::decode(BufReader::new(&file)).map_err(NpyError::header(path))?;
        Self::of_parts(file, path, npy)
    }

    /// The array of this header in a file.
    pub(super) fn of_parts(file: File, path: &Path, npy: NpyHeader) -> Result<Self, NpyError> {
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

    /// Of a larger file, which is another's from this byte on.
    pub(super) fn ending_at(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// The array of some indices along every axis. Its elements stay where they are in the file.
    ///
    /// # Panics
    /// When slices are not as many as axes, or leave them.
    #[must_use]
    pub fn view(mut self, slices: &[Slice]) -> Self {
        let shape = self.shape();
        assert_eq!(slices.len(), shape.len(), "slices and axes");
        let last = |slice: &Slice| slice.count.checked_sub(1).map(|last| slice.index(last));
        let mut both = slices.iter().zip(&shape);
        assert!(both.all(|(slice, &length)| last(slice) < Some(length)));
        let view = View::of(self.view.as_ref(), &self.npy.shape, slices);
        self.npy.shape = view.lengths();
        self.available = self.npy.shape.first().copied().unwrap_or(1);
        self.view = Some(view);
        self
    }

    /// Whether it is a part of the array in the file.
    #[must_use]
    pub fn is_view(&self) -> bool {
        self.view.is_some()
    }

    /// The index in the file of the index `number` along an axis: the same, but for a [`view`](Self::view).
    #[must_use]
    pub fn index_in_file(&self, axis: usize, number: u64) -> u64 {
        let view = self.view.as_ref();
        view.map_or(number, |view| view.index(axis, number))
    }

    /// Bytes behind the array, which are none of its elements.
    #[must_use]
    pub fn bytes_behind(&self) -> u64 {
        let end = self.npy.file_bytes().unwrap_or(self.bytes);
        self.bytes.saturating_sub(end)
    }

    /// The place in the file of the first element, and how many places lie from one index to the next, in file order.
    pub(super) fn strides(&self) -> (u64, Vec<u64>) {
        match &self.view {
            Some(view) => view.strides(&self.npy),
            None => (0, strides(&self.npy.in_file_order(&self.npy.shape))),
        }
    }

    /// From now on only the first `available` indices of the first axis hold data.
    pub fn limit(&mut self, available: u64) {
        let all = self.npy.shape.first().copied().unwrap_or(1);
        self.available = available.min(all);
    }

    /// From now on reads fail once the flag is set.
    pub fn stop_on(&mut self, stop: Arc<AtomicBool>) {
        self.reader.stop_on(stop);
    }

    /// Whether part of the array holds no data.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.npy
            .shape
            .first()
            .is_some_and(|&all| self.available < all)
    }

    /// How far along its first axis the array holds data; 1 for an array without axes.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.available
    }

    /// Length of every axis as far as the array holds data.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let mut shape = self.npy.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = self.available();
        }
        shape
    }

    /// Number of elements that are data: the first so many in file order.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.shape().iter().product()
    }

    /// The bytes of elements in file order.
    ///
    /// # Errors
    /// [`NpyError`] when the file cannot be read or has become shorter.
    ///
    /// # Panics
    /// When there are no such elements.
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

    /// The bytes of elements at successive places of the file.
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

    /// Maps the bytes of elements at successive places of the file, and reads none of them yet.
    pub(super) fn map(&self, places: Range<u64>) -> Result<MappedChunk<'_>, NpyError> {
        let (start, len) = self.range_of(places)?;
        let mapped = self.reader.map(start, len);
        mapped.map_err(NpyError::io("map", &self.path))
    }

    /// Where the bytes of elements at successive places of the file begin, and how many there are.
    pub(super) fn range_of(&self, places: Range<u64>) -> Result<(u64, usize), NpyError> {
        assert!(places.start <= places.end && (self.is_view() || places.end <= self.elements()));
        let width = self.npy.dtype.bytes as u64;
        let len = usize::try_from((places.end - places.start) * width)
            .map_err(|_| NpyError::io("read", &self.path)(io::ErrorKind::OutOfMemory.into()))?;
        Ok((self.npy.data_offset + places.start * width, len))
    }

    /// How many elements are best read at a time: fewer as long as the page cache holds them.
    #[must_use]
    pub fn chunk_elements(&self) -> usize {
        self.reader.chunk_bytes() / size_of::<u64>()
    }

    pub(super) fn fill(&self, start: u64, bytes: &mut [u8]) -> Result<(), NpyError> {
        let read = self.reader.read(start, bytes);
        read.map_err(|error| self.unreadable(error))
    }

    /// A file that ends before its array does was whole when it was opened.
    fn unreadable(&self, error: io::Error) -> NpyError {
        let found = self.reader.metadata().map(|status| status.len());
        match (error.kind(), found, self.npy.file_bytes()) {
            (io::ErrorKind::UnexpectedEof, Ok(found), Ok(expected)) => {
                NpyError::header(&self.path)(HeaderError::Short { expected, found })
            }
            _ => NpyError::io("read", &self.path)(error),
        }
    }

    /// Reads as many elements as `out` has, in file order, from number `place` on.
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

    /// Reads elements at successive places of the file.
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
            let end = start + out.len() as u64;
            T::decode(dtype, self.bytes_in_file(start..end, &mut buffer)?, out);
            start = end;
        }
        Ok(())
    }

    /// Reads one element by its number in file order, and nothing around it.
    ///
    /// # Errors
    /// [`NpyError`] when the file cannot be read or has become shorter.
    pub fn element(&self, place: u64) -> Result<Scalar, NpyError> {
        let dtype = self.npy.dtype;
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..dtype.bytes];
        let place = match self.is_view() {
            true => {
                let (first, strides) = self.strides();
                let index = self.npy.in_file_order(&self.npy.index_of(place));
                let places = index.iter().zip(strides).map(|(index, each)| index * each);
                first + places.sum::<u64>()
            }
            false => place,
        };
        let start = self.npy.data_offset + place * dtype.bytes as u64;
        let read = self.reader.read_few(start, bytes);
        read.map_err(|error| self.unreadable(error))?;
        Ok(Scalar::decode(dtype, bytes))
    }

    /// Tells the system that [single elements](Self::element) will be read, far apart.
    pub fn expect_single_elements(&self) {
        self.reader.expect_few();
    }

    /// Reads a box of matrix `number` of those that the last two axes make up, as double precision: of a
    /// frame of a `(t, y, x)` array, or of a `(y, x)` one. The values come row after row, or column after
    /// column in Fortran order.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// When the array has less than two dimensions, no such matrix, or the matrix no such box.
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

/// Opens a file to read; a directory, a pipe or a device is an error here and not at the first read.
///
/// # Errors
/// [`NpyError::Io`].
pub fn open_file(path: &Path) -> Result<File, NpyError> {
    let no_file = |error: io::Error| match error.kind() {
        io::ErrorKind::Other => io::Error::other(format!(
            "{error}, and arrays are read at any place of a file: save it to one first"
        )),
        _ => error,
    };
    sys::open_to_read(path).map_err(|error| NpyError::io("open", path)(no_file(error)))
}
