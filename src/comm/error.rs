//! Errors of ranks.

/// Why ranks could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommError {
    /// Started by a launcher, but built without MPI.
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
    /// Ranks of one job carry out different commands, or are different versions.
    #[error(
        "rank {rank} was started with another command, or is another version, than rank 0: all ranks of a job carry out the same command of the same diff2d"
    )]
    OtherCommand {
        /// The first that differs.
        rank: usize,
    },
}

/// Another rank has failed, and reports why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another rank has failed")]
pub struct Elsewhere;
