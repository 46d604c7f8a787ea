//! [`Input`]: a file that parameters name, on the disk or in memory, with its digest.

use crate::{
    measured::TableError,
    params::{InputPlace, ParamsError},
};
use diff2d_arrays::npy::{self, HeaderError, NpyError, NpyHeader, Reader};
use diff2d_arrays::wording::hex;
use diff2d_sys as sys;
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

/// Digests of files that were read before a problem reads them.
#[derive(Debug, Clone)]
pub struct Digests {
    /// The digests of files and of snapshots that were already read, shared by the scenarios of a sweep.
    known: BTreeMap<(PathBuf, Option<i64>), Arc<Known>>,
    /// The resolution of the arrays divided by the resolution of the grid: the grid's nodes are every `every`-th
    /// element.
    pub every: usize,
    /// Whether the grid is not the grid of the parameters, so that edges may fail to overlap.
    pub is_of_another_grid: bool,
    /// The most bytes of memory that a run of the problem may take, if there is a limit.
    pub memory: Option<u64>,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            every: 1,
            is_of_another_grid: false,
            memory: None,
        }
    }
}

impl Digests {
    /// No digests, for a coarser grid than the parameters have, whose nodes are every `every`-th element of arrays.
    #[must_use]
    pub fn of_every(every: usize) -> Self {
        Self {
            every,
            is_of_another_grid: true,
            ..Self::default()
        }
    }

    /// No digests, for a run that may take so much memory, by default what the parameters allow.
    #[must_use]
    pub fn within(memory: Option<u64>) -> Self {
        Self {
            memory,
            ..Self::default()
        }
    }

    /// These digests, and those of files that another problem has read, with what it has derived from them.
    #[must_use]
    pub fn knowing<'i>(mut self, inputs: impl Iterator<Item = &'i Input>) -> Self {
        let known = inputs.map(|input| ((input.path().to_owned(), None), Arc::clone(&input.known)));
        self.known.extend(known);
        self
    }

    /// The most bytes that the pixels of a picture may take: problems read pictures before memory is divided.
    #[must_use]
    pub fn most_bytes_of_picture(&self) -> u64 {
        /// No problem needs a larger picture, while a file of few bytes can promise any number of pixels.
        const MOST: u64 = 1 << 30;
        /// Smaller limits are those of the run, which is refused with the sum of all that it takes.
        const LEAST: u64 = 8 << 20;
        let memory = self.memory.unwrap_or(MOST).clamp(LEAST, MOST);
        sys::available_memory().map_or(memory, |available| memory.min(available))
    }
}

/// The properties of a file when it was read.
#[derive(Debug)]
struct Known {
    /// SHA-256 of its bytes, in hexadecimal.
    sha256: String,
    /// The range of bytes that was read: the whole file, or one snapshot.
    range: Range<u64>,
    /// The CRC-32C of each [`CHUNK`] of these bytes.
    sums: Vec<u32>,
    /// The header of the cube, if the bytes are a snapshot.
    header: Option<NpyHeader>,
    /// All bytes of the file, if it is in memory.
    content: Option<Arc<[u8]>>,
    /// An object that a reader has derived from the file, such as pixels on a grid.
    shared: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        (&self.sha256, &self.range) == (&other.sha256, &other.range)
    }
}

/// The unit of bytes that is read and compared. Reads are little larger than requested, and check sums take a
/// thousandth of the file.
const CHUNK: u64 = 4096;

/// A file that parameters name. It is opened again whenever its content is needed. All bytes that are used are compared
/// with the bytes from which the digest was computed, because another program may change the file through a memory map
/// without a trace.
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

    /// Reads a snapshot of a cube once, for its digest. A file that is not a cube is read as a whole.
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
        let known_file = match digests.known.get(&key) {
            Some(known_file) => Arc::clone(known_file),
            None => {
                let known_file = match place.bytes() {
                    Some(bytes) => {
                        digest(Cursor::new(bytes), 0..u64::MAX, None).map(|known_file| Known {
                            content: Some(Arc::clone(bytes)),
                            ..known_file
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
                let known_file = Arc::new(known_file.map_err(|error| {
                    place.unusable(format!("it cannot be read: {error}"), false)
                })?);
                digests.known.insert(key, Arc::clone(&known_file));
                known_file
            }
        };
        Ok(Self {
            place,
            known: known_file,
        })
    }

    /// The name of the file, and the SHA-256 of its bytes in hexadecimal. For a cube only the bytes of the snapshot
    /// count, because a run may go on to write others.
    #[must_use]
    pub fn digest(&self) -> (String, String) {
        let name = self.place.path().to_string_lossy().into_owned();
        (name, self.known.sha256.clone())
    }

    /// The name of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// The dotted name of the key that names the file.
    #[must_use]
    pub fn key(&self) -> &str {
        self.place.key()
    }

    /// Whether the file is in memory.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.known.content.is_some()
    }

    /// Opens the file for reading.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if it cannot be opened.
    pub fn file(&self) -> Result<InputFile, ParamsError> {
        Ok(InputFile {
            file: match &self.known.content {
                Some(_) => None,
                None => {
                    let file = npy::open_file(self.path());
                    let file = file.map_err(|error| unusable(&self.place, &error))?;
                    Some(Reader::new(file, self.path()))
                }
            },
            known: Arc::clone(&self.known),
            chunks: Vec::new(),
            first: 0,
            at: 0,
        })
    }

    /// The header of an array file.
    ///
    /// # Errors
    /// As [`file`](Self::file), and if the file is not an array of plain numbers.
    pub fn header(&self) -> Result<NpyHeader, ParamsError> {
        if let Some(header) = &self.known.header {
            return Ok(header.clone());
        }
        let header = NpyHeader::decode(self.file()?)
            .and_then(|header| header.fits(self.known.range.end).map(|()| header));
        header.map_err(|error| unusable(&self.place, &NpyError::header(self.path())(error)))
    }

    /// The object that a reader has derived from the file, shared by all parameters that name the file. If there is
    /// none of the type `T` that fits, `new` derives it.
    ///
    /// # Errors
    /// Errors of `new`.
    pub fn shared<T: Any + Send + Sync>(
        &self,
        fits: impl FnOnce(&T) -> bool,
        new: impl FnOnce() -> Result<T, ParamsError>,
    ) -> Result<Arc<T>, ParamsError> {
        let shared = self.known.shared.lock();
        let mut shared = shared.unwrap_or_else(PoisonError::into_inner);
        let content = shared
            .take()
            .and_then(|content| content.downcast::<T>().ok());
        let content = content.filter(|content| fits(content));
        let content = content.map_or_else(|| new().map(Arc::new), Ok)?;
        *shared = Some(Arc::<T>::clone(&content));
        Ok(content)
    }

    /// The error for a file that cannot be read.
    pub fn unreadable(&self, error: &io::Error) -> ParamsError {
        let reason = format!("it cannot be read: {error}");
        self.place.unusable(reason, false)
    }

    /// The error for a file of measured values.
    pub fn faulty(&self, error: &TableError) -> ParamsError {
        if error.is_of_system() {
            self.place.unusable(error.to_string(), false)
        } else {
            self.place.refuse(&error.to_string())
        }
    }

    /// The error for a file with invalid content.
    pub fn damaged(&self, reason: String) -> ParamsError {
        self.place.unusable(reason, true)
    }

    /// The error for a valid file that does not fit the other parameters.
    pub fn refuse(&self, reason: &str) -> ParamsError {
        self.place.refuse(reason)
    }
}

/// The bytes of an [`Input`], as they were when its digest was taken.
#[derive(Debug)]
pub struct InputFile {
    /// The open file; `None` for bytes in memory, which cannot change.
    file: Option<Reader>,
    known: Arc<Known>,
    /// The chunks that were read last, and the byte at which they begin.
    chunks: Vec<u8>,
    first: u64,
    /// The byte at which a sequential read continues.
    at: u64,
}

impl InputFile {
    /// The bytes of a range.
    ///
    /// # Errors
    /// Errors of reading; an error if the bytes have changed since the digest.
    pub fn bytes(&mut self, range: Range<u64>) -> io::Result<&[u8]> {
        let known_range = &self.known.range;
        let Some(start) = range
            .start
            .checked_sub(known_range.start)
            .filter(|_| range.end <= known_range.end)
        else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let Some(file) = &self.file else {
            let content = self.known.content.as_deref().unwrap_or_default();
            return Ok(&content[range.start as usize..range.end as usize]);
        };
        let chunks_begin = known_range.start + start / CHUNK * CHUNK;
        let chunks_end =
            known_range.start + (range.end - known_range.start).next_multiple_of(CHUNK);
        let chunks_end = chunks_end.min(known_range.end);
        let is_held =
            self.first <= range.start && range.end <= self.first + self.chunks.len() as u64;
        if !is_held {
            let length = usize::try_from(chunks_end - chunks_begin)
                .map_err(|_| io::ErrorKind::OutOfMemory)?;
            self.chunks.resize(length, 0);
            self.first = chunks_begin;
            let read = file.read(chunks_begin, &mut self.chunks);
            let known_sums = self.known.sums.iter().skip((start / CHUNK) as usize);
            let mut chunk_sums = self.chunks.chunks(CHUNK as usize).zip(known_sums);
            let is_short =
                matches!(&read, Err(error) if error.kind() == io::ErrorKind::UnexpectedEof);
            if is_short || !chunk_sums.all(|(chunk, &sum)| crc32c::crc32c(chunk) == sum) {
                self.chunks.clear();
                return Err(io::Error::other(
                    "it has changed since the run read it first; start the run again",
                ));
            }
            read?;
        }
        let offset = (range.start - self.first) as usize;
        Ok(&self.chunks[offset..offset + (range.end - range.start) as usize])
    }
}

impl Read for InputFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        /// The number of bytes that are read ahead.
        const PIECE: u64 = 16 * CHUNK;
        let position = self.at;
        let piece_end = (position / PIECE + 1) * PIECE;
        let bytes = self.bytes(position..piece_end.min(self.known.range.end).max(position))?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for InputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.known.range.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = position.ok_or(io::ErrorKind::InvalidInput)?;
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

/// Adds the digest of an input to the digests by name. Several snapshots of one cube share its name, with spaces
/// between their digests.
pub fn add_digest(inputs: &mut BTreeMap<String, String>, name: String, sums: &str) {
    let digest_list = inputs.entry(name).or_default();
    for sum in sums.split(' ') {
        if !digest_list.split(' ').any(|digest_list| digest_list == sum) {
            let space = if digest_list.is_empty() { "" } else { " " };
            digest_list.push_str(space);
            digest_list.push_str(sum);
        }
    }
}

/// The header of an array of matrices, and the byte range of one matrix, counted from the end if negative; `None` for
/// another file.
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
    let frame_begin = header.data_offset + frame * bytes;
    (!header.fortran_order).then_some((header, frame_begin..frame_begin + bytes))
}

/// Reads a range of a file up to the end of the file, for its digest.
fn digest(
    mut file: impl Read + Seek,
    range: Range<u64>,
    header: Option<NpyHeader>,
) -> io::Result<Known> {
    const READ_AT_ONCE: u64 = 256 * CHUNK;
    let (mut hash, mut piece) = (Sha256::new(), Vec::new());
    let (mut read_end, mut sums) = (range.start, Vec::new());
    file.seek(SeekFrom::Start(range.start))?;
    loop {
        piece.clear();
        let piece_bytes = READ_AT_ONCE.min(range.end - read_end);
        if file.by_ref().take(piece_bytes).read_to_end(&mut piece)? == 0 {
            break;
        }
        hash.update(&piece);
        read_end += piece.len() as u64;
        sums.extend(piece.chunks(CHUNK as usize).map(crc32c::crc32c));
    }
    Ok(Known {
        sha256: hex(&hash.finalize()),
        range: range.start..read_end,
        sums,
        header,
        content: None,
        shared: Mutex::default(),
    })
}
