//! [`Reader`]: reads a file through the page cache if it holds the bytes, and bypasses it otherwise.
//!
//! - Bytes in the page cache are copied out of it. That takes a third of the time of a map, and threads do not wait for
//!   each other to change the address space.
//! - Other bytes are read directly (`O_DIRECT`) into huge pages, as fast as the disk delivers, and leave the cache
//!   unchanged. If the filesystem does not support that, the bytes are mapped, and their pages are released.
//! - If the system does not report what the cache holds, everything is read through the cache.

use diff2d_sys::{self as sys, DIRECT_ALIGNMENT, FileExt, Memory, Mmap};
use std::{
    fs::{File, Metadata},
    io,
    ops::{Deref, Range},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// The number of bytes in a read that bypasses the page cache: a huge page.
const DIRECT_BYTES: usize = 2 << 20;
/// The number of bytes copied out of the page cache at a time: half of a typical second-level cache.
const CACHED_BYTES: usize = 256 << 10;

/// A file to be read by several threads.
#[derive(Debug)]
pub struct Reader {
    file: File,
    /// A second handle of the file for direct reads, which bypass the page cache; `None` if the filesystem does not
    /// support them.
    direct: Option<File>,
    /// Whether the page cache lacked bytes of the last read. If so, the next read first asks what the cache holds: a
    /// cached read that finds nothing would make the system read ahead.
    is_cold: AtomicBool,
    /// Free buffers for direct reads.
    buffers: Mutex<Vec<DirectBuffer>>,
    /// A flag that makes every read fail.
    stop: Option<Arc<AtomicUsize>>,
}

impl Reader {
    /// A reader for `file`, which was opened under the name `path`.
    #[must_use]
    pub fn new(file: File, path: &Path) -> Self {
        Self {
            direct: sys::open_direct(path).filter(|direct| sys::same_file(direct, &file)),
            file,
            is_cold: AtomicBool::new(true),
            buffers: Mutex::new(Vec::new()),
            stop: None,
        }
    }

    /// Makes reads fail once `stop` is set.
    pub fn stop_on(&mut self, stop: Arc<AtomicUsize>) {
        self.stop = Some(stop);
    }

    fn check_stop(&self) -> io::Result<()> {
        let is_stopped = self
            .stop
            .as_ref()
            .is_some_and(|stop| stop.load(Ordering::Relaxed) != 0);
        if is_stopped {
            Err(io::Error::other("stopped as asked"))
        } else {
            Ok(())
        }
    }

    /// The metadata of the file.
    ///
    /// # Errors
    /// The error of the system.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// The best number of bytes to read at a time: as many as a disk delivers together, or, while no disk is needed, as
    /// many as stay in a processor's caches until they are used.
    pub fn chunk_bytes(&self) -> usize {
        if self.is_cold.load(Ordering::Relaxed) {
            DIRECT_BYTES
        } else {
            CACHED_BYTES
        }
    }

    /// Fills `bytes` with the file from byte `start` on.
    ///
    /// # Errors
    /// The error of the system; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the file is too short.
    pub fn read(&self, mut start: u64, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.check_stop()?;
            let direct_length = bytes.len().min(DIRECT_BYTES);
            let is_cold = self.is_cold.load(Ordering::Relaxed);
            let read_length = match is_cold.then(|| self.resident(start, direct_length)) {
                Some(Some(resident @ 1..)) => {
                    self.is_cold
                        .store(resident < direct_length, Ordering::Relaxed);
                    self.file.read_exact_at(&mut bytes[..resident], start)?;
                    resident
                }
                Some(Some(0)) => {
                    self.read_past(start, &mut bytes[..direct_length])?;
                    direct_length
                }
                // The cache held the last read, or the system does not tell what it holds.
                None | Some(None) => {
                    let cached = sys::read_cached(&self.file, start, bytes);
                    self.is_cold.store(cached < bytes.len(), Ordering::Relaxed);
                    if cached == 0 && is_cold {
                        self.read_past(start, &mut bytes[..direct_length])?;
                        direct_length
                    } else {
                        cached
                    }
                }
            };
            bytes = &mut bytes[read_length..];
            start += read_length as u64;
        }
        Ok(())
    }

    /// Reads a few bytes, and as little around them as the system allows.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_few(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.check_stop()?;
        self.file.read_exact_at(bytes, start)
    }

    /// Tells the system that the next reads will be [of a few bytes](Self::read_few) far apart.
    pub fn expect_few(&self) {
        sys::expect_random_reads(&self.file);
    }

    /// Maps `len` bytes from byte `start` on.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn map(&self, start: u64, len: usize) -> io::Result<MappedChunk<'_>> {
        self.check_stop()?;
        MappedChunk::map(&self.file, start, len)
    }

    /// The number of bytes from `start` on that are in memory without a gap; `None` if the system does not report it.
    fn resident(&self, start: u64, len: usize) -> Option<usize> {
        let page = sys::page_size();
        let pages = sys::resident_pages(&sys::map_to_read(&self.file, start, len).ok()?)?;
        let offset_in_page = usize::try_from(start % page as u64).ok()?;
        let resident_pages = pages.iter().take_while(|&&is_resident| is_resident).count();
        Some(
            (resident_pages * page)
                .saturating_sub(offset_in_page)
                .min(len),
        )
    }

    /// Reads without filling the page cache: directly, or by a map that is released.
    fn read_past(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        let direct_length = self.read_direct(start, bytes)?;
        let start = start + direct_length as u64;
        let missing_bytes = &mut bytes[direct_length..];
        if missing_bytes.is_empty() {
            return Ok(());
        }
        if self.resident(start, missing_bytes.len()).is_none() {
            return self.file.read_exact_at(missing_bytes, start);
        }
        let chunk = self.map(start, missing_bytes.len())?;
        chunk.begin_to_read(0..missing_bytes.len());
        missing_bytes.copy_from_slice(&chunk);
        Ok(())
    }

    /// Reads directly as much as the filesystem allows; returns the number of bytes.
    fn read_direct(&self, start: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(direct) = &self.direct else {
            return Ok(0);
        };
        let mut buffer = self.buffer()?;
        let mut total = 0;
        while total < bytes.len() {
            let position = start + total as u64;
            let skip = (position % DIRECT_ALIGNMENT as u64) as usize;
            let length = (bytes.len() - total).min(DIRECT_BYTES - skip);
            let into = buffer.bytes((skip + length).next_multiple_of(DIRECT_ALIGNMENT));
            let count = match direct.read_at(into, position - skip as u64) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Some filesystems open a file for direct reads, and then refuse them.
                Err(_) => break,
                Ok(count) => count,
            };
            match into.get(skip..count.min(skip + length)) {
                None | Some([]) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(new_bytes) => {
                    bytes[total..total + new_bytes.len()].copy_from_slice(new_bytes);
                    total += new_bytes.len();
                }
            }
        }
        self.buffers().push(buffer);
        Ok(total)
    }

    fn buffer(&self) -> io::Result<DirectBuffer> {
        let free = self.buffers().pop();
        free.map_or_else(DirectBuffer::new, Ok)
    }

    fn buffers(&self) -> MutexGuard<'_, Vec<DirectBuffer>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A huge page to read into: disks deliver that much at once.
#[derive(Debug)]
struct DirectBuffer(Memory);

impl DirectBuffer {
    fn new() -> io::Result<Self> {
        // Twice the size has a whole huge page within it.
        Memory::zeroed(2 * DIRECT_BYTES).map(Self)
    }

    fn bytes(&mut self, len: usize) -> &mut [u8] {
        let address = self.0.as_ptr().addr();
        let page_start = address.next_multiple_of(DIRECT_BYTES) - address;
        &mut self.0[page_start..page_start + len]
    }
}

/// A mapped chunk of a file that leaves the page cache unchanged. When it is dropped, it releases the pages that were
/// read for it, and keeps the pages that were in memory before.
///
/// If the system does not report which pages are in memory, all of them stay.
#[derive(Debug)]
pub(super) struct MappedChunk<'a> {
    map: Option<Mmap>,
    file: &'a File,
    start: u64,
    /// Whether each page was in memory before; `None` if all of them were.
    resident: Option<Vec<bool>>,
}

impl<'a> MappedChunk<'a> {
    /// Maps `len` bytes from byte `start` on, without reading them.
    pub fn map(file: &'a File, start: u64, len: usize) -> io::Result<Self> {
        let map = match len {
            0 => None,
            len => Some(sys::map_to_read(file, start, len)?),
        };
        let resident = map
            .as_ref()
            .and_then(sys::resident_pages)
            .filter(|pages| pages.contains(&false));
        if let (Some(map), Some(_)) = (&map, &resident) {
            sys::read_nothing_ahead(map);
        }
        Ok(Self {
            map,
            file,
            start,
            resident,
        })
    }

    /// Whether some page of the chunk was not in memory before.
    pub fn is_incomplete(&self) -> bool {
        self.resident.is_some()
    }

    /// Asks the system to read bytes that will be needed, without waiting for them.
    pub fn begin_to_read(&self, bytes: Range<usize>) {
        if let (Some(map), Some(_)) = (&self.map, &self.resident) {
            sys::begin_to_read(map, bytes);
        }
    }
}

impl Deref for MappedChunk<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}

impl Drop for MappedChunk<'_> {
    fn drop(&mut self) {
        // The system keeps pages that are still mapped.
        drop(self.map.take());
        let Some(pages) = &self.resident else { return };
        let page = sys::page_size() as u64;
        let mut start = self.start / page * page;
        for run in pages.chunk_by(|left, right| left == right) {
            let run_end = start + run.len() as u64 * page;
            let was_in_memory = run[0];
            if !was_in_memory {
                sys::drop_cached(self.file, start..run_end);
            }
            start = run_end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A file of several chunks and a remainder, of which the page cache holds `cached`.
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
