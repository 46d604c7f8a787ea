//! [`ArrayFile`]: any `.npy` file to read, with the journal beside it if it is a cube of ours.

use super::{
    error::CubeError,
    file::matches_journal,
    journal::{Journal, Scenario},
    map,
    npy::{Dtype, Kind, NpyHeader},
    paths::Paths,
};
use memmap2::Mmap;
use ndarray::Array2;
use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

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
    data: Mmap,
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
        let bytes = npy.file_bytes().map_err(CubeError::npy(path))?;
        let data = usize::try_from(bytes - npy.data_offset)
            .map_err(|_| io::ErrorKind::OutOfMemory.into())
            .and_then(|len| map::read(&file, npy.data_offset, len))
            .map_err(CubeError::io("map", path))?;
        Ok(Self {
            path: path.to_owned(),
            npy,
            journal,
            bytes: status.len(),
            data,
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

    /// The data, in the order of the file.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The byte within [`data`](Self::data) at which the element of a C-order number begins.
    #[must_use]
    pub fn offset_of(&self, element: u64) -> usize {
        let place = if self.npy.fortran_order {
            let index = self.index_of(element);
            let shape = &self.npy.shape;
            index
                .iter()
                .zip(shape)
                .rev()
                .fold(0, |place, (i, length)| place * length + i)
        } else {
            element
        };
        usize::try_from(place).unwrap_or(usize::MAX) * self.npy.dtype.bytes
    }

    /// The index along every axis of the element of a C-order number.
    #[must_use]
    pub fn index_of(&self, mut element: u64) -> Vec<u64> {
        let mut index: Vec<u64> = self
            .npy
            .shape
            .iter()
            .rev()
            .map(|&length| {
                let here = element % length;
                element /= length;
                here
            })
            .collect();
        index.reverse();
        index
    }

    /// The element of a C-order number.
    #[must_use]
    pub fn element(&self, element: u64) -> Scalar {
        let at = self.offset_of(element);
        Scalar::decode(self.npy.dtype, &self.data[at..at + self.npy.dtype.bytes])
    }

    /// Frame `index` of a `(t, y, x)` array, or the whole of a `(y, x)` one, as double precision.
    ///
    /// Shape: `(ny, nx)`.
    ///
    /// # Panics
    /// When the array has another number of dimensions or no such frame.
    #[must_use]
    pub fn frame(&self, index: u64) -> Array2<f64> {
        let [.., ny, nx] = self.npy.shape[..] else {
            unreachable!("an array with frames has two dimensions or more")
        };
        let first = index * ny * nx;
        let shape = [ny, nx].map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        Array2::from_shape_fn(shape, |(j, i)| {
            self.element(first + j as u64 * nx + i as u64).to_f64()
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
    if journal.damaged_line.is_some() {
        journal.sound_header(&paths)?;
    }
    Ok(Some(journal))
}

/// One element, with all its digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// Of any float type.
    Float(f64),
    /// Of any integer type, or a boolean.
    Integer(i128),
}

impl Scalar {
    /// Reads one element from its bytes.
    ///
    /// # Panics
    /// When there are fewer bytes than the dtype has.
    #[must_use]
    pub fn decode(dtype: Dtype, bytes: &[u8]) -> Self {
        let mut raw = [0; 8];
        raw[..dtype.bytes].copy_from_slice(&bytes[..dtype.bytes]);
        if dtype.big_endian {
            raw[..dtype.bytes].reverse();
        }
        let [a, b, c, d, ..] = raw;
        let unsigned = u64::from_le_bytes(raw);
        let unused = 64 - 8 * dtype.bytes as u32;
        match (dtype.kind, dtype.bytes) {
            (Kind::Float, 2) => Self::Float(half::f16::from_le_bytes([a, b]).to_f64()),
            (Kind::Float, 4) => Self::Float(f32::from_le_bytes([a, b, c, d]).into()),
            (Kind::Float, _) => Self::Float(f64::from_bits(unsigned)),
            (Kind::Signed, _) => Self::Integer((unsigned.cast_signed() << unused >> unused).into()),
            (Kind::Unsigned | Kind::Bool, _) => Self::Integer(unsigned.into()),
        }
    }

    /// The nearest double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rounding is what it is for")]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Integer(value) => write!(f, "{value}"),
        }
    }
}
