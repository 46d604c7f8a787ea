//! The process of a build without the feature `mpi`, which is always alone.

use super::{error::CommError, launch::Launch, solo::Solo};

/// The only rank of a build without MPI.
pub type World = Solo;

impl World {
    /// The only rank.
    ///
    /// # Errors
    /// [`CommError::Disabled`] if a launcher has started more than one.
    pub fn start() -> Result<Self, CommError> {
        match Launch::detect().size {
            0 | 1 => Ok(Self),
            ranks => Err(CommError::Disabled { ranks }),
        }
    }
}
