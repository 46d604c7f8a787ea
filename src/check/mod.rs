//! Whether the answer is right: the solver against exact solutions, and a user's problem on three
//! spacings.
//!
//! [`table`] solves small problems whose exact solution is known, for every kind of wall and material, and
//! measures errors and orders. [`Study`] solves one problem on three grids, each twice as fine as the one
//! before, and estimates from their differences how far the user's own result is from the exact one.

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
mod study;
mod table;
mod verdict;

pub use balance::Balance;
pub use estimate::Estimate;
pub(crate) use grids::{Ladder, SOME_SECONDS};
pub use study::{Level, Planned, Study};
pub use table::{CheckRow, table};

use crate::{dynamics::Halt, params::ParamsError, physics::Unready};
use diff2d_arrays::wording::bytes;
use std::io;

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Parameters that cannot be used, or not on another grid.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A state, a wall or a source with which steps cannot go on.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// Too little memory.
    #[error("the finest grid of the check does not fit into memory; it fits with a larger dx")]
    Memory,
    /// More memory than the parameters allow.
    #[error(
        "the finest grid of the check needs {} of memory, and the parameters allow memory = {}: it fits with a larger dx, or with more memory",
        bytes(*needed), bytes(*memory)
    )]
    Limit {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        memory: u64,
    },
    /// Something that cannot be checked.
    #[error("{0}")]
    Request(String),
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
