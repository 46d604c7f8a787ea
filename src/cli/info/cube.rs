//! [`CubeState`]: what the journal of a cube, and what lies beside it, say.

use super::{
    super::{
        listing::Listing,
        number,
        selection::{EXAMPLES, Entry},
    },
    record::RecordState,
    running::Running,
};
use crate::cli::error::Error;
use diff2d::{
    Commit, CubeError, End, Header, Scenario,
    program::{
        cube::{Journal, Paths, checkpoint, scratch, telling},
        params::{Quantity, StepMethod},
        run::{Clock, Nper},
    },
};
use diff2d_arrays::{npy::Slice, wording::excerpt};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeSeq},
};
use std::{cell::RefCell, fmt, path::Path};

/// What the journal of a cube adds.
#[derive(Serialize)]
pub(super) struct CubeState<'a> {
    run: &'a Option<Header>,
    committed: u64,
    complete: bool,
    /// The warnings of the run.
    warnings: &'a [String],
    /// The keys in which the scenarios of a sweep differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    varied: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenarios: Option<Vec<ScenarioState<'a>>>,
    /// The snapshots, where the answer lists them.
    pub snapshots: Option<SnapshotCounts<'a>>,
    /// The state between snapshots that a resume will take up.
    checkpoint: Option<Clock>,
    /// The state between snapshots of a run whose state is larger than its memory.
    scratch: Option<Clock>,
    /// If a process writes it at the moment.
    pub running: Option<Running>,
    /// Why the run has ended, if a condition of its parameters has ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a End>,
    /// The record of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordState>,
    #[serde(skip)]
    last: Option<&'a Commit>,
    /// The scenarios that a text lists.
    #[serde(skip)]
    pub listed: Option<Slice>,
}

impl<'a> CubeState<'a> {
    pub fn new(cube: &Path, journal: &'a Journal) -> Self {
        let [checkpoint, scratch] = states(cube, journal).unwrap_or_default();
        let sweep = journal.header.as_ref().filter(|header| header.is_sweep());
        let varied = sweep.map(telling);
        let scenarios = sweep.zip(varied.as_ref());
        Self {
            scenarios: scenarios
                .map(|(header, varied)| ScenarioState::of_sweep(header, varied, journal)),
            varied,
            run: &journal.header,
            committed: journal.committed.total(),
            complete: journal.is_complete(),
            warnings: journal
                .header
                .as_ref()
                .map_or(&[], |header| &header.warnings),
            snapshots: None,
            checkpoint,
            scratch,
            running: None,
            ended: journal.ends.get(&0).filter(|_| sweep.is_none()),
            record: None,
            last: journal.committed.last(),
            listed: None,
        }
    }

    /// The scenarios that a range takes.
    pub fn chosen(&self, typed: &str) -> Result<Slice, Error> {
        let count = self.scenarios.as_ref().map_or(0, Vec::len);
        let entry = Entry::parse(typed).ok();
        let chosen = entry.and_then(|entry| entry.slice(count as u64));
        chosen.ok_or_else(|| {
            Error::Usage(format!(
                "--scenarios {typed}: expected a range {EXAMPLES}, of {count} scenarios"
            ))
        })
    }

    pub fn list(&self, lines: &mut Listing) {
        let Some(header) = self.run else {
            lines.add(
                "run",
                "was stopped while it created the file: nothing in it counts",
            );
            return;
        };
        match header.run() {
            Some(run) => {
                let known_params = run.known_params();
                lines.add("params", params(run, known_params.is_some()));
                if let Some(params) = &known_params {
                    lines.add_physics(params);
                }
                let (dt, nper) = (number::python(run.dt), &run.nper);
                let nsteps = header.last_step().unwrap_or(run.nsteps);
                let is_steady =
                    known_params.is_some_and(|params| params.method == StepMethod::Steady);
                lines.add(
                    "steps",
                    match nper {
                        _ if is_steady => "none".to_owned(),
                        Nper::Every(nper) => {
                            format!("{nsteps} of dt = {dt}, a snapshot every {nper}")
                        }
                        Nper::Each(_) => format!("{nsteps} of dt = {dt}, snapshots at given times"),
                    },
                );
            }
            None => self.list_sweep(header, lines),
        }
        if let Some(origin) = &header.origin {
            lines.add("dates", format!("t = 0 is {origin}"));
        }
        let (committed, planned) = (self.committed, header.snapshots());
        lines.add("committed", format!("{committed} of {planned} snapshots"));
        if let Some(commit) = self.last {
            lines.add("last", snapshot(commit));
        }
        if let Some(end) = self.ended {
            lines.add("ended", end);
        }
        for warning in self.warnings {
            lines.add("warning", warning);
        }
        if let Some(record) = &self.record {
            lines.add("record", record);
        }
        if let Some(running) = &self.running {
            lines.add("running", running);
        }
        for (name, state, options) in [
            ("checkpoint", self.checkpoint, "--resume"),
            ("scratch", self.scratch, "--resume --memory"),
        ] {
            if let Some(Clock { step, simtime }) = state {
                let time = number::python(simtime);
                lines.add(
                    name,
                    format!("t = {time} after step {step}, from which {options} continues"),
                );
            }
        }
    }

    fn list_sweep(&self, header: &Header, lines: &mut Listing) {
        let count = header.scenario_count();
        let differ = match self.varied.as_deref().unwrap_or_default() {
            [] => String::new(),
            keys => format!(", which differ in {}", keys.join(", ")),
        };
        lines.add("sweep", format!("{count} scenarios{differ}"));
        let scenarios = self.scenarios.as_deref().unwrap_or_default();
        let complete = scenarios
            .iter()
            .filter(|scenario| scenario.committed == scenario.snapshots)
            .count();
        let begun = scenarios
            .iter()
            .filter(|scenario| (1..scenario.snapshots).contains(&scenario.committed))
            .count();
        lines.add(
            "progress",
            format!(
                "{complete} scenarios complete, {begun} begun, {} to do",
                scenarios.len() - complete - begun
            ),
        );
        let chosen = self.listed.as_ref();
        let listed: Vec<_> = scenarios
            .iter()
            .filter(|scenario| {
                chosen.is_some_and(|chosen| chosen.contains(scenario.scenario as u64))
            })
            .collect();
        for scenario in &listed {
            lines.add("scenario", scenario);
        }
        if count > listed.len() {
            let others = count - listed.len();
            lines.add("", format!("and {others} more: --scenarios : lists all"));
        }
    }
}

/// A scenario of a sweep, and how far it is computed.
#[derive(Serialize)]
struct ScenarioState<'a> {
    scenario: usize,
    /// The parameters that vary, with their values.
    params: serde_json::Map<String, serde_json::Value>,
    committed: u64,
    snapshots: u64,
    /// Why the scenario has ended, if a condition of its parameters has ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a End>,
}

impl<'a> ScenarioState<'a> {
    fn of_sweep(header: &Header, varied: &[String], journal: &'a Journal) -> Vec<Self> {
        let scenarios = header.scenarios().enumerate();
        let states = scenarios.map(|(number, scenario)| Self {
            scenario: number,
            params: varied
                .iter()
                .filter_map(|key| Some((key.clone(), scenario.params.value(key)?.clone())))
                .collect(),
            committed: journal.committed.of(number),
            snapshots: header.snapshots_of(number),
            ended: journal.ends.get(&number),
        });
        states.collect()
    }
}

impl fmt::Display for ScenarioState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.scenario)?;
        for (key, value) in &self.params {
            write!(f, "{key} = {}, ", excerpt(&value.to_string(), 60))?;
        }
        write!(f, "{} of {} snapshots", self.committed, self.snapshots)?;
        self.ended.map_or(Ok(()), |end| write!(f, ", ended: {end}"))
    }
}

/// The clocks of the checkpoint and of the scratch that a run has left after its last snapshot.
fn states(cube: &Path, journal: &Journal) -> Option<[Option<Clock>; 2]> {
    let (header, last_commit) = (journal.header.as_ref()?, journal.committed.last()?);
    header.run()?;
    let paths = Paths::of(cube).ok()?;
    let latest_checkpoint = checkpoint::find(&paths, header, last_commit.clock())
        .ok()
        .flatten();
    Some([
        latest_checkpoint.map(|latest_checkpoint| latest_checkpoint.clock),
        scratch::latest(&paths, header, last_commit.clock())
            .ok()
            .flatten(),
    ])
}

/// Commits, which are written as they are read, because there may be many.
pub(super) struct SnapshotCounts<'a>(
    RefCell<Box<dyn Iterator<Item = Result<Commit, CubeError>> + 'a>>,
);

impl<'a> SnapshotCounts<'a> {
    pub fn new(commits: impl Iterator<Item = Result<Commit, CubeError>> + 'a) -> Self {
        Self(RefCell::new(Box::new(commits)))
    }
}

impl Serialize for SnapshotCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for commit in self.0.borrow_mut().by_ref() {
            list.serialize_element(&commit.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// The keys with their values; keys of the physics are left out where [`Listing`] describes the physics in words.
fn params(run: &Scenario, has_physics: bool) -> String {
    /// The most keys that are listed: journals of other programs may hold any number of them, of any length.
    const MOST: usize = 100;
    const LONGEST: usize = 200;
    let pairs = run.params.pairs().into_iter();
    let pairs = pairs.filter(|(key, _)| !(has_physics && is_physics(key)));
    let mut pairs: Vec<String> = pairs
        .map(|(key, value)| {
            let (key, value) = (excerpt(&key, LONGEST), excerpt(&value.to_string(), LONGEST));
            format!("{key} = {value}")
        })
        .collect();
    if pairs.len() > MOST {
        let omitted_count = pairs.len() - MOST;
        pairs.truncate(MOST);
        pairs.push(format!("and {omitted_count} more"));
    }
    pairs.join(", ")
}

/// Whether a key belongs to the physics of a problem.
fn is_physics(key: &str) -> bool {
    const PHYSICS: [&str; 2] = ["face", "method"];
    let is_quantity = Quantity::ALL.iter().any(|quantity| quantity.key() == key);
    is_quantity
        || PHYSICS.contains(&key)
        || key.starts_with("initial.")
        || key.starts_with("boundary.")
}

fn snapshot(commit: &Commit) -> String {
    let [time, mass, min, max] =
        [commit.simtime, commit.mass, commit.min, commit.max].map(number::python);
    let (id, step) = (commit.id(), commit.step);
    format!("{id}: t = {time} after step {step}, mass {mass}, from {min} to {max}")
}
