//! The same functions where there is no system: no files, maps, signals, locks, threads or clocks, as for a module of
//! WebAssembly in a page.
//!
//! Memory comes from the allocator. Whatever needs a file is refused.
#![allow(unsafe_code)]

use super::reservation::Reservation;
use memmap2::Mmap;
use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    ffi::OsStr,
    fs::{File, FileType, Metadata, OpenOptions, Permissions, TryLockError},
    io,
    ops::{Add, Deref, DerefMut, Range},
    path::Path,
    ptr::{NonNull, slice_from_raw_parts_mut},
    sync::OnceLock,
    time::Duration,
};

/// Whether threads can be started: the calling thread does all work.
pub const HAS_THREADS: bool = false;

/// The refusal of everything that needs a file.
fn no_files<T>() -> io::Result<T> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "there are no files in this place, such as a page in a browser: whatever is needed has to be given along",
    ))
}

/// Reads and writes at positions of a file, which are refused.
pub trait FileExt {
    /// Refuses to read.
    ///
    /// # Errors
    /// Always.
    fn read_at(&self, _bytes: &mut [u8], _offset: u64) -> io::Result<usize> {
        no_files()
    }

    /// Refuses to write.
    ///
    /// # Errors
    /// Always.
    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<usize> {
        no_files()
    }

    /// Refuses to read.
    ///
    /// # Errors
    /// Always.
    fn read_exact_at(&self, _bytes: &mut [u8], _offset: u64) -> io::Result<()> {
        no_files()
    }

    /// Refuses to write.
    ///
    /// # Errors
    /// Always.
    fn write_all_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        no_files()
    }
}

impl FileExt for File {}

/// Refuses to look at a file.
///
/// # Errors
/// Always.
pub fn status(_: &Path) -> io::Result<Metadata> {
    no_files()
}

/// Refuses to open a file.
///
/// # Errors
/// Always.
pub fn open_without_waiting(_: &OpenOptions, _: &Path) -> io::Result<File> {
    no_files()
}

/// Refuses to open a file.
///
/// # Errors
/// Always.
pub fn open_no_link(_: &OpenOptions, _: &Path) -> io::Result<File> {
    no_files()
}

/// Refuses to open a file.
///
/// # Errors
/// Always.
pub fn open_privately(_: &OpenOptions, _: &Path) -> io::Result<File> {
    no_files()
}

/// Refuses to change how a file is read and written.
///
/// # Errors
/// Always.
pub fn wait_from_now_on(_: &File) -> io::Result<()> {
    no_files()
}

/// The permissions of a file as bits: all of them.
#[must_use]
pub fn mode(_: &Metadata) -> u32 {
    0o777
}

/// Refuses to change permissions.
///
/// # Errors
/// Always.
pub fn set_mode(_: &Path, _mode: u32) -> io::Result<()> {
    no_files()
}

/// The permissions of a file, as they are.
#[must_use]
pub fn permissions(file: &Metadata) -> Permissions {
    file.permissions()
}

/// The words for a pipe or a socket: there are none.
#[must_use]
pub fn kind_of_special_file(_: FileType) -> Option<&'static str> {
    None
}

/// Whether a file belongs to the user of this process: there are no users.
#[must_use]
pub fn is_of_this_user(_: &Metadata) -> bool {
    false
}

/// Whether two files belong to the same user: there are no users.
#[must_use]
pub fn are_of_one_owner(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// The device and the number of a file: there is none.
#[must_use]
pub fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// The number of names of a file: there are no links.
#[must_use]
pub fn link_count(_: &Metadata) -> u64 {
    1
}

/// The whole name, because nothing gets a name here.
#[must_use]
pub fn beginning_of_name(name: &OsStr, _most: usize) -> &OsStr {
    name
}

/// The number of bytes that a filesystem has left: there is none.
#[must_use]
pub fn free_space(_directory: &Path) -> Option<u64> {
    None
}

/// Bytes of a page of memory, by which memory is aligned.
#[must_use]
pub fn page_size() -> usize {
    4096
}

/// Gives no advice.
pub fn read_nothing_ahead(_map: &Mmap) {}

/// Gives no advice.
pub fn begin_to_read(_map: &Mmap, _bytes: Range<usize>) {}

/// Calls `write`: there are no signals to answer.
pub fn while_written(_file: &File, _length: u64, write: impl FnOnce()) {
    write();
}

/// Whether the process ignores a signal: there are none.
#[must_use]
pub fn is_ignored(_signal: i32) -> bool {
    false
}

/// Does nothing: there are no signals to answer.
///
/// # Errors
/// Never fails.
pub fn guard() -> io::Result<()> {
    Ok(())
}

/// Zeroed bytes, aligned to a page, from the allocator.
#[derive(Debug)]
pub struct Zeroed {
    bytes: NonNull<[u8]>,
    layout: Layout,
}

// SAFETY: a value owns its bytes, as a vector does.
unsafe impl Send for Zeroed {}
// SAFETY: as above.
unsafe impl Sync for Zeroed {}

impl Zeroed {
    /// Allocates `len` zeros.
    ///
    /// # Errors
    /// If there is too little memory.
    pub fn new(len: usize) -> io::Result<Self> {
        let too_little = || io::Error::from(io::ErrorKind::OutOfMemory);
        let layout = Layout::from_size_align(len.max(1), page_size()).map_err(|_| too_little())?;
        // SAFETY: the layout has at least one byte.
        let first_byte = unsafe { alloc_zeroed(layout) };
        let bytes = NonNull::new(slice_from_raw_parts_mut(first_byte, len));
        Ok(Self {
            bytes: bytes.ok_or_else(too_little)?,
            layout,
        })
    }
}

impl Drop for Zeroed {
    fn drop(&mut self) {
        // SAFETY: the bytes were allocated with this layout, and nobody else frees them.
        unsafe { dealloc(self.bytes.cast().as_ptr(), self.layout) }
    }
}

impl Deref for Zeroed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes are allocated and initialised, and the value owns them.
        unsafe { self.bytes.as_ref() }
    }
}

impl DerefMut for Zeroed {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { self.bytes.as_mut() }
    }
}

/// The clock that the surroundings have given.
static CLOCK: OnceLock<fn() -> Duration> = OnceLock::new();

/// Takes a function that returns the time since any moment as the clock of the process. Without one, time stands still:
/// nothing is ever late, and nothing takes time.
pub fn set_clock(clock: fn() -> Duration) {
    let _ = CLOCK.set(clock);
}

/// A moment of the clock that [`set_clock`] sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The present moment.
    #[must_use]
    pub fn now() -> Self {
        Self(CLOCK.get().map_or(Duration::ZERO, |clock| clock()))
    }

    /// The time since this moment.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }

    /// The moment a duration later, if it can be represented.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// Refuses to lock a file.
///
/// # Errors
/// Always.
pub fn try_lock(_: &File) -> Result<(), TryLockError> {
    no_files().map_err(TryLockError::Error)
}

/// Refuses to lock a range of bytes.
///
/// # Errors
/// Always.
pub fn try_lock_range(_: &File, _: Range<u64>) -> Result<(), TryLockError> {
    no_files().map_err(TryLockError::Error)
}

/// Refuses to lock a range of bytes.
///
/// # Errors
/// Always.
pub fn lock_range(_: &File, _: Range<u64>) -> io::Result<()> {
    no_files()
}

/// Does nothing, because nothing is locked.
pub fn unlock_range(_: &File, _: Range<u64>) {}

/// Does nothing, because nothing is locked.
pub fn unlock(_: &File) {}

/// Whether another process holds the lock on a file: there are no others.
#[must_use]
pub fn is_locked(_: &File) -> bool {
    false
}

/// Refuses to reserve space.
///
/// # Errors
/// Always.
pub fn reserve(_: &File, _len: u64) -> io::Result<Reservation> {
    no_files()
}

/// Refuses to reserve space.
///
/// # Errors
/// Always.
pub fn reserve_ahead(_file: &File, _len: u64) -> io::Result<()> {
    no_files()
}

/// Refuses to exchange two names.
///
/// # Errors
/// Always.
pub fn exchange(_left: &Path, _right: &Path) -> io::Result<()> {
    no_files()
}

/// Refuses to rename a file.
///
/// # Errors
/// Always.
pub fn rename_new(_from: &Path, _to: &Path) -> io::Result<()> {
    no_files()
}

/// The number of bytes that are read: none.
#[must_use]
pub fn read_cached(_file: &File, _start: u64, _bytes: &mut [u8]) -> usize {
    0
}

/// Whether the system limits the addresses of this process: it does not.
#[must_use]
pub fn has_few_addresses() -> bool {
    false
}

/// The number of bytes by which the memory of the module can still grow, if that is known.
#[must_use]
pub fn available_memory() -> Option<u64> {
    #[cfg(target_arch = "wasm32")]
    {
        /// Bytes of a page of WebAssembly, and the number of pages that 32-bit addresses reach.
        const PAGE: u64 = 64 << 10;
        const MOST_PAGES: u64 = 64 << 10;
        let pages = std::arch::wasm32::memory_size::<0>() as u64;
        Some(MOST_PAGES.saturating_sub(pages) * PAGE)
    }
    #[cfg(not(target_arch = "wasm32"))]
    None
}
