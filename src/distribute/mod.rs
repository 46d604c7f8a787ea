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
    npy::{ArrayFile, NpyError, Region},
    progress::Progress,
    wording::hex,
};
use partition::Partition;
use sha2::{Digest, Sha256};
use std::{iter, mem};

/// The last byte of a message, behind its chunk: whether the chunk could be read.
const IS_READ: u8 = 1;
const CANNOT_BE_READ: u8 = 0;

/// The array that rank 0 scatters.
#[derive(Debug, Clone, Copy)]
pub struct ScatterSource<'a> {
    /// The array. Only its part with data is sent.
    pub array: &'a ArrayFile,
    /// The axis along which it is cut.
    pub axis: usize,
    /// Bytes of memory that a rank may use.
    pub memory: u64,
}

/// The result of sending one rank's portion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The shape of the portion.
    pub shape: Vec<u64>,
    /// The SHA-256 of the bytes that rank 0 sent, in hexadecimal.
    pub sent: String,
    /// The SHA-256 of the bytes that the rank received, in hexadecimal.
    pub arrived: String,
}

impl Delivery {
    /// Whether the rank received what was sent.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.sent == self.arrived
    }
}

/// Sends an array to all ranks, each its portion. Returns on every rank the results for all portions, in the order of
/// ranks. Collective.
///
/// Rank 0 passes the `source`, or `None` if it has nothing to send; the sources of other ranks are ignored. `take` gets
/// the bytes of this rank's portion, chunk by chunk. Rank 0 adds the bytes sent to `progress`. Returns `None` if not
/// everything could be sent; rank 0 reports the reason.
///
/// # Errors
/// [`NpyError`] on rank 0 if the file cannot be read.
pub fn scatter(
    comm: &impl Comm,
    source: Option<ScatterSource<'_>>,
    take: impl FnMut(&[u8]) + Send,
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
    let mut portion = Portion {
        hash: Sha256::new(),
        take,
    };
    let sent_digests = match source {
        Some(source) => send(comm, &partition, source.array, &mut portion, progress).map(Some),
        None => {
            receive(comm, &partition, &mut portion);
            Ok(None)
        }
    };
    // Without digests other ranks learn that rank 0 could not go on.
    let (sent_digests, result) = match sent_digests {
        Ok(digests) => (digests, Ok(())),
        Err(error) => (None, Err(error)),
    };
    let sent_digests = collective::from_root(comm, sent_digests);
    result?;
    let Some(sent_digests) = sent_digests else {
        return Ok(None);
    };
    let arrived_digests = collective::all_gather(comm, hex(&portion.hash.finalize()));
    let deliveries = sent_digests.into_iter().zip(arrived_digests).enumerate();
    let deliveries = deliveries.map(|(rank, (sent, arrived))| Delivery {
        shape: partition.shape(rank),
        sent,
        arrived,
    });
    Ok(Some(deliveries.collect()))
}

/// The portion of this rank while it arrives. Every chunk is hashed and handed on.
struct Portion<F> {
    hash: Sha256,
    take: F,
}

impl<F: FnMut(&[u8])> Portion<F> {
    fn take(&mut self, chunk: &[u8]) {
        self.hash.update(chunk);
        (self.take)(chunk);
    }
}

/// Reads all portions on rank 0 and sends them, rank after rank. Returns the digests of the portions.
fn send(
    comm: &impl Comm,
    partition: &Partition,
    array: &ArrayFile,
    portion: &mut Portion<impl FnMut(&[u8]) + Send>,
    progress: &Progress,
) -> Result<Vec<String>, NpyError> {
    let mut reader = ChunkReader {
        array,
        partition,
        ranks: comm.size(),
        rank: 0,
        number: 0,
        in_file_order: Vec::new(),
    };
    let mut hashes = vec![Sha256::new(); comm.size()];
    let (mut message, mut next_message) = (Vec::new(), Vec::new());
    let mut current_read = reader.read_next(&mut message);
    while let Some((rank, read_result)) = current_read {
        if let Err(error) = read_result {
            stop_waiting_ranks(comm, partition, rank, message.len());
            return Err(error);
        }
        let hash = &mut hashes[rank];
        let chunk = &message[..message.len() - 1];
        let is_own = rank == comm.rank();
        let message_to_rank = [Outgoing {
            to: rank,
            bytes: &message,
        }];
        let outgoing: &[Outgoing<'_>] = if is_own { &[] } else { &message_to_rank };
        let mut next_read = None;
        comm.exchange(outgoing, &mut [], || {
            let (_, chunk_read) = rayon::join(
                || {
                    rayon::join(
                        || hash.update(chunk),
                        || {
                            if is_own {
                                portion.take(chunk);
                            }
                        },
                    )
                },
                || reader.read_next(&mut next_message),
            );
            next_read = chunk_read;
        });
        progress.add(chunk.len() as u64);
        mem::swap(&mut message, &mut next_message);
        current_read = next_read;
    }
    let digests = hashes.into_iter().map(|hash| hex(&hash.finalize()));
    Ok(digests.collect())
}

/// Reads the chunks of all portions, one after another.
struct ChunkReader<'a> {
    array: &'a ArrayFile,
    partition: &'a Partition,
    ranks: usize,
    /// The rank of the next chunk.
    rank: usize,
    /// The number of the next chunk in the portion of its rank.
    number: u64,
    in_file_order: Vec<u8>,
}

impl ChunkReader<'_> {
    /// Reads the next chunk as a message to its rank; `None` after the last one.
    fn read_next(&mut self, message: &mut Vec<u8>) -> Option<(usize, Result<(), NpyError>)> {
        let (rank, region) = self.next_region()?;
        let bytes = self.partition.bytes(&region);
        message.resize(bytes + 1, 0);
        message[bytes] = IS_READ;
        let result = chunk::read(
            self.array,
            &region,
            &mut message[..bytes],
            &mut self.in_file_order,
        );
        Some((rank, result))
    }

    fn next_region(&mut self) -> Option<(usize, Region)> {
        while self.rank < self.ranks {
            let chunks = self.partition.chunks(self.rank);
            if self.number < chunks.count() {
                let region = chunks.get(self.number);
                self.number += 1;
                return Some((self.rank, region));
            }
            self.rank += 1;
            self.number = 0;
        }
        None
    }
}

/// Tells the ranks that wait for their next chunk that it cannot be read: `rank`, whose message has `length` bytes, and
/// all ranks after it.
fn stop_waiting_ranks(comm: &impl Comm, partition: &Partition, rank: usize, length: usize) {
    let later_ranks = (rank + 1..comm.size()).filter_map(|rank| {
        let region = partition.chunks(rank).iter().next()?;
        Some((rank, partition.bytes(&region) + 1))
    });
    for (to, length) in iter::once((rank, length)).chain(later_ranks) {
        if to != ROOT {
            let bytes = &vec![CANNOT_BE_READ; length];
            comm.exchange(&[Outgoing { to, bytes }], &mut [], || ());
        }
    }
}

/// Receives the portion of a rank other than 0. A chunk is processed while the next one is received.
fn receive(comm: &impl Comm, partition: &Partition, portion: &mut Portion<impl FnMut(&[u8])>) {
    let (mut chunk, mut previous_chunk) = (Vec::new(), Vec::new());
    for region in partition.chunks(comm.rank()).iter() {
        chunk.resize(partition.bytes(&region) + 1, 0);
        let incoming = Incoming {
            from: ROOT,
            bytes: &mut chunk[..],
        };
        comm.exchange(&[], &mut [incoming], || portion.take(&previous_chunk));
        if chunk.pop() != Some(IS_READ) {
            return;
        }
        mem::swap(&mut chunk, &mut previous_chunk);
    }
    portion.take(&previous_chunk);
}
