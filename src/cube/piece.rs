//! [`Piece`]: a part of a file, mapped for as long as it is looked at.

use crate::sys::{self, Mmap};
use std::{
    fs::File,
    io,
    ops::{Deref, Range},
};

/// A mapped part of a file, which leaves the page cache as it found it: pages that were read for
/// this piece alone are given back when it is dropped, pages that others had read stay.
#[derive(Debug)]
pub struct Piece<'a> {
    map: Option<Mmap>,
    file: &'a File,
    start: u64,
    /// Which pages were there before, where not all were.
    resident: Option<Vec<bool>>,
}

impl<'a> Piece<'a> {
    /// Maps `len` bytes from byte `start` on.
    pub(super) fn map(file: &'a File, start: u64, len: usize) -> io::Result<Self> {
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

    /// Whether all of it was in memory before.
    pub(super) fn is_resident(&self) -> bool {
        self.resident.is_none()
    }

    /// Begins to read what will be looked at, without waiting for it.
    pub(super) fn fetch(&self, bytes: Range<usize>) {
        if let (Some(map), false) = (&self.map, self.is_resident()) {
            sys::begin_to_read(map, bytes);
        }
    }
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}

impl Drop for Piece<'_> {
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
