//! [`Options`]: how a run is carried out, and [`Outcome`]: how it ended.

use crate::cube::Claim;
use diff2d_stencil::Tile;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// What [`Run`](super::Run) was told; see there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) output: Option<PathBuf>,
    pub(crate) claim: Claim,
    pub(crate) extend: Option<PathBuf>,
    pub(crate) reads: Vec<PathBuf>,
    pub(crate) threads: Option<usize>,
    pub(crate) memory: Option<u64>,
    pub(crate) scratch: Option<PathBuf>,
    pub(crate) tile: Option<Tile>,
    pub(crate) checkpoint_every: Option<Duration>,
    pub(crate) max_walltime: Option<Duration>,
}

/// How a run ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// After its last step.
    Done,
    /// Every snapshot had been committed before.
    AlreadyDone,
    /// On request, with the number found in the stop flag of any rank; resumable.
    Stopped(usize),
    /// At the end of its wall time; resumable.
    OutOfTime,
    /// Because its cube or journal has lost its name; the run then ends with the writer's error.
    FilesLost,
}
