//! Memory, and maps of ranges of files.
//!
//! A map of a file is sound only while nobody shortens the file. This program never shortens a file that it maps. If
//! another program does, [`guard`](super::guard) ends the process with a sentence instead of a signal.
#![allow(unsafe_code)]

use super::system::{Zeroed, while_written};
use memmap2::{Mmap, MmapMut, MmapOptions};
use std::{
    fs::File,
    io,
    ops::{Deref, DerefMut, Range},
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Zeroed memory, aligned to a page or, as one of several parts, to a cache line.
///
/// It is an anonymous map, or a part of one: if no memory is left, an error is returned and the process goes on. Pages
/// are placed when they are first written, and are huge pages if the system grants them.
#[derive(Debug)]
pub struct Memory {
    bytes: NonNull<[u8]>,
    /// The map, which is freed together with the last of its parts.
    _map: Arc<Zeroed>,
}

// SAFETY: a value owns its bytes, as a vector does: no other part of the map has them.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// The number of bytes from which on huge pages pay: for less memory, most of a huge page would be cleared in vain.
const HUGE_PAGES_FROM: usize = HUGE_PAGE / 8;
const HUGE_PAGE: usize = Memory::HUGE_PAGE;
const CACHE_LINE: usize = 64;
static HUGE_PAGES: AtomicBool = AtomicBool::new(true);

impl Memory {
    /// The size of a huge page on processors with vector kernels \[bytes\].
    pub const HUGE_PAGE: usize = 2 << 20;

    /// Sets whether memory allocated from now on should have huge pages, which is the default. Each allocation wastes a
    /// part of a huge page, which may exceed a memory limit.
    pub fn use_huge_pages(are_wanted: bool) {
        HUGE_PAGES.store(are_wanted, Ordering::Relaxed);
    }

    fn has_huge_pages() -> bool {
        HUGE_PAGES.load(Ordering::Relaxed)
    }

    /// Allocates memory of `len` bytes.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        let mut map = Zeroed::new(len)?;
        super::advise_huge_pages(map.as_mut_ptr(), len, Self::has_huge_pages());
        let bytes = NonNull::from(&mut map[..]);
        let map = Arc::new(map);
        Ok(Self { bytes, _map: map })
    }

    /// Allocates `count` parts of `len` bytes each, in huge pages if together they are large enough.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn zeroed_parts(len: usize, count: usize) -> io::Result<Vec<Self>> {
        let size = Self::size_of_parts(len, count);
        let align = if size < HUGE_PAGE { 1 } else { HUGE_PAGE };
        let mapped = size.checked_add(align - 1);
        let mut map = Zeroed::new(mapped.ok_or(io::ErrorKind::OutOfMemory)?)?;
        // Bytes before the first huge page are never written.
        let start = map.as_ptr().align_offset(align);
        let memory = &mut map[start..start + size];
        super::advise_huge_pages(memory.as_mut_ptr(), size, Self::has_huge_pages());
        let parts = memory.chunks_mut(pitch(len)).take(count);
        let parts: Vec<_> = parts.map(|part| NonNull::from(&mut part[..len])).collect();
        let map = Arc::new(map);
        let parts = parts.into_iter().map(|bytes| Self {
            bytes,
            _map: Arc::clone(&map),
        });
        Ok(parts.collect())
    }

    /// The number of bytes that `count` parts of `len` bytes take once they are written.
    #[must_use]
    pub fn size_of_parts(len: usize, count: usize) -> usize {
        let size = pitch(len).saturating_mul(count);
        match size {
            HUGE_PAGES_FROM.. => size.checked_next_multiple_of(HUGE_PAGE).unwrap_or(size),
            few => few,
        }
    }

    /// The largest number of parts of `len` bytes that take no more than `bytes` bytes.
    #[must_use]
    pub fn parts_within(bytes: usize, len: usize) -> usize {
        let usable_bytes = match bytes {
            HUGE_PAGE.. => bytes / HUGE_PAGE * HUGE_PAGE,
            _ => bytes.min(HUGE_PAGES_FROM - 1),
        };
        usable_bytes / pitch(len)
    }
}

/// The distance in bytes between the parts of a map.
fn pitch(len: usize) -> usize {
    len.max(1)
        .checked_next_multiple_of(CACHE_LINE)
        .unwrap_or(len)
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the map exists, can be read and written, and no other part has these bytes.
        unsafe { self.bytes.as_ref() }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { self.bytes.as_mut() }
    }
}

/// Maps `len` bytes from `offset` on for reading; the offset need not be a multiple of a page.
///
/// # Errors
/// If the system refuses the map.
pub fn map_to_read(file: &File, offset: u64, len: usize) -> io::Result<Mmap> {
    // SAFETY: the bytes are only read, and as plain numbers, for which every bit pattern is valid; a
    // file shortened meanwhile raises SIGBUS, which `guard` answers.
    unsafe { MmapOptions::new().offset(offset).len(len).map(file) }
}

/// Maps `len` bytes from `offset` on for writing to the file.
fn map_to_write(file: &File, offset: u64, len: usize) -> io::Result<MmapMut> {
    // SAFETY: as for `map_to_read`; the lock on the journal keeps other writers of ours away.
    unsafe { MmapOptions::new().offset(offset).len(len).map_mut(file) }
}

/// Writes bytes at `offset` through a map. They are durable only after [`sync_map`].
///
/// # Errors
/// If the system refuses the map.
pub fn write_through_map(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut map = map_to_write(file, offset, bytes.len())?;
    let bytes_end = offset + bytes.len() as u64;
    while_written(file, bytes_end, || map.copy_from_slice(bytes));
    Ok(())
}

/// Makes bytes durable that were written through maps into a range of a file.
///
/// # Errors
/// The error of the system if it refuses a map, or of the filesystem.
pub fn sync_map(file: &File, range: Range<u64>) -> io::Result<()> {
    /// The number of bytes mapped at a time, so that a large range does not exceed a limit on the address space.
    const MAPPED_AT_ONCE: usize = 8 << 20;
    for start in range.clone().step_by(MAPPED_AT_ONCE) {
        let length = usize::try_from(range.end - start).unwrap_or(MAPPED_AT_ONCE);
        map_to_write(file, start, length.min(MAPPED_AT_ONCE))?.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_apart_and_zero() {
        for (len, count) in [
            (0, 3),
            (1, 1),
            (100, 7),
            (70_000, 4),
            (724_808, 8),
            (HUGE_PAGE, 2),
        ] {
            let mut parts = Memory::zeroed_parts(len, count).unwrap();
            assert_eq!(parts.len(), count);
            for (number, part) in (1..).zip(&mut parts) {
                assert!(part.len() == len && part.iter().all(|&byte| byte == 0));
                assert!(part.as_ptr().addr().is_multiple_of(CACHE_LINE));
                part.fill(number);
            }
            let last = parts.pop().unwrap();
            drop(parts);
            assert!(last.iter().all(|&byte| usize::from(byte) == count));
        }
    }

    #[test]
    fn as_many_parts_fit_as_take_no_more() {
        for len in [0, 1, 1000, 70_000, 724_808, 3 << 20] {
            for bytes in [0, 1, 5000, 300_000, HUGE_PAGE - 1, HUGE_PAGE, 32 << 20] {
                let count = Memory::parts_within(bytes, len);
                assert!(Memory::size_of_parts(len, count) <= bytes, "{len} {bytes}");
                assert!(
                    Memory::size_of_parts(len, count + 1) > bytes,
                    "{len} {bytes}"
                );
            }
        }
    }
}
