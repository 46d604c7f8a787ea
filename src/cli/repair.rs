//! `diff2d repair`: damaged snapshots computed again.

use super::{bar::Unit, terminal::Terminal, values, verify::beyond};
use crate::{cube::restore::Restorer, error::Error, repair};
use clap::Args;
use std::path::PathBuf;

/// Recompute damaged snapshots from the last good one before them, proved by the journal's digests
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d repair output/diff2dparams.npy")]
pub(super) struct RepairArgs {
    /// A cube with its journal
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// The new place of an input file that has moved, such as --set initial.path=u.npy (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    moved: Vec<String>,
    /// Take at most so much memory, such as 4GiB; a state that is larger is advanced in bands, in a file
    /// beside the cube. By default what the run was allowed, or what is available
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// Do not lock the cube: for filesystems that cannot
    #[arg(long)]
    no_lock: bool,
}

pub(super) fn repair(args: &RepairArgs, terminal: &Terminal) -> Result<(), Error> {
    let name = args.cube.display();
    let Some(mut cube) = Restorer::open(&args.cube, args.no_lock)? else {
        return terminal.result(&format!(
            "{name}: nothing is committed yet, so nothing can be damaged"
        ));
    };
    let bytes = cube.committed() * cube.header.snapshot_bytes();
    let bar = terminal.bar(bytes, Unit::Bytes);
    let damaged = cube.damaged(bar.progress())?;
    drop(bar);
    let bar = terminal.bar(damaged.len() as u64, Unit::Snapshots);
    repair::repair(
        &mut cube,
        &damaged,
        &args.moved,
        args.memory,
        bar.progress(),
    )?;
    drop(bar);
    if damaged.is_empty() {
        return terminal.result(&format!("{name}: no snapshot is damaged"));
    }
    damaged
        .iter()
        .try_for_each(|&slot| match cube.header.has_snapshot(slot) {
            true => terminal.result(&format!("{name}: {slot} is repaired")),
            false => terminal.result(&format!("{name}: {} is NaN again", beyond(slot))),
        })
}
