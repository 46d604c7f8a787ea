//! [`Scratch`]: memory that a thread keeps from one tile to the next.

use std::alloc::{Layout, handle_alloc_error};

use diff2d_sys::Memory;

/// The size of a huge page on processors with vector kernels.
const HUGE_PAGE: usize = 2 << 20;
/// The least bytes that are worth huge pages.
const HUGE_PAGES_FROM: usize = HUGE_PAGE / 8;

/// Bytes aligned to cache lines and, if there are many, to huge pages.
///
/// Only what is written takes memory. An allocator would zero what it aligns before huge pages could be asked
/// for, one small page after the other: longer than a small run takes.
pub(super) struct Scratch {
    memory: Option<Memory>,
    /// The byte of the memory at which they begin.
    start: usize,
}

impl Scratch {
    /// No bytes yet.
    pub const fn new() -> Self {
        Self {
            memory: None,
            start: 0,
        }
    }

    /// Room for `count` elements of a number type, aligned to 64 bytes. They
    /// hold zeros or what the last user wrote.
    pub fn elements<T: Copy>(&mut self, count: usize) -> *mut T {
        let size = (count * size_of::<T>()).max(1);
        let memory = match self.memory.take() {
            Some(held) if held.len() - self.start >= size => held,
            held => {
                drop(held);
                let (memory, start) = allocate(size);
                self.start = start;
                memory
            }
        };
        self.memory.insert(memory)[self.start..].as_mut_ptr().cast()
    }
}

/// The bytes that so many take: whole huge pages, unless they are few.
pub(super) fn whole_pages(size: usize) -> usize {
    match size {
        HUGE_PAGES_FROM.. => size.checked_next_multiple_of(HUGE_PAGE).unwrap_or(size),
        _ => size,
    }
}

/// At least so many bytes, and at which they begin.
fn allocate(size: usize) -> (Memory, usize) {
    // A map begins at a page.
    let align = if size < HUGE_PAGES_FROM { 1 } else { HUGE_PAGE };
    let size = whole_pages(size);
    let Ok(memory) = Memory::zeroed(size + align - 1) else {
        handle_alloc_error(Layout::array::<u8>(size).unwrap_or(Layout::new::<u8>()));
    };
    let start = memory.as_ptr().align_offset(align);
    (memory, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_at_cache_lines_and_much_of_it_at_huge_pages() {
        let mut scratch = Scratch::new();
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
