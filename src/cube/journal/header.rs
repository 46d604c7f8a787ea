//! [`Header`]: line 1 of the journal, which says what the complete cube will hold.

use super::{
    commit::SnapshotId,
    scenario::Scenario,
    scenarios::{Scenarios, Varied},
};
use crate::{
    measured::{Calendar, Date},
    params::{Canonical, MOST_SCENARIOS, Precision},
    problem::Problem,
    schedule::{Clock, Nper},
};
use diff2d_arrays::npy::{DATA_OFFSET, Dtype, NpyHeader};
use diff2d_arrays::wording::hex;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// Version of the journal's format.
pub const FORMAT: u64 = 3;

/// Line 1: what the complete cube will hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Keys")]
pub struct Header {
    /// Version of the journal's format.
    pub format: u64,
    /// 128 random bits in hexadecimal, new for every run that starts at its initial state.
    pub run_id: String,
    /// Version of the program that began the run.
    pub program_version: String,
    /// `(snapshots, ny, nx)` as the run was begun; of a sweep `(scenarios, snapshots, ny, nx)`.
    pub(super) shape: Vec<u64>,
    /// The cube's dtype.
    pub dtype: Dtype,
    /// The byte of the cube at which the data begins.
    pub data_offset: u64,
    /// The run or the scenarios of the sweep.
    #[serde(flatten)]
    pub content: Content,
    /// The names of what a sweep varies, as its file has them. Empty in journals of earlier versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) swept: Vec<String>,
    /// SHA-256 of every input file, by its name in the parameters.
    pub inputs: BTreeMap<String, String>,
    /// The directory of the cube when its run began, from which names of input files start where they are relative. Journals of
    /// earlier versions have absolute names alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cube) directory: Option<String>,
    /// The date at which t is 0, if files of functions have dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Warnings on the accuracy of the run, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The number of snapshots of each scenario that has ended early; a single run is scenario 0. These numbers come
    /// from the lines behind line 1.
    #[serde(skip)]
    ended: BTreeMap<usize, u64>,
}

/// One run, or the scenarios of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// A run, whose keys stand in line 1 directly.
    Run(Scenario),
    /// A sweep: the keys of its first scenario, and the key `varied`.
    Sweep(Scenarios),
}

/// The keys of line 1 as they are parsed.
#[derive(Deserialize)]
struct Keys {
    format: u64,
    run_id: String,
    program_version: String,
    shape: Vec<u64>,
    dtype: Dtype,
    data_offset: u64,
    inputs: BTreeMap<String, String>,
    directory: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    params: Canonical,
    dx: f64,
    dy: f64,
    dt: f64,
    nsteps: u64,
    nper: Nper,
    stages: Option<u64>,
    varied: Option<Varied>,
    #[serde(default)]
    swept: Vec<String>,
}

impl TryFrom<Keys> for Header {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, Self::Error> {
        let first_scenario = Scenario {
            params: keys.params,
            dx: keys.dx,
            dy: keys.dy,
            dt: keys.dt,
            nsteps: keys.nsteps,
            nper: keys.nper,
            stages: keys.stages,
        };
        let content = match (keys.varied, keys.shape.first()) {
            (None, _) => Content::Run(first_scenario),
            (Some(varied), Some(&count)) if (1..=MOST_SCENARIOS as u64).contains(&count) => {
                let scenarios = Scenarios::read(first_scenario, varied, count as usize);
                let scenarios = scenarios.ok_or("a list in varied has no value for each scenario");
                Content::Sweep(scenarios?)
            }
            _ => return Err(format!("shape is {:?}, and that of no sweep", keys.shape)),
        };
        Ok(Self {
            format: keys.format,
            run_id: keys.run_id,
            program_version: keys.program_version,
            shape: keys.shape,
            dtype: keys.dtype,
            data_offset: keys.data_offset,
            content,
            swept: keys.swept,
            inputs: keys.inputs,
            directory: keys.directory,
            origin: keys.origin,
            warnings: keys.warnings,
            ended: BTreeMap::new(),
        })
    }
}

impl Header {
    /// Line 1 of the journal of a run that starts now.
    ///
    /// # Errors
    /// If the system provides no random numbers for the run id.
    pub fn of_run(problem: &Problem) -> Result<Self, getrandom::Error> {
        Self::new(
            problem.params.precision,
            problem.cube_shape().to_vec(),
            Content::Run(Scenario::of(problem)),
            problem.inputs(),
        )
        .map(|header| header.with_origin(problem.origin()))
    }

    /// Line 1 of the journal of a sweep that starts now, whose cube has the shape `shape`; `swept` are the names of what it varies.
    ///
    /// # Errors
    /// If the system provides no random numbers for the run id.
    pub fn of_sweep(
        scenarios: Scenarios,
        swept: Vec<String>,
        precision: Precision,
        shape: [u64; 4],
        inputs: BTreeMap<String, String>,
    ) -> Result<Self, getrandom::Error> {
        let header = Self::new(precision, shape.to_vec(), Content::Sweep(scenarios), inputs);
        header.map(|header| Self { swept, ..header })
    }

    /// Adds the date at which t is 0 to the header.
    #[must_use]
    pub(crate) fn with_origin(self, origin: Option<Date>) -> Self {
        Self {
            origin: origin.map(|origin| origin.to_string()),
            ..self
        }
    }

    /// The header with other names of input files, where `rename` gives one.
    pub(in crate::cube) fn with_files(self, rename: &impl Fn(&str) -> Option<String>) -> Self {
        if self.inputs.is_empty() {
            return self;
        }
        let inputs = self.inputs.into_iter();
        let inputs = inputs.map(|(name, digest)| (rename(&name).unwrap_or(name), digest));
        Self {
            inputs: inputs.collect(),
            content: match self.content {
                Content::Run(run) => Content::Run(run.with_files(rename)),
                Content::Sweep(scenarios) => Content::Sweep(scenarios.with_files(rename)),
            },
            ..self
        }
    }

    /// The dates of simulated times, if files of functions had dates.
    #[must_use]
    pub fn calendar(&self) -> Option<Calendar> {
        let origin = Date::parse(self.origin.as_deref()?, None).ok()?;
        Calendar::of_unit_named(origin, self.scenario(0)?.params.unit("t"))
    }

    /// Adds warnings on the accuracy of the run to the header.
    #[must_use]
    pub(crate) fn with_warnings(self, warnings: &[String]) -> Self {
        Self {
            warnings: warnings.to_vec(),
            ..self
        }
    }

    fn new(
        precision: Precision,
        shape: Vec<u64>,
        content: Content,
        inputs: BTreeMap<String, String>,
    ) -> Result<Self, getrandom::Error> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        Ok(Self {
            format: FORMAT,
            run_id: hex(&id),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            shape,
            dtype: match precision {
                Precision::F64 => Dtype::F64,
                Precision::F32 => Dtype::F32,
            },
            data_offset: DATA_OFFSET,
            content,
            swept: Vec::new(),
            inputs,
            directory: None,
            origin: None,
            warnings: Vec::new(),
            ended: BTreeMap::new(),
        })
    }

    /// Whether the parameters ask for a record.
    #[must_use]
    pub fn has_record(&self) -> bool {
        self.scenario(0).is_some_and(|scenario| {
            let mut pairs = scenario.params.pairs().into_iter();
            pairs.any(|(name, _)| name.starts_with("record."))
        })
    }

    /// The names of the fields of the record.
    #[must_use]
    pub fn field_names(&self) -> Vec<String> {
        let scenario = self.scenario(0);
        let fields = scenario.and_then(|scenario| scenario.params.value("record.fields").cloned());
        let names = fields.as_ref().and_then(|fields| fields.as_array());
        let names = names.into_iter().flatten();
        names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    }

    /// The number of streams of each scenario: rows and fields, as far as the parameters ask for them.
    #[must_use]
    pub fn stream_count(&self) -> u64 {
        u64::from(self.has_record()) + self.field_names().len() as u64
    }

    /// The number of scenarios of a sweep; 1 for a run.
    #[must_use]
    pub fn scenario_count(&self) -> usize {
        match &self.content {
            Content::Run(_) => 1,
            Content::Sweep(scenarios) => scenarios.len(),
        }
    }

    /// The scenario of a sweep with this number, or the only scenario of a run.
    #[must_use]
    pub fn scenario(&self, number: usize) -> Option<Cow<'_, Scenario>> {
        match &self.content {
            Content::Run(run) => (number == 0).then_some(Cow::Borrowed(run)),
            Content::Sweep(scenarios) => scenarios.get(number).map(Cow::Owned),
        }
    }

    /// The scenarios of a sweep; `None` for a run.
    #[must_use]
    pub fn sweep(&self) -> Option<&Scenarios> {
        match &self.content {
            Content::Run(_) => None,
            Content::Sweep(scenarios) => Some(scenarios),
        }
    }

    /// All scenarios of a sweep, or the only scenario of a run.
    pub fn scenarios(&self) -> impl Iterator<Item = Cow<'_, Scenario>> {
        (0..self.scenario_count()).filter_map(|number| self.scenario(number))
    }

    /// The number of snapshots of a scenario, with its initial state; 0 if there is no such scenario.
    #[must_use]
    pub fn snapshots_of(&self, scenario: usize) -> u64 {
        let ended = self.ended.get(&scenario).copied();
        ended.unwrap_or_else(|| self.planned(scenario))
    }

    /// The number of steps of a scenario between consecutive snapshots.
    ///
    /// # Panics
    /// If there is no such scenario.
    #[must_use]
    pub fn steps_per_snapshot(&self, scenario: usize) -> Nper {
        let steps = self.steps(scenario);
        steps
            .unwrap_or_else(|| panic!("there is no scenario {scenario}"))
            .1
    }

    /// Whether steps of a run lead from its last committed snapshot to the time `later`, before the next snapshot.
    #[must_use]
    pub fn leads_to(&self, last: Clock, later: Clock) -> bool {
        let nper = self.steps_per_snapshot(0);
        let next_step = nper.step_of(nper.snapshot_at(last.step).0.saturating_add(1));
        let is_between = last.step < later.step && later.step < next_step;
        is_between && self.run().is_some_and(|run| run.pace().leads(last, later))
    }

    /// Records that the run or the scenario has ended with the snapshot `last`.
    #[doc(hidden)]
    pub fn end_with(&mut self, last: SnapshotId) {
        let (number, snapshots) = (last.scenario(), last.index + 1);
        if snapshots < self.planned(number) {
            self.ended.insert(number, snapshots)
        } else {
            self.ended.remove(&number)
        };
    }

    /// The number of places behind the last snapshots of the first `scenarios` scenarios of a sweep. These places hold
    /// NaN.
    #[must_use]
    pub fn places_behind(&self, scenarios: u64) -> u64 {
        let sweep_length = self.shape.first().filter(|_| self.is_sweep());
        let places_each = self.snapshots_each();
        let count = scenarios.min(sweep_length.copied().unwrap_or(0));
        (0..usize::try_from(count).unwrap_or(0))
            .map(|number| places_each.saturating_sub(self.snapshots_of(number)))
            .sum()
    }

    /// The number of snapshots of a run that has ended early and whose cube is shorter for that; `None` otherwise.
    fn shortened(&self) -> Option<u64> {
        self.ended.get(&0).copied().filter(|_| !self.is_sweep())
    }

    /// Whether a scenario may end before its last snapshot.
    #[must_use]
    pub(in crate::cube) fn may_end_early(&self, scenario: usize) -> bool {
        let scenario = self.scenario(scenario);
        scenario.is_some_and(|one| one.params.get("until").is_some())
    }

    /// The header as planned at the start, if the run has ended early.
    #[must_use]
    pub fn as_begun(&self) -> Option<Self> {
        self.shortened()?;
        Some(Self {
            ended: BTreeMap::new(),
            ..self.clone()
        })
    }

    /// The planned number of snapshots of a scenario; 0 if there is no such scenario.
    fn planned(&self, scenario: usize) -> u64 {
        let steps = self.steps(scenario);
        steps.map_or(0, |(nsteps, nper)| nper.snapshots(nsteps))
    }

    /// Whether a place holds a snapshot, and does not lie behind the last one of its scenario.
    #[must_use]
    pub fn has_snapshot(&self, id: SnapshotId) -> bool {
        id.index < self.snapshots_of(id.scenario())
    }

    /// The shape of the cube: `(snapshots, ny, nx)`, or `(scenarios, snapshots, ny, nx)` for a sweep. After an early
    /// end of a run only the committed snapshots count.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let mut shape = self.shape.clone();
        if let (Some(snapshots), Some(snapshot_count)) = (self.shortened(), shape.first_mut()) {
            *snapshot_count = snapshots;
        }
        shape
    }

    /// The NumPy header of the cube.
    #[must_use]
    pub fn npy(&self) -> NpyHeader {
        NpyHeader::new(self.shape(), self.dtype, false)
    }

    /// The last step of a run.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        let run = self.run()?;
        Some(
            self.shortened()
                .map_or(run.nsteps, |snapshots| run.nper.step_of(snapshots - 1)),
        )
    }

    /// Whether an array of this shape can be the cube of this run after an early end.
    #[must_use]
    pub fn may_have_left(&self, shape: &[u64]) -> bool {
        self.run()
            .is_some_and(|run| run.params.get("until").is_some())
            && shape.len() == self.shape.len()
            && shape[1..] == self.shape[1..]
            && shape[0] <= self.planned(0)
    }

    fn steps(&self, scenario: usize) -> Option<(u64, Nper)> {
        match &self.content {
            Content::Run(run) => (scenario == 0).then(|| (run.nsteps, run.nper.clone())),
            Content::Sweep(scenarios) => scenarios.steps(scenario),
        }
    }

    /// Whether the cube has an axis of scenarios.
    #[must_use]
    pub fn is_sweep(&self) -> bool {
        matches!(self.content, Content::Sweep(_))
    }

    /// The only scenario of a run; `None` for a sweep.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        match &self.content {
            Content::Run(scenario) => Some(scenario),
            Content::Sweep(_) => None,
        }
    }

    /// The number of snapshots of all scenarios together.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        let numbers = 0..self.scenario_count();
        numbers.map(|number| self.snapshots_of(number)).sum()
    }

    /// The number of places for snapshots of each scenario.
    #[must_use]
    pub fn snapshots_each(&self) -> u64 {
        let places = self.shape.iter().rev().nth(2);
        self.shortened().or(places.copied()).unwrap_or(1)
    }

    /// Bytes of one snapshot in the cube.
    #[must_use]
    pub fn snapshot_bytes(&self) -> u64 {
        self.shape.iter().rev().take(2).product::<u64>() * self.dtype.bytes as u64
    }

    /// The byte of the cube at which a snapshot begins.
    #[must_use]
    pub fn offset_of(&self, id: SnapshotId) -> u64 {
        let frame = id.scenario() as u64 * self.snapshots_each() + id.index;
        self.data_offset + frame * self.snapshot_bytes()
    }

    /// Bytes of the whole cube.
    #[must_use]
    pub fn cube_bytes(&self) -> u64 {
        let frames: u64 = self.shape.iter().rev().skip(2).product();
        let frames = self.shortened().unwrap_or(frames);
        self.data_offset + frames * self.snapshot_bytes()
    }
}
