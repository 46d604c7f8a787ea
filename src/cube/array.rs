//! [`ArrayFile`]: any `.npy` file to read, with the journal beside it if it is a cube of ours.
//!
//! Whatever its size, only pieces of it are in memory at a time. Elements are counted in *file
//! order*: the order of their bytes, which is C order but for Fortran-order files.

use super::{
    error::CubeError,
    file::matches_journal,
    journal::{Journal, Scenario},
    npy::{NpyError, NpyHeader},
    number::Number,
    paths::Paths,
    piece::Piece,
    reader::Reader,
    region,
    scalar::{self, Scalar},
};
use crate::sys::{self, FileExt};
use ndarray::Array2;
use std::{
    fs::{self, File},
    io::{self, BufReader},
    ops::Range,
    path::{Path, PathBuf},
};

/// Room for the bytes of some elements after others, aligned for those of any type.
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

/// An array on disk.
#[derive(Debug)]
pub struct ArrayFile {
    /// Its name.
    pub path: PathBuf,
    /// What its header says.
    pub npy: NpyHeader,
    /// Its journal, if it is a cube.
    pub journal: Option<Journal>,
    /// Bytes of the file.
    pub bytes: u64,
    reader: Reader,
}

impl ArrayFile {
    /// Opens an array, and believes neither its header nor its length.
    ///
    /// # Errors
    /// [`CubeError`] when it cannot be read, is damaged, or does not match its journal.
    pub fn open(path: &Path) -> Result<Self, CubeError> {
        let file = File::open(path).map_err(CubeError::io("open", path))?;
        let status = file.metadata().map_err(CubeError::io("examine", path))?;
        if status.is_dir() {
            return Err(CubeError::io("open", path)(
                io::ErrorKind::IsADirectory.into(),
            ));
        }
        let journal = read_journal(path)?;
        if let Some(header) = journal.as_ref().and_then(|journal| journal.header.as_ref()) {
            matches_journal(&file, header, path)?;
        }
        let npy = NpyHeader::decode(BufReader::new(&file)).map_err(CubeError::npy(path))?;
        npy.fits(status.len()).map_err(CubeError::npy(path))?;
        Ok(Self {
            path: path.to_owned(),
            npy,
            journal,
            bytes: status.len(),
            reader: Reader::new(file, path),
        })
    }

    /// What was run, if this is the cube of a run.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        self.journal.as_ref()?.header.as_ref()?.run()
    }

    /// How far along its first axis the array holds data: all of it, the committed snapshots of a
    /// run, the complete scenarios of a sweep.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.journal.as_ref().map_or_else(
            || self.npy.shape.first().copied().unwrap_or(1),
            Journal::available,
        )
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

    /// Whether nothing more will come: there is no journal, or the run is complete, or nobody is at
    /// work on it.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the journal cannot be opened.
    pub fn is_final(&self) -> Result<bool, CubeError> {
        if self.journal.as_ref().is_none_or(Journal::is_complete) {
            return Ok(true);
        }
        let journal = Paths::of(&self.path)?.journal;
        let file = File::open(&journal).map_err(CubeError::io("open", &journal))?;
        Ok(!sys::is_locked(&file))
    }

    /// Reads the journal again: a run may have committed more.
    ///
    /// # Errors
    /// [`CubeError`] as for [`open`](Self::open).
    pub fn refresh(&mut self) -> Result<(), CubeError> {
        self.journal = read_journal(&self.path)?;
        Ok(())
    }

    /// The bytes of elements in file order.
    ///
    /// # Errors
    /// [`CubeError`] when the file cannot be read or has become shorter.
    ///
    /// # Panics
    /// When there are no such elements.
    pub fn bytes<'a>(
        &self,
        places: Range<u64>,
        buffer: &'a mut Buffer,
    ) -> Result<&'a [u8], CubeError> {
        let (start, len) = self.range_of(places)?;
        let bytes = buffer.bytes(len);
        self.fill(start, bytes)?;
        Ok(bytes)
    }

    /// Maps the bytes of elements in file order, and reads none of them yet.
    pub(super) fn map(&self, places: Range<u64>) -> Result<Piece<'_>, CubeError> {
        let (start, len) = self.range_of(places)?;
        Piece::map(&self.reader.file, start, len).map_err(CubeError::io("map", &self.path))
    }

    /// Where the bytes of elements in file order begin, and how many there are.
    fn range_of(&self, places: Range<u64>) -> Result<(u64, usize), CubeError> {
        assert!(places.start <= places.end && places.end <= self.elements());
        let width = self.npy.dtype.bytes as u64;
        let len = usize::try_from((places.end - places.start) * width)
            .map_err(|_| CubeError::io("read", &self.path)(io::ErrorKind::OutOfMemory.into()))?;
        Ok((self.npy.data_offset + places.start * width, len))
    }

    /// How many elements are best read at a time, as things stand: fewer where a cache has them.
    #[must_use]
    pub fn stretch(&self) -> usize {
        self.reader.stretch() / size_of::<u64>()
    }

    fn fill(&self, start: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        let read = self.reader.read(start, bytes);
        read.map_err(|error| self.unreadable(error))
    }

    /// A file that ends before its array does was whole when it was opened.
    fn unreadable(&self, error: io::Error) -> CubeError {
        let found = self.reader.file.metadata().map(|status| status.len());
        match (error.kind(), found, self.npy.file_bytes()) {
            (io::ErrorKind::UnexpectedEof, Ok(found), Ok(expected)) => {
                CubeError::npy(&self.path)(NpyError::Short { expected, found })
            }
            _ => CubeError::io("read", &self.path)(error),
        }
    }

    /// Reads elements in file order from one on, as many as `out` has.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// As [`bytes`](Self::bytes).
    pub fn read<T: Number>(&self, place: u64, out: &mut [T]) -> Result<(), CubeError> {
        let dtype = self.npy.dtype;
        if dtype == T::DTYPE {
            let (start, _) = self.range_of(place..place + out.len() as u64)?;
            return self.fill(start, bytemuck::cast_slice_mut(out));
        }
        let mut buffer = Buffer::default();
        let mut start = place;
        // Converted while a cache holds their bytes.
        for out in out.chunks_mut(self.stretch()) {
            let end = start + out.len() as u64;
            T::decode(dtype, self.bytes(start..end, &mut buffer)?, out);
            start = end;
        }
        Ok(())
    }

    /// Reads a box into `out`, both in file order; `region` has a range for every axis of the file.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// When `out` has another number of elements than the box.
    pub fn read_box<T: Number>(
        &self,
        region: &[Range<u64>],
        out: &mut [T],
    ) -> Result<(), CubeError> {
        let dtype = self.npy.dtype;
        let whole = |place, out: &mut [T]| self.read(place, out);
        region::read(self, region, out, whole, |bytes, out| {
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
    pub fn read_bits(&self, region: &[Range<u64>], out: &mut [u64]) -> Result<(), CubeError> {
        let dtype = self.npy.dtype;
        let convert = |bytes: &[u8], out: &mut [u64]| {
            for (to, from) in out.iter_mut().zip(bytes.chunks(dtype.bytes)) {
                *to = scalar::bits(dtype, from);
            }
        };
        let whole = |place, out: &mut [u64]| {
            let places = place..place + out.len() as u64;
            convert(self.bytes(places, &mut Buffer::default())?, out);
            Ok(())
        };
        region::read(self, region, out, whole, convert)
    }

    /// As [`read_box`](Self::read_box), but the elements' bytes as the file has them.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// When `out` has another number of bytes than the box.
    pub fn read_bytes(&self, region: &[Range<u64>], out: &mut [u8]) -> Result<(), CubeError> {
        fn read<const BYTES: usize>(
            array: &ArrayFile,
            region: &[Range<u64>],
            out: &mut [u8],
        ) -> Result<(), CubeError> {
            let out = out.as_chunks_mut::<BYTES>().0;
            let whole = |place, out: &mut [[u8; BYTES]]| {
                let (start, _) = array.range_of(place..place + out.len() as u64)?;
                array.fill(start, out.as_flattened_mut())
            };
            region::read(array, region, out, whole, |bytes, out| {
                out.as_flattened_mut().copy_from_slice(bytes);
            })
        }
        match self.npy.dtype.bytes {
            1 => read::<1>(self, region, out),
            2 => read::<2>(self, region, out),
            4 => read::<4>(self, region, out),
            _ => read::<8>(self, region, out),
        }
    }

    /// Reads one element by its number in file order, and nothing around it.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn element(&self, place: u64) -> Result<Scalar, CubeError> {
        let dtype = self.npy.dtype;
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..dtype.bytes];
        let start = self.npy.data_offset + place * dtype.bytes as u64;
        let read = self.reader.file.read_exact_at(bytes, start);
        read.map_err(|error| self.unreadable(error))?;
        Ok(Scalar::decode(dtype, bytes))
    }

    /// Tells the system that elements will be read [one at a time](Self::element), here and there.
    pub fn expect_single_elements(&self) {
        sys::expect_random_reads(&self.reader.file);
    }

    /// Matrix `number` of those that the last two axes make up, as double precision: a frame of a
    /// `(t, y, x)` array, or the whole of a `(y, x)` one.
    ///
    /// Shape: `(ny, nx)`.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Panics
    /// When the array has less than two dimensions or no such matrix.
    pub fn frame(&self, number: u64) -> Result<Array2<f64>, CubeError> {
        let mut region: Vec<Range<u64>> = self.npy.shape.iter().map(|&end| 0..end).collect();
        let mut number = number;
        for range in region.iter_mut().rev().skip(2) {
            let index = number % range.end;
            number /= range.end;
            *range = index..index + 1;
        }
        let [.., ny, nx] = self.npy.shape[..] else {
            unreachable!("an array with frames has two dimensions or more")
        };
        let [ny, nx] = [ny, nx].map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let shape = if self.npy.fortran_order {
            (nx, ny)
        } else {
            (ny, nx)
        };
        let mut frame = Array2::zeros(shape);
        if let Some(values) = frame.as_slice_mut() {
            self.read_box(&self.npy.in_file_order(&region), values)?;
        }
        Ok(if self.npy.fortran_order {
            frame.reversed_axes()
        } else {
            frame
        })
    }
}

/// The journal beside a cube; `None` where there is none, so that the array speaks for itself.
fn read_journal(cube: &Path) -> Result<Option<Journal>, CubeError> {
    let Ok(paths) = Paths::of(cube) else {
        return Ok(None);
    };
    let bytes = match fs::read(&paths.journal) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(CubeError::io("read", &paths.journal))?,
    };
    let journal = Journal::parse(&bytes);
    match &journal.error {
        Some(error) => Err(paths.journal_error(error.clone())),
        None => Ok(Some(journal)),
    }
}
