//! The interface to the operating system. No other module names a system.
//!
//! | file | content |
//! |---|---|
//! | `linux.rs` | functions of Linux beyond the standard library |
//! | `portable.rs` | the same functions with the standard library alone, for every other Unix |
//! | `unix.rs`, `guard.rs` | functions of any Unix |
//! | `absent.rs` | the functions of `portable.rs` and `unix.rs` where there are no files, such as in a browser |
//! | `unknown.rs` | what Linux tells, and the systems of `portable.rs` and `absent.rs` do not |
//! | the others | functions that are the same everywhere |
//!
//! `linux.rs` has the public items of `portable.rs` and `unknown.rs`, and `absent.rs` those of `portable.rs` and `unix.rs`, so
//! the compiler holds the interface. Where `DIFF2D_PORTABLE` is set, `build.rs` chooses `portable.rs` on Linux too, to test it.
//!
//! | | Linux | portable | absent |
//! |---|---|---|---|
//! | a directory takes the place of another | `RENAME_EXCHANGE`, atomic | two renames; between them neither has the name | refused |
//! | a used name is not replaced | `RENAME_NOREPLACE`, atomic | a second link, then the first is removed; for directories a check before | refused |
//! | lock of a file | open-file-description lock | `File::try_lock`; the two do not see each other | refused |
//! | space for a file | `fallocate` | zeros are written | refused |
//! | reads past the page cache | `O_DIRECT` | none: all reads go through the cache | refused |
//! | content of the page cache | `mincore`, `preadv2` | unknown: assumed to hold everything | nothing |
//! | advice on reads and on huge pages | given | none | none |
//! | memory | anonymous maps | anonymous maps | the allocator |
//! | memory left, processors, caches | `/proc`, `/sys` | unknown; typical caches | what 32-bit addresses reach; typical caches |
//! | hosts see each other's writes | derived from the type of the filesystem | assumed not to | assumed not to |
//! | threads, signals | those of the system | those of the system | none: the calling thread does all work |
//! | clock | that of the system | that of the system | the one that is given, or none: time stands still |
//!
//! No function changes a bit of a result: with `portable.rs` runs are slower, start later (zeros take time to write) or
//! find out later that memory is short.

#[cfg(not(unix))]
mod absent;
mod atomic_directory;
mod atomic_file;
mod atomic_files;
mod caches;
mod copy;
mod destination;
#[cfg(feature = "hdf5")]
pub mod dimension_scales;
mod error;
mod fault;
mod files;
#[cfg(unix)]
mod guard;
#[cfg(all(unix, not(diff2d_portable)))]
mod linux;
mod locked_file;
mod machine;
mod map;
mod pages;
mod parallel;
#[cfg(all(unix, diff2d_portable))]
mod portable;
mod reservation;
mod temporary;
#[cfg(unix)]
mod unix;
#[cfg(diff2d_portable)]
mod unknown;
mod vectorised;

/// The functions of the system for which this is compiled.
mod system {
    #[cfg(not(unix))]
    pub use super::absent::*;
    #[cfg(all(unix, not(diff2d_portable)))]
    pub use super::linux::*;
    #[cfg(all(unix, diff2d_portable))]
    pub use super::portable::*;
    #[cfg(unix)]
    pub use super::unix::*;
    #[cfg(diff2d_portable)]
    pub use super::unknown::*;
}

#[cfg(not(unix))]
pub use absent::set_clock;

pub use atomic_directory::{AtomicDirectory, create_within};
pub use atomic_file::{AtomicFile, write_file, write_file_at};
pub use atomic_files::commit_together;
pub use caches::Caches;
pub use copy::copy;
pub use destination::Destination;
pub use error::FileError;
pub use fault::Fault;
pub use files::{
    Fate, are_one_file, copy_permissions, create_directory, directory_of, enter_directory, fate,
    has_other_names, is_file, is_still_at, leads_somewhere, open_file, open_own, open_stream,
    open_to_read, same_file, sync_directory,
};
pub use locked_file::{LockedFile, Turn};
pub use machine::{ProcessorFamily, available_memory, caches, machine_name, threads};
pub use map::{Memory, map_to_read, sync_map, write_through_map};
/// A map of a range of a file, to read.
pub use memmap2::Mmap;
pub use pages::DIRECT_ALIGNMENT;
pub use parallel::parallel_map;
pub use reservation::Reservation;
/// Reads and writes at any position of a file, by several threads at once.
pub use system::FileExt;
/// A moment of a clock that never goes back.
pub use system::Instant;
pub use system::{
    HAS_THREADS, advise_huge_pages, allowed_processors, begin_to_read, drop_cached,
    expect_random_reads, free_space, give_back_memory, guard, has_few_addresses, identity,
    is_coherent_between_hosts, is_ignored, is_locked, open_direct, open_direct_to_write, page_size,
    path_of, read_cached, read_nothing_ahead, reserve, reserve_ahead, resident_pages, try_lock,
};
pub use temporary::{Temporary, create_private, is_left, remove_left, remove_temporaries};
pub use vectorised::vectorised;
