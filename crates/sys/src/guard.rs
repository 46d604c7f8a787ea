//! The answers to signals that the system sends for a file: SIGBUS and SIGXFSZ.
#![allow(unsafe_code)]

use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};
use std::{
    fs::File,
    io,
    mem::MaybeUninit,
    os::fd::AsRawFd,
    ptr,
    sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering},
};

/// A map through which a file is written, for the answer to SIGBUS, which may take no lock.
struct Written {
    is_used: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    file: AtomicI32,
    /// Bytes that the file must have.
    bytes: AtomicU64,
}

static WRITTEN: [Written; 64] = [const {
    Written {
        is_used: AtomicBool::new(false),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        file: AtomicI32::new(-1),
        bytes: AtomicU64::new(0),
    }
}; 64];

/// Notes a map for as long as it exists: a fault in it means a full disk as long as the file has its
/// length. Where too many are noted already, nothing happens.
#[derive(Debug)]
pub(super) struct Noted(Option<usize>);

impl Noted {
    /// Notes the map of the bytes of `file` before `end` at `memory`.
    pub(super) fn note(memory: &[u8], file: &File, end: u64) -> Self {
        let free = |map: &Written| !map.is_used.swap(true, Ordering::Acquire);
        let number = WRITTEN.iter().position(free);
        if let Some(map) = number.map(|number| &WRITTEN[number]) {
            let start = memory.as_ptr().addr();
            map.file.store(file.as_raw_fd(), Ordering::Relaxed);
            map.bytes.store(end, Ordering::Relaxed);
            map.start.store(start, Ordering::Relaxed);
            map.end.store(start + memory.len(), Ordering::Release);
        }
        Self(number)
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            WRITTEN[number].end.store(0, Ordering::Relaxed);
            WRITTEN[number].is_used.store(false, Ordering::Release);
        }
    }
}

/// Whether an address lies in a map through which a file is written that still has its length.
fn is_written_in_full(address: usize) -> bool {
    let holds = |map: &&Written| {
        let end = map.end.load(Ordering::Acquire);
        (map.start.load(Ordering::Relaxed)..end).contains(&address)
    };
    WRITTEN.iter().find(holds).is_some_and(|map| {
        let mut status = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: fstat is async-signal-safe and fills the structure if it succeeds.
        let length = unsafe {
            match libc::fstat(map.file.load(Ordering::Relaxed), status.as_mut_ptr()) {
                0 => status.assume_init().st_size,
                _ => return false,
            }
        };
        u64::try_from(length).is_ok_and(|length| length >= map.bytes.load(Ordering::Relaxed))
    })
}

/// Whether the process ignores a signal, as one started by `nohup` ignores SIGHUP.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action sigaction only fills the old one if it succeeds.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Answers SIGBUS with one sentence and an exit code: 3 where a mapped file was shortened or its disk failed, 1 where
/// the disk has no space for what is written through a map. A write beyond the limit of the file size fails with an
/// error instead of a signal.
///
/// # Errors
/// When the system refuses the handlers.
pub fn guard() -> io::Result<()> {
    extern "C" fn lost(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        const SENTENCE: &[u8] = b"diff2d: a file became shorter, or its disk failed, while it was in use; its data cannot be trusted\n";
        const FULL: &[u8] = b"diff2d: no space is left for what is written through the map of the cube, or its disk failed: free some space, then --resume continues the run\n";
        // SAFETY: the system passes what it knows of the fault; write and _exit are async-signal-safe, and
        // the sentences are static.
        unsafe {
            let (sentence, code) = match is_written_in_full((*info).si_addr().addr()) {
                true => (FULL, 1),
                false => (SENTENCE, 3),
            };
            libc::write(
                libc::STDERR_FILENO,
                sentence.as_ptr().cast(),
                sentence.len(),
            );
            libc::_exit(code);
        }
    }
    let answer = SigAction::new(
        SigHandler::SigAction(lost),
        SaFlags::SA_SIGINFO,
        SigSet::empty(),
    );
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: `lost` calls nothing but async-signal-safe functions; ignoring a signal is always sound.
    unsafe {
        sigaction(Signal::SIGBUS, &answer)?;
        sigaction(Signal::SIGXFSZ, &ignore)?;
    }
    Ok(())
}
