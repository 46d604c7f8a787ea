//! [`Input`]: a file that parameters name, on the disk or in memory, with its digest.

use crate::params::{InputPlace, ParamsError};
use diff2d_arrays::npy::{self, HeaderError, NpyError, NpyHeader, Reader};
use diff2d_arrays::wording::hex;
use sha2::{Digest as _, Sha256};
use std::{
    any::Any,
    collections::BTreeMap,
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What is known of files before a problem reads them.
#[derive(Debug, Clone)]
pub struct Digests {
    /// The digests of files that were read already, and of snapshots in them: the scenarios of a sweep share theirs.
    known: BTreeMap<(PathBuf, Option<i64>), Arc<Known>>,
    /// Arrays have so many times the spacings of the grid, which takes every so many-th of their nodes.
    pub every: usize,
    /// Whether the grid is another one than that of the parameters, where edges that do not overlap may do.
    pub is_of_another_grid: bool,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            every: 1,
            is_of_another_grid: false,
        }
    }
}

impl Digests {
    /// No digest yet; another grid than that of the parameters, which takes every so many-th node of arrays.
    #[must_use]
    pub fn of_every(every: usize) -> Self {
        Self {
            every,
            is_of_another_grid: true,
            ..Self::default()
        }
    }
}

/// What is known of a file that was read.
#[derive(Debug)]
struct Known {
    /// SHA-256 of its bytes, in hexadecimal.
    sha256: String,
    /// These bytes: all of the file, or those of a snapshot.
    range: Range<u64>,
    /// The CRC-32C of each [`CHUNK`] of them.
    sums: Vec<u32>,
    /// The header of the cube of a snapshot.
    header: Option<NpyHeader>,
    /// All bytes of the file, if it is in memory.
    content: Option<Arc<[u8]>>,
    /// What its reader has made of it, such as pixels on a grid.
    shared: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        (&self.sha256, &self.range) == (&other.sha256, &other.range)
    }
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
        Self::open_part(place, None, digests)
    }

    /// Reads a snapshot of a cube once, for its digest; of another file all.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_snapshot(
        place: InputPlace,
        snapshot: i64,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        Self::open_part(place, Some(snapshot), digests)
    }

    fn open_part(
        place: InputPlace,
        snapshot: Option<i64>,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let key = (place.path().to_owned(), snapshot);
        let known = match digests.known.get(&key) {
            Some(known) => Arc::clone(known),
            None => {
                let known = match place.bytes() {
                    Some(bytes) => {
                        digest(Cursor::new(bytes), 0..u64::MAX, None).map(|known| Known {
                            content: Some(Arc::clone(bytes)),
                            ..known
                        })
                    }
                    None => {
                        let file = npy::open_file(&key.0);
                        let file = file.map_err(|error| unusable(&place, &error))?;
                        match snapshot.and_then(|number| matrix(&file, number)) {
                            Some((header, range)) => digest(file, range, Some(header)),
                            None => digest(file, 0..u64::MAX, None),
                        }
                    }
                };
                let known = Arc::new(known.map_err(|error| {
                    place.unusable(format!("it cannot be read: {error}"), false)
                })?);
                digests.known.insert(key, Arc::clone(&known));
                known
            }
        };
        Ok(Self { place, known })
    }

    /// Its name, and the SHA-256 of its bytes in hexadecimal: of a cube those of the snapshot, as a run may go on to write
    /// others.
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

    /// Whether it is in memory.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.known.content.is_some()
    }

    /// The file, to read.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if it cannot be opened.
    pub fn file(&self) -> Result<InputFile, ParamsError> {
        let open = || {
            let file = npy::open_file(self.path());
            let file = file.map_err(|error| unusable(&self.place, &error))?;
            Ok::<_, ParamsError>(Reader::new(file, self.path()))
        };
        Ok(InputFile {
            file: self.known.content.is_none().then(open).transpose()?,
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
        if let Some(header) = &self.known.header {
            return Ok(header.clone());
        }
        let header = NpyHeader::decode(self.file()?)
            .and_then(|header| header.fits(self.known.range.end).map(|()| header));
        header.map_err(|error| unusable(&self.place, &NpyError::header(self.path())(error)))
    }

    /// What a reader has made of the file, which all parameters share that name it; that of `new` if what was made last is
    /// none that fits.
    ///
    /// # Errors
    /// Those of `new`.
    pub fn shared<T: Any + Send + Sync>(
        &self,
        fits: impl FnOnce(&T) -> bool,
        new: impl FnOnce() -> Result<T, ParamsError>,
    ) -> Result<Arc<T>, ParamsError> {
        let shared = self.known.shared.lock();
        let mut shared = shared.unwrap_or_else(PoisonError::into_inner);
        let found = shared.take().and_then(|found| found.downcast::<T>().ok());
        let found = found.filter(|found| fits(found));
        let found = found.map_or_else(|| new().map(Arc::new), Ok)?;
        *shared = Some(Arc::<T>::clone(&found));
        Ok(found)
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
    /// None of bytes in memory, which stay as they are.
    file: Option<Reader>,
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
        let known = &self.known.range;
        let Some(start) = range
            .start
            .checked_sub(known.start)
            .filter(|_| range.end <= known.end)
        else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let Some(file) = &self.file else {
            let content = self.known.content.as_deref().unwrap_or_default();
            return Ok(&content[range.start as usize..range.end as usize]);
        };
        let begin = known.start + start / CHUNK * CHUNK;
        let end = known.start + (range.end - known.start).next_multiple_of(CHUNK);
        let end = end.min(known.end);
        let is_held =
            self.first <= range.start && range.end <= self.first + self.chunks.len() as u64;
        if !is_held {
            let length = usize::try_from(end - begin).map_err(|_| io::ErrorKind::OutOfMemory)?;
            self.chunks.resize(length, 0);
            self.first = begin;
            let read = file.read(begin, &mut self.chunks);
            let known = self.known.sums.iter().skip((start / CHUNK) as usize);
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
        let bytes = self.bytes(at..end.min(self.known.range.end).max(at))?;
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
            SeekFrom::End(by) => self.known.range.end.checked_add_signed(by),
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

/// Adds the digest of an input to those of others. Of several snapshots of a cube all stand under its name, with spaces
/// between.
pub fn add_digest(inputs: &mut BTreeMap<String, String>, name: String, sums: &str) {
    let known = inputs.entry(name).or_default();
    for sum in sums.split(' ') {
        if !known.split(' ').any(|known| known == sum) {
            let space = if known.is_empty() { "" } else { " " };
            known.push_str(space);
            known.push_str(sum);
        }
    }
}

/// The header of an array of matrices, and the bytes of one of them, negative from the end; `None` of another file.
fn matrix(file: &File, number: i64) -> Option<(NpyHeader, Range<u64>)> {
    let header = NpyHeader::decode(file).ok()?;
    let [count, rows, columns] = header.shape[..] else {
        return None;
    };
    header.fits(file.metadata().ok()?.len()).ok()?;
    let from_start = i128::from(number) + if number < 0 { i128::from(count) } else { 0 };
    let frame = u64::try_from(from_start)
        .ok()
        .filter(|&frame| frame < count)?;
    let bytes = rows * columns * header.dtype.bytes as u64;
    let begin = header.data_offset + frame * bytes;
    (!header.fortran_order).then_some((header, begin..begin + bytes))
}

/// Reads a range of a file, as far as the file goes.
fn digest(
    mut file: impl Read + Seek,
    range: Range<u64>,
    header: Option<NpyHeader>,
) -> io::Result<Known> {
    const READ_AT_ONCE: u64 = 256 * CHUNK;
    let (mut hash, mut piece) = (Sha256::new(), Vec::new());
    let (mut end, mut sums) = (range.start, Vec::new());
    file.seek(SeekFrom::Start(range.start))?;
    loop {
        piece.clear();
        let some = READ_AT_ONCE.min(range.end - end);
        if file.by_ref().take(some).read_to_end(&mut piece)? == 0 {
            break;
        }
        hash.update(&piece);
        end += piece.len() as u64;
        sums.extend(piece.chunks(CHUNK as usize).map(crc32c::crc32c));
    }
    Ok(Known {
        sha256: hex(&hash.finalize()),
        range: range.start..end,
        sums,
        header,
        content: None,
        shared: Mutex::default(),
    })
}
