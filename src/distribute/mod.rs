//! An array distributed to ranks: rank 0 reads it and sends each rank its portion.
//!
//! Portions are those of `numpy.array_split` along one axis: as equal as possible, the longer ones first,
//! empty ones where there are more ranks than indices. Their bytes are the elements in C order and in the
//! file's byte order, `array_split(a, K, axis)[r].tobytes()`. They are read and sent a chunk at a time, so
//! that neither the array nor a portion has to fit into memory:
//!
//! ```text
//! rank 0         read 1 │ send 1, hash 1, read 2 │ send 2, hash 2, read 3 │ …
//! another rank          │ receive 1              │ receive 2, use 1       │ …
//! ```

mod chunk;
mod partition;

use crate::comm::{Comm, Incoming, Outgoing, ROOT, collective};
use diff2d_arrays::{
    npy::{ArrayFile, NpyError},
    progress::Progress,
    wording::hex,
};
use partition::Partition;
use sha2::{Digest, Sha256};
use std::{iter, mem};

/// The last byte of a message behind a chunk: whether it could be read.
const IS_READ: u8 = 1;
const CANNOT_BE_READ: u8 = 0;

/// What rank 0 scatters.
#[derive(Debug, Clone, Copy)]
pub struct ScatterSource<'a> {
    /// The array, as far as it holds data.
    pub array: &'a ArrayFile,
    /// The axis along which it is cut.
    pub axis: usize,
    /// Bytes of memory that a rank may use.
    pub memory: u64,
}

/// What became of one rank's portion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its shape.
    pub shape: Vec<u64>,
    /// The SHA-256 of its bytes as rank 0 sent them, in hexadecimal.
    pub sent: String,
    /// The SHA-256 of its bytes as the rank received them, in hexadecimal.
    pub arrived: String,
}

impl Delivery {
    /// Whether what arrived is what was sent.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.sent == self.arrived
    }
}

/// Collective. Sends an array to all ranks, each its portion; what became of every portion, in the order of
/// ranks, known to all.
///
/// Rank 0 passes the `source`, or `None` if it has nothing to send; what other ranks pass is ignored.
/// `take` gets the bytes of this rank's portion, one chunk after another. Rank 0 adds the bytes sent to
/// `progress`. Returns `None` if not everything could be sent, for which rank 0 has the reason.
///
/// # Errors
/// [`NpyError`] on rank 0 when the file cannot be read.
pub fn scatter(
    comm: &impl Comm,
    source: Option<ScatterSource<'_>>,
    mut take: impl FnMut(&[u8]) + Send,
    progress: &Progress,
) -> Result<Option<Vec<Delivery>>, NpyError> {
    let source = source.filter(|_| comm.is_root());
    let partition = source.map(|source| {
        let ScatterSource {
            array,
            axis,
            memory,
        } = source;
        Partition::new(array, axis, comm.size(), memory)
    });
    let Some(partition) = collective::from_root(comm, partition) else {
        return Ok(None);
    };
    let mut arrived = Sha256::new();
    let take = |bytes: &[u8]| {
        arrived.update(bytes);
        take(bytes);
    };
    let sent = match source {
        Some(source) => send(comm, &partition, source.array, take, progress).map(Some),
        None => {
            receive(comm, &partition, take);
            Ok(None)
        }
    };
    // Without digests other ranks learn that rank 0 could not go on.
    let (sent, read) = match sent {
        Ok(sent) => (sent, Ok(())),
        Err(error) => (None, Err(error)),
    };
    let sent = collective::from_root(comm, sent);
    read?;
    let Some(sent) = sent else { return Ok(None) };
    let arrived = collective::all_gather(comm, hex(&arrived.finalize()));
    let deliveries = sent.into_iter().zip(arrived).enumerate();
    let deliveries = deliveries.map(|(rank, (sent, arrived))| Delivery {
        shape: partition.shape(rank),
        sent,
        arrived,
    });
    Ok(Some(deliveries.collect()))
}

/// Rank 0: reads all portions and sends them, rank after rank; their digests.
fn send(
    comm: &impl Comm,
    partition: &Partition,
    array: &ArrayFile,
    mut take: impl FnMut(&[u8]) + Send,
    progress: &Progress,
) -> Result<Vec<String>, NpyError> {
    let ranks = 0..comm.size();
    let chunks = |to| {
        let cut = partition.chunks(to);
        (0..cut.count()).map(move |number| (to, cut.get(number)))
    };
    let mut chunks = ranks.clone().flat_map(chunks);
    let mut in_file_order = Vec::new();
    let mut read_next = |chunk: &mut Vec<u8>| {
        let (to, region) = chunks.next()?;
        let bytes = partition.bytes(&region);
        chunk.resize(bytes + 1, 0);
        chunk[bytes] = IS_READ;
        let read = chunk::read(array, &region, &mut chunk[..bytes], &mut in_file_order);
        Some((to, read))
    };
    let mut hashes = vec![Sha256::new(); ranks.end];
    let (mut message, mut next_message) = (Vec::new(), Vec::new());
    let mut read = read_next(&mut message);
    while let Some((to, result)) = read {
        if let Err(error) = result {
            // Ranks that have not got all of their portions wait for the next chunk.
            let first = |to| {
                Some((
                    to,
                    partition.bytes(&partition.chunks(to).iter().next()?) + 1,
                ))
            };
            let later = (to + 1..ranks.end).filter_map(first);
            let waiting = iter::once((to, message.len())).chain(later);
            for (to, length) in waiting.filter(|&(to, _)| to != ROOT) {
                let bytes = &vec![CANNOT_BE_READ; length];
                comm.exchange(&[Outgoing { to, bytes }], &mut [], || ());
            }
            return Err(error);
        }
        let (hash, mut next) = (&mut hashes[to], None);
        let chunk = &message[..message.len() - 1];
        let is_own = to == comm.rank();
        let mut meanwhile = || {
            let take_own = || {
                if is_own {
                    take(chunk);
                }
            };
            let use_this = || rayon::join(|| hash.update(chunk), take_own);
            (_, next) = rayon::join(use_this, || read_next(&mut next_message));
        };
        if is_own {
            meanwhile();
        } else {
            let bytes = &message;
            comm.exchange(&[Outgoing { to, bytes }], &mut [], meanwhile);
        }
        progress.add(chunk.len() as u64);
        mem::swap(&mut message, &mut next_message);
        read = next;
    }
    let digests = hashes.into_iter().map(|hash| hex(&hash.finalize()));
    Ok(digests.collect())
}

/// Another rank: receives a chunk while the one before is taken.
fn receive(comm: &impl Comm, partition: &Partition, mut take: impl FnMut(&[u8])) {
    let (mut chunk, mut last) = (Vec::new(), Vec::new());
    for region in partition.chunks(comm.rank()).iter() {
        chunk.resize(partition.bytes(&region) + 1, 0);
        let (from, bytes) = (ROOT, &mut chunk[..]);
        comm.exchange(&[], &mut [Incoming { from, bytes }], || take(&last));
        if chunk.pop() != Some(IS_READ) {
            return;
        }
        mem::swap(&mut chunk, &mut last);
    }
    take(&last);
}
