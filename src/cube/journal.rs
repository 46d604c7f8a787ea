//! The journal: which snapshots of a cube are whole, a JSON object a line.
//!
//! Line 1 is the [`Header`], every further line a [`Record`]. The last key of a line is `crc`: the
//! CRC-32C of the run id followed by the bytes of the line before `,"crc"`, so that a line of
//! another run, or of this one with a bit turned, is not believed.

use super::{
    error::CubeError,
    npy::{DATA_OFFSET, Dtype},
    paths::Paths,
};
use crate::{
    params::{Params, WITHOUT_EFFECT_ON_BITS},
    schedule::Clock,
    summary::Summary,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    path::Path,
    slice,
};

/// Version of the journal's format.
pub const FORMAT: u32 = 1;

/// Line 1: what the cube is to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
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

/// What one run is, alone or within a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Every parameter.
    pub params: Params,
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
    /// Number of snapshots, the initial state included.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        1 + self.nsteps / self.nper
    }
}

/// The place of a snapshot in a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Scenario of a sweep; `None` of a run.
    pub scenario: Option<usize>,
    /// Snapshot of the scenario.
    pub index: u64,
}

impl Slot {
    /// The number of the scenario, 0 of a run.
    #[must_use]
    pub fn scenario(self) -> usize {
        self.scenario.unwrap_or(0)
    }
}

impl Header {
    /// Line 1 of something that starts now.
    ///
    /// # Errors
    /// When the system has no random numbers for the run id.
    pub fn new(dtype: Dtype, shape: Vec<u64>, content: Content) -> Result<Self, getrandom::Error> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        Ok(Self {
            format: FORMAT,
            run_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            shape,
            dtype,
            data_offset: DATA_OFFSET,
            content,
            inputs: BTreeMap::new(),
        })
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

    /// Refuses a cube begun with other parameters than these, of those that decide bits.
    ///
    /// # Errors
    /// [`CubeError::OtherParameters`] with all differences.
    pub fn same_bits_as(&self, begun: &Self, cube: &Path) -> Result<(), CubeError> {
        self.differs_from(begun, &WITHOUT_EFFECT_ON_BITS, cube)
    }

    /// Refuses a cube that could not be the beginning of this one: only `runtime` may differ.
    ///
    /// # Errors
    /// As [`same_bits_as`](Self::same_bits_as).
    pub fn continues(&self, shorter: &Self, cube: &Path) -> Result<(), CubeError> {
        let ignored = [&WITHOUT_EFFECT_ON_BITS[..], &["runtime"]].concat();
        self.differs_from(shorter, &ignored, cube)
    }

    fn differs_from(&self, begun: &Self, ignored: &[&str], cube: &Path) -> Result<(), CubeError> {
        let differences = differences(begun, self, ignored);
        if differences.is_empty() {
            return Ok(());
        }
        Err(CubeError::OtherParameters {
            cube: cube.to_owned(),
            differences,
        })
    }

    /// The line, its newline included.
    #[must_use]
    pub fn line(&self) -> String {
        seal(self, &self.run_id)
    }
}

/// `D was 1.0 and is 2.0, …` for every key but the ignored; empty when they agree.
fn differences(old: &Header, new: &Header, ignored: &[&str]) -> String {
    let flat = |header: &Header| -> Vec<(String, Value)> {
        let mut flat = Vec::new();
        for (number, scenario) in header.scenarios().iter().enumerate() {
            let of = if header.is_sweep() {
                format!(" of scenario {number}")
            } else {
                String::new()
            };
            let params = serde_json::to_value(&scenario.params).unwrap_or_default();
            flat.extend(
                pairs(params)
                    .filter(|(key, _)| !ignored.contains(&key.as_str()))
                    .map(|(key, value)| (key + &of, value)),
            );
        }
        flat.extend(pairs(
            serde_json::to_value(&header.inputs).unwrap_or_default(),
        ));
        flat
    };
    let (old, new) = (flat(old), flat(new));
    let lookup = |of: &[(String, Value)], key: &str| {
        of.iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.clone())
    };
    let shown =
        |value: Option<Value>| value.map_or_else(|| "absent".to_owned(), |value| value.to_string());
    let mut keys: Vec<&str> = old
        .iter()
        .chain(&new)
        .map(|(key, _)| key.as_str())
        .collect();
    let mut seen = HashSet::new();
    keys.retain(|key| seen.insert(*key));
    keys.into_iter()
        .map(|key| (key, lookup(&old, key), lookup(&new, key)))
        .filter(|(_, was, is)| was != is)
        .map(|(key, was, is)| format!("{key} was {} and is {}", shown(was), shown(is)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn pairs(object: Value) -> impl Iterator<Item = (String, Value)> {
    match object {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
    .into_iter()
}

/// A further line: one committed snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Which scenario of a sweep; absent of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<usize>,
    /// Its place along the axis of snapshots.
    pub index: u64,
    /// Steps taken since the initial state.
    pub step: u64,
    /// Simulated time \[time\].
    pub simtime: f64,
    /// `Σ w_j w_i p dx dy` \[density·length²\]; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub mass: f64,
    /// Smallest value; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub min: f64,
    /// Largest value; null if not finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub max: f64,
    /// Digest of its bytes in the cube, see [`digest`](super::digest).
    pub sha256: String,
}

impl Record {
    /// A record without its digest, which only the bytes in the file can give.
    #[must_use]
    pub fn new(slot: Slot, clock: Clock, summary: Summary) -> Self {
        Self {
            scenario: slot.scenario,
            index: slot.index,
            step: clock.step,
            simtime: clock.simtime,
            mass: summary.mass,
            min: summary.min,
            max: summary.max,
            sha256: String::new(),
        }
    }

    /// Where it is in the cube.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot {
            scenario: self.scenario,
            index: self.index,
        }
    }

    /// When it was taken.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock {
            step: self.step,
            simtime: self.simtime,
        }
    }

    /// The line, its newline included.
    #[must_use]
    pub fn line(&self, run_id: &str) -> String {
        seal(self, run_id)
    }
}

fn null_is_nan<'de, D: serde::Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(value).map(|number| number.unwrap_or(f64::NAN))
}

/// What stands between a line's last own key and its check sum.
const CRC_KEY: &str = ",\"crc\":\"";
/// Bytes of `,"crc":"01234567"}`.
const SEAL: usize = CRC_KEY.len() + 8 + 2;

pub(super) fn seal(content: &impl Serialize, run_id: &str) -> String {
    let mut line = serde_json::to_string(content)
        .unwrap_or_else(|_| unreachable!("plain structs always have a JSON form"));
    line.pop();
    let crc = crc(run_id, line.as_bytes());
    line.push_str(&format!("{CRC_KEY}{crc:08x}\"}}\n"));
    line
}

/// A line without its newline, if it is whole; `run_id` of the content where none is known yet.
pub(super) fn unseal<T: DeserializeOwned>(line: &[u8], run_id: impl Fn(&T) -> String) -> Option<T> {
    let (body, seal) = line.split_at_checked(line.len().checked_sub(SEAL)?)?;
    let digits = seal
        .strip_prefix(CRC_KEY.as_bytes())?
        .strip_suffix(b"\"}")?;
    let content: T = serde_json::from_slice(&[body, b"}"].concat()).ok()?;
    let expected = format!("{:08x}", crc(&run_id(&content), body));
    (digits == expected.as_bytes()).then_some(content)
}

/// Whether a part of a line never reached the disk. Several lines are appended at once, and a power
/// cut may keep a later sector of them and lose an earlier one: what lies behind a hole had not been
/// synced, so it does not count.
fn has_hole(line: &[u8]) -> bool {
    line.contains(&0)
}

/// Whether a bad first line can be what a power cut left of ours, and so has never counted.
fn may_be_torn(line: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"{\"format\":";
    let ours = line
        .iter()
        .zip(BEGINNING)
        .all(|(found, ours)| found == ours);
    let cut = line.last() != Some(&b'\n');
    ours && cut || has_hole(line)
}

fn crc(run_id: &str, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(run_id.as_bytes()), body)
}

/// What the bytes of a journal say.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// Line 1, unless the run never got that far.
    pub header: Option<Header>,
    /// The longest valid run of snapshot lines behind it; of each scenario in order.
    pub records: Vec<Record>,
    /// Bytes of all that; what follows is the torn last line of a run that was killed.
    pub valid_bytes: u64,
    /// The first line (counted from 1) that is damaged though valid ones, or a whole run's, follow.
    pub damaged_line: Option<usize>,
    /// Valid records behind the damage.
    pub behind_damage: Vec<Record>,
}

impl Journal {
    /// Reads a journal from its bytes; never fails, but says what is wrong.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut journal = Self {
            header: None,
            records: Vec::new(),
            valid_bytes: 0,
            damaged_line: None,
            behind_damage: Vec::new(),
        };
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate();
        let whole = |line: &[u8]| line.strip_suffix(b"\n").map(<[u8]>::to_vec);

        let Some((_, first)) = lines.next() else {
            return journal;
        };
        let header = whole(first)
            .and_then(|line| unseal(&line, |header: &Header| header.run_id.clone()))
            .filter(|header| header.format == FORMAT);
        let Some(header) = header else {
            let torn = lines.next().is_none() && may_be_torn(first);
            journal.damaged_line = (!torn).then_some(1);
            return journal;
        };
        journal.valid_bytes = first.len() as u64;

        let mut committed = vec![0; header.scenarios().len()];
        for (number, line) in lines {
            if has_hole(line) {
                break;
            }
            let record = whole(line)
                .and_then(|line| unseal(&line, |_: &Record| header.run_id.clone()))
                .filter(|record| is_possible(&header, record));
            match record {
                Some(record)
                    if journal.damaged_line.is_none() && is_next(&mut committed, record.slot()) =>
                {
                    journal.valid_bytes += line.len() as u64;
                    journal.records.push(record);
                }
                other => {
                    journal.damaged_line = journal.damaged_line.or(Some(number + 1));
                    journal.behind_damage.extend(other);
                }
            }
        }
        // A bad line with nothing valid behind it is a torn one.
        if journal.behind_damage.is_empty() {
            journal.damaged_line = None;
        }
        journal.header = Some(header);
        journal
    }

    /// Whether the run was stopped before anything in its files counted.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.header.is_none() && self.damaged_line.is_none()
    }

    /// The header, if the journal can be trusted as a whole.
    ///
    /// # Errors
    /// [`CubeError::LostHeader`], [`CubeError::DamagedJournal`].
    pub fn sound_header(&self, paths: &Paths) -> Result<&Header, CubeError> {
        let (journal, cube) = (paths.journal.clone(), paths.cube.clone());
        match (&self.header, self.damaged_line) {
            (Some(header), None) => Ok(header),
            (Some(_), Some(line)) => Err(CubeError::DamagedJournal {
                journal,
                cube,
                line,
            }),
            (None, _) => Err(CubeError::LostHeader { journal, cube }),
        }
    }

    /// How far along the cube's first axis all is committed, without a gap: snapshots of a run,
    /// scenarios of a sweep.
    #[must_use]
    pub fn available(&self) -> u64 {
        let Some(header) = self.header.as_ref().filter(|header| header.is_sweep()) else {
            return self.records.len() as u64;
        };
        let mut missing: Vec<u64> = header.scenarios().iter().map(Scenario::snapshots).collect();
        for record in &self.records {
            missing[record.slot().scenario()] -= 1;
        }
        missing.iter().take_while(|&&missing| missing == 0).count() as u64
    }

    /// Whether every snapshot of the cube is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| self.records.len() as u64 == header.snapshots())
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot {}", self.index)?;
        match self.scenario {
            Some(scenario) => write!(f, " of scenario {scenario}"),
            None => Ok(()),
        }
    }
}

/// Whether a cube like this can have such a snapshot.
fn is_possible(header: &Header, record: &Record) -> bool {
    let slot = record.slot();
    let scenario = header.scenarios().get(slot.scenario());
    header.is_sweep() == slot.scenario.is_some()
        && scenario.is_some_and(|scenario| {
            slot.index < scenario.snapshots() && record.step == slot.index * scenario.nper
        })
}

/// Whether a snapshot is the next one of its scenario; counts it if so.
fn is_next(committed: &mut [u64], slot: Slot) -> bool {
    let next = committed.get_mut(slot.scenario());
    next.is_some_and(|next| {
        let fits = slot.index == *next;
        *next += u64::from(fits);
        fits
    })
}
