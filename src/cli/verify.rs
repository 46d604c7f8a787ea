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
        Err(CubeError::Unborn { .. }) => return report(args, terminal, 0, 0, Default::default()),
        opened => opened?,
    };
    let (header, committed) = (cube.header(), cube.committed());
    let bar = terminal.bar(committed * header.snapshot_bytes(), Unit::Bytes);
    let damaged = cube.damaged(bar.progress())?;
    drop(bar);
    let (snapshots, beyond) = damaged
        .into_iter()
        .partition(|&slot| header.has_snapshot(slot));
    report(
        args,
        terminal,
        committed,
        header.snapshots(),
        [snapshots, beyond],
    )
}

/// Tells of the snapshots that are damaged, and of the places beyond those of their scenario that are not NaN.
fn report(
    args: &VerifyArgs,
    terminal: &Terminal,
    committed: u64,
    total: u64,
    [damaged, others]: [Vec<Slot>; 2],
) -> Result<(), Error> {
    let name = args.cube.display();
    let text = if args.json {
        let places: Vec<Value> = damaged.iter().chain(&others).map(place).collect();
        json!({ "snapshots": total, "committed": committed, "damaged": places }).to_string()
    } else if damaged.is_empty() && others.is_empty() {
        format!("{name}: {committed} of {committed} committed snapshots are as they were committed")
    } else {
        let damaged = damaged
            .iter()
            .map(|slot| format!("{name}: {slot} is damaged"));
        let others = others
            .iter()
            .map(|&slot| format!("{name}: {} is not NaN", beyond(slot)));
        damaged.chain(others).collect::<Vec<_>>().join("\n")
    };
    terminal.result(&text)?;
    let what = match (damaged.len(), others.len()) {
        (0, 0) => return Ok(()),
        (0, others) => format!(
            "{others} places of {name} behind the last snapshot of their scenario are not NaN: `diff2d repair {}` fills them",
            quoted(&args.cube.display().to_string())
        ),
        (damaged, _) => format!(
            "{damaged} of {committed} committed snapshots of {name} are damaged: `diff2d repair {}` recomputes them",
            quoted(&args.cube.display().to_string())
        ),
    };
    Err(Error::Differs(what))
}

/// A place behind the last snapshot of a scenario.
pub(super) fn beyond(slot: Slot) -> String {
    let (index, scenario) = (slot.index, slot.scenario());
    format!("place {index} of scenario {scenario}, behind its last snapshot,")
}

/// The index of a snapshot, in a sweep behind that of its scenario.
fn place(slot: &Slot) -> Value {
    match slot.scenario {
        Some(scenario) => json!([scenario, slot.index]),
        None => json!(slot.index),
    }
}
