//! [`Comm`]: the operations of a rank.

use std::cell::Cell;

/// The rank that keeps the journal, prints and decides.
pub const ROOT: usize = 0;

/// A message to another rank.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// The receiving rank.
    pub to: usize,
    /// The content of the message.
    pub bytes: &'a [u8],
}

/// The buffer for a message from another rank.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The sending rank.
    pub from: usize,
    /// The buffer, which is exactly as long as the message.
    pub bytes: &'a mut [u8],
}

/// One of several processes that compute together, and its connections to the others.
///
/// Only one thread of a rank communicates. There are no communication errors to handle: a rank that
/// dies ends the whole job.
///
/// [`all_gather`](Self::all_gather) is *collective*: every rank must call it, in the same order among
/// the other collective operations. The functions of [`collective`](super::collective) are built on it.
pub trait Comm {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks.
    fn size(&self) -> usize;

    /// The name of the machine that this rank runs on.
    fn host(&self) -> String;

    /// Starts all sends and receives, calls `meanwhile`, and returns when all messages have arrived.
    ///
    /// Both ends of a pair list their messages in the same order.
    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    );

    /// Collective. Gathers the bytes that every rank passes, in the order of ranks; their lengths may differ.
    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>>;

    /// The messages sent so far by [`exchange`](Self::exchange).
    fn traffic(&self) -> Traffic;

    /// Whether this is rank 0.
    fn is_root(&self) -> bool {
        self.rank() == ROOT
    }
}

/// Messages sent by a rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Number of messages.
    pub messages: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// Counts messages as they are sent.
#[derive(Debug, Default)]
pub(super) struct Counter(Cell<Traffic>);

impl Counter {
    pub(super) fn count(&self, outgoing: &[Outgoing<'_>]) {
        let mut traffic = self.0.get();
        for message in outgoing {
            traffic.messages += 1;
            traffic.bytes += message.bytes.len() as u64;
        }
        self.0.set(traffic);
    }

    pub(super) fn sent(&self) -> Traffic {
        self.0.get()
    }
}
