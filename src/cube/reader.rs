//! [`Reader`]: bytes of a file, out of the page cache where it holds them, past it where it does not.
//!
//! Copying out of the page cache takes a third of the time of a map, and threads do not wait for one
//! another to change the address space. What is not there is read past the cache into huge pages,
//! which is as fast as a disk can be read and leaves no trace; where the filesystem cannot do that, it
//! is mapped, and given back.

use super::piece::Piece;
use crate::sys::{self, DIRECT_ALIGNMENT, FileExt, Memory};
use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Bytes read past the page cache at a time: a huge page.
const ROOM: usize = 2 << 20;
/// Bytes to copy out of the page cache before they are looked at: half of the second cache of many a
/// processor.
const SIP: usize = 256 << 10;

/// A file to read from several threads.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) file: File,
    /// The same, to be read past the page cache, where that can be.
    direct: Option<File>,
    /// Whether the page cache lacked what was read last. It is then asked first what it holds: a
    /// read that finds nothing would make it read ahead.
    cold: AtomicBool,
    rooms: Mutex<Vec<Room>>,
}

impl Reader {
    /// Of a file opened under this name.
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self {
            direct: sys::open_direct(path).filter(|direct| sys::same_file(direct, &file)),
            file,
            cold: AtomicBool::new(true),
            rooms: Mutex::new(Vec::new()),
        }
    }

    /// How many bytes are best read at a time, as things stand: what a disk delivers in one go, or what
    /// stays in the caches of a processor where no disk is needed.
    pub(super) fn stretch(&self) -> usize {
        if self.cold.load(Ordering::Relaxed) {
            ROOM
        } else {
            SIP
        }
    }

    /// Fills `bytes` from byte `start` of the file on.
    ///
    /// # Errors
    /// Of the system; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where the file ends before.
    pub(super) fn read(&self, mut start: u64, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let most = bytes.len().min(ROOM);
            let some = if self.cold.load(Ordering::Relaxed) {
                match self.resident(start, most) {
                    None => match sys::read_cached(&self.file, start, &mut bytes[..most]) {
                        0 => {
                            self.read_past(start, &mut bytes[..most])?;
                            most
                        }
                        there => there,
                    },
                    Some(0) => {
                        self.read_past(start, &mut bytes[..most])?;
                        most
                    }
                    Some(there) => {
                        self.cold.store(there < most, Ordering::Relaxed);
                        self.file.read_exact_at(&mut bytes[..there], start)?;
                        there
                    }
                }
            } else {
                let there = sys::read_cached(&self.file, start, bytes);
                self.cold.store(there < bytes.len(), Ordering::Relaxed);
                there
            };
            bytes = &mut bytes[some..];
            start += some as u64;
        }
        Ok(())
    }

    /// How many bytes from `start` on are in memory without a gap.
    fn resident(&self, start: u64, len: usize) -> Option<usize> {
        let pages = sys::resident_pages(&sys::map_to_read(&self.file, start, len).ok()?)?;
        let into_page = usize::try_from(start).ok()? % sys::page_size();
        let there = pages.iter().take_while(|&&there| there).count();
        Some(
            (there * sys::page_size())
                .saturating_sub(into_page)
                .min(len),
        )
    }

    /// Reads past the page cache, or through a map where that cannot be.
    fn read_past(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        if let Some(direct) = &self.direct {
            let mut room = self.room()?;
            while done < bytes.len() {
                let from = start + done as u64;
                let skip = (from % DIRECT_ALIGNMENT as u64) as usize;
                let wanted = (bytes.len() - done).min(ROOM - skip);
                let into = room.bytes((skip + wanted).next_multiple_of(DIRECT_ALIGNMENT));
                let read = match direct.read_at(into, from - skip as u64) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    // Not every filesystem that opens a file so can read it so.
                    Err(_) => break,
                    Ok(read) => read,
                };
                let Some(some) = into.get(skip..read.min(skip + wanted)) else {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                };
                if some.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                bytes[done..done + some.len()].copy_from_slice(some);
                done += some.len();
            }
            self.rooms().push(room);
        }
        let rest = &mut bytes[done..];
        let from = start + done as u64;
        if self.resident(from, rest.len().min(1)).is_none() {
            return self.file.read_exact_at(rest, from);
        }
        if !rest.is_empty() {
            let piece = Piece::map(&self.file, from, rest.len())?;
            piece.fetch(0..rest.len());
            rest.copy_from_slice(&piece);
        }
        Ok(())
    }

    fn room(&self) -> io::Result<Room> {
        let free = self.rooms().pop();
        free.map_or_else(Room::new, Ok)
    }

    fn rooms(&self) -> std::sync::MutexGuard<'_, Vec<Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory to read into past the page cache: disks take a huge page in one go.
#[derive(Debug)]
struct Room(Memory);

impl Room {
    fn new() -> io::Result<Self> {
        // Some huge page lies within.
        Memory::zeroed(2 * ROOM).map(Self)
    }

    fn bytes(&mut self, len: usize) -> &mut [u8] {
        let first = self.0.as_ptr().addr().next_multiple_of(ROOM) - self.0.as_ptr().addr();
        &mut self.0[first..first + len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A file of several rooms and a bit, of which the page cache holds what is told.
    fn file(cached: std::ops::Range<usize>) -> (tempfile::NamedTempFile, Vec<u8>) {
        let content: Vec<u8> = (0..5 * ROOM + 1234).map(|i| (i / 7 % 251) as u8).collect();
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
    fn any_range_is_read_whatever_is_in_memory_and_no_page_is_left_behind() {
        for cached in [0..0, 0..5 * ROOM, 4096..8192, ROOM + 9..3 * ROOM] {
            let (file, content) = file(cached);
            let reader = reader(&file);
            let before = pages_in_memory(&reader, content.len());
            for range in [
                0..1,
                0..content.len(),
                4095..4097,
                128..ROOM + 128,
                3 * ROOM - 5..5 * ROOM + 1234,
                content.len() - 1..content.len(),
            ] {
                let mut bytes = vec![0; range.len()];
                reader.read(range.start as u64, &mut bytes).unwrap();
                assert!(bytes == content[range.clone()], "{range:?}");
            }
            // Once it is found that memory lacks something, the system may have begun to read ahead.
            if before == Some(0) {
                assert_eq!(pages_in_memory(&reader, content.len()), Some(0));
            }
        }
    }

    #[test]
    fn a_file_that_ends_too_soon_is_an_error_and_no_signal() {
        for cached in [0..0, 0..5 * ROOM] {
            let (file, content) = file(cached);
            let reader = reader(&file);
            file.as_file().set_len(4096).unwrap();
            let mut bytes = vec![0; content.len()];
            let error = reader.read(0, &mut bytes).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
