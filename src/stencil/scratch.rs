//! [`Scratch`]: memory that a thread keeps from one tile to the next.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use diff2d_sys::advise_huge_pages;

/// The size of a huge page on processors with vector kernels.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes aligned to cache lines and, if there are many, to huge pages.
pub(super) struct Scratch {
    bytes: NonNull<u8>,
    layout: Layout,
}

impl Scratch {
    /// No bytes yet.
    pub const fn new() -> Self {
        Self {
            bytes: NonNull::dangling(),
            layout: Layout::new::<()>(),
        }
    }

    /// Room for `count` elements of a number type, aligned to 64 bytes. They
    /// hold zeros or what the last user wrote.
    pub fn elements<T: Copy>(&mut self, count: usize) -> *mut T {
        let size = (count * size_of::<T>()).next_multiple_of(64);
        if size > self.layout.size() {
            *self = Self::allocate(size);
        }
        self.bytes.as_ptr().cast()
    }

    fn allocate(size: usize) -> Self {
        let huge = size >= HUGE_PAGE / 8;
        let (size, align) = if huge {
            (size.next_multiple_of(HUGE_PAGE), HUGE_PAGE)
        } else {
            (size, 64)
        };
        let Ok(layout) = Layout::from_size_align(size, align) else {
            panic!("a tile of {size} bytes is larger than the address space");
        };
        // SAFETY: the size is not zero.
        let bytes = unsafe { alloc_zeroed(layout) };
        let Some(bytes) = NonNull::new(bytes) else {
            handle_alloc_error(layout);
        };
        if huge {
            advise_huge_pages(bytes.as_ptr(), size);
        }
        Self { bytes, layout }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: allocated with this layout.
            unsafe { dealloc(self.bytes.as_ptr(), self.layout) }
        }
    }
}
