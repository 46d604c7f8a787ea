//! Without the feature `mpi` there is one process.

use super::{error::CommError, launch::Launch, solo::Solo};

/// The only rank there is.
pub type World = Solo;

impl World {
    /// The only rank.
    ///
    /// # Errors
    /// [`CommError::Disabled`] when a launcher has started more than one.
    pub fn start() -> Result<Self, CommError> {
        match Launch::detect().size {
            0 | 1 => Ok(Self),
            ranks => Err(CommError::Disabled { ranks }),
        }
    }
}
