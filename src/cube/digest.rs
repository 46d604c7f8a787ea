//! The digest of a snapshot: the SHA-256 of the SHA-256 of its 4 MiB blocks.
//!
//! Any thread or rank may hash any block, in any order, without changing the digest.

use diff2d_arrays::wording::hex;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufWriter, Write};

/// Bytes of a block; the last one of a snapshot is shorter.
pub const BLOCK: usize = 4 << 20;

/// The SHA-256 of one block.
pub type BlockDigest = [u8; 32];

/// Hashes one block.
pub fn of_block(bytes: &[u8]) -> BlockDigest {
    Sha256::digest(bytes).into()
}

/// The digest of a snapshot in hexadecimal, from the digests of its blocks in order.
pub fn of_blocks(blocks: &[BlockDigest]) -> String {
    let mut hash = Sha256::new();
    for block in blocks {
        hash.update(block);
    }
    hex(&hash.finalize())
}

/// The SHA-256 of a value's JSON form, in hexadecimal.
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
pub fn of_bytes(bytes: &[u8]) -> String {
    let blocks: Vec<_> = bytes.chunks(BLOCK).map(of_block).collect();
    of_blocks(&blocks)
}

/// Computes the digest of a snapshot, or of a file, whose bytes arrive in pieces.
#[derive(Debug, Clone, Default)]
pub struct Digester {
    /// The hash of the incomplete block, and the number of bytes hashed in it.
    block: Sha256,
    length: usize,
    digests: Vec<BlockDigest>,
}

impl Digester {
    /// Takes the next bytes. Blocks that lie in them as a whole are hashed in parallel.
    pub fn push(&mut self, bytes: &[u8]) {
        let missing_bytes = (BLOCK - self.length) % BLOCK;
        let (end_of_block, following) = bytes.split_at(bytes.len().min(missing_bytes));
        self.push_within_block(end_of_block);
        let (whole_blocks, beginning) = following.split_at(following.len() / BLOCK * BLOCK);
        if !whole_blocks.is_empty() {
            let digests = whole_blocks.par_chunks_exact(BLOCK).map(of_block);
            self.digests.par_extend(digests);
        }
        self.push_within_block(beginning);
    }

    /// Takes bytes of which none lies behind the present block.
    fn push_within_block(&mut self, bytes: &[u8]) {
        self.block.update(bytes);
        self.length += bytes.len();
        if self.length == BLOCK {
            self.end_block();
        }
    }

    /// The digest of all bytes that were pushed.
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
        // A case hashes some 22 MB.
        #![proptest_config(ProptestConfig::with_cases(64))]

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
