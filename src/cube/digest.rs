//! The digest of a snapshot: the SHA-256 of the SHA-256 of its 4 MiB blocks.
//!
//! Blocks can be hashed by anyone in any order; the digest does not depend on who did.

use sha2::{Digest as _, Sha256};

/// Bytes of a block; the last one of a snapshot is shorter.
pub const BLOCK: usize = 4 << 20;

/// The SHA-256 of one block.
pub type BlockDigest = [u8; 32];

/// Hashes one block.
#[must_use]
pub fn of_block(bytes: &[u8]) -> BlockDigest {
    Sha256::digest(bytes).into()
}

/// The digest of a snapshot from those of its blocks in order, in hexadecimal.
#[must_use]
pub fn of_blocks(blocks: &[BlockDigest]) -> String {
    let mut hash = Sha256::new();
    for block in blocks {
        hash.update(block);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The digest of a whole snapshot in memory.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    let blocks: Vec<_> = bytes.chunks(BLOCK).map(of_block).collect();
    of_blocks(&blocks)
}
