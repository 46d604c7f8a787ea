//! The answers to signals that the system sends for a file: SIGBUS and SIGXFSZ.
#![allow(unsafe_code)]

use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};
use std::io;

/// Answers SIGBUS (a mapped file was shortened, or its disk failed) with one sentence and exit
/// code 3, and a limit of the file size with an error of the write instead of a signal.
///
/// # Errors
/// When the system refuses the handlers.
pub fn guard() -> io::Result<()> {
    extern "C" fn lost(_: libc::c_int) {
        const SENTENCE: &[u8] = b"diff2d: a file became shorter, or its disk failed, while it was in use; its data cannot be trusted\n";
        // SAFETY: write and _exit are async-signal-safe, and the sentence is static.
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
