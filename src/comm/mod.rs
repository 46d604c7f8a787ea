//! Ranks: processes that share one grid, and the messages between them.
//!
//! | | |
//! |---|---|
//! | [`Comm`] | what a rank can do: exchange messages, gather, know its place |
//! | [`Solo`] | a process on its own |
//! | [`World`] | the processes that `mpirun` started (feature `mpi`), or a process on its own |
//! | [`Channels`] | ranks that are threads of one process, over a link as slow as one likes |
//! | [`Launch`] | what the launcher says before MPI is initialised |
//!
//! Messages carry no tags: both ends of a pair name theirs in the same order. A message has the
//! length that its receiver expects, and may be longer than the 2³¹ elements that MPI counts.

mod channels;
mod launch;
mod solo;

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(not(feature = "mpi"))]
#[path = "mpi_disabled.rs"]
mod mpi;

pub use channels::{Channels, Link};
pub use launch::Launch;
pub use mpi::World;
pub use solo::Solo;

use std::{cell::Cell, collections::BTreeSet};

/// A message to another rank.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// The rank that receives it.
    pub to: usize,
    /// What it says.
    pub bytes: &'a [u8],
}

/// Room for a message from another rank.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The rank that sends it.
    pub from: usize,
    /// Where it goes; exactly as long as the message.
    pub bytes: &'a mut [u8],
}

/// One of several processes that compute together, and its ways to the others.
///
/// Only one thread of a rank talks to others. A rank that fails without telling the others ends the
/// whole job: there is no error to return.
pub trait Comm {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// The name of the machine that this one runs on.
    fn host(&self) -> String;

    /// Starts to send and to receive, does `meanwhile`, and returns when all messages are there.
    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    );

    /// What every rank gives, in their order; returns when all have.
    fn gather_all(&self, bytes: &[u8]) -> Vec<Vec<u8>>;

    /// What has been sent so far, gathering not counted.
    fn traffic(&self) -> Traffic;

    /// Whether this is the rank that speaks for all.
    fn is_root(&self) -> bool {
        self.rank() == ROOT
    }

    /// The machines that the ranks run on, in the order of ranks.
    fn hosts(&self) -> Vec<String> {
        let names = self.gather_all(self.host().as_bytes());
        let name = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        names.into_iter().map(name).collect()
    }

    /// How many different machines those are.
    fn machines(&self) -> usize {
        self.hosts().into_iter().collect::<BTreeSet<_>>().len()
    }
}

/// The rank that speaks for all.
pub const ROOT: usize = 0;

/// Messages sent by a rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Counts messages on their way out.
#[derive(Debug, Default)]
struct Counter(Cell<Traffic>);

impl Counter {
    fn count(&self, outgoing: &[Outgoing<'_>]) {
        let mut traffic = self.0.get();
        for message in outgoing {
            traffic.messages += 1;
            traffic.bytes += message.bytes.len() as u64;
        }
        self.0.set(traffic);
    }
}

/// Why ranks could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum CommError {
    /// Started by a launcher, but not built for it.
    #[error(
        "this diff2d is built without MPI and was started as one of {ranks} ranks: build it with `cargo build --release --features mpi` (needs Open MPI or MPICH and libclang), or start it without mpirun"
    )]
    Disabled {
        /// How many the launcher started.
        ranks: usize,
    },
    /// The MPI library refuses.
    #[error("MPI cannot be initialised: {0}")]
    Initialise(String),
}
