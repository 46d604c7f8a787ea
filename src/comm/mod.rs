//! Ranks: processes that share one grid, and the messages between them.
//!
//! | | |
//! |---|---|
//! | [`Comm`] | the operations of a rank: exchange messages, gather, return its number |
//! | [`collective`] | operations that all ranks take part in |
//! | [`Topology`] | which ranks share a machine and its processors |
//! | [`Solo`] | a process on its own |
//! | [`World`] | the processes that `mpirun` started (feature `mpi`), or a process on its own |
//! | [`Channels`] | ranks that are threads of one process, connected with a chosen latency |
//! | [`Launch`] | the process's rank according to its launcher, known before MPI is initialised |
//!
//! Messages carry no tags: both ends of a pair list their messages in the same order. A message has the length that its
//! receiver expects, which may exceed the 2³¹ elements that one MPI call can count.

mod channels;
pub mod collective;
mod error;
mod interface;
mod launch;
mod solo;
mod topology;

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(not(feature = "mpi"))]
#[path = "mpi_disabled.rs"]
mod mpi;

/// Whether this build can connect ranks under `mpirun`.
pub const HAS_MPI: bool = cfg!(feature = "mpi");

pub use channels::{Channels, Link};
pub use error::{CommError, Elsewhere};
pub use interface::{Comm, Incoming, Outgoing, ROOT, Traffic};
pub use launch::Launch;
pub use mpi::World;
pub use solo::Solo;
pub use topology::Topology;
