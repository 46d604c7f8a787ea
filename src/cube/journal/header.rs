//! [`Header`]: line 1 of the journal, what the cube is to hold.

use super::{
    error::JournalError,
    record::Slot,
    seal::{Sealed, seal},
};
use crate::{
    grid::Grid,
    npy::{DATA_OFFSET, Dtype},
    params::{Canonical, Params, ParamsError, Precision, RawParams},
    problem::Problem,
    wording::excerpt,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, slice};

/// Version of the journal's format that this program writes, and the latest one that it reads.
pub const FORMAT: u64 = 1;

/// Line 1: what the cube is to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the journal's format.
    pub format: u64,
    /// 128 random bits in hexadecimal, new with every start from nothing.
    pub run_id: String,
    /// Version of the program that began the run.
    pub program_version: String,
    /// `(snapshots, ny, nx)`; of a sweep `(scenarios, snapshots, ny, nx)`.
    pub shape: Vec<u64>,
    /// The cube's dtype.
    pub dtype: Dtype,
    /// Where the data begins in the cube, in bytes.
    pub data_offset: u64,
    /// What is computed.
    #[serde(flatten)]
    pub content: Content,
    /// SHA-256 of every input file, by the name it has in the parameters.
    pub inputs: BTreeMap<String, String>,
}

/// One run, or the scenarios of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A run: its keys stand in line 1 directly.
    Run(Scenario),
    /// A sweep.
    Sweep {
        /// Its scenarios, in the order of the cube's first axis.
        scenarios: Vec<Scenario>,
    },
}

/// One run, alone or within a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Every parameter.
    pub params: Canonical,
    /// Spacing along x \[length\].
    pub dx: f64,
    /// Spacing along y \[length\].
    pub dy: f64,
    /// Time step \[time\].
    pub dt: f64,
    /// Number of steps.
    pub nsteps: u64,
    /// Steps per snapshot.
    pub nper: u64,
}

impl Scenario {
    /// What the journal says of a problem.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        Self {
            params: problem.params.canonical(),
            dx: problem.grid.x.spacing,
            dy: problem.grid.y.spacing,
            dt: problem.schedule.dt,
            nsteps: problem.schedule.nsteps,
            nper: problem.schedule.nper,
        }
    }

    /// The problem, if this program derives the same numbers from the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for parameters or input files that cannot be used, and `None` when the numbers
    /// differ.
    pub fn problem(&self) -> Result<Problem, Option<ParamsError>> {
        let problem = Problem::from_canonical(&self.params)?;
        let derived = Self {
            params: self.params.clone(),
            ..Self::of(&problem)
        };
        (derived == *self).then_some(problem).ok_or(None)
    }

    /// The parameters, if this program knows them all.
    #[must_use]
    pub fn known_params(&self) -> Option<Params> {
        Params::from_raw(&RawParams::from_canonical(&self.params)).ok()
    }

    /// Where the nodes lie, if this program derives the same numbers from the parameters.
    #[must_use]
    pub fn grid(&self) -> Option<Grid> {
        let raw = RawParams::from_canonical(&self.params);
        let grid = Grid::new(&Params::from_raw(&raw).ok()?, &raw).ok()?;
        let is_same = (grid.x.spacing, grid.y.spacing) == (self.dx, self.dy);
        is_same.then_some(grid)
    }

    /// Number of snapshots, the initial state included.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        1 + self.nsteps / self.nper
    }

    /// In what its numbers contradict each other.
    fn contradiction(&self) -> Option<String> {
        let is_positive = |value: f64| value.is_finite() && value > 0.0;
        if !(is_positive(self.dx) && is_positive(self.dy) && is_positive(self.dt)) {
            return Some("dx, dy or dt is not above 0".to_owned());
        }
        // Steps are counted exactly by f64, too.
        if self.nper == 0 || self.nsteps >= 1 << f64::MANTISSA_DIGITS {
            return Some(format!("nsteps is {} and nper {}", self.nsteps, self.nper));
        }
        None
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
    ///
    /// # Panics
    /// Without a problem.
    pub fn of_sweep(problems: &[Problem], shape: [u64; 4]) -> Result<Self, getrandom::Error> {
        let scenarios = problems.iter().map(Scenario::of).collect();
        Self::new(
            problems[0].params.precision,
            shape.to_vec(),
            Content::Sweep { scenarios },
            problems.iter().flat_map(Problem::inputs).collect(),
        )
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
            run_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            shape,
            dtype: match precision {
                Precision::F64 => Dtype::F64,
                Precision::F32 => Dtype::F32,
            },
            data_offset: DATA_OFFSET,
            content,
            inputs,
        })
    }

    /// Reads line 1 without its newline: the format and the run id first, then the check sum, and
    /// only then the keys of this format.
    pub(super) fn parse(line: &[u8]) -> Result<Self, JournalError> {
        let damaged = || JournalError::Header { ours: false };
        let line = Sealed::split(line).ok_or_else(damaged)?;
        let origin: Origin = line.content().map_err(|_| damaged())?;
        if !line.is_of(&origin.run_id) {
            return Err(damaged());
        }
        if origin.format > FORMAT {
            return Err(JournalError::Newer {
                format: origin.format,
                program: origin.program_version,
            });
        }
        let header: Self = line
            .content()
            .map_err(|error| JournalError::Contradiction(error.to_string()))?;
        match header.contradiction() {
            Some(reason) => Err(JournalError::Contradiction(reason)),
            None => Ok(header),
        }
    }

    /// In what its keys contradict each other.
    fn contradiction(&self) -> Option<String> {
        let scenarios = self.scenarios();
        let wrong = scenarios.iter().find_map(Scenario::contradiction);
        if wrong.is_some() {
            return wrong;
        }
        if self.format == 0 || self.data_offset != DATA_OFFSET {
            return Some(format!(
                "format is {} and data_offset {}",
                self.format, self.data_offset
            ));
        }
        let most = scenarios.iter().map(Scenario::snapshots).max();
        let expected = match (self.is_sweep(), most) {
            (true, Some(most)) => vec![scenarios.len() as u64, most],
            (false, Some(most)) => vec![most],
            (_, None) => return Some("there are no scenarios".to_owned()),
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
        None
    }

    /// The scenarios of a sweep, or the one of a run.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        match &self.content {
            Content::Run(scenario) => slice::from_ref(scenario),
            Content::Sweep { scenarios } => scenarios,
        }
    }

    /// Whether the cube has an axis of scenarios.
    #[must_use]
    pub fn is_sweep(&self) -> bool {
        matches!(self.content, Content::Sweep { .. })
    }

    /// The one scenario of a run; `None` of a sweep.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        match &self.content {
            Content::Run(scenario) => Some(scenario),
            Content::Sweep { .. } => None,
        }
    }

    /// Snapshots of all scenarios together.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.scenarios().iter().map(Scenario::snapshots).sum()
    }

    /// Places for snapshots that each scenario has.
    #[must_use]
    pub fn snapshots_each(&self) -> u64 {
        self.shape.iter().rev().nth(2).copied().unwrap_or(1)
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
        self.data_offset + frames * self.snapshot_bytes()
    }

    /// In what this cube differs from one that was begun, of all that decides bits:
    /// `D was 1.0 and is 2.0, …`; empty when it does not.
    #[must_use]
    pub fn differences_from(&self, begun: &Self) -> String {
        self.differences(begun, &[])
    }

    /// In what this cube differs from one that could be its beginning: only `runtime` may differ.
    #[must_use]
    pub fn differences_from_beginning(&self, shorter: &Self) -> String {
        let differences = self.differences(shorter, &["runtime"]);
        match (self.run(), shorter.run()) {
            // The longer run may meet walls that allow only a smaller step.
            (Some(is), Some(was)) if differences.is_empty() && is.dt != was.dt => {
                format!("dt was {} and is {}", was.dt, is.dt)
            }
            _ => differences,
        }
    }

    fn differences(&self, begun: &Self, ignored: &[&str]) -> String {
        let shown = |value: Option<&Value>| {
            value.map_or_else(
                || "absent".to_owned(),
                |value| excerpt(&value.to_string(), 60),
            )
        };
        if self.is_sweep() != begun.is_sweep() {
            let what = |header: &Self| {
                if header.is_sweep() {
                    "a sweep"
                } else {
                    "a run"
                }
            };
            return format!("it was {} and is {}", what(begun), what(self));
        }
        let mut found = Vec::new();
        let (old, new) = (begun.scenarios(), self.scenarios());
        for number in 0..old.len().max(new.len()) {
            let [was, is] = [(old, begun), (new, self)].map(|(all, header)| {
                let params = all.get(number).map(|scenario| scenario.params.clone());
                params.unwrap_or_default().with_digests(&header.inputs)
            });
            let of = match self.is_sweep() {
                true => format!(" of scenario {number}"),
                false => String::new(),
            };
            for (key, was, is) in is.differences_from(&was) {
                if !ignored.contains(&key.as_str()) {
                    let (was, is) = (shown(was.as_ref()), shown(is.as_ref()));
                    found.push(format!("{key}{of} was {was} and is {is}"));
                }
            }
        }
        found.join(", ")
    }

    /// The line, its newline included.
    #[must_use]
    pub fn line(&self) -> String {
        seal(self, &self.run_id)
    }
}
