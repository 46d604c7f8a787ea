//! [`Workspace`]: memory that a thread keeps from one tile to the next.

use std::alloc::{Layout, handle_alloc_error};
use std::io;

use diff2d_sys::Memory;

/// The smallest number of bytes to map: growing in small steps would take longer, and bytes that are not written take
/// no memory.
const LEAST: usize = 128 << 10;

/// Bytes aligned to cache lines and, if there are many, to huge pages.
///
/// Only written bytes take memory. An allocator would zero aligned memory before huge pages could be requested, one
/// small page after the other, which takes longer than a small run.
pub(super) struct Workspace(Option<Memory>);

impl Workspace {
    /// A workspace without memory.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Takes memory for `count` elements of a number type, unless there is as much.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn reserve<T>(&mut self, count: usize) -> io::Result<()> {
        self.room(count * size_of::<T>()).map(drop)
    }

    /// Memory for `count` elements of a number type, aligned to 64 bytes. It contains zeros or the values of the last
    /// user. If the system has too little memory, the process ends, unless as much was [reserved](Self::reserve).
    pub fn elements<T: Copy>(&mut self, count: usize) -> *mut T {
        let size = count * size_of::<T>();
        let Ok(memory) = self.room(size) else {
            handle_alloc_error(Layout::array::<u8>(size).unwrap_or(Layout::new::<u8>()))
        };
        memory.as_mut_ptr().cast()
    }

    /// The number of bytes that are taken.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |memory| memory.len())
    }

    /// Memory of at least `size` bytes.
    fn room(&mut self, size: usize) -> io::Result<&mut Memory> {
        let size = size.max(1);
        let memory = match self.0.take().filter(|memory| memory.len() >= size) {
            Some(memory) => memory,
            None => allocate(Memory::size_of_parts(size.max(LEAST), 1))?,
        };
        Ok(self.0.insert(memory))
    }
}

/// Allocates `size` bytes of zeros.
fn allocate(size: usize) -> io::Result<Memory> {
    let mut parts = Memory::zeroed_parts(size, 1)?;
    parts.pop().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUGE_PAGE: usize = Memory::HUGE_PAGE;

    #[test]
    fn there_is_room_at_cache_lines_and_much_of_it_at_huge_pages() {
        let mut scratch = Workspace::new();
        for (count, align) in [
            (1, 64),
            (1000, 64),
            (HUGE_PAGE / 64, HUGE_PAGE),
            (10, HUGE_PAGE),
            (HUGE_PAGE, HUGE_PAGE),
        ] {
            let elements = scratch.elements::<f64>(count);
            assert_eq!(elements.addr() % align, 0, "{count}");
            // SAFETY: there is room for so many, and nobody else uses it.
            let all = unsafe { std::slice::from_raw_parts_mut(elements, count) };
            all.fill(1.0);
            assert_eq!(scratch.elements::<f64>(count), elements);
        }
    }
}
