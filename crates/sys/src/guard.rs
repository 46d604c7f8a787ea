//! Handlers for the signals that the system sends on account of a file: SIGBUS and SIGXFSZ.
#![allow(unsafe_code)]

use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};
use std::{
    cell::Cell,
    fs::File,
    io,
    mem::MaybeUninit,
    os::fd::{AsRawFd, RawFd},
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

thread_local! {
    /// The file that this thread writes through a map, and its expected length. The handler of SIGBUS reads both, on
    /// the thread that touched the map.
    static WRITTEN: Cell<Option<(RawFd, u64)>> = const { Cell::new(None) };
}

/// Writes through a map of the first `length` bytes of `file`. A fault during the write means a full disk, as long as
/// the file has this length.
pub fn while_written(file: &File, length: u64, write: impl FnOnce()) {
    WRITTEN.set(Some((file.as_raw_fd(), length)));
    write();
    WRITTEN.set(None);
}

/// Whether this thread is writing through a map of a file that still has its length.
fn is_written_in_full() -> bool {
    let Some((file, bytes)) = WRITTEN.get() else {
        return false;
    };
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat is async-signal-safe and fills the structure if it succeeds.
    let length = unsafe {
        match libc::fstat(file, status.as_mut_ptr()) {
            0 => status.assume_init().st_size,
            _ => return false,
        }
    };
    u64::try_from(length).is_ok_and(|length| length >= bytes)
}

/// Whether the process ignores a signal, as a process started by `nohup` ignores SIGHUP.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action sigaction only fills the old one if it succeeds.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Answers SIGBUS by one sentence and an exit code: 3 if a mapped file was shortened or its disk failed, 1 if the disk
/// has no space for bytes written through a map. A write beyond the limit of the file size fails with an error instead
/// of a signal.
///
/// # Errors
/// If the system refuses the handlers.
pub fn guard() -> io::Result<()> {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);

    extern "C" fn lost(_: libc::c_int) {
        const SENTENCE: &[u8] = b"diff2d: a file became shorter, or its disk failed, while it was in use; its data cannot be trusted\n";
        const FULL: &[u8] = b"diff2d: no space is left for what is written through the map of the cube, or its disk failed: free some space, then --resume continues the run\n";
        let (sentence, code) = if is_written_in_full() {
            (FULL, 1)
        } else {
            (SENTENCE, 3)
        };
        // SAFETY: write, pause and _exit are async-signal-safe, and the sentences are static.
        unsafe {
            // Several threads may meet the same fault: the first one prints the sentence and ends all of them.
            while IS_TOLD.swap(true, Ordering::Relaxed) {
                libc::pause();
            }
            libc::write(
                libc::STDERR_FILENO,
                sentence.as_ptr().cast(),
                sentence.len(),
            );
            libc::_exit(code);
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
