//! Checks the accuracy of results: the solver against exact solutions, and a user's problem on three grids.
//!
//! [`table`] solves small problems whose exact solution is known, for every kind of wall and material, and measures
//! errors and orders. [`Study`] solves one problem on three grids, each twice as fine as the one before, and estimates
//! from their differences the error of the user's own result.

mod balance;
mod estimate;
mod exact;
mod grids;
mod interpolate;
mod jumps;
mod maximum;
mod own_run;
mod rates;
mod run_end;
mod scatter;
mod solve;
mod steepness;
mod study;
mod table;
mod verdict;

pub use balance::Balance;
pub use estimate::Estimate;
pub(crate) use grids::Ladder;
pub use grids::SOME_SECONDS;
pub use study::{Level, Planned, Study};
pub use table::{CheckRow, table};

use crate::{dynamics::Halt, params::ParamsError, physics::Unready};
use diff2d_arrays::wording::bytes;
use std::io;

/// The reason why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The parameters cannot be used, or not on another grid.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The state, a wall or a source has a value with which steps cannot go on.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// There is too little memory.
    #[error("the finest grid of the check does not fit into memory; it fits with a larger dx")]
    Memory,
    /// The check needs more memory than the parameters allow.
    #[error(
        "the finest grid of the check needs {} of memory, and the parameters allow memory = {}: it fits with a larger dx, or with more memory",
        bytes(*needed), bytes(*memory)
    )]
    Limit {
        /// The bytes that are needed.
        needed: u64,
        /// The bytes that are allowed.
        memory: u64,
    },
    /// The request cannot be checked.
    #[error("{0}")]
    Request(String),
}

impl CheckError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Params(error) => error.exit_code(),
            Self::Request(_) => 2,
            Self::Memory | Self::Limit { .. } | Self::Halt(_) => 1,
        }
    }
}

impl From<io::Error> for CheckError {
    fn from(_: io::Error) -> Self {
        Self::Memory
    }
}

impl From<Unready> for CheckError {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::Memory => Self::Memory,
            Unready::Input(error) => error.into(),
            Unready::Halt(halt) => halt.into(),
        }
    }
}
