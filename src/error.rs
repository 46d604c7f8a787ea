//! [`Error`]: every error of the program, and its exit code.

use crate::{
    check::CheckError,
    comm::{CommError, Elsewhere},
    cube::CubeError,
    export::ExportError,
    params::ParamsError,
    run::RunError,
};
use diff2d_arrays::AnalysisError;
use diff2d_arrays::npy::{HeaderError, NpyError};
use diff2d_plot as plot;

/// Anything a command can end with other than success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Parameters that cannot be used.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// Trouble with a file.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// An array file that cannot be used.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// A run that failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An analysis that failed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// An export that failed.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A check that could not be made.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A picture that could not be made.
    #[error(transparent)]
    Plot(#[from] plot::Error),
    /// A command line that cannot be carried out.
    #[error("{0}")]
    Usage(String),
    /// Two things that should be equal are not; the result on stdout says how.
    #[error("{0}")]
    Differs(String),
    /// Another rank has failed.
    #[error("rank {rank}: {sentence}")]
    Rank {
        /// Its number.
        rank: usize,
        /// What it says.
        sentence: String,
        /// Its exit code.
        code: u8,
    },
    /// Processes that do not come together.
    #[error(transparent)]
    Comm(#[from] CommError),
    /// Something of the system failed.
    #[error("{0}")]
    System(String),
    /// The reader of standard output has closed it, which is no fault.
    #[error("the reader of the results has gone")]
    ClosedPipe,
}

impl From<Elsewhere> for Error {
    fn from(elsewhere: Elsewhere) -> Self {
        RunError::from(elsewhere).into()
    }
}

impl Error {
    /// 0 nothing wrong · 1 could not · 2 wrong usage or parameters · 3 data damaged or not matching.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::System(_) | Self::Comm(_) => 1,
            Self::Rank { code, .. } => *code,
            Self::Plot(
                plot::Error::Colormap { .. }
                | plot::Error::Range(_)
                | plot::Error::Size { .. }
                | plot::Error::Empty(..),
            ) => 2,
            Self::Plot(_) => 1,
            Self::Check(CheckError::Memory | CheckError::Limit { .. } | CheckError::Halt(_)) => 1,
            Self::Usage(_) | Self::Check(CheckError::Request(_)) => 2,
            Self::Params(error)
            | Self::Run(RunError::Params(error))
            | Self::Check(CheckError::Params(error)) => params_exit_code(error),
            Self::Differs(_) => 3,
            Self::Run(
                RunError::Memory { .. }
                | RunError::Halt(_)
                | RunError::Scenario { .. }
                | RunError::Random(_)
                | RunError::Threads(_)
                | RunError::Cap { .. }
                | RunError::NotInBands { .. }
                | RunError::NoSpace { .. }
                | RunError::NoScratchSpace { .. }
                | RunError::NoFieldSpace { .. }
                | RunError::GivenUp
                | RunError::Unplaced
                | RunError::Elsewhere(_)
                | RunError::OtherPool { .. },
            ) => 1,
            Self::Run(
                RunError::MapAcrossMachines
                | RunError::SweepByOne
                | RunError::NoOutput
                | RunError::SteadyWithoutCube
                | RunError::NoRecord { .. }
                | RunError::Disagree { .. },
            ) => 2,
            Self::Analysis(AnalysisError::Memory { .. } | AnalysisError::NoSpace { .. }) => 1,
            Self::Analysis(
                AnalysisError::Request(_) | AnalysisError::Overflow | AnalysisError::Exists { .. },
            ) => 2,
            Self::Export(ExportError::Request(_)) => 2,
            Self::Export(
                ExportError::File(_)
                | ExportError::Text(_)
                | ExportError::Memory { .. }
                | ExportError::NotBuilt { .. }
                | ExportError::Library { .. },
            ) => 1,
            Self::Npy(error)
            | Self::Analysis(AnalysisError::Npy(error))
            | Self::Export(ExportError::Npy(error)) => npy_exit_code(error),
            Self::Cube(error)
            | Self::Run(RunError::Cube(error))
            | Self::Export(ExportError::Cube(error)) => match error {
                CubeError::Npy(error) => npy_exit_code(error),
                CubeError::Io(_)
                | CubeError::NoSpace { .. }
                | CubeError::Locked { .. }
                | CubeError::LockedPart { .. }
                | CubeError::NoParts { .. }
                | CubeError::Incoherent { .. }
                | CubeError::NewerJournal { .. }
                | CubeError::OlderJournal { .. }
                | CubeError::Lost { .. }
                | CubeError::StartedOver { .. }
                | CubeError::NoLocks { .. } => 1,
                CubeError::Complete { .. }
                | CubeError::Partial { .. }
                | CubeError::Unborn { .. }
                | CubeError::Foreign { .. }
                | CubeError::NotOurs { .. }
                | CubeError::ForeignRecord { .. }
                | CubeError::Replaced { .. }
                | CubeError::IsCube { .. }
                | CubeError::Shared { .. }
                | CubeError::Taken { .. }
                | CubeError::BelongsTo { .. }
                | CubeError::Exists { .. }
                | CubeError::IsDirectory { .. }
                | CubeError::OtherParameters { .. }
                | CubeError::CannotExtend { .. }
                | CubeError::Name { .. }
                | CubeError::NoJournal { .. }
                | CubeError::NotCommitted { .. } => 2,
                CubeError::DamagedJournal { .. }
                | CubeError::LostHeader { .. }
                | CubeError::ForeignJournal { .. }
                | CubeError::DoesNotMatch { .. }
                | CubeError::Gone { .. }
                | CubeError::LostRecord { .. }
                | CubeError::DamagedRecord { .. }
                | CubeError::DamagedSnapshot { .. }
                | CubeError::CannotRepair { .. } => 3,
            },
        }
    }
}

/// As [`Error::exit_code`].
fn params_exit_code(error: &ParamsError) -> u8 {
    match error {
        ParamsError::Input { is_damaged, .. } => 1 + 2 * u8::from(*is_damaged),
        _ => 2,
    }
}

/// As [`Error::exit_code`].
fn npy_exit_code(error: &NpyError) -> u8 {
    match error {
        NpyError::Io(_) => 1,
        NpyError::Header {
            source: HeaderError::Dtype(_) | HeaderError::Archive(_),
            ..
        } => 2,
        NpyError::Header { .. } => 3,
    }
}
