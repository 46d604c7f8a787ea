//! [`Reservation`], and the way to reserve space that every filesystem has.

use std::{fs::File, io, os::unix::fs::FileExt};

/// How the space of a file came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The filesystem has set the blocks aside.
    Reserved,
    /// Zeros were written.
    Zeros,
}

/// Makes `file` as long as `len` bytes, with zeros behind what it holds.
pub(super) fn write_zeros(file: &File, len: u64) -> io::Result<Reservation> {
    const CHUNK_BYTES: usize = 8 << 20;
    let zeros = vec![0; CHUNK_BYTES];
    // What a file holds already stays.
    let end = file.metadata()?.len();
    for start in (end..len).step_by(CHUNK_BYTES) {
        let bytes = usize::try_from(len - start).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        file.write_all_at(&zeros[..bytes], start)?;
    }
    Ok(Reservation::Zeros)
}
