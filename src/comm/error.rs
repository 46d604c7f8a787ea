//! Errors of ranks.

use crate::fault::Fault;

/// The reason why ranks could not be set up. Callers distinguish its variants; any other fault is a [`Fault`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommError {
    /// A launcher has started several processes of a build without MPI.
    #[error(
        "this diff2d is built without MPI and was started as one of {ranks} ranks: build it with `cargo build --release --features mpi` (needs Open MPI or MPICH and libclang), or start it without mpirun"
    )]
    Disabled {
        /// The number of ranks that the launcher started.
        ranks: usize,
    },
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Another rank has failed and reports the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another rank has failed")]
pub struct Elsewhere;
