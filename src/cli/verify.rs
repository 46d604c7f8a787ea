//! `diff2d verify`: whether a cube still holds what was committed.

use super::{
    bar::Unit,
    terminal::{Terminal, quoted},
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{Cube, CubeError, End, Header, SnapshotId, program::repair};
use serde::{Serialize, Serializer};
use std::{fmt, path::PathBuf};

/// Recompute the digest of every committed snapshot, and prove the record by its marks (exit code 3 if any differs)
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
                ended: None,
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
        ended: cube.commits().last().and_then(|last| last.ended.clone()),
        record: repair::faults_of_record(&cube)?,
    };
    terminal.answer(&verified, args.json)?;
    let (name, repair) = (&verified.name, quoted(&verified.name));
    let Places {
        snapshots,
        places_behind,
    } = verified.damaged;
    let finding = match (snapshots.len(), places_behind.len()) {
        (0, 0) if verified.record.is_empty() => return Ok(()),
        (0, 0) => {
            format!("the record of {name} is damaged: `diff2d repair {repair}` writes it again")
        }
        (0, count) => format!(
            "{count} places of {name} behind the last snapshot of their scenario are not NaN: `diff2d repair {repair}` fills them"
        ),
        (damaged, _) => format!(
            "{damaged} of {committed} committed snapshots of {name} are damaged: `diff2d repair {repair}` recomputes them"
        ),
    };
    Err(Error::Differs(finding))
}

/// How a cube compares with what was committed.
#[derive(Serialize)]
struct Verified {
    #[serde(skip)]
    name: String,
    snapshots: u64,
    committed: u64,
    damaged: Places,
    /// Why the run has ended, if a condition of its parameters has ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<End>,
    /// What is wrong with the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    record: Vec<String>,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, committed) = (&self.name, self.committed);
        let lines = self.damaged.lines(name, ["is damaged", "is not NaN"]);
        if lines.is_empty() {
            write!(
                f,
                "{name}: {committed} of {committed} committed snapshots are as they were committed"
            )?;
        } else {
            f.write_str(&lines)?;
        }
        if let Some(end) = &self.ended {
            write!(f, "\n{name}: ended with the last one: {end}")?;
        }
        let mut record = self.record.iter();
        record.try_for_each(|wrong| write!(f, "\n{wrong}"))
    }
}

/// Places of a cube that do not hold what they should.
#[derive(Default)]
pub(super) struct Places {
    /// Snapshots that are committed.
    snapshots: Vec<SnapshotId>,
    /// Places of a sweep behind the last snapshot of their scenario, where NaN belongs.
    places_behind: Vec<SnapshotId>,
}

impl Places {
    pub(super) fn new(ids: &[SnapshotId], header: &Header) -> Self {
        let (snapshots, places_behind) = ids.iter().partition(|&&id| header.has_snapshot(id));
        Self {
            snapshots,
            places_behind,
        }
    }

    /// A line for each place: `sentence` says what is wrong with snapshots, `sentence_behind` with places behind the last one.
    pub(super) fn lines(&self, name: &str, [sentence, sentence_behind]: [&str; 2]) -> String {
        let snapshots = self.snapshots.iter();
        let snapshots = snapshots.map(|id| format!("{name}: {id} {sentence}"));
        let lines_behind = self.places_behind.iter().map(|id| {
            let (index, scenario) = (id.index, id.scenario());
            format!(
                "{name}: place {index} of scenario {scenario}, behind its last snapshot, {sentence_behind}"
            )
        });
        snapshots.chain(lines_behind).collect::<Vec<_>>().join("\n")
    }
}

impl Serialize for Places {
    /// Writes the indices of the snapshots; in a sweep pairs of the number of the scenario and the index.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Damage {
            OfRun(u64),
            OfSweep(usize, u64),
        }
        let damaged_ids = self.snapshots.iter().chain(&self.places_behind);
        serializer.collect_seq(damaged_ids.map(|id| match id.scenario {
            None => Damage::OfRun(id.index),
            Some(scenario) => Damage::OfSweep(scenario, id.index),
        }))
    }
}
