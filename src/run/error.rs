//! Errors of a run.

use crate::{
    comm::Elsewhere, cube::CubeError, dynamics::Halt, fault::Fault, params::ParamsError,
    physics::Unready,
};
use diff2d_arrays::wording::bytes;
use diff2d_sys as sys;
use std::fmt;

/// The reason why a run failed. Committed snapshots stay committed. Callers distinguish its variants; any other fault is a [`Fault`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentences say what the fields hold")]
pub enum RunError {
    /// The files of the run cannot be used.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// A file that the parameters name can no longer be read.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The state, a wall or a source has a value with which the run cannot go on.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The limit of memory is below the least that a state in bands needs.
    #[error(
        "memory is limited to {}, but advancing this grid a few rows at a time takes {}: allow that much with --memory",
        bytes(*memory), bytes(*needed)
    )]
    Cap { needed: u64, memory: u64 },
    /// The state is larger than its memory limit, and cannot be in bands.
    #[error(
        "the run needs {} of memory, but may take only {}: {why}",
        bytes(*needed), bytes(*memory)
    )]
    NotInBands {
        needed: u64,
        memory: u64,
        why: String,
    },
    /// Steps were given up half way because the run is to stop. The state is the one before these steps.
    #[error("the steps were given up half way")]
    GivenUp,
    /// Ranks were started with different runs; the first rank that differs from rank 0 is named.
    #[error(
        "rank {rank} was started with other parameters or options than rank 0: all ranks of a run take the same"
    )]
    Disagree { rank: usize },
    /// Machines do not see each other's writes through a memory map.
    #[error(
        "ranks on several machines cannot write through a memory map, in which machines overwrite each other's data: use --io write or --io single"
    )]
    MapAcrossMachines,
    /// Another rank has failed and reports the reason.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
}

impl From<getrandom::Error> for RunError {
    fn from(error: getrandom::Error) -> Self {
        Fault::failed(format!(
            "the system gives no random numbers for the run id: {error}"
        ))
        .into()
    }
}

impl RunError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Cube(error) => error.exit_code(),
            Self::Params(error) => error.exit_code(),
            Self::Fault(fault) => fault.exit_code(),
            Self::Disagree { .. } | Self::MapAcrossMachines => 2,
            Self::Halt(_)
            | Self::Cap { .. }
            | Self::NotInBands { .. }
            | Self::GivenUp
            | Self::Elsewhere(_) => 1,
        }
    }

    /// The error of coefficients or sources that are not available; `needed` is the memory of the run.
    #[must_use]
    pub fn unready(unready: Unready, needed: u64) -> Self {
        match unready {
            Unready::Memory => Self::no_memory(needed),
            Unready::Input(error) => error.into(),
            Unready::Halt(halt) => halt.into(),
        }
    }

    /// The error that fields need more bytes than this machine has, or than the system gives to the process.
    #[must_use]
    pub fn no_memory(needed: u64) -> Self {
        let needed_text = bytes(needed);
        let sentence = match sys::available_memory() {
            Some(available) if available >= needed => format!(
                "the system refuses the run {needed_text} of memory for its fields and buffers, though {} are available: `ulimit -v` shows whether a limit is set",
                bytes(available)
            ),
            available => format!(
                "the run needs {needed_text} of memory for its fields and buffers, but {} are available: a larger dx or precision = \"f32\" needs less, and with --memory a state that is larger passes through memory in bands",
                available.map_or_else(|| "fewer bytes".to_owned(), bytes)
            ),
        };
        Fault::failed(sentence).into()
    }

    /// The error that the system refuses threads.
    pub(crate) fn no_threads(error: impl fmt::Display) -> Self {
        Fault::failed(format!("the system refuses threads: {error}")).into()
    }
}
