//! Errors of a run.

use crate::{
    comm::Elsewhere, cube::CubeError, dynamics::Halt, params::ParamsError, physics::Unready,
};
use diff2d_arrays::wording::bytes;
use diff2d_sys as sys;
use std::path::PathBuf;

/// The reason why a run failed. Committed snapshots stay committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// A scenario of a sweep cannot go on.
    #[error("scenario {number}: {halt}")]
    Scenario {
        /// The number of the scenario.
        number: usize,
        /// The reason.
        halt: Halt,
    },
    /// Fields and buffers do not fit into memory.
    #[error(
        "the run needs {} of memory for its fields and buffers, but {available} are available: a larger dx or precision = \"f32\" needs less, and with --memory a state that is larger passes through memory in bands",
        bytes(*needed)
    )]
    Memory {
        /// The bytes that are needed.
        needed: u64,
        /// The bytes that are available, in words.
        available: String,
    },
    /// The limit of memory is below the least that a state in bands needs.
    #[error(
        "memory is limited to {}, but advancing this grid a few rows at a time takes {}: allow that much with --memory",
        bytes(*memory), bytes(*needed)
    )]
    Cap {
        /// The least number of bytes that is needed.
        needed: u64,
        /// The bytes that are allowed.
        memory: u64,
    },
    /// The state is larger than its memory limit, and cannot be in bands.
    #[error(
        "the run needs {} of memory, but may take only {}: {why}",
        bytes(*needed), bytes(*memory)
    )]
    NotInBands {
        /// The bytes that the state needs in memory.
        needed: u64,
        /// The bytes that are allowed.
        memory: u64,
        /// The reason why the state cannot be in bands.
        why: String,
    },
    /// A run that ends when it is steady has no cube to write to.
    #[error(
        "until = {{ steady = … }} compares each snapshot with the one before it in the cube, but --no-cube writes no cube: leave one of the two out"
    )]
    SteadyWithoutCube,
    /// This kind of run cannot write a record.
    #[error("[record] {why}")]
    NoRecord {
        /// The reason, and the way out.
        why: &'static str,
    },
    /// The disk is too small for the cube and the state beside it.
    #[error(
        "the cube and the state need {} more on the disk, of which {} hold the state while the run goes on, but only {} are free",
        bytes(*needed), bytes(*scratch), bytes(*free)
    )]
    NoSpace {
        /// The bytes that are needed.
        needed: u64,
        /// The bytes of the scratch among them.
        scratch: u64,
        /// The bytes that are free.
        free: u64,
    },
    /// The disk is too small for the cube and the fields between its snapshots.
    #[error(
        "the cube and record.fields need {} on the disk, but only {} are free: free some space, write elsewhere with -o, or leave fields out",
        bytes(*needed), bytes(*free)
    )]
    NoFieldSpace {
        /// The bytes that are needed.
        needed: u64,
        /// The bytes that are free.
        free: u64,
    },
    /// The disk of the scratch directory is too small for the state.
    #[error(
        "the state needs {} in {}, but only {} are free there: choose another directory with --scratch",
        bytes(*needed), directory.display(), bytes(*free)
    )]
    NoScratchSpace {
        /// The bytes that are needed.
        needed: u64,
        /// The directory.
        directory: PathBuf,
        /// The bytes that are free.
        free: u64,
    },
    /// Steps were given up half way because the run is to stop. The state is the one before these steps.
    #[error("the steps were given up half way")]
    GivenUp,
    /// A state in bands is not in any file.
    #[error("the state of the run is not in any file")]
    Unplaced,
    /// The system refuses threads.
    #[error("the system refuses threads: {0}")]
    Threads(std::io::Error),
    /// The calling thread belongs to a pool of another size.
    #[error(
        "the calling thread belongs to a pool of {here} threads, so a run on it cannot use {asked} threads"
    )]
    OtherPool {
        /// The number of threads in its pool.
        here: usize,
        /// The number of threads that was requested.
        asked: usize,
    },
    /// Ranks were started with different runs.
    #[error(
        "rank {rank} was started with other parameters or options than rank 0: all ranks of a run take the same"
    )]
    Disagree {
        /// The first rank that differs.
        rank: usize,
    },
    /// A sweep has no name for its cube.
    #[error("a sweep needs the name of the cube to write")]
    NoOutput,
    /// Machines do not see each other's writes through a memory map.
    #[error(
        "ranks on several machines cannot write through a memory map, in which machines overwrite each other's data: use --io write or --io single"
    )]
    MapAcrossMachines,
    /// Rank 0 alone was to write the cube of a sweep, but every rank has to write the scenarios that it computes.
    #[error(
        "ranks on several machines cannot write a sweep on a filesystem, such as NFS, where one rank has to write for all others: start the sweep on one machine, or on a filesystem like Lustre"
    )]
    SweepByOne,
    /// Another rank has failed and reports the reason.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// The system has no random numbers.
    #[error("the system gives no random numbers for the run id: {0}")]
    Random(#[from] getrandom::Error),
}

impl RunError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Cube(error) => error.exit_code(),
            Self::Params(error) => error.exit_code(),

            Self::Memory { .. }
            | Self::Halt(_)
            | Self::Scenario { .. }
            | Self::Random(_)
            | Self::Threads(_)
            | Self::Cap { .. }
            | Self::NotInBands { .. }
            | Self::NoSpace { .. }
            | Self::NoScratchSpace { .. }
            | Self::NoFieldSpace { .. }
            | Self::GivenUp
            | Self::Unplaced
            | Self::Elsewhere(_)
            | Self::OtherPool { .. } => 1,

            Self::MapAcrossMachines
            | Self::SweepByOne
            | Self::NoOutput
            | Self::SteadyWithoutCube
            | Self::NoRecord { .. }
            | Self::Disagree { .. } => 2,
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

    /// The error that fields need more bytes than this machine has.
    #[must_use]
    pub fn no_memory(needed: u64) -> Self {
        Self::Memory {
            needed,
            available: sys::available_memory().map_or_else(|| "fewer bytes".to_owned(), bytes),
        }
    }
}
