//! `diff2d verify`: whether a cube still holds what was committed.

use super::{
    bar::Unit,
    terminal::{Terminal, quoted},
};
use crate::{
    cube::{Cube, CubeError, journal::Slot},
    error::Error,
};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Recompute the digest of every committed snapshot (exit code 3 if any differs)
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d verify output/diff2dparams.npy")]
pub(super) struct VerifyArgs {
    /// A cube with its journal
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(args: &VerifyArgs, terminal: &Terminal) -> Result<(), Error> {
    let cube = match Cube::open(&args.cube) {
        Err(CubeError::Unborn { .. }) => return report(args, terminal, 0, 0, &[]),
        opened => opened?,
    };
    let (header, committed) = (cube.header(), cube.committed());
    let bar = terminal.bar(committed * header.snapshot_bytes(), Unit::Bytes);
    let damaged = cube.damaged(bar.progress())?;
    drop(bar);
    report(args, terminal, committed, header.snapshots(), &damaged)
}

fn report(
    args: &VerifyArgs,
    terminal: &Terminal,
    committed: u64,
    total: u64,
    damaged: &[Slot],
) -> Result<(), Error> {
    let name = args.cube.display();
    let text = if args.json {
        let damaged: Vec<Value> = damaged.iter().map(place).collect();
        json!({ "snapshots": total, "committed": committed, "damaged": damaged }).to_string()
    } else if damaged.is_empty() {
        format!("{name}: {committed} of {committed} committed snapshots are as they were committed")
    } else {
        let lines: Vec<String> = damaged
            .iter()
            .map(|slot| format!("{name}: {slot} is damaged"))
            .collect();
        lines.join("\n")
    };
    terminal.result(&text)?;
    if damaged.is_empty() {
        return Ok(());
    }
    Err(Error::Differs(format!(
        "{} of {committed} committed snapshots of {name} are damaged: `diff2d repair {}` recomputes them",
        damaged.len(),
        quoted(&args.cube.display().to_string()),
    )))
}

/// The index of a snapshot, in a sweep behind that of its scenario.
fn place(slot: &Slot) -> Value {
    match slot.scenario {
        Some(scenario) => json!([scenario, slot.index]),
        None => json!(slot.index),
    }
}
