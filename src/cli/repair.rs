//! `diff2d repair`: damaged snapshots computed again.

use super::{bar::Unit, terminal::Terminal, values, verify::Places};
use crate::cli::error::Error;
use clap::Args;
use diff2d::program::{cube::Restorer, repair};
use serde::Serialize;
use std::{fmt, path::PathBuf};

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
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn repair(args: &RepairArgs, terminal: &Terminal) -> Result<(), Error> {
    let name = args.cube.display().to_string();
    let Some(mut cube) = Restorer::open(&args.cube, args.no_lock)? else {
        let repaired = Repaired {
            name,
            record: Vec::new(),
            snapshots: 0,
            committed: 0,
            repaired: Places::default(),
        };
        return terminal.answer(&repaired, args.json);
    };
    let bytes = cube.committed() * cube.header.snapshot_bytes();
    let bar = terminal.bar(bytes, Unit::Bytes);
    let damaged = cube.damaged(bar.progress())?;
    drop(bar);
    let bar = terminal.bar(damaged.len() as u64, Unit::Snapshots);
    let record = repair::repair(
        &mut cube,
        &damaged,
        &args.moved,
        args.memory,
        bar.progress(),
    )?;
    drop(bar);
    let repaired = Repaired {
        name,
        record,
        snapshots: cube.header.snapshots(),
        committed: cube.committed(),
        repaired: Places::new(&damaged, &cube.header),
    };
    terminal.answer(&repaired, args.json)
}

/// The parts of a cube that were repaired.
#[derive(Serialize)]
struct Repaired {
    #[serde(skip)]
    name: String,
    snapshots: u64,
    committed: u64,
    repaired: Places,
    /// What was wrong with the record, which is written again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    record: Vec<String>,
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        let lines = self.repaired.lines(name, ["is repaired", "is NaN again"]);
        for wrong in &self.record {
            writeln!(f, "{wrong}: the record is written again")?;
        }
        match (lines.is_empty(), self.committed) {
            (false, _) => f.write_str(&lines),
            (true, 0) => write!(
                f,
                "{name}: nothing is committed yet, so nothing can be damaged"
            ),
            (true, _) => write!(f, "{name}: no snapshot is damaged"),
        }
    }
}
