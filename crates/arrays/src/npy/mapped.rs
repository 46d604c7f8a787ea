//! [`MappedChunk`]: a chunk of a file, mapped for as long as it is looked at.

use diff2d_sys::{self as sys, Mmap};
use std::{
    fs::File,
    io,
    ops::{Deref, Range},
};

/// A mapped chunk of a file that leaves the page cache as it was: dropped, it gives back the pages
/// that were read for it, and keeps those that were in memory before.
///
/// Where the system does not tell which pages are in memory, all of them stay.
#[derive(Debug)]
pub(super) struct MappedChunk<'a> {
    map: Option<Mmap>,
    file: &'a File,
    start: u64,
    /// Which pages were in memory before, where not all were.
    resident: Option<Vec<bool>>,
}

impl<'a> MappedChunk<'a> {
    /// Maps `len` bytes from byte `start` on, and reads none of them yet.
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

    /// Whether something of it was not in memory before.
    pub fn is_incomplete(&self) -> bool {
        self.resident.is_some()
    }

    /// Begins to read bytes that will be looked at, without waiting for them.
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
        let mut at = self.start / page * page;
        for run in pages.chunk_by(|a, b| a == b) {
            let end = at + run.len() as u64 * page;
            if !run[0] {
                sys::drop_cached(self.file, at..end);
            }
            at = end;
        }
    }
}
