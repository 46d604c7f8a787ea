//! `diff2d coarsen`: blocks of an array, each reduced to one element.

use super::{args::CommonArgs, reduce::reduce, request};
use crate::{
    cli::{axes::Axes, open::open_as, select, terminal::Terminal},
    error::Error,
};
use clap::Args;
use diff2d_arrays::window::{Op, Request};

/// Reduce blocks of any .npy file to one element each
///
/// A window with its own length as stride. What is left at the end of an axis, less than a block, is
/// left out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d coarsen output/diff2dparams.npy --by 1,4,4 -o coarse.npy
  diff2d coarsen huge.npy --by 100,100 --op max --dtype f4 -o peaks.npy")]
pub(in super::super) struct CoarsenArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Length of the blocks along every axis; of a cube also t=, y=, x= in its units
    #[arg(long, value_name = "N0,N1,…", allow_hyphen_values = true)]
    by: String,
    /// sum, mean, min, max, std, var, ptp, median or quantile:q
    #[arg(long, default_value = "mean")]
    op: Op,
}

pub(in super::super) fn coarsen(args: &CoarsenArgs, terminal: &Terminal) -> Result<(), Error> {
    let array = open_as(&args.common.file, &args.common.input, terminal)?;
    if args.op.is_weighted() {
        return Err(Error::Usage(
            "coarsen takes the elements of a block as equals: weights and gaussian belong to `diff2d window`, with --stride".to_owned(),
        ));
    }
    let (axes, shape) = (Axes::of(&array), array.shape());
    let by = request::lengths(&axes, "--by", &args.by, terminal)?;
    let select = args.common.select.as_deref();
    let request = Request {
        op: args.op,
        window: by.clone(),
        weights: None,
        stride: by,
        select: select::ranges(&array, &shape, &axes, select, terminal)?,
        pad: None,
        skip_nan: args.common.skip_nan(),
        dtype: args.common.dtype,
        memory: args.common.memory,
    };
    reduce(array, &shape, request, &args.common, false, terminal)
}
