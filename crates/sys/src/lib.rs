//! The interface to the operating system. No other module names a system.
//!
//! | file | content |
//! |---|---|
//! | `linux.rs` | functions of Linux beyond the standard library |
//! | `portable.rs` | the same functions with the standard library alone, for every other Unix |
//! | the others | functions that are the same on any Unix |
//!
//! `linux.rs` and `portable.rs` have the same public items, so the compiler holds the interface.
//! Where `DIFF2D_PORTABLE` is set, `build.rs` chooses `portable.rs` on Linux too, to test it.
//!
//! | | Linux | portable |
//! |---|---|---|
//! | a directory takes the place of another | `RENAME_EXCHANGE`, atomic | two renames; between them neither has the name |
//! | a used name is not replaced | `RENAME_NOREPLACE`, atomic | a second link, then the first is removed; for directories a check before |
//! | lock of a file | open-file-description lock | `File::try_lock`; the two do not see each other |
//! | space for a file | `fallocate` | zeros are written |
//! | reads past the page cache | `O_DIRECT` | none: all reads go through the cache |
//! | content of the page cache | `mincore`, `preadv2` | unknown: assumed to hold everything |
//! | advice on reads and on huge pages | given | none |
//! | memory left, processors, caches | `/proc`, `/sys` | unknown; typical caches |
//! | hosts see each other's writes | derived from the type of the filesystem | assumed not to |
//!
//! No function changes a bit of a result: with `portable.rs` runs are slower, start later (zeros take time to write) or
//! find out later that memory is short.

#[cfg(not(unix))]
compile_error!("diff2d needs a Unix: positional reads and writes, inodes and signals");

mod atomic_directory;
mod atomic_file;
mod atomic_files;
mod caches;
mod copy;
mod destination;
#[cfg(feature = "hdf5")]
pub mod dimension_scales;
mod error;
mod files;
mod guard;
#[cfg(not(diff2d_portable))]
mod linux;
mod locked_file;
mod machine;
mod map;
mod pages;
mod parallel;
#[cfg(diff2d_portable)]
mod portable;
mod reservation;
mod temporary;
mod vectorised;

#[cfg(not(diff2d_portable))]
use linux as system;
#[cfg(diff2d_portable)]
use portable as system;

pub use atomic_directory::{AtomicDirectory, create_within};
pub use atomic_file::{AtomicFile, write_file, write_file_at};
pub use atomic_files::commit_together;
pub use caches::Caches;
pub use copy::copy;
pub use destination::Destination;
pub use error::FileError;
pub use files::{
    Fate, are_one_file, copy_permissions, create_directory, directory_of, enter_directory, fate,
    free_space, has_other_names, identity, is_file, is_still_at, leads_somewhere, open_file,
    open_own, open_stream, open_to_read, same_file, sync_directory,
};
pub use guard::{guard, is_ignored};
pub use locked_file::{LockedFile, Turn};
pub use machine::{ProcessorFamily, available_memory, caches, machine_name, threads};
pub use map::{
    Memory, begin_to_read, map_to_read, read_nothing_ahead, sync_map, write_through_map,
};
/// A map of a range of a file, to read.
pub use memmap2::Mmap;
pub use pages::{DIRECT_ALIGNMENT, page_size};
pub use parallel::parallel_map;
pub use reservation::Reservation;
/// Reads and writes at any position of a file, by several threads at once.
pub use std::os::unix::fs::FileExt;
pub use system::{
    advise_huge_pages, allowed_processors, drop_cached, expect_random_reads, give_back_memory,
    is_coherent_between_hosts, is_locked, open_direct, open_direct_to_write, path_of, read_cached,
    reserve, reserve_ahead, resident_pages, try_lock,
};
pub use temporary::{Temporary, create_private, is_left, remove_left, remove_temporaries};
pub use vectorised::vectorised;
