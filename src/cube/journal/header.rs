//! [`Header`]: line 1 of the journal, what the cube is to hold.

use super::{
    error::JournalError,
    record::Slot,
    scenario::Scenario,
    scenarios::{Scenarios, Varied},
    seal::{LineWriter, SealedLine},
};
use crate::{
    params::{Canonical, MOST_SCENARIOS, Precision},
    problem::Problem,
    schedule::{Clock, Nper},
};
use diff2d_arrays::npy::{DATA_OFFSET, Dtype, NpyHeader};
use diff2d_arrays::wording::hex;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Read, Seek, Write},
};

/// Version of the journal's format, the only one there has been in a release.
pub const FORMAT: u64 = 2;

/// Line 1: what the cube is to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Keys")]
pub struct Header {
    /// Version of the journal's format.
    pub format: u64,
    /// 128 random bits in hexadecimal, new with every start from nothing.
    pub run_id: String,
    /// Version of the program that began the run.
    pub program_version: String,
    /// `(snapshots, ny, nx)` as the run was begun; of a sweep `(scenarios, snapshots, ny, nx)`.
    shape: Vec<u64>,
    /// The cube's dtype.
    pub dtype: Dtype,
    /// Where the data begins in the cube, in bytes.
    pub data_offset: u64,
    /// What is computed.
    #[serde(flatten)]
    pub content: Content,
    /// SHA-256 of every input file, by the name it has in the parameters.
    pub inputs: BTreeMap<String, String>,
    /// How many snapshots each scenario has that has ended early; a run is scenario 0. Lines behind this one say so.
    #[serde(skip)]
    ended: BTreeMap<usize, u64>,
}

/// One run, or the scenarios of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// A run: its keys stand in line 1 directly.
    Run(Scenario),
    /// A sweep: those of its first scenario, and the key `varied`.
    Sweep(Scenarios),
}

/// The keys of line 1, as they are read.
#[derive(Deserialize)]
struct Keys {
    format: u64,
    run_id: String,
    program_version: String,
    shape: Vec<u64>,
    dtype: Dtype,
    data_offset: u64,
    inputs: BTreeMap<String, String>,
    params: Canonical,
    dx: f64,
    dy: f64,
    dt: f64,
    nsteps: u64,
    nper: Nper,
    stages: Option<u64>,
    varied: Option<Varied>,
}

impl TryFrom<Keys> for Header {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, Self::Error> {
        let first = Scenario {
            params: keys.params,
            dx: keys.dx,
            dy: keys.dy,
            dt: keys.dt,
            nsteps: keys.nsteps,
            nper: keys.nper,
            stages: keys.stages,
        };
        let content = match (keys.varied, keys.shape.first()) {
            (None, _) => Content::Run(first),
            (Some(varied), Some(&count)) if (1..=MOST_SCENARIOS as u64).contains(&count) => {
                #[expect(clippy::cast_possible_truncation, reason = "at most a million")]
                let scenarios = Scenarios::read(first, varied, count as usize);
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
            inputs: keys.inputs,
            ended: BTreeMap::new(),
        })
    }
}

/// What line 1 of every format holds.
#[derive(Deserialize)]
struct Origin {
    format: u64,
    run_id: String,
    program_version: String,
}

impl Header {
    /// Line 1 of the journal of a run that starts now.
    ///
    /// # Errors
    /// When the system has no random numbers for the run id.
    pub fn of_run(problem: &Problem) -> Result<Self, getrandom::Error> {
        Self::new(
            problem.params.precision,
            problem.cube_shape().to_vec(),
            Content::Run(Scenario::of(problem)),
            problem.inputs(),
        )
    }

    /// Line 1 of the journal of a sweep that starts now, whose cube has this shape.
    ///
    /// # Errors
    /// When the system has no random numbers for the run id.
    pub fn of_sweep(
        scenarios: Scenarios,
        precision: Precision,
        shape: [u64; 4],
        inputs: BTreeMap<String, String>,
    ) -> Result<Self, getrandom::Error> {
        Self::new(precision, shape.to_vec(), Content::Sweep(scenarios), inputs)
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
            inputs,
            ended: BTreeMap::new(),
        })
    }

    /// Reads line 1, so many bytes without the newline, from the beginning of a journal: the format and
    /// the run id first, then the check sum, and only then the keys of this format.
    ///
    /// # Errors
    /// The inner one when the line cannot be used as it is, the outer one when it cannot be read.
    pub(super) fn read(
        journal: &mut (impl Read + Seek),
        length: u64,
    ) -> io::Result<Result<Self, JournalError>> {
        let damaged = || Ok(Err(JournalError::Header { ours: false }));
        let Some(mut line) = SealedLine::find(journal, length)? else {
            return damaged();
        };
        let Ok(origin) = line.content::<Origin>()? else {
            return damaged();
        };
        // It may have another check sum.
        if origin.format > FORMAT {
            return Ok(Err(JournalError::Newer {
                format: origin.format,
                program: origin.program_version,
            }));
        }
        if !line.is_of(&origin.run_id)? {
            return damaged();
        }
        if origin.format < FORMAT {
            return Ok(Err(JournalError::Older {
                format: origin.format,
            }));
        }
        Ok(match line.content::<Self>()? {
            Err(error) => Err(JournalError::Contradiction(error.to_string())),
            Ok(header) => match header.contradiction() {
                Some(reason) => Err(JournalError::Contradiction(reason)),
                None => Ok(header),
            },
        })
    }

    /// In what its keys contradict each other.
    fn contradiction(&self) -> Option<String> {
        let wrong = (0..self.scenario_count()).find_map(|number| match self.scenario(number) {
            Some(scenario) => scenario.contradiction(),
            None => Some(format!("scenario {number} has a value of another kind")),
        });
        if wrong.is_some() {
            return wrong;
        }
        if self.data_offset != DATA_OFFSET {
            return Some(format!("data_offset is {}", self.data_offset));
        }
        let numbers = 0..self.scenario_count();
        let most = numbers.map(|number| self.snapshots_of(number)).max();
        let expected = match (self.is_sweep(), most) {
            (true, most) => vec![self.scenario_count() as u64, most.unwrap_or(0)],
            (false, most) => vec![most.unwrap_or(0)],
        };
        let frame = self.shape.strip_prefix(expected.as_slice());
        if !matches!(frame, Some([ny, nx]) if *ny > 0 && *nx > 0) {
            return Some(format!(
                "shape is {:?} and nsteps and nper make it begin with {expected:?}",
                self.shape
            ));
        }
        let bytes = self
            .shape
            .iter()
            .try_fold(self.dtype.bytes as u64, |bytes, &length| {
                bytes.checked_mul(length)
            });
        if bytes.is_none_or(|bytes| bytes >= (1 << 63) - DATA_OFFSET) {
            return Some(format!("shape is {:?}, beyond any file", self.shape));
        }
        // Of a sweep only the first: there may be a million.
        if let Some((ny, nx)) = self
            .scenario(0)
            .and_then(|one| one.grid())
            .map(|grid| grid.shape())
            && frame != Some(&[ny as u64, nx as u64])
        {
            return Some(format!(
                "shape is {:?} and its parameters give {ny} × {nx} nodes",
                self.shape
            ));
        }
        None
    }

    /// The number of scenarios of a sweep; 1 of a run.
    #[must_use]
    pub fn scenario_count(&self) -> usize {
        match &self.content {
            Content::Run(_) => 1,
            Content::Sweep(scenarios) => scenarios.len(),
        }
    }

    /// A scenario of a sweep, or the one of a run.
    #[must_use]
    pub fn scenario(&self, number: usize) -> Option<Cow<'_, Scenario>> {
        match &self.content {
            Content::Run(run) => (number == 0).then_some(Cow::Borrowed(run)),
            Content::Sweep(scenarios) => scenarios.get(number).map(Cow::Owned),
        }
    }

    /// The scenarios of a sweep, or the one of a run.
    pub fn scenarios(&self) -> impl Iterator<Item = Cow<'_, Scenario>> {
        (0..self.scenario_count()).filter_map(|number| self.scenario(number))
    }

    /// Number of snapshots of a scenario, its initial state included; 0 where there is no such scenario.
    #[must_use]
    pub fn snapshots_of(&self, scenario: usize) -> u64 {
        let ended = self.ended.get(&scenario).copied();
        ended.unwrap_or_else(|| self.planned(scenario))
    }

    /// Steps of a scenario from each snapshot to the next.
    ///
    /// # Panics
    /// When there is no such scenario.
    #[must_use]
    pub fn steps_per_snapshot(&self, scenario: usize) -> Nper {
        let steps = self.steps(scenario);
        steps
            .unwrap_or_else(|| panic!("there is no scenario {scenario}"))
            .1
    }

    /// Whether the steps of a run lead from its last committed snapshot to a later time, before the next one.
    #[must_use]
    pub fn leads_to(&self, last: Clock, later: Clock) -> bool {
        let nper = self.steps_per_snapshot(0);
        let next = nper.step_of(nper.snapshot_at(last.step).0.saturating_add(1));
        let is_between = last.step < later.step && later.step < next;
        is_between && self.run().is_some_and(|run| run.pace().leads(last, later))
    }

    /// The run, or the scenario, has ended with this snapshot: there are no others.
    pub(in crate::cube) fn end_with(&mut self, last: Slot) {
        let (number, snapshots) = (last.scenario(), last.index + 1);
        match snapshots < self.planned(number) {
            true => self.ended.insert(number, snapshots),
            false => self.ended.remove(&number),
        };
    }

    /// How many places of the first scenarios of a sweep lie behind the last snapshots of these: NaN.
    #[must_use]
    pub fn places_behind(&self, scenarios: u64) -> u64 {
        let all = self.shape.first().filter(|_| self.is_sweep());
        let count = usize::try_from(scenarios.min(all.copied().unwrap_or(0))).unwrap_or(0);
        let behind = |number| {
            self.snapshots_each()
                .saturating_sub(self.snapshots_of(number))
        };
        (0..count).map(behind).sum()
    }

    /// How many snapshots a run has that has ended early, and has a shorter cube.
    fn shortened(&self) -> Option<u64> {
        self.ended.get(&0).copied().filter(|_| !self.is_sweep())
    }

    /// Whether a scenario may end before its last snapshot.
    #[must_use]
    pub(in crate::cube) fn may_end_early(&self, scenario: usize) -> bool {
        let scenario = self.scenario(scenario);
        scenario.is_some_and(|one| one.params.get("until").is_some())
    }

    /// The same as it was begun, of a run that has ended early.
    #[must_use]
    pub fn as_begun(&self) -> Option<Self> {
        self.shortened()?;
        Some(Self {
            ended: BTreeMap::new(),
            ..self.clone()
        })
    }

    /// Snapshots of a scenario as it was begun; 0 where there is no such scenario.
    fn planned(&self, scenario: usize) -> u64 {
        let steps = self.steps(scenario);
        steps.map_or(0, |(nsteps, nper)| nper.snapshots(nsteps))
    }

    /// Whether a place is that of a snapshot, and not behind the last one of its scenario.
    #[must_use]
    pub fn has_snapshot(&self, slot: Slot) -> bool {
        slot.index < self.snapshots_of(slot.scenario())
    }

    /// The shape of the cube: `(snapshots, ny, nx)`, of a sweep `(scenarios, snapshots, ny, nx)`. A run that has ended early
    /// has only the snapshots up to then.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let mut shape = self.shape.clone();
        if let (Some(snapshots), Some(first)) = (self.shortened(), shape.first_mut()) {
            *first = snapshots;
        }
        shape
    }

    /// The header of the array.
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

    /// Whether an array of this shape can be what a run that may end early has left of its cube.
    #[must_use]
    pub fn may_have_left(&self, shape: &[u64]) -> bool {
        let may_end = |run: &Scenario| run.params.get("until").is_some();
        self.run().is_some_and(may_end)
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

    /// The one scenario of a run; `None` of a sweep.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        match &self.content {
            Content::Run(scenario) => Some(scenario),
            Content::Sweep(_) => None,
        }
    }

    /// Snapshots of all scenarios together.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        let numbers = 0..self.scenario_count();
        numbers.map(|number| self.snapshots_of(number)).sum()
    }

    /// Places for snapshots that each scenario has.
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

    /// Where a snapshot begins in the cube, in bytes.
    #[must_use]
    pub fn offset_of(&self, slot: Slot) -> u64 {
        let frame = slot.scenario() as u64 * self.snapshots_each() + slot.index;
        self.data_offset + frame * self.snapshot_bytes()
    }

    /// Bytes of the whole cube.
    #[must_use]
    pub fn cube_bytes(&self) -> u64 {
        let frames: u64 = self.shape.iter().rev().skip(2).product();
        let frames = self.shortened().unwrap_or(frames);
        self.data_offset + frames * self.snapshot_bytes()
    }

    /// Writes the line, its newline included; returns its length in bytes.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_line(&self, to: impl Write) -> io::Result<u64> {
        LineWriter::new(to, &self.run_id).write(self)
    }

    /// Bytes of the line, its newline included.
    #[must_use]
    pub fn line_bytes(&self) -> u64 {
        self.write_line(io::sink()).unwrap_or(0)
    }
}
