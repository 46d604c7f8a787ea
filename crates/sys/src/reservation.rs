//! [`Reservation`], and a way to reserve space on any filesystem.

use super::system::FileExt;
use std::{fs::File, io};

/// How the space of a file was reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The filesystem has reserved the blocks.
    Reserved,
    /// Zeros were written.
    Zeros,
}

/// Makes `file` `len` bytes long by appending zeros.
#[cfg_attr(not(unix), expect(dead_code, reason = "there are no files"))]
pub(super) fn write_zeros(file: &File, len: u64) -> io::Result<Reservation> {
    const CHUNK_BYTES: usize = 8 << 20;
    let zeros = vec![0; CHUNK_BYTES];
    // The content of the file stays.
    let content_end = file.metadata()?.len();
    for start in (content_end..len).step_by(CHUNK_BYTES) {
        let length = usize::try_from(len - start).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        file.write_all_at(&zeros[..length], start)?;
    }
    Ok(Reservation::Zeros)
}
