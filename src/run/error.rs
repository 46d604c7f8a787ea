//! Why a run failed.

use crate::{
    comm::Elsewhere, cube::CubeError, dynamics::Halt, params::ParamsError, physics::Unready,
};
use diff2d_arrays::wording::bytes;
use diff2d_sys as sys;
use std::path::PathBuf;

/// Why a run failed. Every snapshot that was committed before stays committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Its files cannot be used.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// A file that the parameters name cannot be read any more.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A state, a wall or a source with which steps cannot go on.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// A scenario of a sweep whose steps cannot go on.
    #[error("scenario {number}: {halt}")]
    Scenario {
        /// Its number.
        number: usize,
        /// Why.
        halt: Halt,
    },
    /// Fields and buffers do not fit into memory.
    #[error(
        "the run needs {} of memory for its fields and buffers, and {available} are available: a larger dx or precision = \"f32\" needs less, and with --memory a larger state passes through memory in bands",
        bytes(*needed)
    )]
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes available, in words.
        available: String,
    },
    /// The cap on memory is below what a state in bands needs.
    #[error(
        "the memory is to be at most {}, and advancing a few rows of this grid at a time takes {}: allow that much with --memory",
        bytes(*memory), bytes(*needed)
    )]
    Cap {
        /// Bytes needed at least.
        needed: u64,
        /// Bytes allowed.
        memory: u64,
    },
    /// The state is larger than the memory that it may take, and cannot be in bands.
    #[error(
        "the run needs {} of memory, and may take {}: {why}",
        bytes(*needed), bytes(*memory)
    )]
    NotInBands {
        /// Bytes needed in memory.
        needed: u64,
        /// Bytes allowed.
        memory: u64,
        /// Why not.
        why: String,
    },
    /// A run that is to end when it is steady, and writes no cube.
    #[error(
        "until = {{ steady = … }} compares a snapshot with the one before it in the cube, and --no-cube has none: leave one of the two out"
    )]
    SteadyWithoutCube,
    /// A record that cannot be written as the run is carried out.
    #[error("[record] {why}")]
    NoRecord {
        /// Why, and the way out.
        why: &'static str,
    },
    /// Too little disk for a cube and the state beside it.
    #[error(
        "cube and state need {} more on the disk, {} of them for the state while the run goes on, and {} are free",
        bytes(*needed), bytes(*scratch), bytes(*free)
    )]
    NoSpace {
        /// Bytes needed.
        needed: u64,
        /// Those of the scratch.
        scratch: u64,
        /// Bytes free.
        free: u64,
    },
    /// Too little disk for a cube and what is kept of nodes between its snapshots.
    #[error(
        "cube and record.fields need {} on the disk, and {} are free: free some space, write elsewhere with -o, or leave fields out",
        bytes(*needed), bytes(*free)
    )]
    NoFieldSpace {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// Too little disk for a state that is put elsewhere.
    #[error(
        "the state needs {} in {}, where {} are free: choose another directory with --scratch",
        bytes(*needed), directory.display(), bytes(*free)
    )]
    NoScratchSpace {
        /// Bytes needed.
        needed: u64,
        /// Where.
        directory: PathBuf,
        /// Bytes free.
        free: u64,
    },
    /// Steps were given up half way because the run is to stop. The state is as it was.
    #[error("the steps were given up half way")]
    GivenUp,
    /// A state in files that no file has.
    #[error("the state is in no file")]
    Unplaced,
    /// The system refuses threads.
    #[error("the system refuses threads: {0}")]
    Threads(std::io::Error),
    /// The calling thread belongs to a pool of another size.
    #[error(
        "the calling thread is one of a pool of {here} threads, so a run on it cannot have {asked}"
    )]
    OtherPool {
        /// Threads of its pool.
        here: usize,
        /// Threads that were asked for.
        asked: usize,
    },
    /// Ranks of different runs.
    #[error(
        "rank {rank} was started with other parameters or options than rank 0: all ranks of a run take the same"
    )]
    Disagree {
        /// The first that differs.
        rank: usize,
    },
    /// A sweep without the name of a cube.
    #[error("a sweep needs the name of the cube to write")]
    NoOutput,
    /// Machines do not see each other's writes through a map.
    #[error(
        "ranks on several machines cannot write through a memory map, which loses what others write: use --io write or --io single"
    )]
    MapAcrossMachines,
    /// A scenario is computed by one rank, which must write it.
    #[error(
        "ranks on several machines cannot write a sweep where one would have to write for all, as on NFS: start it on one machine, or on a filesystem like Lustre"
    )]
    SweepByOne,
    /// Another rank has failed, and reports why.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// The system has no random numbers.
    #[error("the system gives no random numbers for the run id: {0}")]
    Random(#[from] getrandom::Error),
}

impl RunError {
    /// Coefficients or sources that cannot be had; `needed` is the memory of the run.
    #[must_use]
    pub fn unready(unready: Unready, needed: u64) -> Self {
        match unready {
            Unready::Memory => Self::no_memory(needed),
            Unready::Input(error) => error.into(),
            Unready::Halt(halt) => halt.into(),
        }
    }

    /// So many bytes of fields are too much for this machine.
    #[must_use]
    pub fn no_memory(needed: u64) -> Self {
        Self::Memory {
            needed,
            available: sys::available_memory().map_or_else(|| "fewer bytes".to_owned(), bytes),
        }
    }
}
