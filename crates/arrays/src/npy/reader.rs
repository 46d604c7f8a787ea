//! [`Reader`]: bytes of a file, from the page cache where it holds them, past it where it does not.
//!
//! - What the page cache holds is copied out of it. That takes a third of the time of a map, and
//!   threads do not wait for each other to change the address space.
//! - What it does not hold is read past it (`O_DIRECT`) into huge pages, as fast as the disk delivers,
//!   and leaves the cache as it was. Where the filesystem cannot do that the bytes are mapped, and
//!   their pages given back.
//! - Where the system does not tell what the cache holds, everything is read through the cache.

use super::mapped::MappedChunk;
use diff2d_sys::{self as sys, DIRECT_ALIGNMENT, FileExt, Memory};
use std::{
    fs::{File, Metadata},
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Bytes read past the page cache at a time: a huge page.
const DIRECT_BYTES: usize = 2 << 20;
/// Bytes copied out of the page cache before they are used: half of a usual second-level cache.
const CACHED_BYTES: usize = 256 << 10;

/// A file to read from several threads.
#[derive(Debug)]
pub struct Reader {
    file: File,
    /// The same file, to be read past the page cache; `None` where that cannot be.
    direct: Option<File>,
    /// Whether the page cache lacked bytes of the last read. It is then asked first what it holds: a
    /// cached read that finds nothing would make the system read ahead.
    cold: AtomicBool,
    /// Buffers for direct reads that are not in use.
    buffers: Mutex<Vec<DirectBuffer>>,
    /// Once it is set, nothing more is read.
    stop: Option<Arc<AtomicBool>>,
}

impl Reader {
    /// Reads `file`, which was opened under the name `path`.
    #[must_use]
    pub fn new(file: File, path: &Path) -> Self {
        Self {
            direct: sys::open_direct(path).filter(|direct| sys::same_file(direct, &file)),
            file,
            cold: AtomicBool::new(true),
            buffers: Mutex::new(Vec::new()),
            stop: None,
        }
    }

    /// From now on reads fail once the flag is set.
    pub fn stop_on(&mut self, stop: Arc<AtomicBool>) {
        self.stop = Some(stop);
    }

    fn go_on(&self) -> io::Result<()> {
        let stop = self.stop.as_ref();
        match stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            true => Err(io::Error::other("stopped as asked")),
            false => Ok(()),
        }
    }

    /// What the system knows of the file.
    ///
    /// # Errors
    /// Of the system.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// How many bytes are best read at a time: what a disk delivers at once, or, as long as no disk is
    /// needed, what stays in a processor's caches until it is used.
    pub fn chunk_bytes(&self) -> usize {
        if self.cold.load(Ordering::Relaxed) {
            DIRECT_BYTES
        } else {
            CACHED_BYTES
        }
    }

    /// Fills `bytes` from byte `start` of the file on.
    ///
    /// # Errors
    /// Of the system; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where the file ends before.
    pub fn read(&self, mut start: u64, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.go_on()?;
            let most = bytes.len().min(DIRECT_BYTES);
            let cold = self.cold.load(Ordering::Relaxed);
            let done = match cold.then(|| self.resident(start, most)) {
                Some(Some(there @ 1..)) => {
                    self.cold.store(there < most, Ordering::Relaxed);
                    self.file.read_exact_at(&mut bytes[..there], start)?;
                    there
                }
                Some(Some(0)) => {
                    self.read_past(start, &mut bytes[..most])?;
                    most
                }
                // The cache held the last read, or it cannot be told what it holds.
                None | Some(None) => {
                    let there = sys::read_cached(&self.file, start, bytes);
                    self.cold.store(there < bytes.len(), Ordering::Relaxed);
                    if there == 0 && cold {
                        self.read_past(start, &mut bytes[..most])?;
                        most
                    } else {
                        there
                    }
                }
            };
            bytes = &mut bytes[done..];
            start += done as u64;
        }
        Ok(())
    }

    /// Reads a few bytes, and as little around them as the system allows.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_few(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.go_on()?;
        self.file.read_exact_at(bytes, start)
    }

    /// Tells the system that the next reads will be of a [few](Self::read_few) bytes, far apart.
    pub fn expect_few(&self) {
        sys::expect_random_reads(&self.file);
    }

    /// Maps `len` bytes from byte `start` on.
    ///
    /// # Errors
    /// Of the system.
    pub(super) fn map(&self, start: u64, len: usize) -> io::Result<MappedChunk<'_>> {
        self.go_on()?;
        MappedChunk::map(&self.file, start, len)
    }

    /// How many bytes from `start` on are in memory without a gap; `None` where it cannot be told.
    fn resident(&self, start: u64, len: usize) -> Option<usize> {
        let page = sys::page_size();
        let pages = sys::resident_pages(&sys::map_to_read(&self.file, start, len).ok()?)?;
        let into_page = usize::try_from(start % page as u64).ok()?;
        let there = pages.iter().take_while(|&&there| there).count();
        Some((there * page).saturating_sub(into_page).min(len))
    }

    /// Reads past the page cache; where that cannot be, so that it is left as it was.
    fn read_past(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        let done = self.read_direct(start, bytes)?;
        let (start, rest) = (start + done as u64, &mut bytes[done..]);
        if rest.is_empty() {
            return Ok(());
        }
        if self.resident(start, rest.len()).is_none() {
            return self.file.read_exact_at(rest, start);
        }
        let chunk = self.map(start, rest.len())?;
        chunk.begin_to_read(0..rest.len());
        rest.copy_from_slice(&chunk);
        Ok(())
    }

    /// Reads as much past the page cache as the filesystem does; returns how much that was.
    fn read_direct(&self, start: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(direct) = &self.direct else {
            return Ok(0);
        };
        let mut buffer = self.buffer()?;
        let mut done = 0;
        while done < bytes.len() {
            let from = start + done as u64;
            let skip = (from % DIRECT_ALIGNMENT as u64) as usize;
            let wanted = (bytes.len() - done).min(DIRECT_BYTES - skip);
            let into = buffer.bytes((skip + wanted).next_multiple_of(DIRECT_ALIGNMENT));
            let read = match direct.read_at(into, from - skip as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Some filesystems open a file for direct reads, and then refuse them.
                Err(_) => break,
                Ok(read) => read,
            };
            match into.get(skip..read.min(skip + wanted)) {
                None | Some([]) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(some) => {
                    bytes[done..done + some.len()].copy_from_slice(some);
                    done += some.len();
                }
            }
        }
        self.buffers().push(buffer);
        Ok(done)
    }

    fn buffer(&self) -> io::Result<DirectBuffer> {
        let free = self.buffers().pop();
        free.map_or_else(DirectBuffer::new, Ok)
    }

    fn buffers(&self) -> MutexGuard<'_, Vec<DirectBuffer>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A huge page to read into: disks write that much at once.
#[derive(Debug)]
struct DirectBuffer(Memory);

impl DirectBuffer {
    fn new() -> io::Result<Self> {
        // Some huge page lies within.
        Memory::zeroed(2 * DIRECT_BYTES).map(Self)
    }

    fn bytes(&mut self, len: usize) -> &mut [u8] {
        let address = self.0.as_ptr().addr();
        let first = address.next_multiple_of(DIRECT_BYTES) - address;
        &mut self.0[first..first + len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A file of several chunks and a bit, of which the page cache holds `cached`.
    fn file(cached: std::ops::Range<usize>) -> (tempfile::NamedTempFile, Vec<u8>) {
        let content: Vec<u8> = (0..5 * DIRECT_BYTES + 1234)
            .map(|i| (i / 7 % 251) as u8)
            .collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &content).unwrap();
        file.as_file().sync_all().unwrap();
        sys::drop_cached(file.as_file(), 0..content.len() as u64);
        sys::expect_random_reads(file.as_file());
        let mut some = vec![0; cached.len()];
        file.as_file()
            .read_exact_at(&mut some, cached.start as u64)
            .unwrap();
        (file, content)
    }

    fn reader(file: &tempfile::NamedTempFile) -> Reader {
        Reader::new(File::open(file.path()).unwrap(), file.path())
    }

    fn pages_in_memory(reader: &Reader, len: usize) -> Option<usize> {
        let map = sys::map_to_read(&reader.file, 0, len).unwrap();
        let pages = sys::resident_pages(&map)?;
        Some(pages.into_iter().filter(|&there| there).count())
    }

    #[test]
    fn any_range_is_read_whatever_is_in_memory_and_no_page_stays_behind() {
        for cached in [
            0..0,
            0..5 * DIRECT_BYTES,
            4096..8192,
            DIRECT_BYTES + 9..3 * DIRECT_BYTES,
        ] {
            let (file, content) = file(cached);
            let reader = reader(&file);
            let before = pages_in_memory(&reader, content.len());
            for range in [
                0..1,
                0..content.len(),
                4095..4097,
                128..DIRECT_BYTES + 128,
                3 * DIRECT_BYTES - 5..5 * DIRECT_BYTES + 1234,
                content.len() - 1..content.len(),
            ] {
                let mut bytes = vec![0; range.len()];
                reader.read(range.start as u64, &mut bytes).unwrap();
                assert!(bytes == content[range.clone()], "{range:?}");
            }
            // A cached read that met a gap may have made the system read ahead.
            if before == Some(0) {
                assert_eq!(pages_in_memory(&reader, content.len()), Some(0));
            }
        }
    }

    #[test]
    fn a_file_that_ends_too_soon_is_an_error_and_not_a_signal() {
        for cached in [0..0, 0..5 * DIRECT_BYTES] {
            let (file, content) = file(cached);
            let reader = reader(&file);
            file.as_file().set_len(4096).unwrap();
            let mut bytes = vec![0; content.len()];
            let error = reader.read(0, &mut bytes).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
