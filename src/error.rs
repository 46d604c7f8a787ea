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

/// Any error with which a command can end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Parameters cannot be used.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A file of a cube cannot be used.
    #[error(transparent)]
    Cube(#[from] CubeError),
    /// An array file cannot be used.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An analysis failed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// An export failed.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A check could not be made.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A picture could not be made.
    #[error(transparent)]
    Plot(#[from] plot::Error),
    /// A command line cannot be carried out.
    #[error("{0}")]
    Usage(String),
    /// Two things that should be equal are not; the result on stdout says how they differ.
    #[error("{0}")]
    Differs(String),
    /// Another rank has failed.
    #[error("rank {rank}: {sentence}")]
    Rank {
        /// The number of the rank.
        rank: usize,
        /// The error sentence of the rank.
        sentence: String,
        /// The exit code of the rank.
        code: u8,
    },
    /// Processes could not be connected.
    #[error(transparent)]
    Comm(#[from] CommError),
    /// The system refused a resource.
    #[error("{0}")]
    System(String),
    /// The reader of standard output has closed it, which is not a fault.
    #[error("the reader of the results has gone")]
    ClosedPipe,
}

impl From<Elsewhere> for Error {
    fn from(elsewhere: Elsewhere) -> Self {
        RunError::from(elsewhere).into()
    }
}

impl Error {
    /// The exit code: 0 success · 1 failure · 2 wrong usage or parameters · 3 data damaged or different.
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
            Self::Analysis(AnalysisError::Resources(_)) => 1,
            Self::Analysis(AnalysisError::Request(_)) => 2,
            Self::Export(ExportError::Request(_)) => 2,
            Self::Export(
                ExportError::File(_) | ExportError::Text(_) | ExportError::Impossible(_),
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
                | CubeError::OtherRecord { .. }
                | CubeError::OtherState { .. }
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
                | CubeError::NotYet { .. }
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

/// The [exit code](Error::exit_code) of an error of parameters.
fn params_exit_code(error: &ParamsError) -> u8 {
    match error {
        ParamsError::Memory { .. } => 1,
        ParamsError::Input { is_damaged, .. } => 1 + 2 * u8::from(*is_damaged),
        _ => 2,
    }
}

/// The [exit code](Error::exit_code) of an error of an array file.
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
