//! [`Options`]: the options of a run, and [`Outcome`]: how it ended.

use crate::cube::Claim;
use diff2d_stencil::Tile;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// The options of a [`Run`](super::Run), which documents them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) output: Option<PathBuf>,
    pub(crate) claim: Claim,
    pub(crate) extend: Option<PathBuf>,
    pub(crate) reads: Vec<PathBuf>,
    pub(crate) warnings: Vec<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) memory: Option<u64>,
    pub(crate) scratch: Option<PathBuf>,
    pub(crate) tile: Option<Tile>,
    pub(crate) checkpoint_every: Option<Duration>,
    pub(crate) max_walltime: Option<Duration>,
    pub(crate) halt: Option<PlannedHalt>,
}

/// The step behind which a run halts by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PlannedHalt {
    /// The run stops there.
    Stop(u64),
    /// The run waits there until it is asked to stop or its wall time is over. Its wall time does not end earlier.
    Hold(u64),
}

impl PlannedHalt {
    /// The step behind which the run halts.
    pub(super) fn step(self) -> u64 {
        match self {
            Self::Stop(step) | Self::Hold(step) => step,
        }
    }
}

/// How a run ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The run took its last step.
    Done,
    /// Every snapshot had been committed before.
    AlreadyDone,
    /// The run stopped on request, and can be resumed; the number is that in the stop flag of any rank, and 0 of a run
    /// that was [to stop after a step](super::Run::stop_after).
    Stopped(usize),
    /// The run stopped at its limit of wall time, and can be resumed.
    OutOfTime,
    /// The run stopped because its cube or journal has lost its name. The run then ends with the error of its writer.
    FilesLost,
}
