//! [`CubeState`]: what the journal of a cube, and what lies beside it, say.

use super::{
    super::{listing::Listing, number},
    record::RecordState,
    running::Running,
};
use crate::{
    cube::{
        CubeError, Header, Journal, Paths, Record, checkpoint,
        journal::{Scenario, telling},
        scratch,
    },
    params::StepMethod,
    schedule::{Clock, Nper},
};
use diff2d_arrays::wording::excerpt;
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeSeq},
};
use std::{borrow::Cow, cell::RefCell, fmt, path::Path};

/// What the journal of a cube adds.
#[derive(Serialize)]
pub(super) struct CubeState<'a> {
    run: &'a Option<Header>,
    committed: u64,
    complete: bool,
    /// Of a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    varied: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenarios: Option<Vec<ScenarioState>>,
    /// Only where they are told.
    pub snapshots: Option<SnapshotCounts<'a>>,
    /// The state between snapshots that a resume will take up.
    checkpoint: Option<Clock>,
    /// That of a state larger than its memory.
    scratch: Option<Clock>,
    /// If a process writes it at the moment.
    pub running: Option<Running>,
    /// The record of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordState>,
    #[serde(skip)]
    last: Option<&'a Record>,
}

impl<'a> CubeState<'a> {
    pub fn new(cube: &Path, journal: &'a Journal) -> Self {
        let [checkpoint, scratch] = states(cube, journal).unwrap_or_default();
        let sweep = journal.header.as_ref().filter(|header| header.is_sweep());
        let varied = sweep.map(telling);
        let scenarios = sweep.zip(varied.as_ref());
        Self {
            scenarios: scenarios
                .map(|(header, varied)| ScenarioState::all(header, varied, journal)),
            varied,
            run: &journal.header,
            committed: journal.committed.total(),
            complete: journal.is_complete(),
            snapshots: None,
            checkpoint,
            scratch,
            running: None,
            record: None,
            last: journal.committed.last(),
        }
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
                let known = run.known_params();
                lines.add("params", params(run, known.is_some()));
                if let Some(params) = &known {
                    lines.add_physics(params);
                }
                let (dt, nper) = (number::python(run.dt), &run.nper);
                let nsteps = header.last_step().unwrap_or(run.nsteps);
                let is_steady = known.is_some_and(|params| params.method == StepMethod::Steady);
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
        let (some, all) = (self.committed, header.snapshots());
        lines.add("committed", format!("{some} of {all} snapshots"));
        if let Some(last) = self.last {
            lines.add("last", snapshot(last));
        }
        if let Some(record) = &self.record {
            lines.add("record", record);
        }
        if let Some(running) = &self.running {
            lines.add("running", running);
        }
        for (name, state, how) in [
            ("checkpoint", self.checkpoint, "--resume"),
            ("scratch", self.scratch, "--resume --memory"),
        ] {
            if let Some(Clock { step, simtime }) = state {
                let time = number::python(simtime);
                lines.add(
                    name,
                    format!("t = {time} after step {step}, from which {how} continues"),
                );
            }
        }
    }

    fn list_sweep(&self, header: &Header, lines: &mut Listing) {
        /// So many scenarios are listed; JSON has all of them.
        const MOST: usize = 100;
        let count = header.scenario_count();
        let differ = match self.varied.as_deref().unwrap_or_default() {
            [] => String::new(),
            keys => format!(", which differ in {}", keys.join(", ")),
        };
        lines.add("sweep", format!("{count} scenarios{differ}"));
        for scenario in self.scenarios.iter().flatten().take(MOST) {
            lines.add("scenario", scenario);
        }
        if count > MOST {
            lines.add("", format!("and {} more: --json tells all", count - MOST));
        }
    }
}

/// A scenario of a sweep, and what is there of it.
#[derive(Serialize)]
struct ScenarioState {
    scenario: usize,
    /// Those that vary.
    params: serde_json::Map<String, serde_json::Value>,
    committed: u64,
    snapshots: u64,
}

impl ScenarioState {
    fn all(header: &Header, varied: &[String], journal: &Journal) -> Vec<Self> {
        let scenarios = header.scenarios().enumerate();
        let of_one = |(number, scenario): (usize, Cow<'_, Scenario>)| Self {
            scenario: number,
            params: scenario
                .params
                .pairs()
                .into_iter()
                .filter(|(key, _)| varied.contains(key))
                .map(|(key, value)| (key, value.clone()))
                .collect(),
            committed: journal.committed.of(number),
            snapshots: header.snapshots_of(number),
        };
        scenarios.map(of_one).collect()
    }
}

impl fmt::Display for ScenarioState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.scenario)?;
        for (key, value) in &self.params {
            write!(f, "{key} = {}, ", excerpt(&value.to_string(), 60))?;
        }
        write!(f, "{} of {} snapshots", self.committed, self.snapshots)
    }
}

/// The clocks of the checkpoint and of the scratch that a run has left after its last snapshot.
fn states(cube: &Path, journal: &Journal) -> Option<[Option<Clock>; 2]> {
    let (header, last) = (journal.header.as_ref()?, journal.committed.last()?);
    header.run()?;
    let paths = Paths::of(cube).ok()?;
    let found = checkpoint::find(&paths, header, last.clock())
        .ok()
        .flatten();
    Some([
        found.map(|found| found.clock),
        scratch::latest(&paths, header, last.clock()).ok().flatten(),
    ])
}

/// Records that are written as they are read: there may be many.
pub(super) struct SnapshotCounts<'a>(
    RefCell<Box<dyn Iterator<Item = Result<Record, CubeError>> + 'a>>,
);

impl<'a> SnapshotCounts<'a> {
    pub fn new(records: impl Iterator<Item = Result<Record, CubeError>> + 'a) -> Self {
        Self(RefCell::new(Box::new(records)))
    }
}

impl Serialize for SnapshotCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for record in self.0.borrow_mut().by_ref() {
            list.serialize_element(&record.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// The keys; without those of the physics where that is told in words.
fn params(run: &Scenario, has_physics: bool) -> String {
    const PHYSICS: [&str; 7] = ["Dx", "Dy", "face", "capacity", "decay", "source", "method"];
    /// Other programs' journals may hold any number of them, of any length.
    const MOST: usize = 100;
    const LONGEST: usize = 200;
    let is_physics = |key: &str| {
        PHYSICS.contains(&key) || key.starts_with("initial.") || key.starts_with("boundary.")
    };
    let pairs = run.params.pairs().into_iter();
    let pairs = pairs.filter(|(key, _)| !(has_physics && is_physics(key)));
    let mut pairs: Vec<String> = pairs
        .map(|(key, value)| {
            let (key, value) = (excerpt(&key, LONGEST), excerpt(&value.to_string(), LONGEST));
            format!("{key} = {value}")
        })
        .collect();
    if pairs.len() > MOST {
        let more = pairs.len() - MOST;
        pairs.truncate(MOST);
        pairs.push(format!("and {more} more"));
    }
    pairs.join(", ")
}

fn snapshot(record: &Record) -> String {
    let [time, mass, min, max] =
        [record.simtime, record.mass, record.min, record.max].map(number::python);
    let (slot, step) = (record.slot(), record.step);
    format!("{slot}: t = {time} after step {step}, mass {mass}, from {min} to {max}")
}
