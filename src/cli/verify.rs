//! `diff2d verify`: whether a cube still holds what was committed.

use super::{
    bar::Unit,
    terminal::{Terminal, quoted},
};
use crate::{
    cube::{Cube, CubeError, Header, journal::Slot, record_file},
    error::Error,
};
use clap::Args;
use serde::{Serialize, Serializer};
use std::{fmt, path::PathBuf};

/// Recompute the digest of every committed snapshot, and check the record (exit code 3 if any differs)
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
    let name = args.cube.display().to_string();
    let cube = match Cube::open(&args.cube) {
        Err(CubeError::Unborn { .. }) => {
            let verified = Verified {
                name,
                snapshots: 0,
                committed: 0,
                damaged: Places::default(),
                record: Vec::new(),
            };
            return terminal.answer(&verified, args.json);
        }
        opened => opened?,
    };
    let (header, committed) = (cube.header(), cube.committed());
    let bar = terminal.bar(committed * header.snapshot_bytes(), Unit::Bytes);
    let damaged = cube.damaged(bar.progress())?;
    drop(bar);
    let verified = Verified {
        name,
        snapshots: header.snapshots(),
        committed,
        damaged: Places::new(&damaged, header),
        record: record_file::check(&cube)?,
    };
    terminal.answer(&verified, args.json)?;
    let (name, repair) = (&verified.name, quoted(&verified.name));
    let Places { snapshots, beyond } = verified.damaged;
    let what = match (snapshots.len(), beyond.len()) {
        (0, 0) if verified.record.is_empty() => return Ok(()),
        (0, 0) if header.is_sweep() => format!(
            "the record of {name} is damaged, and that of a sweep is not computed again: keep what is left of it, or compute the sweep again with --force"
        ),
        (0, 0) => {
            format!("the record of {name} is damaged: `diff2d repair {repair}` writes it again")
        }
        (0, others) => format!(
            "{others} places of {name} behind the last snapshot of their scenario are not NaN: `diff2d repair {repair}` fills them"
        ),
        (damaged, _) => format!(
            "{damaged} of {committed} committed snapshots of {name} are damaged: `diff2d repair {repair}` recomputes them"
        ),
    };
    Err(Error::Differs(what))
}

/// What of a cube is as it was committed.
#[derive(Serialize)]
struct Verified {
    #[serde(skip)]
    name: String,
    snapshots: u64,
    committed: u64,
    damaged: Places,
    /// What is wrong with the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    record: Vec<String>,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, committed) = (&self.name, self.committed);
        let lines = self.damaged.lines(name, ["is damaged", "is not NaN"]);
        match lines.is_empty() {
            true => write!(
                f,
                "{name}: {committed} of {committed} committed snapshots are as they were committed"
            )?,
            false => f.write_str(&lines)?,
        }
        let mut record = self.record.iter();
        record.try_for_each(|wrong| write!(f, "\n{wrong}"))
    }
}

/// Places of a cube that do not hold what they should.
#[derive(Default)]
pub(super) struct Places {
    /// Snapshots that are committed.
    snapshots: Vec<Slot>,
    /// Places of a sweep behind the last snapshot of their scenario, where NaN belongs.
    beyond: Vec<Slot>,
}

impl Places {
    pub(super) fn new(all: &[Slot], header: &Header) -> Self {
        let (snapshots, beyond) = all.iter().partition(|&&slot| header.has_snapshot(slot));
        Self { snapshots, beyond }
    }

    /// A line for each, with what is said of snapshots and of the others.
    pub(super) fn lines(&self, name: &str, [snapshot, beyond]: [&str; 2]) -> String {
        let snapshots = self.snapshots.iter();
        let snapshots = snapshots.map(|slot| format!("{name}: {slot} {snapshot}"));
        let others = self.beyond.iter().map(|slot| {
            let (index, scenario) = (slot.index, slot.scenario());
            format!(
                "{name}: place {index} of scenario {scenario}, behind its last snapshot, {beyond}"
            )
        });
        snapshots.chain(others).collect::<Vec<_>>().join("\n")
    }
}

impl Serialize for Places {
    /// The indices of the snapshots, in a sweep behind those of their scenarios.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Damage {
            OfRun(u64),
            OfSweep(usize, u64),
        }
        let all = self.snapshots.iter().chain(&self.beyond);
        serializer.collect_seq(all.map(|slot| match slot.scenario {
            None => Damage::OfRun(slot.index),
            Some(scenario) => Damage::OfSweep(scenario, slot.index),
        }))
    }
}
