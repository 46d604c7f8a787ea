//! Memory maps of pieces of files: one of the two rooms with unsafe code.
//!
//! A map is sound only while nobody shortens the file below it. Files of ours are never shortened;
//! for everybody else's there is [`guard`], which turns the signal into a sentence.
#![allow(unsafe_code)]

use memmap2::{Mmap, MmapMut, MmapOptions};
use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};
use std::{fs::File, io};

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
