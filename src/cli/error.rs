//! [`Error`]: every error of the program, and its exit code.

use diff2d::{
    CubeError, ParamsError, RunError,
    check::CheckError,
    comm::{CommError, Elsewhere},
    export::ExportError,
    fit::FitError,
};
use diff2d_arrays::AnalysisError;
use diff2d_arrays::npy::NpyError;
use diff2d_plot as plot;
use diff2d_sys::FileError;
use std::{error, io, iter};

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
    /// A fit could not be made.
    #[error(transparent)]
    Fit(#[from] FitError),
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
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
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
    /// The same error, or that the reader of a pipe has gone, whatever name the pipe has.
    pub fn or_closed_pipe(self) -> Self {
        let mut causes = iter::successors((&self as &dyn error::Error).source(), |cause| {
            cause.source()
        });
        let mut kinds = causes
            .by_ref()
            .filter_map(|cause| cause.downcast_ref::<io::Error>());
        match kinds.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe) {
            true => Self::ClosedPipe,
            false => self,
        }
    }

    /// The exit code: 0 success · 1 failure · 2 wrong usage or parameters · 3 data damaged or different.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::System(_) | Self::File(_) | Self::Comm(_) => 1,
            Self::Usage(_) => 2,
            Self::Differs(_) => 3,
            Self::Rank { code, .. } => *code,
            Self::Params(error) => error.exit_code(),
            Self::Cube(error) => error.exit_code(),
            Self::Npy(error) => error.exit_code(),
            Self::Run(error) => error.exit_code(),
            Self::Analysis(error) => error.exit_code(),
            Self::Export(error) => error.exit_code(),
            Self::Check(error) => error.exit_code(),
            Self::Fit(error) => error.exit_code(),
            Self::Plot(error) => error.exit_code(),
        }
    }
}
