//! The digest of a snapshot: the SHA-256 of the SHA-256 of its 4 MiB blocks.
//!
//! Any thread or rank may hash any block, in any order, without changing the digest.

use diff2d_arrays::wording::hex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufWriter, Write};

/// Bytes of a block; the last one of a snapshot is shorter.
pub const BLOCK: usize = 4 << 20;

/// The SHA-256 of one block.
pub type BlockDigest = [u8; 32];

/// Hashes one block.
#[must_use]
pub fn of_block(bytes: &[u8]) -> BlockDigest {
    Sha256::digest(bytes).into()
}

/// The digest of a snapshot in hexadecimal, from the digests of its blocks in order.
#[must_use]
pub fn of_blocks(blocks: &[BlockDigest]) -> String {
    let mut hash = Sha256::new();
    for block in blocks {
        hash.update(block);
    }
    hex(&hash.finalize())
}

/// The SHA-256 of a value's JSON form, in hexadecimal.
#[must_use]
pub fn of_json(value: &impl Serialize) -> String {
    struct Hashed(Sha256);
    impl Write for Hashed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut text = BufWriter::new(Hashed(Sha256::new()));
    let written = serde_json::to_writer(&mut text, value).map_err(io::Error::from);
    match written.and_then(|()| Ok(text.into_inner()?)) {
        Ok(Hashed(hash)) => hex(&hash.finalize()),
        Err(error) => unreachable!("a plain struct always has a JSON form: {error}"),
    }
}

/// The digest of a whole snapshot in memory.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    let blocks: Vec<_> = bytes.chunks(BLOCK).map(of_block).collect();
    of_blocks(&blocks)
}

/// Computes the digest of a snapshot whose bytes arrive in pieces.
#[derive(Debug, Default)]
pub struct Digester {
    /// The hash of the incomplete block, and the number of bytes hashed in it.
    block: Sha256,
    length: usize,
    digests: Vec<BlockDigest>,
}

impl Digester {
    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (block_part, remaining_bytes) =
                bytes.split_at(bytes.len().min(BLOCK - self.length));
            self.block.update(block_part);
            self.length += block_part.len();
            bytes = remaining_bytes;
            if self.length == BLOCK {
                self.end_block();
            }
        }
    }

    /// The digest of all bytes that were pushed.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.length > 0 {
            self.end_block();
        }
        of_blocks(&self.digests)
    }

    fn end_block(&mut self) {
        self.digests.push(self.block.finalize_reset().into());
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_that_come_in_pieces_have_the_digest_of_the_whole(
            pieces in prop::collection::vec(0_usize..9_000_000, 0..6), seed: u8,
        ) {
            let length = pieces.iter().sum::<usize>();
            // Of another length than blocks have, so that no two of these are alike.
            let pattern: Vec<u8> = (0..65_537).map(|i: u32| (i * 7) as u8 ^ seed).collect();
            let mut bytes = pattern.repeat(length / pattern.len() + 1);
            bytes.truncate(length);
            let mut digester = Digester::default();
            let mut rest = &bytes[..];
            for piece in pieces {
                let (now, later) = rest.split_at(piece);
                digester.push(now);
                rest = later;
            }
            prop_assert_eq!(digester.finish(), of_bytes(&bytes));
        }
    }
}
