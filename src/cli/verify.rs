//! `diff2d verify`: whether a cube still holds what was committed.

use super::{
    answer::Answer,
    bar::Unit,
    terminal::{Terminal, quoted},
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{Cube, CubeError, End, Header, SnapshotId, program::repair};
use serde::{Serialize, Serializer};
use std::path::PathBuf;

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
    let name = &args.cube.display().to_string();
    let cube = match Cube::open(&args.cube) {
        Err(CubeError::Unborn { .. }) => {
            let nothing = Places::default();
            let answer = answer(name, [0; 2], &nothing, None, &[]);
            return terminal.answer(answer, args.json);
        }
        opened => opened?,
    };
    let (header, committed) = (cube.header(), cube.committed());
    let bar = terminal.bar(committed * header.snapshot_bytes(), Unit::Bytes);
    let damaged = Places::new(&cube.damaged(bar.progress())?, header);
    drop(bar);
    let end = cube.commits().last().and_then(|last| last.ended.as_ref());
    let faults = repair::faults_of_record(&cube)?;
    let counts = [header.snapshots(), committed];
    let answer = answer(name, counts, &damaged, end, &faults);
    terminal.answer(answer, args.json)?;
    let repair = quoted(name);
    let finding = match (damaged.snapshots.len(), damaged.places_behind.len()) {
        (0, 0) if faults.is_empty() => return Ok(()),
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

/// How a cube compares with what was committed: why its run has ended, if a condition of its parameters has ended it, and what is
/// wrong with its record.
fn answer<'a>(
    name: &str,
    [snapshots, committed]: [u64; 2],
    damaged: &'a Places,
    end: Option<&'a End>,
    faults: &'a [String],
) -> Answer<'a> {
    let mut answer = Answer::default();
    answer.plain("snapshots", snapshots);
    answer.plain("committed", committed);
    answer.plain("damaged", damaged);
    if damaged.is_empty() {
        answer.text(format!(
            "{name}: {committed} of {committed} committed snapshots are as they were committed"
        ));
    }
    damaged.tell(name, ["is damaged", "is not NaN"], &mut answer);
    answer.some("ended", end);
    if let Some(end) = end {
        answer.text(format!("{name}: ended with the last one: {end}"));
    }
    if !faults.is_empty() {
        answer.plain("record", faults);
    }
    faults.iter().for_each(|fault| answer.text(fault));
    answer
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

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.places_behind.is_empty()
    }

    /// Adds a line for each place: `sentence` says what is wrong with snapshots, `sentence_behind` with places behind the last one.
    pub(super) fn tell(
        &self,
        name: &str,
        [sentence, sentence_behind]: [&str; 2],
        answer: &mut Answer<'_>,
    ) {
        for id in &self.snapshots {
            answer.text(format!("{name}: {id} {sentence}"));
        }
        for id in &self.places_behind {
            let (index, scenario) = (id.index, id.scenario());
            answer.text(format!(
                "{name}: place {index} of scenario {scenario}, behind its last snapshot, {sentence_behind}"
            ));
        }
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
