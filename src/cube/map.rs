//! Memory maps of pieces of files: one of the two rooms with unsafe code.
//!
//! A map is sound only while nobody shortens the file below it. Files of ours are never shortened;
//! for everybody else's there is [`guard`], which turns the signal into a sentence.
#![allow(unsafe_code)]

use memmap2::{Advice, Mmap, MmapMut, MmapOptions};
use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};
use std::{fs::File, io, ops::Range};

/// Maps `len` bytes from `offset` on, to read; the offset need not lie on a page.
///
/// # Errors
/// When the system refuses the map.
pub fn read(file: &File, offset: u64, len: usize) -> io::Result<Mmap> {
    // SAFETY: the bytes are only read, and as plain numbers, for which every bit pattern is valid;
    // a file shortened meanwhile raises SIGBUS, which `guard` answers.
    unsafe { MmapOptions::new().offset(offset).len(len).map(file) }
}

/// Maps `len` bytes from `offset` on, to write to the file.
///
/// # Errors
/// When the system refuses the map.
pub fn write(file: &File, offset: u64, len: usize) -> io::Result<MmapMut> {
    // SAFETY: as for `read`; the lock on the journal keeps other writers of ours away.
    unsafe { MmapOptions::new().offset(offset).len(len).map_mut(file) }
}

/// Which pages of a map are in memory already, from its first page on; `None` where the system does
/// not tell.
#[must_use]
pub fn resident(map: &Mmap) -> Option<Vec<bool>> {
    let page = page_size();
    let into_page = map.as_ptr().addr() % page;
    let mut pages = vec![0_u8; (into_page + map.len()).div_ceil(page)];
    // SAFETY: the address is the page on which the map begins, the length that of the map, and
    // the vector has a byte for every page of it.
    let answer = unsafe {
        libc::mincore(
            map.as_ptr().sub(into_page).cast_mut().cast(),
            into_page + map.len(),
            pages.as_mut_ptr().cast(),
        )
    };
    (answer == 0).then(|| pages.into_iter().map(|page| page & 1 == 1).collect())
}

/// Keeps the system from reading ahead of what is looked at in a map, or around it.
pub fn read_nothing_around(map: &Mmap) {
    let _ = map.advise(Advice::Random);
}

/// Begins to read the pages of these bytes of a map that are not in memory; without effect where the
/// system cannot.
pub fn fetch(map: &Mmap, bytes: Range<usize>) {
    let _ = map.advise_range(Advice::WillNeed, bytes.start, bytes.len());
}

/// Bytes of a page.
#[must_use]
pub fn page_size() -> usize {
    // SAFETY: sysconf has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

/// Answers SIGBUS (a mapped file was shortened, or its disk failed) with one sentence and exit
/// code 3, and a file-size limit with an error of the write instead of a signal.
///
/// # Errors
/// When the system refuses the handlers.
pub fn guard() -> io::Result<()> {
    extern "C" fn lost(_: libc::c_int) {
        const SENTENCE: &[u8] = b"diff2d: a file became shorter, or its disk failed, while it was in use; its data cannot be trusted\n";
        // SAFETY: write and _exit are async-signal-safe, and the sentence lives forever.
        unsafe {
            libc::write(
                libc::STDERR_FILENO,
                SENTENCE.as_ptr().cast(),
                SENTENCE.len(),
            );
            libc::_exit(3);
        }
    }
    let answer = SigAction::new(SigHandler::Handler(lost), SaFlags::empty(), SigSet::empty());
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: `lost` calls nothing but async-signal-safe functions; ignoring a signal is always sound.
    unsafe {
        sigaction(Signal::SIGBUS, &answer)?;
        sigaction(Signal::SIGXFSZ, &ignore)?;
    }
    Ok(())
}
