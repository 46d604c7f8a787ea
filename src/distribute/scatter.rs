//! [`scatter`]: portions of an array sent to all ranks.

use super::{partition::Partition, reader::ChunkReader};
use crate::comm::{Comm, Incoming, Outgoing, ROOT, collective};
use diff2d_arrays::npy::{ArrayFile, NpyError};
use diff2d_arrays::progress::Progress;
use sha2::{Digest, Sha256};
use std::mem;

/// What a rank is told before each chunk: that it follows, or that the file cannot be read on.
const CHUNK_FOLLOWS: [u8; 1] = [1];
const CANNOT_READ: [u8; 1] = [0];

/// What rank 0 scatters.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The array, as far as it holds data.
    pub array: &'a ArrayFile,
    /// The axis along which it is cut.
    pub axis: usize,
    /// Bytes of memory that a rank may use.
    pub memory: u64,
}

/// What every rank knows when all have their portions.
#[derive(Debug)]
pub struct Scattered {
    /// How the array was cut.
    pub partition: Partition,
    /// The SHA-256 of the bytes of each portion as rank 0 sent them.
    pub sent: Vec<[u8; 32]>,
}

/// Collective. Sends an array to all ranks, each its portion.
///
/// Rank 0 passes the `source`, or `None` if it has nothing to send; what other ranks pass is ignored.
/// `take` gets the bytes of this rank's portion, one chunk after another. Rank 0 adds the bytes sent to
/// `progress`. Returns `None` if not everything could be sent, for which rank 0 has the reason.
///
/// # Errors
/// [`NpyError`] on rank 0 when the file cannot be read.
pub fn scatter(
    comm: &impl Comm,
    source: Option<Source<'_>>,
    take: impl FnMut(&[u8]) + Send,
    progress: &Progress,
) -> Result<Option<Scattered>, NpyError> {
    let source = source.filter(|_| comm.is_root());
    let partition = source.map(
        |Source {
             array,
             axis,
             memory,
         }| { Partition::new(array.shape(), &array.npy, axis, comm.size(), memory) },
    );
    let Some(partition) = collective::from_root(comm, partition) else {
        return Ok(None);
    };
    let sent = match source {
        Some(source) => send(comm, &partition, source.array, take, progress),
        None => {
            receive(comm, &partition, take);
            Ok(Vec::new())
        }
    };
    // Without digests other ranks learn that rank 0 could not go on.
    let (sent, result) = match sent {
        Ok(sent) => (Some(sent), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let sent = collective::from_root(comm, sent);
    result.map(|()| sent.map(|sent| Scattered { partition, sent }))
}

/// Rank 0: reads all portions and sends them, rank after rank; their digests.
fn send(
    comm: &impl Comm,
    partition: &Partition,
    array: &ArrayFile,
    mut take: impl FnMut(&[u8]) + Send,
    progress: &Progress,
) -> Result<Vec<[u8; 32]>, NpyError> {
    let ranks = 0..comm.size();
    let chunks = |to| partition.chunks(to).map(move |region| (to, region));
    let mut reader = ChunkReader::new(array, partition, ranks.clone().flat_map(chunks));
    let mut hashes = vec![Sha256::new(); ranks.end];
    let (mut chunk, mut next_chunk) = (Vec::new(), Vec::new());
    let mut read = reader.next(&mut chunk);
    while let Some((to, result)) = read {
        if let Err(error) = result {
            // Ranks that have not got all of their portions wait for the next chunk.
            for to in to.max(ROOT + 1)..ranks.end {
                if partition.chunks(to).next().is_some() {
                    let bytes = &CANNOT_READ;
                    comm.exchange(&[Outgoing { to, bytes }], &mut [], || ());
                }
            }
            return Err(error);
        }
        let (hash, mut next) = (&mut hashes[to], None);
        let own = to == comm.rank();
        let mut meanwhile = || {
            let take_own = || {
                if own {
                    take(&chunk);
                }
            };
            let use_this = || rayon::join(|| hash.update(&chunk), take_own);
            (_, next) = rayon::join(use_this, || reader.next(&mut next_chunk));
        };
        if own {
            meanwhile();
        } else {
            let messages = [&CHUNK_FOLLOWS[..], &chunk].map(|bytes| Outgoing { to, bytes });
            comm.exchange(&messages, &mut [], meanwhile);
        }
        progress.add(chunk.len() as u64);
        mem::swap(&mut chunk, &mut next_chunk);
        read = next;
    }
    let digests = hashes.into_iter().map(|hash| hash.finalize().into());
    Ok(digests.collect())
}

/// Another rank: receives a chunk while the one before is taken.
fn receive(comm: &impl Comm, partition: &Partition, mut take: impl FnMut(&[u8])) {
    fn from_root<'a>(bytes: &'a mut [u8]) -> [Incoming<'a>; 1] {
        [Incoming { from: ROOT, bytes }]
    }
    let (mut chunk, mut last) = (Vec::new(), Vec::new());
    for region in partition.chunks(comm.rank()) {
        let mut announced = CANNOT_READ;
        comm.exchange(&[], &mut from_root(&mut announced), || ());
        if announced != CHUNK_FOLLOWS {
            return;
        }
        chunk.resize(partition.bytes(&region), 0);
        comm.exchange(&[], &mut from_root(&mut chunk), || take(&last));
        mem::swap(&mut chunk, &mut last);
    }
    take(&last);
}
