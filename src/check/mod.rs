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
mod solved;
mod study;
mod table;
mod verdict;

pub use crate::accuracy::QuantityError;
pub use balance::Balance;
pub use estimate::Estimate;
pub use grids::SOME_SECONDS;
pub use study::{Level, Planned, Study};
pub use table::{CheckRow, table};

use crate::{dynamics::Halt, fault::Fault, params::ParamsError, physics::Unready, run::RunError};
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
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl CheckError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Params(error) => error.exit_code(),
            Self::Fault(fault) => fault.exit_code(),
            Self::Halt(_) => 1,
        }
    }

    /// The error of a request that cannot be checked.
    fn refused(sentence: impl Into<String>) -> Self {
        Fault::refused(sentence).into()
    }

    /// The error that there is too little memory.
    fn no_memory() -> Self {
        let sentence =
            "the finest grid of the check does not fit into memory; it fits with a larger dx";
        Fault::failed(sentence).into()
    }
}

impl From<io::Error> for CheckError {
    fn from(_: io::Error) -> Self {
        Self::no_memory()
    }
}

impl From<RunError> for CheckError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Halt(halt) => halt.into(),
            RunError::Params(error) => error.into(),
            RunError::Fault(fault) => fault.into(),
            error => Fault::failed(error.to_string()).into(),
        }
    }
}

impl From<Unready> for CheckError {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::Memory => Self::no_memory(),
            Unready::Input(error) => error.into(),
            Unready::Halt(halt) => halt.into(),
        }
    }
}
