//! `diff2d window`: sliding windows over any axes of any array.

use super::{
    axes::{self, Axes, Entries},
    dtype,
    follow::{Followed, follow},
    open::open,
    size,
    terminal::{Terminal, Unit},
};
use crate::{
    analysis::{
        output::Output,
        window::{Op, Request, Windows},
    },
    cube::{JournalledArray, refuse_cube},
    error::Error,
    npy::Dtype,
};
use clap::Args;
use std::{ops::Range, path::PathBuf};

/// Reduce sliding windows over any axes of any .npy file
///
/// OP(sliding_window_view(a, W)[::S0, ::S1, …], axis=the window axes) of NumPy, in bounded memory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d window output/diff2dparams.npy --window 5,1,1 --op mean -o smooth.npy
  diff2d window huge.npy --window 100,100 --stride 100,100 --op max -o coarse.npy
  diff2d window output/diff2dparams.npy --window t=1.0 --select x=-1:1 --op std -o std.npy")]
pub(super) struct WindowArgs {
    /// Any .npy file
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// Length of the window along every axis; of a cube also t=, y=, x= in its units
    #[arg(long, value_name = "W0,W1,…", allow_hyphen_values = true)]
    window: String,
    /// From one window to the next along every axis [default: 1 each]
    #[arg(long, value_name = "S0,S1,…", allow_hyphen_values = true)]
    stride: Option<String>,
    /// sum, mean, min, max, std, var or ptp
    #[arg(long)]
    op: Op,
    /// Look only at this box: a range as in Python for every axis, or t=, y=, x= from:to
    #[arg(long, value_name = "R0,R1,…", allow_hyphen_values = true)]
    select: Option<String>,
    /// Type of the results, computed in double precision: f2, f4 or f8 [default: integers for the sum,
    /// min, max and ptp of integers, otherwise that of the array for min and max, and f8]
    #[arg(long, value_parser = dtype::parse_float)]
    dtype: Option<Dtype>,
    /// The new array
    #[arg(long, short, value_name = "OUT.npy")]
    output: PathBuf,
    /// Wait for the snapshots of a run that is going on; OUT.npy.partial grows until it ends
    #[arg(long)]
    follow: bool,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    force: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size::parse)]
    memory: u64,
}

pub(super) fn window(args: &WindowArgs, terminal: &Terminal) -> Result<(), Error> {
    let mut array = open(&args.file, terminal)?;
    // What is waited for counts as there.
    let shape = if args.follow {
        array.npy.shape.clone()
    } else {
        array.shape()
    };
    let windows = Windows::new(&array, request(args, &array, &shape, terminal)?)?;
    refuse_cube(&args.output)?;
    let mut output = Output::create(
        &args.output,
        windows.shape(),
        windows.dtype(),
        array.npy.fortran_order,
        Some(&array),
        args.force,
    )?;
    let bytes = shape.iter().product::<u64>() * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let mut followed = None;
    if args.follow {
        let mut done = 0;
        followed = Some(follow(&mut array, |array, new| {
            let ready = windows.ready(new.end);
            windows.some(array, done..ready.max(done), &output, bar.progress())?;
            done = ready.max(done);
            Ok(())
        })?);
        output.shorten(done)?;
    } else {
        windows.all(&array, &output, bar.progress())?;
    }
    let times = bar.progress().done() / bytes.max(1);
    drop(bar);
    if times > 1 {
        terminal.note(&format!(
            "the input was read {times} times over, since few windows fit into --memory at a time: more memory is faster"
        ));
    }
    output.finish()?;
    followed.map_or(Ok(()), Followed::conclude)
}

fn request(
    args: &WindowArgs,
    array: &JournalledArray,
    shape: &[u64],
    terminal: &Terminal,
) -> Result<Request, Error> {
    let axes = Axes::of(array);
    Ok(Request {
        op: args.op,
        window: lengths(&axes, "--window", &args.window, terminal)?,
        stride: match &args.stride {
            Some(text) => lengths(&axes, "--stride", text, terminal)?,
            None => vec![1; shape.len()],
        },
        select: ranges(array, shape, &axes, args.select.as_deref(), terminal)?,
        dtype: args.dtype,
        memory: args.memory,
    })
}

/// Whole numbers, one an axis; by name, lengths in units.
fn lengths(
    axes: &Axes<'_>,
    option: &str,
    text: &str,
    terminal: &Terminal,
) -> Result<Vec<u64>, Error> {
    match axes.entries(option, text)? {
        Entries::Listed(parts) => parts
            .iter()
            .map(|part| {
                part.parse().map_err(|_| {
                    Error::Usage(format!(
                        "{option} {text}: '{part}' is no length; expected a whole number for every axis, such as 5,1,1"
                    ))
                })
            })
            .collect(),
        Entries::Named(parts) => {
            let mut lengths = vec![1; parts.len()];
            for (axis, part) in parts.iter().enumerate() {
                if let Some(part) = part {
                    lengths[axis] = axes.span(axis, part)?;
                }
            }
            let shown: Vec<String> = lengths.iter().map(u64::to_string).collect();
            terminal.note(&format!("{option} {text} is {}", shown.join(",")));
            Ok(lengths)
        }
    }
}

/// Ranges of indices, one an axis; by name, from the node nearest to one coordinate to that nearest
/// to another, both included.
fn ranges(
    array: &JournalledArray,
    shape: &[u64],
    axes: &Axes<'_>,
    text: Option<&str>,
    terminal: &Terminal,
) -> Result<Vec<Range<u64>>, Error> {
    let mut ranges: Vec<Range<u64>> = shape.iter().map(|&length| 0..length).collect();
    let Some(text) = text else { return Ok(ranges) };
    match axes.entries("--select", text)? {
        Entries::Listed(parts) => {
            if parts.len() > shape.len() {
                return Err(Error::Usage(format!(
                    "--select {text}: {} has {} axes",
                    array.path.display(),
                    shape.len()
                )));
            }
            for (axis, part) in parts.iter().enumerate() {
                let part = if part.is_empty() { ":" } else { part };
                ranges[axis] = axes::slice(part, shape[axis]).ok_or_else(|| {
                    Error::Usage(format!(
                        "--select {text}: '{part}' is no range along axis {axis}, which has {}; expected one as in Python, such as 2:8, :3 or -1:",
                        shape[axis]
                    ))
                })?;
            }
        }
        Entries::Named(parts) => {
            for (axis, part) in parts.iter().enumerate() {
                let Some(part) = part else { continue };
                let (from, to) = part.split_once(':').unwrap_or((part, part));
                if !from.trim().is_empty() {
                    ranges[axis].start = axes.nearest(axis, from)?;
                }
                if !to.trim().is_empty() {
                    ranges[axis].end = axes.nearest(axis, to)? + 1;
                }
                let ends = [ranges[axis].start, ranges[axis].end.saturating_sub(1)];
                terminal.note(&format!(
                    "--select {text}: {}",
                    axes.describe(ends.map(|index| (axis, index)))
                ));
            }
        }
    }
    Ok(ranges)
}
