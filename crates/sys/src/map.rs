//! Memory, and maps of ranges of files.
//!
//! A map of a file is sound only while nobody shortens the file. This program never shortens a file
//! that it maps; for other programs that do there is [`guard`](super::guard), which ends the process
//! with a sentence instead of a signal.
#![allow(unsafe_code)]

use super::guard::while_written;
use memmap2::{Advice, Mmap, MmapMut, MmapOptions};
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
/// It is an anonymous map, or a part of one: where there is no memory left it is an error rather than an
/// abort. Pages are placed when they are first written, and are huge pages where the system grants them.
#[derive(Debug)]
pub struct Memory {
    bytes: NonNull<[u8]>,
    /// Unmapped with the last of its parts.
    _map: Arc<MmapMut>,
}

// SAFETY: it owns its bytes, as a vector does: no other part of the map has them.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// The least bytes that are worth huge pages: of fewer, most of a huge page would be cleared in vain.
const HUGE_PAGES_FROM: usize = HUGE_PAGE / 8;
const HUGE_PAGE: usize = Memory::HUGE_PAGE;
const CACHE_LINE: usize = 64;
static HUGE_PAGES: AtomicBool = AtomicBool::new(true);

impl Memory {
    /// The size of a huge page on processors with vector kernels \[bytes\].
    pub const HUGE_PAGE: usize = 2 << 20;

    /// Whether memory from now on is to have huge pages, as it has at first: of each piece of it some part of one is taken
    /// in vain, which may be more than a limit of the memory allows.
    pub fn use_huge_pages(are_wanted: bool) {
        HUGE_PAGES.store(are_wanted, Ordering::Relaxed);
    }

    fn has_huge_pages() -> bool {
        HUGE_PAGES.load(Ordering::Relaxed)
    }

    /// Memory of `len` bytes.
    ///
    /// # Errors
    /// When the system refuses so much.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        let mut map = MmapMut::map_anon(len)?;
        super::advise_huge_pages(map.as_mut_ptr(), len, Self::has_huge_pages());
        let bytes = NonNull::from(&mut map[..]);
        let map = Arc::new(map);
        Ok(Self { bytes, _map: map })
    }

    /// `count` parts of `len` bytes each, in huge pages if together they are worth them.
    ///
    /// # Errors
    /// When the system refuses so much.
    pub fn zeroed_parts(len: usize, count: usize) -> io::Result<Vec<Self>> {
        let size = Self::size_of_parts(len, count);
        let align = if size < HUGE_PAGE { 1 } else { HUGE_PAGE };
        let mapped = size.checked_add(align - 1);
        let mut map = MmapMut::map_anon(mapped.ok_or(io::ErrorKind::OutOfMemory)?)?;
        // What lies before it is never written.
        let start = map.as_ptr().align_offset(align);
        let all = &mut map[start..start + size];
        super::advise_huge_pages(all.as_mut_ptr(), size, Self::has_huge_pages());
        let parts = all.chunks_mut(pitch(len)).take(count);
        let parts: Vec<_> = parts.map(|part| NonNull::from(&mut part[..len])).collect();
        let map = Arc::new(map);
        let part = |bytes| Self {
            bytes,
            _map: Arc::clone(&map),
        };
        Ok(parts.into_iter().map(part).collect())
    }

    /// The bytes that such parts take once they are written.
    #[must_use]
    pub fn size_of_parts(len: usize, count: usize) -> usize {
        let size = pitch(len).saturating_mul(count);
        match size {
            HUGE_PAGES_FROM.. => size.checked_next_multiple_of(HUGE_PAGE).unwrap_or(size),
            few => few,
        }
    }

    /// The most parts of `len` bytes that take no more than so many bytes.
    #[must_use]
    pub fn parts_within(bytes: usize, len: usize) -> usize {
        let whole = match bytes {
            HUGE_PAGE.. => bytes / HUGE_PAGE * HUGE_PAGE,
            _ => bytes.min(HUGE_PAGES_FROM - 1),
        };
        whole / pitch(len)
    }
}

/// Bytes from one part of a map to the next.
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

/// Maps `len` bytes from `offset` on, to read; the offset need not be that of a page.
///
/// # Errors
/// When the system refuses the map.
pub fn map_to_read(file: &File, offset: u64, len: usize) -> io::Result<Mmap> {
    // SAFETY: the bytes are only read, and as plain numbers, for which every bit pattern is valid; a
    // file shortened meanwhile raises SIGBUS, which `guard` answers.
    unsafe { MmapOptions::new().offset(offset).len(len).map(file) }
}

/// Maps `len` bytes from `offset` on, to write to the file.
fn map_to_write(file: &File, offset: u64, len: usize) -> io::Result<MmapMut> {
    // SAFETY: as for `map_to_read`; the lock on the journal keeps other writers of ours away.
    unsafe { MmapOptions::new().offset(offset).len(len).map_mut(file) }
}

/// Writes bytes at `offset` through a map; durable only after [`sync_map`].
///
/// # Errors
/// When the system refuses the map.
pub fn write_through_map(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut map = map_to_write(file, offset, bytes.len())?;
    let end = offset + bytes.len() as u64;
    while_written(file, end, || map.copy_from_slice(bytes));
    Ok(())
}

/// Makes durable what was written through maps into a range of a file.
///
/// # Errors
/// When the system refuses a map; of the filesystem.
pub fn sync_map(file: &File, range: Range<u64>) -> io::Result<()> {
    /// A limit on the address space must not be hit by a large range.
    const MAPPED_AT_ONCE: usize = 8 << 20;
    for start in range.clone().step_by(MAPPED_AT_ONCE) {
        let length = usize::try_from(range.end - start).unwrap_or(MAPPED_AT_ONCE);
        map_to_write(file, start, length.min(MAPPED_AT_ONCE))?.flush()?;
    }
    Ok(())
}

/// Keeps the system from reading ahead of what is touched in a map, or around it.
pub fn read_nothing_ahead(map: &Mmap) {
    let _ = map.advise(Advice::Random);
}

/// Begins to read those pages of these bytes of a map that are not in memory; without effect where
/// the system cannot.
pub fn begin_to_read(map: &Mmap, bytes: Range<usize>) {
    let _ = map.advise_range(Advice::WillNeed, bytes.start, bytes.len());
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
