//! [`Reader`]: bytes of a file, out of the page cache where it holds them, past it where it does not.
//!
//! Copying out of the page cache takes a third of the time of a map, and threads do not wait for one
//! another to change the address space. What is not there is read past the cache into huge pages,
//! which is as fast as a disk can be read and leaves no trace; where the filesystem cannot do that, it
//! is mapped, and given back.

use super::{map, piece::Piece};
use memmap2::{Advice, MmapMut};
use nix::libc;
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use std::{
    fs::{File, OpenOptions},
    io::{self, IoSliceMut},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
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
/// What places in the file and in memory must be multiples of when the page cache is passed by.
const BLOCK: u64 = 4096;

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
        let same = |direct: &File| {
            let [direct, file] = [direct, &file].map(|file| {
                let status = file.metadata().ok()?;
                Some((status.dev(), status.ino()))
            });
            direct == file
        };
        let direct = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECT)
            .open(path);
        Self {
            direct: direct.ok().filter(same),
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
                    // As if none was in memory: few runs are better than many.
                    Some(0) | None => {
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
                let there = self.read_cached(start, bytes);
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
        let pages = map::resident(&map::read(&self.file, start, len).ok()?)?;
        let into_page = usize::try_from(start).ok()? % map::page_size();
        let there = pages.iter().take_while(|&&there| there).count();
        Some(
            (there * map::page_size())
                .saturating_sub(into_page)
                .min(len),
        )
    }

    /// Reads as much as the page cache holds without a gap; nothing where the system cannot tell.
    fn read_cached(&self, start: u64, bytes: &mut [u8]) -> usize {
        let mut there = 0;
        while there < bytes.len() {
            let into = &mut [IoSliceMut::new(&mut bytes[there..])];
            let from = start + there as u64;
            match preadv2(&self.file, into, from, ReadWriteFlags::NOWAIT) {
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => break,
                Ok(more) => there += more,
            }
        }
        there
    }

    /// Reads past the page cache, or through a map where that cannot be.
    fn read_past(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        if let Some(direct) = &self.direct {
            let mut room = self.room()?;
            while done < bytes.len() {
                let from = start + done as u64;
                let skip = (from % BLOCK) as usize;
                let wanted = (bytes.len() - done).min(ROOM - skip);
                let into = room.bytes((skip + wanted).next_multiple_of(BLOCK as usize));
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
        if !rest.is_empty() {
            let from = start + done as u64;
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
struct Room(MmapMut);

impl Room {
    fn new() -> io::Result<Self> {
        // Some huge page lies within.
        let memory = MmapMut::map_anon(2 * ROOM)?;
        let _ = memory.advise(Advice::HugePage);
        Ok(Self(memory))
    }

    fn bytes(&mut self, len: usize) -> &mut [u8] {
        let first = self.0.as_ptr().addr().next_multiple_of(ROOM) - self.0.as_ptr().addr();
        &mut self.0[first..first + len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::space;
    use std::fs;

    /// A file of several rooms and a bit, of which the page cache holds what is told.
    fn file(cached: std::ops::Range<usize>) -> (tempfile::NamedTempFile, Vec<u8>) {
        let content: Vec<u8> = (0..5 * ROOM + 1234).map(|i| (i / 7 % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &content).unwrap();
        file.as_file().sync_all().unwrap();
        space::drop_cache(file.as_file(), 0..content.len() as u64);
        space::expect_random_reads(file.as_file());
        let mut some = vec![0; cached.len()];
        file.as_file()
            .read_exact_at(&mut some, cached.start as u64)
            .unwrap();
        (file, content)
    }

    fn reader(file: &tempfile::NamedTempFile) -> Reader {
        Reader::new(File::open(file.path()).unwrap(), file.path())
    }

    fn pages_in_memory(reader: &Reader, len: usize) -> usize {
        let map = map::read(&reader.file, 0, len).unwrap();
        let pages = map::resident(&map).unwrap();
        pages.into_iter().filter(|&there| there).count()
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
            if before == 0 {
                assert_eq!(pages_in_memory(&reader, content.len()), 0);
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
