//! [`Piece`]: consecutive bytes of a file, for as long as they are looked at.
//!
//! What the page cache holds is copied out of it: that takes a third of the time of a map, and
//! threads do not wait for one another to change the address space. What it does not hold is mapped
//! through an offset, fetched, and given back.

use super::{map, space};
use memmap2::Mmap;
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    ops::Deref,
};

/// How much of a piece will be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Every page.
    Whole,
    /// Few of them.
    Sparse,
}

/// Room for the bytes of one piece after another, aligned for elements of any type.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u64>);

impl Buffer {
    fn bytes(&mut self, len: usize) -> &mut [u8] {
        let words = len.div_ceil(size_of::<u64>());
        if self.0.len() < words {
            self.0.resize(words, 0);
        }
        &mut bytemuck::cast_slice_mut(&mut self.0)[..len]
    }
}

/// Consecutive bytes of a file.
///
/// The page cache is left as it was found: pages that were read for this piece alone are given back
/// when it is dropped, pages that others had read stay.
#[derive(Debug)]
pub enum Piece<'a> {
    /// Copied out of the page cache.
    Copied(&'a [u8]),
    /// Mapped.
    Mapped(Mapped<'a>),
}

impl<'a> Piece<'a> {
    /// The `len` bytes from byte `start` on.
    pub(super) fn read(
        file: &'a File,
        start: u64,
        len: usize,
        buffer: &'a mut Buffer,
    ) -> io::Result<Self> {
        let bytes = buffer.bytes(len);
        if read_cached(file, start, bytes) == len {
            return Ok(Self::Copied(bytes));
        }
        Mapped::new(file, start, len, Use::Whole).map(Self::Mapped)
    }

    /// The same, of which few pages will be looked at.
    pub(super) fn sparse(file: &'a File, start: u64, len: usize) -> io::Result<Self> {
        Mapped::new(file, start, len, Use::Sparse).map(Self::Mapped)
    }
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Mapped(mapped) => mapped,
        }
    }
}

/// Fills `bytes` from byte `start` of the file on, and leaves the page cache as a [`Piece`] does.
pub(super) fn fill(file: &File, start: u64, bytes: &mut [u8]) -> io::Result<()> {
    let there = read_cached(file, start, bytes);
    let rest = &mut bytes[there..];
    if !rest.is_empty() {
        rest.copy_from_slice(&Mapped::new(
            file,
            start + there as u64,
            rest.len(),
            Use::Whole,
        )?);
    }
    Ok(())
}

/// Reads as much as the page cache holds without a gap; its length. Nothing where the system cannot
/// tell.
fn read_cached(file: &File, start: u64, bytes: &mut [u8]) -> usize {
    let mut there = 0;
    while there < bytes.len() {
        let into = &mut [IoSliceMut::new(&mut bytes[there..])];
        match preadv2(file, into, start + there as u64, ReadWriteFlags::NOWAIT) {
            Err(Errno::INTR) => {}
            Ok(0) | Err(_) => break,
            Ok(more) => there += more,
        }
    }
    there
}

/// A mapped part of a file.
#[derive(Debug)]
pub struct Mapped<'a> {
    map: Option<Mmap>,
    file: &'a File,
    start: u64,
    /// Which pages were there before, where not all were.
    resident: Option<Vec<bool>>,
}

impl<'a> Mapped<'a> {
    fn new(file: &'a File, start: u64, len: usize, usage: Use) -> io::Result<Self> {
        let map = match len {
            0 => None,
            len => Some(map::read(file, start, len)?),
        };
        let resident = map
            .as_ref()
            .and_then(map::resident)
            .filter(|pages| pages.contains(&false));
        if let (Some(map), Some(_)) = (&map, &resident) {
            map::read_nothing_around(map);
            if usage == Use::Whole {
                map::fetch(map);
            }
        }
        Ok(Self {
            map,
            file,
            start,
            resident,
        })
    }
}

impl Deref for Mapped<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}

impl Drop for Mapped<'_> {
    fn drop(&mut self) {
        // The system keeps pages that are still mapped.
        drop(self.map.take());
        let Some(pages) = &self.resident else { return };
        let page = map::page_size() as u64;
        let mut at = self.start / page * page;
        for run in pages.chunk_by(|a, b| a == b) {
            let end = at + run.len() as u64 * page;
            if !run[0] {
                space::drop_cache(self.file, at..end);
            }
            at = end;
        }
    }
}
