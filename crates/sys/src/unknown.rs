//! The answers of systems that tell nothing of caches, processors and hosts. `linux.rs` has the same functions.
//!
//! The answer is `None`, or a safe assumption.

use super::caches::Caches;
use memmap2::Mmap;
use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
};

/// Whether every host immediately sees what another one writes to this file: assumed to be false.
#[must_use]
pub fn is_coherent_between_hosts(_file: &File) -> bool {
    false
}

/// Direct reads are not supported: always `None`.
#[must_use]
pub fn open_direct(_path: &Path) -> Option<File> {
    None
}

/// Direct writes are not supported: always `None`.
#[must_use]
pub fn open_direct_to_write(_path: &Path) -> Option<File> {
    None
}

/// Does nothing: the allocator keeps freed memory.
pub fn give_back_memory() {}

/// A path under which an open file can be opened again: there is none.
#[must_use]
pub fn path_of(_file: &File) -> PathBuf {
    PathBuf::new()
}

/// Gives no advice.
pub fn drop_cached(_file: &File, _range: Range<u64>) {}

/// Gives no advice.
pub fn expect_random_reads(_file: &File) {}

/// Which pages of a map are in memory: unknown.
#[must_use]
pub fn resident_pages(_map: &Mmap) -> Option<Vec<bool>> {
    None
}

/// Gives no advice.
pub fn advise_huge_pages(_memory: *mut u8, _len: usize, _are_wanted: bool) {}

/// The processors that this process may run on: unknown, so the same for all processes.
#[must_use]
pub fn allowed_processors() -> String {
    String::new()
}

/// The processor's name: unknown.
#[must_use]
pub fn processor_name() -> Option<String> {
    None
}

/// The sizes of the caches: unknown, so typical ones.
#[must_use]
pub fn caches() -> Caches {
    Caches::TYPICAL
}
