//! [`Workspace`]: memory that a thread keeps from one tile to the next.

use std::alloc::{Layout, handle_alloc_error};

use diff2d_sys::Memory;

/// The least bytes to map: growing in small steps would take longer, and bytes that are not written take no memory.
const LEAST: usize = 128 << 10;

/// Bytes aligned to cache lines and, if there are many, to huge pages.
///
/// Only what is written takes memory. An allocator would zero what it aligns before huge pages could be asked
/// for, one small page after the other: longer than a small run takes.
pub(super) struct Workspace(Option<Memory>);

impl Workspace {
    /// No bytes yet.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Room for `count` elements of a number type, aligned to 64 bytes. They
    /// hold zeros or what the last user wrote.
    pub fn elements<T: Copy>(&mut self, count: usize) -> *mut T {
        let size = (count * size_of::<T>()).max(1);
        let held = self.0.take().filter(|held| held.len() >= size);
        let memory = held.unwrap_or_else(|| allocate(whole_pages(size.max(LEAST))));
        self.0.insert(memory).as_mut_ptr().cast()
    }
}

/// The bytes that so many take: whole huge pages, unless they are few.
fn whole_pages(size: usize) -> usize {
    Memory::size_of_parts(size, 1)
}

/// So many bytes.
fn allocate(size: usize) -> Memory {
    let memory = Memory::zeroed_parts(size, 1)
        .ok()
        .and_then(|mut parts| parts.pop());
    memory.unwrap_or_else(|| {
        handle_alloc_error(Layout::array::<u8>(size).unwrap_or(Layout::new::<u8>()))
    })
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
