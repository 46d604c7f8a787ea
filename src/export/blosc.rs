//! The frame of Blosc around a chunk that is shuffled and deflated: of the codecs of Zarr that every reader has,
//! the one that takes the bytes of floats apart.
//!
//! Source: c-blosc, `README_CHUNK_FORMAT.rst`.

use super::storage::DEFLATE;
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Bytes of the header and of the place of the only block.
const HEAD: usize = 16 + 4;
/// Of a chunk at most, so that c-blosc takes it as one block.
pub(super) const MOST_BYTES: u64 = 512 << 20;

/// What Zarr is told of elements of so many bytes.
pub(super) fn codec(width: usize) -> Value {
    json!({
        "name": "blosc",
        "configuration": {
            "cname": "zlib",
            "clevel": DEFLATE,
            "shuffle": "shuffle",
            "typesize": width,
            "blocksize": 0,
        },
    })
}

/// Compresses elements of so many bytes. `shuffled` and `out` are written over.
///
/// # Errors
/// None in memory.
pub(super) fn compress<'a>(
    bytes: &[u8],
    width: usize,
    shuffled: &mut Vec<u8>,
    out: &'a mut Vec<u8>,
) -> io::Result<&'a [u8]> {
    /// Of the format, and of zlib within it.
    const VERSIONS: [u8; 2] = [2, 1];
    /// Bytes are shuffled; the block is one stream; its compressor is zlib.
    const FLAGS: u8 = 0x01 | 0x10 | 3 << 5;
    shuffled.clear();
    for place in 0..width {
        shuffled.extend(bytes.iter().skip(place).step_by(width));
    }
    out.clear();
    out.resize(HEAD + 4, 0);
    let mut encoder = ZlibEncoder::new(&mut *out, Compression::new(DEFLATE.into()));
    encoder.write_all(shuffled)?;
    encoder.finish()?;
    if out.len() - HEAD - 4 >= bytes.len() {
        // A block of its own length is not compressed.
        out.truncate(HEAD + 4);
        out.extend_from_slice(shuffled);
    }
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    out[..2].copy_from_slice(&VERSIONS);
    out[2] = FLAGS;
    out[3] = u8::try_from(width).unwrap_or(u8::MAX);
    let lengths = [
        bytes.len(),
        bytes.len(),
        out.len(),
        HEAD,
        out.len() - HEAD - 4,
    ];
    for (to, length) in out[4..].chunks_exact_mut(4).zip(lengths) {
        to.copy_from_slice(&number(length));
    }
    Ok(out)
}
