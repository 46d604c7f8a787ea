//! The lock on a journal: an open-file-description lock, which the kernel releases with its holder.

use super::error::CubeError;
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, fcntl},
    libc,
};
use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
};

const WHOLE_FILE: libc::flock = libc::flock {
    l_type: libc::F_WRLCK as libc::c_short,
    l_whence: libc::SEEK_SET as libc::c_short,
    l_start: 0,
    l_len: 0,
    l_pid: 0,
};

/// Whether somebody holds the lock, as far as the filesystem tells.
#[must_use]
pub fn is_held(file: &File) -> bool {
    let mut answer = WHOLE_FILE;
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut answer)).is_ok()
        && answer.l_type != libc::F_UNLCK as libc::c_short
}

/// Takes the lock, or says at once who cannot: another run holds it, or the filesystem has none.
///
/// # Errors
/// [`CubeError::Locked`], [`CubeError::NoLocks`].
pub fn acquire(file: &File, path: &Path) -> Result<(), CubeError> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&WHOLE_FILE)) {
        Ok(_) => Ok(()),
        Err(Errno::EAGAIN | Errno::EACCES) => Err(CubeError::Locked {
            journal: path.to_owned(),
        }),
        Err(errno) => Err(CubeError::NoLocks {
            journal: path.to_owned(),
            source: errno.into(),
        }),
    }
}

/// Whether `file` is still what `path` names: somebody may have removed it before we had the lock.
#[must_use]
pub fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}
