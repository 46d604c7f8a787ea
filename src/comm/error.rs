//! Errors of ranks.

/// The reason why ranks could not be set up.
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
    /// The MPI library reports an error.
    #[error("MPI cannot be initialised: {0}")]
    Initialise(String),
    /// The ranks of a job carry out different commands, or are different versions.
    #[error(
        "rank {rank} was started with another command, or is another version, than rank 0: all ranks of a job carry out the same command of the same diff2d"
    )]
    OtherCommand {
        /// The first rank that differs from rank 0.
        rank: usize,
    },
}

/// Another rank has failed and reports the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another rank has failed")]
pub struct Elsewhere;
