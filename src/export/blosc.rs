//! The frame of Blosc around a shuffled and deflated chunk. Blosc is the only codec in every reader of Zarr that
//! separates the bytes of floats.
//!
//! Source: c-blosc, `README_CHUNK_FORMAT.rst`.

use super::storage::DEFLATE;
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Bytes of the header and of the offset of the only block.
const HEAD: usize = 16 + 4;
/// Largest number of bytes of a chunk, so that c-blosc takes it as one block.
pub(super) const MOST_BYTES: u64 = 512 << 20;

/// The description of the codec for Zarr, for elements of `width` bytes.
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

/// Compresses elements of `width` bytes. `shuffled` and `out` are overwritten.
///
/// # Errors
/// Never fails, because the output is in memory.
pub(super) fn compress<'a>(
    bytes: &[u8],
    width: usize,
    shuffled: &mut Vec<u8>,
    out: &'a mut Vec<u8>,
) -> io::Result<&'a [u8]> {
    /// The version of the format, and the version of zlib in the format.
    const VERSIONS: [u8; 2] = [2, 1];
    /// The flags: bytes are shuffled, the block is one stream, and its compressor is zlib.
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
        // A block that is as long as its elements is not compressed.
        out.truncate(HEAD + 4);
        out.extend_from_slice(shuffled);
    }
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
    for (field, length) in out[4..].chunks_exact_mut(4).zip(lengths) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        field.copy_from_slice(&length.to_le_bytes());
    }
    Ok(out)
}
