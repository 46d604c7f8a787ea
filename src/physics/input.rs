//! [`Input`]: a file that parameters name, with its digest.

use super::raster::Raster;
use crate::params::{InputPlace, ParamsError};
use diff2d_arrays::npy::{self, HeaderError, NpyError, NpyHeader, Reader};
use diff2d_arrays::wording::hex;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// What is known of files before a problem reads them.
#[derive(Debug, Clone)]
pub struct Digests {
    /// The digests of files that were read already: the scenarios of a sweep share theirs.
    known: BTreeMap<PathBuf, Arc<Known>>,
    /// Arrays have so many times the spacings of the grid, which takes every so many-th of their nodes.
    pub every: usize,
}

impl Default for Digests {
    fn default() -> Self {
        Self::of_every(1)
    }
}

impl Digests {
    /// No digest yet; a grid that takes every so many-th node of arrays.
    #[must_use]
    pub fn of_every(every: usize) -> Self {
        Self {
            known: BTreeMap::new(),
            every,
        }
    }
}

/// What is known of a file that was read.
#[derive(Debug, PartialEq)]
struct Known {
    /// SHA-256 of its bytes, in hexadecimal.
    sha256: String,
    length: u64,
    /// The CRC-32C of each [`CHUNK`] of these bytes.
    sums: Vec<u32>,
    /// The pixels of a picture that was decoded.
    raster: OnceLock<Arc<Raster>>,
}

/// Bytes that are read and compared as a whole: little more than what is asked for, and a thousandth of the file for
/// its check sums.
const CHUNK: u64 = 4096;

/// A file that parameters name. It is opened again whenever its content is needed. All bytes that are used are compared
/// with those of which the digest was taken: another program may write to the file, through a map without a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    place: InputPlace,
    known: Arc<Known>,
}

impl Input {
    /// Reads a file once, for its digest.
    ///
    /// # Errors
    /// [`ParamsError::Input`] for a file that cannot be read.
    pub fn open(place: InputPlace, digests: &mut Digests) -> Result<Self, ParamsError> {
        let path = place.path().to_owned();
        let known = match digests.known.get(&path) {
            Some(known) => Arc::clone(known),
            None => {
                let known = npy::open_file(&path).map_err(|error| unusable(&place, &error))?;
                let known = Arc::new(digest(known).map_err(|error| {
                    place.unusable(format!("it cannot be read: {error}"), false)
                })?);
                digests.known.insert(path, Arc::clone(&known));
                known
            }
        };
        Ok(Self { place, known })
    }

    /// Its name, and the SHA-256 of its bytes in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> (String, String) {
        let name = self.place.path().to_string_lossy().into_owned();
        (name, self.known.sha256.clone())
    }

    /// Its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// The file, to read.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if it cannot be opened.
    pub fn file(&self) -> Result<InputFile, ParamsError> {
        let file = npy::open_file(self.path()).map_err(|error| unusable(&self.place, &error))?;
        Ok(InputFile {
            file: Reader::new(file, self.path()),
            known: Arc::clone(&self.known),
            chunks: Vec::new(),
            first: 0,
            at: 0,
        })
    }

    /// The header of the file, which is that of an array.
    ///
    /// # Errors
    /// As [`file`](Self::file), and for a file that is no array of plain numbers.
    pub fn header(&self) -> Result<NpyHeader, ParamsError> {
        let header = NpyHeader::decode(self.file()?)
            .and_then(|header| header.fits(self.known.length).map(|()| header));
        header.map_err(|error| unusable(&self.place, &NpyError::header(self.path())(error)))
    }

    /// The pixels of a picture, decoded by `decode` unless they were before.
    ///
    /// # Errors
    /// Those of `decode`.
    pub fn raster(
        &self,
        decode: impl FnOnce() -> Result<Raster, ParamsError>,
    ) -> Result<Arc<Raster>, ParamsError> {
        if let Some(raster) = self.known.raster.get() {
            return Ok(Arc::clone(raster));
        }
        let raster = Arc::new(decode()?);
        Ok(Arc::clone(self.known.raster.get_or_init(|| raster)))
    }

    /// The error for a file that cannot be read.
    pub fn unreadable(&self, error: &io::Error) -> ParamsError {
        let reason = format!("it cannot be read: {error}");
        self.place.unusable(reason, false)
    }

    /// The error for a file whose bytes are not what they should be.
    pub fn damaged(&self, reason: String) -> ParamsError {
        self.place.unusable(reason, true)
    }

    /// The error for a file that is sound and does not fit the other parameters.
    pub fn refuse(&self, reason: &str) -> ParamsError {
        self.place.refuse(reason)
    }
}

/// The bytes of an [`Input`], as they were when its digest was taken.
#[derive(Debug)]
pub struct InputFile {
    file: Reader,
    known: Arc<Known>,
    /// Chunks that were read last, and the byte where they begin.
    chunks: Vec<u8>,
    first: u64,
    /// Where the next bytes of a stream are.
    at: u64,
}

impl InputFile {
    /// The bytes of a range.
    ///
    /// # Errors
    /// Those of the file; that the bytes are others than before.
    pub fn bytes(&mut self, range: Range<u64>) -> io::Result<&[u8]> {
        let begin = range.start / CHUNK * CHUNK;
        let end = range.end.next_multiple_of(CHUNK).min(self.known.length);
        if range.end > end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let is_held =
            self.first <= range.start && range.end <= self.first + self.chunks.len() as u64;
        if !is_held {
            let length = usize::try_from(end - begin).map_err(|_| io::ErrorKind::OutOfMemory)?;
            self.chunks.resize(length, 0);
            self.first = begin;
            let read = self.file.read(begin, &mut self.chunks);
            let known = self.known.sums.iter().skip((begin / CHUNK) as usize);
            let mut found = self.chunks.chunks(CHUNK as usize).zip(known);
            let is_short =
                matches!(&read, Err(error) if error.kind() == io::ErrorKind::UnexpectedEof);
            if is_short || !found.all(|(chunk, &sum)| crc32c::crc32c(chunk) == sum) {
                self.chunks.clear();
                return Err(io::Error::other(
                    "it has changed since the run read it first; start the run again",
                ));
            }
            read?;
        }
        let at = (range.start - self.first) as usize;
        Ok(&self.chunks[at..at + (range.end - range.start) as usize])
    }
}

impl Read for InputFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        /// Bytes read ahead.
        const PIECE: u64 = 16 * CHUNK;
        let at = self.at;
        let end = (at / PIECE + 1) * PIECE;
        let bytes = self.bytes(at..end.min(self.known.length).max(at))?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for InputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.known.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The error for an array file that cannot be used.
fn unusable(place: &InputPlace, error: &NpyError) -> ParamsError {
    match error {
        NpyError::Header {
            source: source @ HeaderError::Dtype(_),
            ..
        } => place.refuse(&source.to_string()),
        NpyError::Header { source, .. } => place.unusable(source.to_string(), true),
        error => place.unusable(error.to_string(), false),
    }
}

/// Reads a file to its end.
fn digest(mut file: File) -> io::Result<Known> {
    const READ_AT_ONCE: u64 = 256 * CHUNK;
    let (mut hash, mut piece) = (Sha256::new(), Vec::new());
    let (mut length, mut sums) = (0, Vec::new());
    loop {
        piece.clear();
        if file.by_ref().take(READ_AT_ONCE).read_to_end(&mut piece)? == 0 {
            break;
        }
        hash.update(&piece);
        length += piece.len() as u64;
        sums.extend(piece.chunks(CHUNK as usize).map(crc32c::crc32c));
    }
    Ok(Known {
        sha256: hex(&hash.finalize()),
        length,
        sums,
        raster: OnceLock::new(),
    })
}
