//! `diff2d window` and `coarsen`: sliding windows over any axes of any array.

mod args;
mod reduce;
mod request;

pub(super) use args::{CoarsenArgs, WindowArgs};

use super::{axes::Axes, number, open::open_as, select, terminal::Terminal};
use crate::cli::error::Error;
use diff2d_arrays::{npy::Region, window::Request};
use reduce::reduce;

pub(super) fn window(args: &WindowArgs, terminal: &Terminal) -> Result<(), Error> {
    let array = open_as(&args.common.file, &args.common.input, terminal)?;
    let select = args.common.select.as_deref();
    let (array, select) = select::select(array, args.follow, select, terminal)?;
    // What is waited for counts as there.
    let shape = if args.follow {
        array.npy.shape.clone()
    } else {
        array.shape()
    };
    let request = request::request(args, &array, &shape, select, terminal)?;
    let weights = args.weights.as_deref();
    reduce(
        array,
        &shape,
        request,
        &args.common,
        weights,
        args.follow,
        terminal,
    )
}

/// Blocks: windows whose stride is their own length.
pub(super) fn coarsen(args: &CoarsenArgs, terminal: &Terminal) -> Result<(), Error> {
    let array = open_as(&args.common.file, &args.common.input, terminal)?;
    if args.op.is_weighted() {
        return Err(Error::Usage(
            "coarsen takes the elements of a block as equals: weights and gaussian belong to `diff2d window`, with --stride".to_owned(),
        ));
    }
    let select = args.common.select.as_deref();
    let (array, select) = select::select(array, false, select, terminal)?;
    let (axes, shape) = (Axes::of(&array), array.shape());
    let block = request::lengths(&axes, "--by", &args.by, terminal)?;
    if block.len() == select.len() {
        note_left_out(&axes, &select, &block, terminal);
    }
    let request = Request {
        op: args.op,
        window: block.clone(),
        weights: None,
        stride: block,
        select,
        pad: None,
        skip_nan: args.common.skip_nan(&array, terminal)?,
        dtype: args.common.dtype,
        memory: args.common.memory,
    };
    reduce(array, &shape, request, &args.common, None, false, terminal)
}

/// Tells how many elements at the ends of axes are less than a block.
fn note_left_out(axes: &Axes<'_>, select: &Region, block: &[u64], terminal: &Terminal) {
    let lengths = select.iter().map(|range| range.end - range.start);
    let parts = lengths
        .zip(block)
        .enumerate()
        .filter_map(|(axis, (length, block))| {
            let rest = length
                .checked_rem(*block)
                .filter(|&rest| 0 < rest && rest < length)?;
            let name = axes.name(axis);
            Some(format!("the last {rest} of {length} along {name}"))
        });
    let parts = number::joined(parts, " and ");
    if !parts.is_empty() {
        terminal.note(&format!("{parts} are less than a block, and are left out"));
    }
}
