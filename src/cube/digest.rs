//! The digest of a snapshot: the SHA-256 of the SHA-256 of its 4 MiB blocks.
//!
//! Any thread or rank may hash a block, in any order: the digest is the same.

use diff2d_arrays::wording::hex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufWriter, Write};

/// Bytes of a block; the last one of a snapshot is shorter.
pub const BLOCK: usize = 4 << 20;

/// The SHA-256 of one block.
pub type BlockDigest = [u8; 32];

/// Number of blocks hashed together, in little more than half the time of one after the other: within a
/// block each SHA-256 instruction waits for the one before, between blocks none does.
pub const TOGETHER: usize = 4;

/// Hashes one block.
#[must_use]
pub fn of_block(bytes: &[u8]) -> BlockDigest {
    Sha256::digest(bytes).into()
}

/// Hashes each of several blocks.
#[must_use]
pub fn of_each(blocks: &[&[u8]]) -> Vec<BlockDigest> {
    blocks.iter().map(|block| of_block(block)).collect()
}

/// The digest of a snapshot from those of its blocks in order, in hexadecimal.
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
    let blocks: Vec<_> = bytes.chunks(BLOCK).collect();
    of_blocks(&of_each(&blocks))
}

/// The digest of a snapshot whose bytes come a few at a time.
#[derive(Debug, Default)]
pub struct Digester {
    /// Bytes of blocks that are not whole, or not yet enough to be hashed together.
    held: Vec<u8>,
    digests: Vec<BlockDigest>,
}

impl Digester {
    /// Bytes of memory that it takes.
    pub const MEMORY: usize = TOGETHER * BLOCK;

    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(TOGETHER * BLOCK - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
            if self.held.len() == TOGETHER * BLOCK {
                self.hash_held();
            }
        }
    }

    /// The digest of all bytes.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.hash_held();
        of_blocks(&self.digests)
    }

    fn hash_held(&mut self) {
        let blocks: Vec<_> = self.held.chunks(BLOCK).collect();
        self.digests.extend(of_each(&blocks));
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_hashed_together_have_the_digests_of_blocks_hashed_alone(
            lengths in prop::collection::vec(prop_oneof![0_usize..200, 0_usize..10_000], 0..40),
            seed: u8,
        ) {
            let blocks: Vec<Vec<u8>> = lengths.iter().enumerate()
                .map(|(k, &length)| (0..length).map(|i| (i * i + 31 * k) as u8 ^ seed).collect())
                .collect();
            let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            let alone: Vec<BlockDigest> = blocks.iter().map(|block| of_block(block)).collect();
            prop_assert_eq!(of_each(&blocks), alone);
        }

        #[test]
        fn bytes_that_come_in_pieces_have_the_digest_of_the_whole(
            pieces in prop::collection::vec(0_usize..9_000_000, 0..6), seed: u8,
        ) {
            let length = pieces.iter().sum();
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7) as u8 ^ seed).collect();
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
