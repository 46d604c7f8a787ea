//! [`Options`]: how a run is carried out.

use crate::cube::Claim;
use diff2d_stencil::Tile;
use std::{path::PathBuf, time::Duration};

/// What [`Run`](super::Run) was told; see there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) output: Option<PathBuf>,
    pub(crate) claim: Claim,
    pub(crate) extend: Option<PathBuf>,
    pub(crate) threads: Option<usize>,
    pub(crate) memory: Option<u64>,
    pub(crate) scratch: Option<PathBuf>,
    pub(crate) tile: Option<Tile>,
    pub(crate) checkpoint_every: Option<Duration>,
    pub(crate) max_walltime: Option<Duration>,
}
