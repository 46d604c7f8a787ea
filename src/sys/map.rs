//! Memory, and maps of ranges of files.
//!
//! A map of a file is sound only while nobody shortens the file. This program never shortens a file
//! that it maps; for other programs that do there is [`guard`](super::guard), which ends the process
//! with a sentence instead of a signal.
#![allow(unsafe_code)]

use super::guard::Noted;
use memmap2::{Advice, Mmap, MmapMut, MmapOptions};
use std::{
    fs::File,
    io,
    marker::PhantomData,
    ops::{Deref, DerefMut, Range},
};

/// Zeroed memory, aligned to a page.
///
/// It is an anonymous map: where there is no memory left it is an error rather than an abort. Pages
/// are placed when they are first written, and are huge pages where the system grants them.
#[derive(Debug)]
pub struct Memory(MmapMut);

impl Memory {
    /// Memory of `len` bytes.
    ///
    /// # Errors
    /// When the system refuses so much.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        let mut map = MmapMut::map_anon(len)?;
        super::advise_huge_pages(map.as_mut_ptr(), len);
        Ok(Self(map))
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
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
///
/// # Errors
/// When the system refuses the map.
pub fn map_to_write(file: &File, offset: u64, len: usize) -> io::Result<WritableMap<'_>> {
    // SAFETY: as for `map_to_read`; the lock on the journal keeps other writers of ours away.
    let map = unsafe { MmapOptions::new().offset(offset).len(len).map_mut(file)? };
    Ok(WritableMap {
        _noted: Noted::note(&map, file, offset + len as u64),
        map,
        _file: PhantomData,
    })
}

/// A map through which a file is written.
#[derive(Debug)]
pub struct WritableMap<'a> {
    // Dropped first: a map that is noted exists.
    _noted: Noted,
    map: MmapMut,
    _file: PhantomData<&'a File>,
}

impl WritableMap<'_> {
    /// Makes its bytes durable.
    ///
    /// # Errors
    /// Of the filesystem.
    pub fn flush(&self) -> io::Result<()> {
        self.map.flush()
    }
}

impl Deref for WritableMap<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl DerefMut for WritableMap<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.map
    }
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
