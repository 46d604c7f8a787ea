//! Options of `window` and `coarsen`.

use crate::cli::{error::Error, masked::left_out, open::InputArgs, terminal::Terminal, values};
use clap::Args;
use diff2d::JournalledArray;
use diff2d_arrays::npy::Dtype;
use diff2d_arrays::window::{Op, Pad};
use std::path::PathBuf;

/// Reduce sliding windows over any axes of any .npy file
///
/// OP(sliding_window_view(a, W)[::S0, ::S1, …], axis=the window axes) of NumPy, in bounded memory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d window output/diff2dparams.npy --window 5,1,1 --op mean -o smooth.npy
  diff2d window huge.npy --window 31,31 --op median --pad reflect -o median.npy
  diff2d window huge.npy --sigma 2,2 --op gaussian --pad nearest --dtype f4 -o blurred.npy
  diff2d window output/diff2dparams.npy --window t=1.0 --select x=-1:1 --op std -o std.npy

A window has its result at its first element. With --pad it has it at its middle, the element W/2 of
it (rounded down), as in scipy.ndimage: windows of even length reach one element further to the front.")]
pub(in super::super) struct WindowArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Length of the window along every axis; of a cube also t=, y=, x= in its units
    #[arg(
        long,
        value_name = "W0,W1,…",
        required_unless_present_any = ["sigma", "weights"]
    )]
    pub(super) window: Option<String>,
    /// From one window to the next along every axis [default: 1 each]
    #[arg(long, value_name = "S0,S1,…")]
    pub(super) stride: Option<String>,
    /// sum, mean, min, max, std, var, ptp, median, quantile:q (q from 0 to 1, NumPy's linear),
    /// gaussian (with --sigma) or weights (with --weights)
    #[arg(long)]
    pub(super) op: Op,
    /// Standard deviation of gaussian along every axis, cut off at 4 of them; 0 leaves an axis as it is;
    /// of a cube also t=, y=, x= in its units
    #[arg(long, value_name = "S0,S1,…", conflicts_with_all = ["window", "weights"])]
    pub(super) sigma: Option<String>,
    /// An array of the shape of the window with the weights of its elements
    #[arg(long, value_name = "W.npy", conflicts_with = "window")]
    pub(super) weights: Option<PathBuf>,
    /// Compute a result for every element. MODE says what lies beyond the ends: reflect, nearest, mirror,
    /// wrap or constant:v, as in scipy.ndimage
    #[arg(long, value_name = "MODE")]
    pub(super) pad: Option<Pad>,
    /// Wait for the snapshots of a run that is going on; OUT.npy.partial grows until it ends
    #[arg(long)]
    pub(super) follow: bool,
}

/// Reduce blocks of any .npy file to one element each
///
/// A window with its own length as stride. The end of an axis, if it is less than a block, is
/// left out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d coarsen output/diff2dparams.npy --by 1,4,4 -o coarse.npy
  diff2d coarsen huge.npy --by 100,100 --op max --dtype f4 -o peaks.npy")]
pub(in super::super) struct CoarsenArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Length of the blocks along every axis; of a cube also t=, y=, x= in its units
    #[arg(long, value_name = "N0,N1,…")]
    pub(super) by: String,
    /// sum, mean, min, max, std, var, ptp, median or quantile:q
    #[arg(long, default_value = "mean")]
    pub(super) op: Op,
}

/// Options of `window` and `coarsen`.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// Any .npy file
    #[arg(value_name = "FILE.npy")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Look only at this part: a range as in Python for every axis, such as 2:8 or ::24, or t=, y=, x= from:to, and :step. A single
    /// index or value drops its axis
    #[arg(long, value_name = "R0,R1,…")]
    pub(super) select: Option<String>,
    /// Leave NaN out, as masked nodes of cubes are; a window without other elements is NaN
    #[arg(long)]
    pub(super) skip_nan: bool,
    /// Take the NaN of masked nodes as NumPy does: windows with some are NaN
    #[arg(long, conflicts_with_all = ["skip_nan", "min_count"])]
    pub(super) keep_nan: bool,
    /// Leave NaN out; a window with fewer other elements than this is NaN [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) min_count: Option<u64>,
    /// Type of the results, computed in double precision: f2, f4 or f8 [default: integers for the sum,
    /// min, max and ptp of integers, otherwise that of the array for min and max, and f8]
    #[arg(long, value_parser = values::float_dtype)]
    pub(super) dtype: Option<Dtype>,
    /// The new array
    #[arg(long, short, value_name = "OUT.npy")]
    pub(super) output: PathBuf,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    pub(super) force: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    pub(super) memory: u64,
}

impl CommonArgs {
    /// Elements that a window must have, if NaN is left out: if it is asked for, and of cubes with masked nodes.
    pub(super) fn skip_nan(
        &self,
        array: &JournalledArray,
        terminal: &Terminal,
    ) -> Result<Option<u64>, Error> {
        let masked = left_out(array, self.keep_nan, self.memory, terminal)?;
        Ok(self.min_count.or((self.skip_nan || masked).then_some(1)))
    }
}
